//! Numbers and names of one line.

use std::ops::RangeInclusive;

use super::ClassFileError;
use crate::label::ClassId;

/// Where a value stands, for errors.
#[derive(Clone, Copy)]
pub(super) struct Line(pub usize);

impl Line {
    pub fn class_id(self, text: &str) -> Result<ClassId, ClassFileError> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.refused("the class number", text, "whole number from 0 to 255"));
        }
        text.parse().map_err(|_| ClassFileError::NumberTooLarge { line: self.0, number: text.to_owned() })
    }

    /// Red, green or blue, 0 to 255. Slicer may write fractions.
    pub fn channel(self, text: &str) -> Result<u8, ClassFileError> {
        // In 0..=255 after the check.
        self.number(text, "a colour", 0.0..=255.0, "number from 0 to 255").map(|value| value.round() as u8)
    }

    pub fn colour(self, texts: [&str; 3]) -> Result<[u8; 3], ClassFileError> {
        let [r, g, b] = texts.map(|text| self.channel(text));
        Ok([r?, g?, b?])
    }

    /// 0 to 255 in the file, 0 to 1 here.
    pub fn opacity_in_255ths(self, text: &str) -> Result<f32, ClassFileError> {
        self.number(text, "the opacity", 0.0..=255.0, "number from 0 to 255").map(|value| (value / 255.0) as f32)
    }

    pub fn number(
        self,
        text: &str,
        what: &'static str,
        range: RangeInclusive<f64>,
        range_name: &'static str,
    ) -> Result<f64, ClassFileError> {
        let value = text.parse::<f64>().ok().filter(|value| range.contains(value));
        value.ok_or_else(|| self.refused(what, text, range_name))
    }

    fn refused(self, what: &'static str, text: &str, range: &'static str) -> ClassFileError {
        ClassFileError::Value { line: self.0, what, text: text.to_owned(), range }
    }
}

/// The name a class gets whose own is missing.
pub(super) fn unnamed(id: ClassId) -> String {
    format!("Class {id}")
}

/// A name that all of these files can hold: one line, no quotation mark, not empty.
pub(super) fn writable_name(id: ClassId, name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let name = name.trim().replace('"', "'");
    if name.is_empty() { unnamed(id) } else { name }
}

/// 0 to 1; NaN is opaque, as in a class table.
pub(super) fn writable_opacity(opacity: f32) -> f32 {
    if opacity.is_nan() { 1.0 } else { opacity.clamp(0.0, 1.0) }
}

pub(super) fn opacity_to_255ths(opacity: f32) -> u8 {
    // In 0..=255 for what is writable.
    (writable_opacity(opacity) * 255.0).round() as u8
}
