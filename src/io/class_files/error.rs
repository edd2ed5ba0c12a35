//! Why a class list cannot be read.

use thiserror::Error;

/// Lines are counted from 1.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ClassFileError {
    #[error("this is neither an ITK-SNAP label description nor a Slicer colour table")]
    UnknownFormat,
    #[error("it names no class")]
    Empty,
    #[error("line {line}: this is a continuous colour scale, which names no classes")]
    ContinuousScale { line: usize },
    #[error("line {line}: there are too few values; needed are {needed}")]
    TooFewValues { line: usize, needed: &'static str },
    #[error("line {line}: {what} is '{text}', which is no {range}")]
    Value { line: usize, what: &'static str, text: String, range: &'static str },
    #[error("line {line}: class number {number} is above 255, the largest that Chiaro's masks hold")]
    NumberTooLarge { line: usize, number: String },
    #[error("line {line}: class {number} was listed in line {first} already")]
    ListedTwice { line: usize, first: usize, number: u8 },
    #[error("line {line}: a quotation mark is not closed")]
    OpenQuotation { line: usize },
    #[error("line {line}: no column is called LabelValue")]
    NoNumberColumn { line: usize },
}
