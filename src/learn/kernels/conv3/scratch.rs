//! Memory that every thread keeps between tasks.

use std::cell::RefCell;

/// Values of a cache line.
const LINE: usize = 16;

thread_local! {
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f` on `len` values that begin on a cache line. They hold what the previous task left there.
///
/// A fresh allocation per task would cost more than the transforms: every page would be zeroed by the kernel first.
pub(crate) fn with_scratch<R>(len: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    SCRATCH.with_borrow_mut(|values| {
        if values.len() < len + LINE {
            values.resize(len + LINE, 0.0);
        }
        let bytes = LINE * size_of::<f32>();
        let first = values.as_ptr().align_offset(bytes).min(LINE);
        f(&mut values[first..first + len])
    })
}
