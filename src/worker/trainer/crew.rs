//! The threads that do the arithmetic: fewer while the user paints, and always behind the window in the system's eyes.

use rayon::{ThreadPool, ThreadPoolBuilder};
use thread_priority::{ThreadPriority, set_current_thread_priority};

use super::Host;
use crate::learn::DeviceReport;

/// Two pools, or none of its own where no window has to be spared.
pub struct Crew(Option<Pools>);

struct Pools {
    all: ThreadPool,
    few: ThreadPool,
}

impl Crew {
    /// For a device. A GPU is fed by the trainer's own thread alone: its runtime keeps memory and a queue per thread.
    pub fn beside(host: &Host, device: &DeviceReport) -> Self {
        if host.frames.is_some() && !device.is_gpu { Self::courteous() } else { Self::unhurried() }
    }

    fn courteous() -> Self {
        let cores = rayon::current_num_threads();
        let pools =
            pool(cores).and_then(|all| Some(Pools { all, few: pool(cores.div_ceil(2).min(cores - 1).max(1))? }));
        Self(pools)
    }

    /// Nobody waits for a frame.
    fn unhurried() -> Self {
        Self(None)
    }

    /// Runs `work` on all threads, or on half of them. Results do not depend on the number.
    pub fn run<T: Send>(&self, few: bool, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(pools) if few => pools.few.install(work),
            Some(pools) => pools.all.install(work),
            None => work(),
        }
    }
}

fn pool(threads: usize) -> Option<ThreadPool> {
    let lowered = |_| {
        // Training goes on at the usual priority where the system refuses.
        if let Err(error) = set_current_thread_priority(ThreadPriority::Min) {
            log::debug!("a training thread keeps its priority: {error:?}");
        }
    };
    let name = |i| format!("training {i}");
    // Without threads of its own training shares the process's.
    ThreadPoolBuilder::new().num_threads(threads).thread_name(name).start_handler(lowered).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_threads_work_while_the_user_paints_and_all_otherwise() {
        let crew = Crew::courteous();
        let all = crew.run(false, rayon::current_num_threads);
        let few = crew.run(true, rayon::current_num_threads);
        assert_eq!(all, rayon::current_num_threads());
        assert!(few >= 1 && few <= all.div_ceil(2));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_systems_scheduler_puts_training_threads_behind_the_window() {
        let niceness = || {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
            let after_name = stat.rsplit(')').next().unwrap().to_owned();
            after_name.split_whitespace().nth(16).unwrap().parse::<i32>().unwrap()
        };
        let here = niceness();
        assert!(Crew::courteous().run(false, niceness) > here);
        assert_eq!(Crew::unhurried().run(false, niceness), here);
    }
}
