//! Class lists that users bring: plain text, JSON or TOML.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::ProjectError;
use crate::label::{Class, ClassId, ClassTable};

/// The shapes a JSON or TOML list may have; Chiaro's own exported `classes.json` is one of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    List(Vec<Item>),
    Table { classes: Vec<Item> },
    NameById(BTreeMap<String, String>),
    IdByName(BTreeMap<String, ClassId>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Name(String),
    Class { id: ClassId, name: String, colour: Option<[u8; 3]> },
}

/// Reads a class list: `.json` and `.toml` by extension, else text with a name or `id name` on every line.
/// Empty lines and lines that begin with `#` are passed over.
pub(super) fn read(path: &Path) -> Result<ClassTable, ProjectError> {
    let text = fs::read_to_string(path).map_err(ProjectError::file("read", path))?;
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let classes = match extension.as_deref() {
        Some("json") => classes_of(serde_json::from_str(&text).map_err(|e| ProjectError::unreadable(path, e))?),
        Some("toml") => classes_of(toml::from_str(&text).map_err(|e| ProjectError::unreadable(path, e))?),
        _ => parse_lines(&text),
    };
    let classes = classes.map_err(|reason| ProjectError::unreadable(path, reason))?;
    if classes.is_empty() {
        return Err(ProjectError::unreadable(path, "it names no class"));
    }
    Ok(ClassTable::new(classes)?)
}

fn classes_of(listed: Listed) -> Result<Vec<Class>, String> {
    let items = match listed {
        Listed::List(items) | Listed::Table { classes: items } => items,
        Listed::NameById(map) => {
            return map.into_iter().map(|(id, name)| Ok(Class::new(parse_id(&id)?, &name))).collect();
        }
        Listed::IdByName(map) => return Ok(map.into_iter().map(|(name, id)| Class::new(id, &name)).collect()),
    };
    let numbered = (1..).zip(items).map(|(position, item)| match item {
        Item::Name(name) => Ok(Class::new(numbered_id(position)?, &name)),
        Item::Class { id, name, colour } => {
            let class = Class::new(id, &name);
            Ok(Class { colour: colour.unwrap_or(class.colour), ..class })
        }
    });
    numbered.collect()
}

/// Every line is `id name`, or every line is a name; names are numbered from 1.
fn parse_lines(text: &str) -> Result<Vec<Class>, String> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    if lines().all(|line| split_id(line).is_some()) {
        return lines().filter_map(split_id).map(|(id, name)| Ok(Class::new(parse_id(id)?, name))).collect();
    }
    (1..).zip(lines()).map(|(position, name)| Ok(Class::new(numbered_id(position)?, name))).collect()
}

/// A line that begins with a number, separated from the name by space, `,`, `:` or `=`.
fn split_id(line: &str) -> Option<(&str, &str)> {
    let is_separator = |c: char| c.is_whitespace() || ",:=".contains(c);
    let (id, name) = line.split_once(is_separator)?;
    let is_number = !id.is_empty() && id.chars().all(|c| c.is_ascii_digit());
    is_number.then(|| (id, name.trim_matches(is_separator)))
}

fn parse_id(text: &str) -> Result<ClassId, String> {
    text.parse().map_err(|_| format!("class number {text} is not between 0 and 255"))
}

fn numbered_id(position: usize) -> Result<ClassId, String> {
    ClassId::try_from(position).map_err(|_| "it names more than 255 classes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(name: &str, text: &str) -> Result<Vec<(ClassId, String)>, ProjectError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        Ok(read(&path)?.foreground().map(|c| (c.id, c.name.clone())).collect())
    }

    fn pairs(expected: &[(ClassId, &str)]) -> Vec<(ClassId, String)> {
        expected.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
    }

    #[test]
    fn plain_names_are_numbered_from_one() {
        assert_eq!(
            read_as("c.txt", "# mine\nanterior\n\n posterior \n").unwrap(),
            pairs(&[(1, "anterior"), (2, "posterior")])
        );
        // One line without a number: the numbers are parts of names.
        assert_eq!(read_as("c.txt", "3 ventricle\ncortex").unwrap(), pairs(&[(1, "3 ventricle"), (2, "cortex")]));
    }

    #[test]
    fn sparse_numbers_are_kept_in_every_format() {
        let expected = pairs(&[(17, "left hippocampus"), (53, "right hippocampus")]);
        for (name, text) in [
            ("c.txt", "17 left hippocampus\n53\tright hippocampus"),
            ("c.csv", "17,left hippocampus\n53, right hippocampus\n"),
            ("c.txt", "0: background\n17: left hippocampus\n53: right hippocampus"),
            ("c.json", r#"{"17": "left hippocampus", "53": "right hippocampus"}"#),
            ("c.json", r#"{"left hippocampus": 17, "right hippocampus": 53}"#),
            ("c.json", r#"[{"id":53,"name":"right hippocampus"},{"id":17,"name":"left hippocampus"}]"#),
            ("c.json", r#"{"classes":[{"id":17,"name":"left hippocampus"},{"id":53,"name":"right hippocampus"}]}"#),
            (
                "c.toml",
                "[[classes]]\nid = 17\nname = 'left hippocampus'\n[[classes]]\nid = 53\nname = 'right hippocampus'",
            ),
        ] {
            assert_eq!(read_as(name, text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn unusable_lists_are_refused() {
        for (name, text) in
            [("c.txt", ""), ("c.txt", "# nothing"), ("c.txt", "300 too large"), ("c.txt", "1 a\n1 b"), ("c.json", "{")]
        {
            assert!(read_as(name, text).is_err(), "{text:?}");
        }
        let many: String = (0..256).map(|i| format!("class-{i}\n")).collect();
        assert!(read_as("c.txt", &many).is_err());
    }
}
