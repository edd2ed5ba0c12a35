//! Slicer's colour table with a header line: `LabelValue,Name,Color_R,Color_G,Color_B,Color_A,...`.

use std::fmt::Write;

use super::listing::Listing;
use super::values::{Line, opacity_to_255ths, writable_name};
use super::{ClassFileError, ClassFileFormat, ReadClasses};
use crate::label::Class;

/// A comma in Slicer; spreadsheets of some countries save a semicolon.
const SEPARATORS: [char; 3] = [',', '\t', ';'];
const NUMBER_COLUMN: &str = "labelvalue";

/// Where the values of a row stand. Only the number must be there.
struct Columns {
    number: usize,
    name: Option<usize>,
    colour: Option<[usize; 3]>,
    opacity: Option<usize>,
    /// Words of the standard terminology, which may stand in for a name.
    modifier: Option<usize>,
    kind: Option<usize>,
}

pub(super) fn is_slicer_csv_header(line: &str) -> bool {
    line.split(SEPARATORS).any(|column| column_name(column.trim().trim_matches('"')) == NUMBER_COLUMN)
}

pub(super) fn read(text: &str) -> Result<ReadClasses, ClassFileError> {
    let mut listing = Listing::new(ClassFileFormat::SlicerCsv);
    let is_row = |text: &&str| !text.trim().is_empty() && !text.starts_with('#');
    let mut rows = (1..).map(Line).zip(text.lines()).filter(|(_, text)| is_row(text));
    let Some((line, header)) = rows.next() else { return Err(ClassFileError::Empty) };
    let separator = SEPARATORS.into_iter().max_by_key(|s| header.matches(*s).count()).unwrap_or(',');
    let words = split(line, header, separator)?;
    let columns = Columns::find(&words).ok_or(ClassFileError::NoNumberColumn { line: line.0 })?;
    for (line, row) in rows {
        let values = split(line, row, separator)?;
        if values.iter().all(String::is_empty) {
            continue;
        }
        match columns.class(line, &values)? {
            Some(class) => listing.push(line, class)?,
            None => listing.warn(format!("Line {} has no class number and was passed over.", line.0)),
        }
    }
    listing.finish()
}

pub(super) fn write(foreground: &[&Class]) -> String {
    let mut text = "LabelValue,Name,Color_R,Color_G,Color_B,Color_A\n".to_owned();
    for class in foreground {
        let ([r, g, b], opacity) = (class.colour, opacity_to_255ths(class.opacity));
        let name = writable_name(class.id, &class.name);
        let name = if name.contains(SEPARATORS) { format!("\"{name}\"") } else { name };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{},{name},{r},{g},{b},{opacity}", class.id);
    }
    text
}

impl Columns {
    fn find(header: &[String]) -> Option<Self> {
        let names: Vec<String> = header.iter().map(|name| column_name(name)).collect();
        let at = |wanted: &str| names.iter().position(|name| name == wanted);
        let colour = match [at("color_r"), at("color_g"), at("color_b")] {
            [Some(r), Some(g), Some(b)] => Some([r, g, b]),
            _ => None,
        };
        Some(Self {
            number: at(NUMBER_COLUMN)?,
            name: at("name"),
            colour,
            opacity: at("color_a"),
            modifier: at("typemodifier_codemeaning"),
            kind: at("type_codemeaning"),
        })
    }

    /// `None` for a row without a number. What is missing of a colour is that of the palette.
    fn class(&self, line: Line, row: &[String]) -> Result<Option<Class>, ClassFileError> {
        let value = |column: usize| row.get(column).map(String::as_str).filter(|text| !text.is_empty());
        let Some(id) = value(self.number) else { return Ok(None) };
        let name = match self.name.and_then(value) {
            Some(name) => name.to_owned(),
            None => [self.modifier, self.kind].into_iter().filter_map(|c| value(c?)).collect::<Vec<_>>().join(" "),
        };
        let mut class = Class::new(line.class_id(id)?, &name);
        if let Some([Some(r), Some(g), Some(b)]) = self.colour.map(|columns| columns.map(value)) {
            class.colour = line.colour([r, g, b])?;
        }
        if let Some(opacity) = self.opacity.and_then(value) {
            class.opacity = line.opacity_in_255ths(opacity)?;
        }
        Ok(Some(class))
    }
}

/// Slicer has written both `Type_CodeMeaning` and `Type.CodeMeaning`.
fn column_name(text: &str) -> String {
    text.trim().to_lowercase().replace('.', "_")
}

/// The fields of a line, trimmed; one in quotation marks may hold separators, and `""` there is a quotation mark.
fn split(Line(line): Line, text: &str, separator: char) -> Result<Vec<String>, ClassFileError> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == separator && !is_quoted {
            fields.push(String::new());
            continue;
        }
        if c == '"' && !(is_quoted && characters.next_if_eq(&'"').is_some()) {
            is_quoted = !is_quoted;
        } else if let Some(field) = fields.last_mut() {
            field.push(c);
        }
    }
    if is_quoted {
        return Err(ClassFileError::OpenQuotation { line });
    }
    Ok(fields.into_iter().map(|field| field.trim().to_owned()).collect())
}
