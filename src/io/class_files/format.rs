//! Which program a class list is for.

use super::itk_snap::{self, is_itk_snap_line};
use super::slicer_csv::{self, is_slicer_csv_header};
use super::slicer_table::{self, is_slicer_table_line};
use super::{ClassFileError, ReadClasses};
use crate::label::Class;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClassFileFormat {
    /// ITK-SNAP's label description (`.txt`, `.label`).
    ItkSnap,
    /// Slicer's colour table of lines (`.ctbl`, `.txt`); it cannot tell an underscore in a name from a space.
    SlicerTable,
    /// Slicer's colour table since 5.8 (`.csv`; read also with tabs, `.tsv`).
    SlicerCsv,
}

impl ClassFileFormat {
    pub const ALL: [Self; 3] = [Self::ItkSnap, Self::SlicerTable, Self::SlicerCsv];

    pub fn name(self) -> &'static str {
        match self {
            Self::ItkSnap => "ITK-SNAP label description",
            Self::SlicerTable => "Slicer colour table",
            Self::SlicerCsv => "Slicer colour table (CSV)",
        }
    }

    /// The usual extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::ItkSnap => "txt",
            Self::SlicerTable => "ctbl",
            Self::SlicerCsv => "csv",
        }
    }

    /// By the heading comment, else by the first line with values; `None` for a text that is none of these.
    pub fn guess(text: &str) -> Option<Self> {
        for line in without_mark(text).lines().map(str::trim).filter(|line| !line.is_empty()) {
            let Some(comment) = line.strip_prefix('#') else { return Self::of_first_line(line) };
            let comment = comment.to_lowercase();
            if comment.contains("label description file") {
                return Some(Self::ItkSnap);
            }
            if ["color table file", "color procedural file"].iter().any(|heading| comment.contains(heading)) {
                return Some(Self::SlicerTable);
            }
        }
        None
    }

    fn of_first_line(line: &str) -> Option<Self> {
        if is_slicer_csv_header(line) {
            Some(Self::SlicerCsv)
        } else if is_itk_snap_line(line) {
            Some(Self::ItkSnap)
        } else {
            is_slicer_table_line(line).then_some(Self::SlicerTable)
        }
    }

    /// # Errors
    /// At the first line that is not of this format, or if there is no class.
    pub fn read(self, text: &str) -> Result<ReadClasses, ClassFileError> {
        let text = without_mark(text);
        match self {
            Self::ItkSnap => itk_snap::read(text),
            Self::SlicerTable => slicer_table::read(text),
            Self::SlicerCsv => slicer_csv::read(text),
        }
    }

    /// The whole file, classes in the given order; background is written as each program expects it.
    ///
    /// Lock and status have no place in these files, visibility only in ITK-SNAP's. Quotation marks become `'`.
    pub fn write<'a>(self, classes: impl IntoIterator<Item = &'a Class>) -> String {
        let foreground: Vec<&Class> = classes.into_iter().filter(|c| c.id != 0).collect();
        match self {
            Self::ItkSnap => itk_snap::write(&foreground),
            Self::SlicerTable => slicer_table::write(&foreground),
            Self::SlicerCsv => slicer_csv::write(&foreground),
        }
    }
}

impl ReadClasses {
    /// Reads whichever format the text has.
    ///
    /// # Errors
    /// As [`ClassFileFormat::read`], and when [`ClassFileFormat::guess`] knows no format.
    pub fn of_text(text: &str) -> Result<Self, ClassFileError> {
        ClassFileFormat::guess(text).ok_or(ClassFileError::UnknownFormat)?.read(text)
    }
}

/// Spreadsheets begin a text file with a byte-order mark.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
