//! The program: parses the command line and reports how it went.

use std::error::Error;
use std::process::ExitCode;

use chiaro::cli::{Arguments, run};
use clap::Parser as _;

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

/// One sentence, and the causes below it.
fn report(error: &(dyn Error + 'static)) {
    eprintln!("{error}");
    let mut cause = error.source();
    while let Some(e) = cause {
        eprintln!("  {e}");
        cause = e.source();
    }
}
