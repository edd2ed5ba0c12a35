//! Memory that every thread keeps between tasks.

use std::cell::Cell;

/// Values of a cache line.
const LINE: usize = 16;

thread_local! {
    /// Fresh memory costs more than the work that is done in it: the system has to clear its pages.
    static SCRATCH_OF_THREAD: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// Runs `f` on `count` floats of arbitrary content that begin on a cache line and stay with the thread.
pub fn with_scratch<T>(count: usize, f: impl FnOnce(&mut [f32]) -> T) -> T {
    let mut scratch = SCRATCH_OF_THREAD.take();
    if scratch.len() < count + LINE {
        scratch.resize(count + LINE, 0.0);
    }
    let first = scratch.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    let result = f(&mut scratch[first..first + count]);
    SCRATCH_OF_THREAD.set(scratch);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scratch_has_the_asked_size_even_within_scratch() {
        with_scratch(5, |outer| {
            outer.fill(1.0);
            with_scratch(7, |inner| inner.fill(2.0));
            assert_eq!(outer, [1.0; 5]);
        });
        with_scratch(3, |scratch| assert_eq!(scratch.len(), 3));
    }
}
