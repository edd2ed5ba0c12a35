//! Large planes on large pages.

/// Asks the system for pages of 2 MiB under memory that is not yet touched: a volume of 512^3 voxels otherwise takes 33,000
/// page faults per byte plane, and a brush meets them in the middle of a stroke. Only advice, and only on Linux,
/// where programs must ask; refused, everything works as before.
pub fn prefer_huge_pages<T>(memory: &mut [T]) {
    #[cfg(target_os = "linux")]
    linux::advise(memory.as_mut_ptr().cast(), size_of_val(memory));
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

#[cfg(target_os = "linux")]
mod linux {
    /// On x86-64 and on ARM with pages of 4 KiB.
    const HUGE_PAGE: usize = 2 << 20;

    /// Of `bytes` bytes at `start`, which the caller owns: the whole huge pages in them.
    #[allow(unsafe_code, reason = "the only way to tell the system; it gets an address and writes nothing")]
    pub fn advise(start: *mut u8, bytes: usize) {
        let skipped = start.align_offset(HUGE_PAGE);
        let whole = bytes.saturating_sub(skipped) / HUGE_PAGE * HUGE_PAGE;
        if whole > 0 {
            let first = start.wrapping_add(skipped).cast();
            // SAFETY: the range lies inside the caller's memory, and this advice changes which pages stand behind it, never
            // what it holds. An error leaves things as they are.
            let _ = unsafe { libc::madvise(first, whole, libc::MADV_HUGEPAGE) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_changes_no_value_whatever_the_length_and_the_alignment() {
        let mut memory: Vec<u32> = (0..3_000_000).collect();
        for range in [0..0, 0..7, 5..2_999_999, 0..3_000_000] {
            prefer_huge_pages(&mut memory[range]);
        }
        assert!((0..3_000_000).eq(memory));
    }
}
