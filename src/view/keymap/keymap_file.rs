//! A keymap as a TOML text: the preset, and one line per changed chord.

use toml::{Table, Value};

use super::{KeyChange, Keymap, KeymapPreset, KeymapWarning};

/// Version of the file that this program writes.
const FORMAT: i64 = 1;

impl Keymap {
    /// ```toml
    /// format = 1
    /// preset = "slicer"
    /// changes = [
    ///     { keys = "Ctrl+Shift+Z", action = "redo" },
    ///     { keys = "Ctrl+Y", action = "none" },
    /// ]
    /// ```
    pub fn to_toml(&self) -> String {
        let line = |c: KeyChange| {
            format!("    {{ keys = {}, action = {} }},\n", quoted(c.keys.to_string()), quoted(c.action_id()))
        };
        let lines: String = self.changes().into_iter().map(line).collect();
        let preset = quoted(self.preset().id().to_owned());
        format!("format = {FORMAT}\npreset = {preset}\nchanges = [\n{lines}]\n")
    }

    /// Reads what [`Self::to_toml`] wrote, also if it was damaged or is of another version: what cannot be used is left
    /// out and told.
    pub fn from_toml(text: &str) -> (Self, Vec<KeymapWarning>) {
        let mut warnings = Vec::new();
        let table = text.parse().unwrap_or_else(|_| readable_lines(text, &mut warnings));
        if let Some(found) = table.get("format").and_then(Value::as_integer).filter(|found| *found > FORMAT) {
            warnings.push(KeymapWarning::NewerFormat { found, supported: FORMAT });
        }
        let preset = read_preset(table.get("preset"), &mut warnings);
        let changes = read_changes(table.get("changes"), &mut warnings);
        (Self::with_changes(preset, changes), warnings)
    }
}

fn quoted(text: String) -> String {
    Value::String(text).to_string()
}

fn read_preset(value: Option<&Value>, warnings: &mut Vec<KeymapWarning>) -> KeymapPreset {
    let Some(value) = value else { return KeymapPreset::default() };
    let id = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    id.parse().unwrap_or_else(|error| {
        warnings.push(KeymapWarning::Preset(error));
        KeymapPreset::default()
    })
}

fn read_changes(value: Option<&Value>, warnings: &mut Vec<KeymapWarning>) -> Vec<KeyChange> {
    let entries = match value {
        None => return Vec::new(),
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(other) => std::slice::from_ref(other),
    };
    let mut changes: Vec<KeyChange> = Vec::new();
    for entry in entries {
        match entry.clone().try_into::<KeyChange>() {
            Ok(change) => {
                if changes.iter().any(|c| c.keys == change.keys) {
                    warnings.push(KeymapWarning::Twice(change.keys));
                }
                changes.push(change);
            }
            Err(error) => {
                let (entry, reason) = (entry.to_string(), error.message().to_owned());
                warnings.push(KeymapWarning::Entry { entry, reason });
            }
        }
    }
    changes
}

/// What a damaged text still says, line by line: each change is on a line of its own.
fn readable_lines(text: &str, warnings: &mut Vec<KeymapWarning>) -> Table {
    let mut table = Table::new();
    let mut changes = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let bare: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        if matches!(bare.as_str(), "" | "changes=[" | "]") || bare.starts_with('#') {
            continue;
        }
        let statement = if bare.starts_with('{') { format!("changes = [\n{line}\n]") } else { line.to_owned() };
        match statement.parse::<Table>() {
            Ok(mut read) => {
                if let Some(Value::Array(entries)) = read.remove("changes") {
                    changes.extend(entries);
                }
                table.extend(read);
            }
            Err(_) => warnings.push(KeymapWarning::Line { line: index + 1, text: line.trim().to_owned() }),
        }
    }
    table.insert("changes".to_owned(), Value::Array(changes));
    table
}
