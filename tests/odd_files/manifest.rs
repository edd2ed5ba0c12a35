//! The rows of `odd/manifest.csv`.

use std::collections::HashMap;
use std::path::Path;

/// One file with what other readers found in it. Empty texts are unknown.
#[derive(Clone, Debug)]
pub struct Row {
    pub file: String,
    pub expect: String,
    pub shape: String,
    pub spacing: String,
    pub dtype: String,
    pub axes: String,
    pub oblique_deg: String,
    pub sform_qform: String,
    pub slope_inter: String,
    pub min_max: String,
}

impl Row {
    pub fn folder(&self) -> &str {
        self.file.split('/').next().unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or_default()
    }
}

pub fn read_manifest(path: &Path) -> Vec<Row> {
    let records = parse_csv(&std::fs::read_to_string(path).expect("the manifest can be read"));
    let (names, rows) = records.split_first().expect("the manifest has a header line");
    rows.iter()
        .map(|values| {
            assert_eq!(values.len(), names.len(), "{values:?}");
            let field: HashMap<&str, &String> = names.iter().map(String::as_str).zip(values).collect();
            let get = |name: &str| (*field.get(name).unwrap_or_else(|| panic!("no column {name}"))).clone();
            Row {
                file: get("file"),
                expect: get("expect"),
                shape: get("shape"),
                spacing: get("spacing"),
                dtype: get("dtype"),
                axes: get("axes"),
                oblique_deg: get("oblique_deg"),
                sform_qform: get("sform_qform"),
                slope_inter: get("slope_inter"),
                min_max: get("min_max"),
            }
        })
        .collect()
}

/// Comma-separated records; a quoted field may hold commas, line ends and doubled quotes.
pub fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            _ => field.push(c),
        }
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push(record);
    }
    records
}
