//! Label descriptions on disk.

use std::fs;
use std::path::Path;

use super::{ClassFileFormat, ReadClasses};
use crate::io::{IoError, write_atomically};
use crate::label::ClassTable;

/// Far more than 255 lines need; a volume chosen by mistake is not read.
const MOST_BYTES: u64 = 4 << 20;

/// Reads a label description of whichever format it is.
///
/// # Errors
/// The file cannot be read, is no label description, or a line of it is wrong (its number is told).
pub fn read_class_file(path: &Path) -> Result<ReadClasses, IoError> {
    let bad = |reason: String| IoError::BadClassFile { path: path.into(), reason };
    let size = fs::metadata(path).map_err(|e| IoError::open(path, e))?.len();
    if size > MOST_BYTES {
        return Err(bad("it is far too large for one".to_owned()));
    }
    let bytes = fs::read(path).map_err(|e| IoError::open(path, e))?;
    let text = String::from_utf8(bytes).map_err(|_| bad("it is not text".to_owned()))?;
    ReadClasses::of_text(&text).map_err(|e| bad(e.to_string()))
}

/// Writes the classes in the order in which they are shown.
///
/// # Errors
/// The file cannot be written; one that was there before is untouched.
pub fn write_class_file(path: &Path, format: ClassFileFormat, classes: &ClassTable) -> Result<(), IoError> {
    let text = format.write(classes.in_order());
    write_atomically(path, |file| file.write_all(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_any_format_is_read_again_whatever_the_file_is_called() {
        let dir = tempfile::tempdir().unwrap();
        let classes = ClassTable::from_names(&["Left ventricle", "Myocardium"]).unwrap();
        for format in ClassFileFormat::ALL {
            let path = dir.path().join("classes.any");
            write_class_file(&path, format, &classes).unwrap();
            let read = read_class_file(&path).unwrap();
            assert_eq!((read.format, ClassTable::listed(read.classes).unwrap().name(2)), (format, "Myocardium"));
        }
    }

    #[test]
    fn a_missing_a_foreign_and_a_huge_file_are_refused_with_their_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("volume.txt"), [0xff, 0xfe, 0, 1]).unwrap();
        fs::write(path("novel.txt"), "It was a dark and stormy night").unwrap();
        fs::File::create(path("huge.txt")).unwrap().set_len(MOST_BYTES + 1).unwrap();
        for (name, reason) in [("none.txt", "cannot be opened"), ("volume.txt", "not text"), ("huge.txt", "too large")]
        {
            let sentence = read_class_file(&path(name)).unwrap_err().to_string();
            assert!(sentence.contains(name) && sentence.contains(reason), "{sentence}");
        }
        assert!(read_class_file(&path("novel.txt")).is_err());
    }
}
