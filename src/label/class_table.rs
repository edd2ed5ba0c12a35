//! The classes of a study: which there are, and in which order they are shown.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::class_colours;
use super::class_search::SearchText;
use super::{Class, ClassId};

/// Classes in ascending number; class 0 (background) is always there.
///
/// They are stored as a list: background, then the others as they are shown. A list of an older version is in
/// ascending order, and an older version sorts what it reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Class>", into = "Vec<Class>")]
pub struct ClassTable {
    classes: Vec<Class>,
    /// Every class but background, as shown.
    order: Vec<ClassId>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum ClassTableError {
    #[error("class {0} is listed twice")]
    Duplicate(ClassId),
    #[error("class {0} has no name")]
    Unnamed(ClassId),
}

impl ClassTable {
    /// Fill colours that stay apart for deuteranopes; classes after the eighth get less safe ones.
    pub const PALETTE: [[u8; 3]; 8] = class_colours::COLOUR_BLIND_SAFE;

    pub const BACKGROUND_COLOUR: [u8; 3] = class_colours::BACKGROUND;

    /// Shown in ascending number. Background is added if it is missing.
    ///
    /// # Errors
    /// When two classes have one number or one has no name.
    pub fn new(mut classes: Vec<Class>) -> Result<Self, ClassTableError> {
        classes.sort_by_key(|c| c.id);
        Self::listed(classes)
    }

    /// Like [`Self::new`], but shown in the order of the list.
    pub fn listed(mut classes: Vec<Class>) -> Result<Self, ClassTableError> {
        if !classes.iter().any(|c| c.id == 0) {
            classes.push(Class::new(0, "Background"));
        }
        let order = classes.iter().map(|c| c.id).filter(|&id| id != 0).collect();
        classes.sort_by_key(|c| c.id);
        if let Some(pair) = classes.windows(2).find(|w| w[0].id == w[1].id) {
            return Err(ClassTableError::Duplicate(pair[0].id));
        }
        for class in &mut classes {
            check_name(class)?;
            class.set_opacity(class.opacity);
        }
        Ok(Self { classes, order })
    }

    /// Background and one class per given name, numbered from 1 (at most 255 are used).
    pub fn from_names<S: AsRef<str>>(names: &[S]) -> Result<Self, ClassTableError> {
        Self::new((1..=ClassId::MAX).zip(names).map(|(id, n)| Class::new(id, n.as_ref())).collect())
    }

    /// All classes in ascending number, background first.
    pub fn all(&self) -> &[Class] {
        &self.classes
    }

    /// All classes but background, in ascending number.
    pub fn foreground(&self) -> impl Iterator<Item = &Class> {
        self.classes.iter().filter(|c| c.id != 0)
    }

    /// All classes as they are shown: background last.
    pub fn in_order(&self) -> impl Iterator<Item = &Class> {
        self.order.iter().chain(&[0]).filter_map(|&id| self.get(id))
    }

    pub fn get(&self, id: ClassId) -> Option<&Class> {
        self.classes.get(self.place(id)?)
    }

    /// For changing anything but the number.
    pub fn get_mut(&mut self, id: ClassId) -> Option<&mut Class> {
        let place = self.place(id)?;
        self.classes.get_mut(place)
    }

    pub fn name(&self, id: ClassId) -> &str {
        self.get(id).map_or("not in the class table", |c| &c.name)
    }

    /// The smallest number from 1 that no class has; `None` if all 255 are taken.
    pub fn next_free_id(&self) -> Option<ClassId> {
        (1..=ClassId::MAX).find(|&id| self.place(id).is_none())
    }

    /// Adds a class, shown after all others but background.
    ///
    /// # Errors
    /// When its number is taken or it has no name; the table is then unchanged.
    pub fn insert(&mut self, mut class: Class) -> Result<(), ClassTableError> {
        check_name(&class)?;
        class.set_opacity(class.opacity);
        match self.classes.binary_search_by_key(&class.id, |c| c.id) {
            Ok(_) => Err(ClassTableError::Duplicate(class.id)),
            Err(place) => {
                self.order.push(class.id);
                self.classes.insert(place, class);
                Ok(())
            }
        }
    }

    /// Whether a class could be taken out: it is listed and not background. What voxels carry it is not asked.
    pub fn can_remove(&self, id: ClassId) -> bool {
        id != 0 && self.place(id).is_some()
    }

    /// Takes a class out; `None`, and nothing changes, where [`Self::can_remove`] says no. Masks are not touched.
    pub fn remove(&mut self, id: ClassId) -> Option<Class> {
        if !self.can_remove(id) {
            return None;
        }
        let place = self.place(id)?;
        self.order.retain(|&listed| listed != id);
        Some(self.classes.remove(place))
    }

    /// Shows a class at `position` among the classes but background, 0 being first and everything beyond the end last.
    /// Whether that changed anything; background and unlisted classes stay where they are.
    pub fn move_class(&mut self, id: ClassId, position: usize) -> bool {
        let Some(from) = self.order.iter().position(|&listed| listed == id) else { return false };
        self.order.remove(from);
        let to = position.min(self.order.len());
        self.order.insert(to, id);
        to != from
    }

    /// Classes whose number is `text` or whose name holds all its words, best fit first and else as they are shown.
    /// Case, accents, spaces, underscores and punctuation make no difference; a text without any letter finds all.
    pub fn search(&self, text: &str) -> Vec<ClassId> {
        let text = SearchText::new(text);
        let mut found: Vec<_> = self.in_order().filter_map(|c| Some((text.fit(c)?, c.id))).collect();
        found.sort_by_key(|(fit, _)| *fit);
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// Colour for every possible class number; unlisted numbers get the palette colour of their number.
    pub fn colours(&self) -> [[u8; 3]; 256] {
        let mut table = [Self::BACKGROUND_COLOUR; 256];
        for (id, colour) in (0..=ClassId::MAX).zip(&mut table) {
            *colour = class_colours::default_colour(id);
        }
        for c in &self.classes {
            table[usize::from(c.id)] = c.colour;
        }
        table
    }

    fn place(&self, id: ClassId) -> Option<usize> {
        self.classes.binary_search_by_key(&id, |c| c.id).ok()
    }
}

fn check_name(class: &Class) -> Result<(), ClassTableError> {
    if class.name.trim().is_empty() { Err(ClassTableError::Unnamed(class.id)) } else { Ok(()) }
}

impl TryFrom<Vec<Class>> for ClassTable {
    type Error = ClassTableError;

    fn try_from(classes: Vec<Class>) -> Result<Self, Self::Error> {
        Self::listed(classes)
    }
}

/// Background, then the others as they are shown.
impl From<ClassTable> for Vec<Class> {
    fn from(table: ClassTable) -> Self {
        let background = table.classes.iter().filter(|c| c.id == 0);
        background.chain(table.in_order().filter(|c| c.id != 0)).cloned().collect()
    }
}

#[cfg(test)]
#[path = "class_table_tests.rs"]
mod tests;
