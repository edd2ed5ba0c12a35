//! File names: which ones are NIfTI, what case they stand for, and the two halves of a pair.

use std::path::{Path, PathBuf};

/// Longest first, so that `.nii.gz` is not taken for a name ending in `.gz`.
const EXTENSIONS: [&str; 6] = [".nii.gz", ".hdr.gz", ".img.gz", ".nii", ".hdr", ".img"];

/// File name without its NIfTI extension (any letter case); dots elsewhere stay. `None` for other files.
pub fn case_name(path: &Path) -> Option<String> {
    split_name(path).map(|(stem, _)| stem.to_owned())
}

/// Whether the name has a NIfTI extension: `.nii`, `.hdr` or `.img`, each also with `.gz`, any letter case.
pub fn is_nifti_path(path: &Path) -> bool {
    split_name(path).is_some()
}

/// What messages call a file: its name, never its folder, which may hold a patient's name.
pub(super) fn file_label(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Lower-case extension including `.gz`, or an empty text.
pub(super) fn nifti_extension(path: &Path) -> &'static str {
    split_name(path).map_or("", |(_, extension)| extension)
}

/// The `.hdr` beside an `.img` or the `.img` beside a `.hdr` (`wanted`), the same compression preferred.
/// On failure the name that was looked for.
pub(super) fn companion(path: &Path, wanted: &str) -> Result<PathBuf, String> {
    let stem = case_name(path).unwrap_or_else(|| file_label(path));
    let zipped = format!("{wanted}.gz");
    let by_preference = if nifti_extension(path).ends_with(".gz") { [&zipped, wanted] } else { [wanted, &zipped] };
    by_preference
        .iter()
        .flat_map(|extension| [extension.to_string(), extension.to_uppercase()])
        .map(|extension| path.with_file_name(format!("{stem}{extension}")))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| format!("{stem}{wanted}"))
}

fn split_name(path: &Path) -> Option<(&str, &'static str)> {
    let name = path.file_name()?.to_str()?;
    EXTENSIONS.into_iter().find_map(|extension| {
        let (stem, tail) = name.split_at_checked(name.len().checked_sub(extension.len())?)?;
        (!stem.is_empty() && tail.eq_ignore_ascii_case(extension)).then_some((stem, extension))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_names_keep_inner_dots_and_lose_only_the_extension() {
        for (file, case) in [
            ("a/name.with.dots.v1.nii.gz", Some("name.with.dots.v1")),
            ("UPPER.NII.GZ", Some("UPPER")),
            ("影像 ü 01.nii.gz", Some("影像 ü 01")),
            ("pair.img", Some("pair")),
            ("pair.hdr.gz", Some("pair")),
            ("scan.mha", None),
            ("archive.gz", None),
            (".nii", None),
        ] {
            assert_eq!(case_name(Path::new(file)).as_deref(), case, "{file}");
            assert_eq!(is_nifti_path(Path::new(file)), case.is_some(), "{file}");
        }
    }

    #[test]
    fn the_companion_of_a_plain_header_may_be_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let header = folder.path().join("a.b.hdr");
        assert_eq!(companion(&header, ".img"), Err("a.b.img".to_owned()));
        std::fs::write(folder.path().join("a.b.img.gz"), b"").unwrap();
        assert_eq!(companion(&header, ".img"), Ok(folder.path().join("a.b.img.gz")));
    }
}
