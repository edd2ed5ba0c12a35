//! Which instruction set the kernels are run with.

use std::sync::OnceLock;

use pulp::Arch;

/// Asks for another set than the best one: `portable`, or `avx2` on a machine that has it. For tests, and for whoever
/// suspects a processor.
const ASKED_BY: &str = "CHIARO_INSTRUCTIONS";

/// The best that this processor has, unless the environment asks for less.
pub fn instructions() -> Arch {
    static CHOSEN: OnceLock<Arch> = OnceLock::new();
    *CHOSEN.get_or_init(|| match std::env::var(ASKED_BY).as_deref() {
        Ok("portable") => Arch::Scalar,
        Ok("avx2") => avx2().unwrap_or_default(),
        _ => Arch::new(),
    })
}

#[cfg(target_arch = "x86_64")]
fn avx2() -> Option<Arch> {
    pulp::x86::V3::try_new().map(Arch::V3)
}

#[cfg(not(target_arch = "x86_64"))]
fn avx2() -> Option<Arch> {
    None
}
