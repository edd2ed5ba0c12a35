//! Slicer's colour table of lines: `number name r g b a`, all colours 0 to 255.

use std::fmt::Write;

use super::listing::Listing;
use super::values::{Line, opacity_to_255ths, writable_name};
use super::{ClassFileError, ClassFileFormat, ReadClasses};
use crate::label::Class;

const VALUES: &str = "number, name, red, green, blue and opacity";
/// What Slicer calls numbers without a meaning.
const NO_NAME: &str = "(none)";

/// The words of a line.
struct Entry<'a> {
    id: &'a str,
    name: Vec<&'a str>,
    colour: [&'a str; 3],
    opacity: Option<&'a str>,
}

pub(super) fn is_slicer_table_line(line: &str) -> bool {
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    entry(line)
        .is_some_and(|e| is_number(e.id) && e.colour.into_iter().all(is_number) && e.opacity.is_none_or(is_number))
}

pub(super) fn read(text: &str) -> Result<ReadClasses, ClassFileError> {
    let mut listing = Listing::new(ClassFileFormat::SlicerTable);
    let mut brightest = 0;
    for (line, text) in (1..).map(Line).zip(text.lines().map(str::trim)) {
        if let Some(comment) = text.strip_prefix('#') {
            if comment.to_lowercase().contains("color procedural file") {
                return Err(ClassFileError::ContinuousScale { line: line.0 });
            }
            continue;
        }
        if text.is_empty() {
            continue;
        }
        let Some(entry) = entry(text) else {
            return Err(ClassFileError::TooFewValues { line: line.0, needed: VALUES });
        };
        if entry.name == [NO_NAME] {
            continue;
        }
        // Slicer itself takes the ticks off that names in scene files have.
        let name = entry.name.join(" ").replace('_', " ");
        let mut class = Class::new(line.class_id(entry.id)?, name.trim_matches(['\'', ' ']));
        class.colour = line.colour(entry.colour)?;
        class.opacity = entry.opacity.map_or(Ok(1.0), |text| line.opacity_in_255ths(text))?;
        brightest = class.colour.into_iter().fold(brightest, u8::max);
        listing.push(line, class)?;
    }
    if brightest <= 1 {
        listing.warn("No colour is above 1, so all are nearly black: they are counted from 0 to 255.".to_owned());
    }
    listing.finish()
}

pub(super) fn write(foreground: &[&Class]) -> String {
    let largest = foreground.iter().map(|c| usize::from(c.id)).max().unwrap_or(0);
    let mut text = format!("# Color table file\n# {} values\n0 Background 0 0 0 0\n", largest + 1);
    for class in foreground {
        let ([r, g, b], opacity) = (class.colour, opacity_to_255ths(class.opacity));
        let name = writable_name(class.id, &class.name).replace(char::is_whitespace, "_");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {name} {r} {g} {b} {opacity}", class.id);
    }
    text
}

/// Names should have no spaces; where somebody left them in, the last words are the colour and its opacity.
fn entry(line: &str) -> Option<Entry<'_>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        &[id, name, r, g, b] => Some(Entry { id, name: vec![name], colour: [r, g, b], opacity: None }),
        [id, name @ .., r, g, b, opacity] if !name.is_empty() => {
            Some(Entry { id, name: name.to_vec(), colour: [r, g, b], opacity: Some(opacity) })
        }
        _ => None,
    }
}
