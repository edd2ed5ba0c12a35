//! The classes of a study: number, name, colour.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Number of a class as stored in masks. 0 is background.
pub type ClassId = u8;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    pub id: ClassId,
    pub name: String,
    /// sRGB.
    pub colour: [u8; 3],
    /// A locked class is neither painted over nor erased.
    #[serde(default)]
    pub locked: bool,
    #[serde(default = "default_visible")]
    pub visible: bool,
}

fn default_visible() -> bool {
    true
}

/// Classes in ascending number; class 0 (background) is always there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Class>", into = "Vec<Class>")]
pub struct ClassTable {
    classes: Vec<Class>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum ClassTableError {
    #[error("class {0} is listed twice")]
    Duplicate(ClassId),
    #[error("class {0} has no name")]
    Unnamed(ClassId),
}

impl ClassTable {
    /// Fill colours that stay apart for deuteranopes and over grey pictures (Okabe & Ito 2008, brightened; after these they repeat).
    pub const PALETTE: [[u8; 3]; 8] = [
        [45, 212, 191],
        [96, 165, 250],
        [240, 180, 41],
        [204, 121, 167],
        [213, 94, 0],
        [240, 228, 66],
        [148, 103, 230],
        [120, 200, 80],
    ];

    pub const BACKGROUND_COLOUR: [u8; 3] = [64, 70, 80];

    /// Background is added if it is missing.
    pub fn new(mut classes: Vec<Class>) -> Result<Self, ClassTableError> {
        if !classes.iter().any(|c| c.id == 0) {
            classes.push(Class::new(0, "Background"));
        }
        classes.sort_by_key(|c| c.id);
        if let Some(pair) = classes.windows(2).find(|w| w[0].id == w[1].id) {
            return Err(ClassTableError::Duplicate(pair[0].id));
        }
        if let Some(class) = classes.iter().find(|c| c.name.trim().is_empty()) {
            return Err(ClassTableError::Unnamed(class.id));
        }
        Ok(Self { classes })
    }

    /// Background and one class per given name, numbered from 1 (at most 255 are used).
    pub fn from_names<S: AsRef<str>>(names: &[S]) -> Result<Self, ClassTableError> {
        Self::new((1..=ClassId::MAX).zip(names).map(|(id, n)| Class::new(id, n.as_ref())).collect())
    }

    /// All classes, background first.
    pub fn all(&self) -> &[Class] {
        &self.classes
    }

    pub fn foreground(&self) -> impl Iterator<Item = &Class> {
        self.classes.iter().filter(|c| c.id != 0)
    }

    pub fn get(&self, id: ClassId) -> Option<&Class> {
        self.classes.iter().find(|c| c.id == id)
    }

    pub fn get_mut(&mut self, id: ClassId) -> Option<&mut Class> {
        self.classes.iter_mut().find(|c| c.id == id)
    }

    pub fn name(&self, id: ClassId) -> &str {
        self.get(id).map_or("not in the class table", |c| &c.name)
    }

    /// Colour for every possible class number; unlisted numbers get the palette colour of their number.
    pub fn colours(&self) -> [[u8; 3]; 256] {
        let mut table: [[u8; 3]; 256] = std::array::from_fn(Self::default_colour);
        for c in &self.classes {
            table[usize::from(c.id)] = c.colour;
        }
        table
    }

    fn default_colour(id: usize) -> [u8; 3] {
        if id == 0 { Self::BACKGROUND_COLOUR } else { Self::PALETTE[(id - 1) % Self::PALETTE.len()] }
    }
}

impl Class {
    /// A visible, unlocked class in its palette colour.
    pub fn new(id: ClassId, name: &str) -> Self {
        let colour = ClassTable::default_colour(usize::from(id));
        Self { id, name: name.to_owned(), colour, locked: false, visible: true }
    }
}

impl TryFrom<Vec<Class>> for ClassTable {
    type Error = ClassTableError;

    fn try_from(classes: Vec<Class>) -> Result<Self, Self::Error> {
        Self::new(classes)
    }
}

impl From<ClassTable> for Vec<Class> {
    fn from(table: ClassTable) -> Self {
        table.classes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn background_is_added_and_duplicates_are_refused() {
        let t = ClassTable::from_names(&["a", "b"]).unwrap();
        assert_eq!(t.all().iter().map(|c| c.id).collect::<Vec<_>>(), [0, 1, 2]);
        let twice = vec![Class::new(3, "a"), Class::new(3, "b")];
        assert_eq!(ClassTable::new(twice), Err(ClassTableError::Duplicate(3)));
        assert_eq!(ClassTable::from_names(&[" "]), Err(ClassTableError::Unnamed(1)));
    }
}
