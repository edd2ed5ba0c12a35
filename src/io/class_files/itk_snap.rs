//! ITK-SNAP's label description: `IDX R G B A VIS MSH "LABEL"`.

use std::fmt::Write;

use super::listing::Listing;
use super::values::{Line, writable_name, writable_opacity};
use super::{ClassFileError, ClassFileFormat, ReadClasses};
use crate::label::Class;

/// As ITK-SNAP writes it, with spaces (`\x20`) at line ends; its own legend calls the mesh column `IDX` too.
const HEADING: &str = "################################################
# ITK-SnAP Label Description File
# File format:\x20
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
# Fields:\x20
#    IDX:   Zero-based index\x20
#    -R-:   Red color component (0..255)
#    -G-:   Green color component (0..255)
#    -B-:   Blue color component (0..255)
#    -A-:   Label transparency (0.00 .. 1.00)
#    VIS:   Label visibility (0 or 1)
#    IDX:   Label mesh visibility (0 or 1)
#  LABEL:   Label description\x20
################################################
    0     0    0    0        0  0  0    \"Clear Label\"
";

const VALUES: &str = "number, red, green, blue, opacity, visible, visible as a mesh and the quoted name";

pub(super) fn is_itk_snap_line(line: &str) -> bool {
    numbers_and_name(line)
        .is_some_and(|(numbers, name)| !name.is_empty() && numbers.iter().all(|number| number.parse::<f64>().is_ok()))
}

pub(super) fn read(text: &str) -> Result<ReadClasses, ClassFileError> {
    let mut listing = Listing::new(ClassFileFormat::ItkSnap);
    let mut is_255ths = false;
    for (line, text) in (1..).map(Line).zip(text.lines().map(str::trim)) {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let Some(([id, r, g, b, alpha, visible, mesh], name)) = numbers_and_name(text) else {
            return Err(ClassFileError::TooFewValues { line: line.0, needed: VALUES });
        };
        let mut class = Class::new(line.class_id(id)?, name);
        class.colour = line.colour([r, g, b])?;
        let alpha = line.number(alpha, "the opacity", 0.0..=255.0, "number from 0 to 1")?;
        is_255ths |= alpha > 1.0;
        class.set_opacity(if alpha > 1.0 { alpha / 255.0 } else { alpha } as f32);
        class.visible = flag(line, visible)?;
        flag(line, mesh)?;
        listing.push(line, class)?;
    }
    if is_255ths {
        listing.warn("Opacities above 1 were taken as parts of 255.".to_owned());
    }
    listing.finish()
}

pub(super) fn write(foreground: &[&Class]) -> String {
    let mut text = HEADING.to_owned();
    for class in foreground {
        let ([r, g, b], visible) = (class.colour, u8::from(class.visible));
        let (opacity, name) = (decimal(class.opacity), writable_name(class.id, &class.name));
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {:>3}   {r:>3}  {g:>3}  {b:>3}  {opacity:>7}  {visible}  {visible}    \"{name}\"",
            class.id
        );
    }
    text
}

/// The seven numbers of a line and its name: what stands between quotation marks, else the rest of the line.
fn numbers_and_name(line: &str) -> Option<([&str; 7], &str)> {
    let mut rest = line.trim();
    let mut numbers = [""; 7];
    for number in &mut numbers {
        let (first, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        *number = first;
        rest = after.trim_start();
    }
    if numbers.iter().any(|number| number.is_empty()) {
        return None;
    }
    let name = rest.split_once('"').map_or(rest, |(_, name)| name.split_once('"').map_or(name, |(name, _)| name));
    Some((numbers, name))
}

/// ITK-SNAP takes every number but 0 for yes.
fn flag(line: Line, text: &str) -> Result<bool, ClassFileError> {
    line.number(text, "the visibility", f64::MIN..=f64::MAX, "number, 0 or 1").map(|value| value != 0.0)
}

/// Three decimals without closing zeros: enough for every 255th, which is what ITK-SNAP keeps.
fn decimal(opacity: f32) -> String {
    let text = format!("{:.3}", writable_opacity(opacity));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
