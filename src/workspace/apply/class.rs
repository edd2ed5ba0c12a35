//! The class table.

use crate::label::{Class, ClassId, ClassTable};
use crate::workspace::{ClassAction, Effect, Notice, Workspace};

impl Workspace {
    pub(super) fn apply_class(&mut self, action: ClassAction, effects: &mut Vec<Effect>) {
        match action {
            ClassAction::Select(class) => {
                if self.study.as_ref().is_some_and(|study| study.classes.get(class).is_some()) {
                    self.tools.class = class;
                }
            }
            ClassAction::SelectNext(places) => self.select_next(places),
            ClassAction::Add { name } => self.add_class(&name, effects),
            ClassAction::Rename { class, name } => {
                if self.name_is_usable(&name, Some(class), effects) {
                    self.change_class(class, |c| name.trim().clone_into(&mut c.name), effects);
                }
            }
            ClassAction::SetColour { class, colour } => self.change_class(class, |c| c.colour = colour, effects),
            ClassAction::SetLocked { class, locked } => self.change_class(class, |c| c.locked = locked, effects),
            ClassAction::SetVisible { class, visible } => self.change_class(class, |c| c.visible = visible, effects),
        }
    }

    fn select_next(&mut self, places: isize) {
        let Some(study) = &self.study else { return };
        let classes = study.classes.all();
        let (Ok(count), Some(place)) =
            (isize::try_from(classes.len()), classes.iter().position(|c| c.id == self.tools.class))
        else {
            return;
        };
        let wanted = place.cast_signed().saturating_add(places).rem_euclid(count);
        if let Some(class) = classes.get(wanted.unsigned_abs()) {
            self.tools.class = class.id;
        }
    }

    fn add_class(&mut self, name: &str, effects: &mut Vec<Effect>) {
        if !self.name_is_usable(name, None, effects) {
            return;
        }
        let Some(study) = &mut self.study else { return };
        let free = (1..=ClassId::MAX).find(|&id| study.classes.get(id).is_none());
        let Some(id) = free else {
            return self.notify(Notice::warning("A study has at most 255 classes."), effects);
        };
        let mut classes = study.classes.all().to_vec();
        classes.push(Class::new(id, name.trim()));
        match ClassTable::new(classes) {
            Ok(table) => study.classes = table,
            Err(error) => return self.notify(Notice::warning(error.to_string()), effects),
        }
        self.tools.class = id;
        if self.training.is_active() {
            let text = "The running training does not know the new class. Start it again when the class is labelled.";
            self.notify(Notice::info(text), effects);
        }
        self.save_project(effects);
    }

    fn change_class(&mut self, id: ClassId, change: impl FnOnce(&mut Class), effects: &mut Vec<Effect>) {
        if let Some(class) = self.study.as_mut().and_then(|study| study.classes.get_mut(id)) {
            let before = class.clone();
            change(class);
            if *class != before {
                self.save_project(effects);
            }
        }
    }

    /// Two classes of one name could not be told apart in an exported table.
    fn name_is_usable(&mut self, name: &str, of: Option<ClassId>, effects: &mut Vec<Effect>) -> bool {
        let Some(study) = &self.study else { return false };
        let same = |c: &Class| Some(c.id) != of && c.name.trim().eq_ignore_ascii_case(name.trim());
        let problem = if name.trim().is_empty() {
            "A class needs a name."
        } else if study.classes.all().iter().any(same) {
            "There is a class of this name already. Choose another name."
        } else {
            return true;
        };
        self.notify(Notice::warning(problem), effects);
        false
    }
}
