//! What the instruction set of this machine offers.

use crate::learn::kernels::instructions::instructions;
use pulp::{Simd, WithSimd};

/// Output channels computed together where there are 32 registers: times 3 they make 24 sums.
pub(crate) const WIDE_BLOCK: usize = 8;
/// The same for 16 registers: 12 sums.
pub(crate) const NARROW_BLOCK: usize = 4;

/// Blocks and registers of the instruction set that `pulp` chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Registers {
    /// Output channels computed together.
    pub block: usize,
    /// Values of a register.
    pub lanes: usize,
}

impl Registers {
    pub fn detect() -> Self {
        instructions().dispatch(Detect)
    }
}

struct Detect;

impl WithSimd for Detect {
    type Output = Registers;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Registers {
        Registers { block: if S::REGISTER_COUNT >= 32 { WIDE_BLOCK } else { NARROW_BLOCK }, lanes: S::F32_LANES }
    }
}
