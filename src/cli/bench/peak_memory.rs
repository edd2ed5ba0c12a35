//! The most memory this process held since a moment, where the system tells (Linux).

use std::fs;

/// MiB held at most since a start.
pub struct PeakMemory {
    before_kib: u64,
}

impl PeakMemory {
    /// Starts anew; `None` where the system does not tell.
    pub fn start() -> Option<Self> {
        // "5" resets the high-water mark (proc(5)).
        fs::write("/proc/self/clear_refs", "5").ok()?;
        Some(Self { before_kib: status_kib("VmRSS:")? })
    }

    /// Above what was held at the start.
    pub fn added_mib(&self) -> Option<f64> {
        Some(status_kib("VmHWM:")?.saturating_sub(self.before_kib) as f64 / 1024.0)
    }
}

fn status_kib(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn an_allocation_that_was_freed_again_still_counts() {
        let Some(peak) = PeakMemory::start() else { return };
        drop(std::hint::black_box(vec![1u8; 64 << 20]));
        assert!(peak.added_mib().unwrap() > 50.0);
    }
}
