//! The classes of a file as they are gathered line by line.

use std::collections::{BTreeMap, HashMap};

use super::values::{Line, unnamed};
use super::{ClassFileError, ClassFileFormat};
use crate::label::Class;

/// What a file holds: its classes but background, in its order, at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadClasses {
    pub format: ClassFileFormat,
    pub classes: Vec<Class>,
    /// Sentences about what was not taken as it stands.
    pub warnings: Vec<String>,
}

pub(super) struct Listing {
    format: ClassFileFormat,
    classes: Vec<Class>,
    lines: BTreeMap<u8, usize>,
    warnings: Vec<String>,
}

impl Listing {
    pub fn new(format: ClassFileFormat) -> Self {
        Self { format, classes: Vec::new(), lines: BTreeMap::new(), warnings: Vec::new() }
    }

    /// Background is passed over: other programs draw it black and clear, Chiaro knows it anyway.
    pub fn push(&mut self, Line(line): Line, mut class: Class) -> Result<(), ClassFileError> {
        if class.id == 0 {
            return Ok(());
        }
        if let Some(first) = self.lines.insert(class.id, line) {
            return Err(ClassFileError::ListedTwice { line, first, number: class.id });
        }
        class.name = class.name.trim().to_owned();
        if class.name.is_empty() {
            class.name = unnamed(class.id);
            self.warn(format!("Line {line} has no name; the class is called {}.", class.name));
        }
        self.classes.push(class);
        Ok(())
    }

    pub fn warn(&mut self, sentence: String) {
        self.warnings.push(sentence);
    }

    pub fn finish(mut self) -> Result<ReadClasses, ClassFileError> {
        if self.classes.is_empty() {
            return Err(ClassFileError::Empty);
        }
        self.mend_transparency();
        self.name_twins();
        Ok(ReadClasses { format: self.format, classes: self.classes, warnings: self.warnings })
    }

    /// FreeSurfer's tables look like Slicer's, but their last column is a transparency and 0 throughout.
    fn mend_transparency(&mut self) {
        if self.classes.iter().all(|c| c.opacity == 0.0) {
            self.classes.iter_mut().for_each(|c| c.set_opacity(1.0));
            self.warn("Every class was fully transparent; they are shown opaque.".to_owned());
        }
    }

    fn name_twins(&mut self) {
        let mut seen: HashMap<String, u8> = HashMap::new();
        let mut twins = Vec::new();
        for class in &self.classes {
            if let Some(first) = seen.insert(class.name.to_lowercase(), class.id) {
                twins.push(format!("Classes {first} and {} are both called {}.", class.id, class.name));
            }
        }
        self.warnings.extend(twins);
    }
}
