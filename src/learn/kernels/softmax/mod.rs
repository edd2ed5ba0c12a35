//! Log-softmax over classes, and `exp` and `log` of whole registers.

mod exp_log;
mod log_softmax;

pub use exp_log::exp_below_one;
pub use log_softmax::LogSoftmax;
