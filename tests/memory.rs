//! What a plan foretells about the memory of a training step, against what the process really held.

#![allow(clippy::unwrap_used)]

use std::process::Command;

/// Foretold to measured, of a process that does nothing else.
fn foretold_to_peak(shape: &[&str]) -> Option<f64> {
    let output = Command::new(env!("CARGO_BIN_EXE_chiaro")).args(["bench", "memory", "--json"]).args(shape).output();
    let value: serde_json::Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    value["foretold_to_peak"].as_f64()
}

#[test]
fn plans_foretell_the_peak_memory_of_a_step_within_fifteen_percent() {
    for shape in [
        ["--base", "8", "--levels", "4", "--patch", "32", "--batch", "2"].as_slice(),
        &["--base", "4", "--levels", "3", "--patch", "40", "--batch", "2"],
        &["--base", "16", "--levels", "4", "--patch", "48", "--batch", "1"],
        &["--base", "16", "--levels", "4", "--patch", "48", "--batch", "1", "--recompute"],
        &["--base", "16", "--levels", "5", "--patch", "32", "--batch", "1"],
    ] {
        // Only Linux tells.
        let Some(ratio) = foretold_to_peak(shape) else { return };
        assert!((0.85..1.15).contains(&ratio), "{shape:?}: {ratio}");
    }
}
