//! What several integration tests share.

use std::path::PathBuf;

/// The folder of real test files: `CHIARO_TEST_DATA`, else `../shared/data` beside the checkout.
/// `None` (and a printed line) where it is missing; a failure where `CI=true`.
pub fn data_folder() -> Option<PathBuf> {
    let folder = match std::env::var_os("CHIARO_TEST_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
    };
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "the folder of real test files is missing");
    println!("skipped: the folder of real test files is missing");
    None
}
