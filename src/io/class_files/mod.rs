//! Class lists as other programs keep them: ITK-SNAP's label descriptions and Slicer's colour tables, and their text.

mod error;
mod file;
mod format;
mod itk_snap;
mod listing;
mod slicer_csv;
mod slicer_table;
mod values;

pub use error::ClassFileError;
pub use file::{read_class_file, write_class_file};
pub use format::ClassFileFormat;
pub use listing::ReadClasses;

#[cfg(test)]
mod tests;
