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
            ClassAction::ShowAlone(class) => self.show_alone(class, effects),
            ClassAction::SetOpacity { class, opacity } => self.change_class(class, |c| c.set_opacity(opacity), effects),
            ClassAction::SetStatus { class, status } => self.change_class(class, |c| c.status = status, effects),
            ClassAction::Move { class, position } => {
                if self.study.as_mut().is_some_and(|study| study.classes.move_class(class, position)) {
                    self.save_project(effects);
                }
            }
            ClassAction::Adopt(classes) => self.adopt(&classes, effects),
            ClassAction::Highlight(class) => self.views.layers.highlight = class,
        }
    }

    fn select_next(&mut self, places: isize) {
        let Some(study) = &self.study else { return };
        let classes: Vec<ClassId> = study.classes.in_order().map(|class| class.id).collect();
        let (Ok(count), Some(place)) =
            (isize::try_from(classes.len()), classes.iter().position(|&id| id == self.tools.class))
        else {
            return;
        };
        let wanted = place.cast_signed().saturating_add(places).rem_euclid(count);
        if let Some(&class) = classes.get(wanted.unsigned_abs()) {
            self.tools.class = class;
        }
    }

    fn add_class(&mut self, name: &str, effects: &mut Vec<Effect>) {
        if !self.name_is_usable(name, None, effects) {
            return;
        }
        let Some(study) = &mut self.study else { return };
        let Some(id) = study.classes.next_free_id() else {
            return self.notify(Notice::warning("A study has at most 255 classes."), effects);
        };
        if let Err(error) = study.classes.insert(Class::new(id, name.trim())) {
            return self.notify(Notice::warning(error.to_string()), effects);
        }
        self.tools.class = id;
        self.warn_about_new_classes(effects);
        self.save_project(effects);
    }

    fn warn_about_new_classes(&mut self, effects: &mut Vec<Effect>) {
        if self.training.is_active() {
            let text = "The running training does not know the new class. Start it again when the class is labelled.";
            self.notify(Notice::info(text), effects);
        }
    }

    /// Classes of the same name take colour, opacity and place; others are added, under another number where theirs is
    /// taken. No class is renamed: its labels would come to mean something else.
    fn adopt(&mut self, given: &ClassTable, effects: &mut Vec<Effect>) {
        let Some(study) = &mut self.study else { return };
        let before = study.classes.clone();
        let mut moved = Vec::new();
        for (place, class) in given.in_order().filter(|class| class.id != 0).enumerate() {
            let Class { colour, opacity, visible, .. } = class.clone();
            let same = |own: &&Class| own.id != 0 && own.name.trim().eq_ignore_ascii_case(class.name.trim());
            let id = match study.classes.all().iter().find(same).map(|own| own.id) {
                Some(id) => id,
                None => {
                    let taken = study.classes.get(class.id).is_some();
                    let free = if taken { study.classes.next_free_id() } else { Some(class.id) };
                    let Some(id) = free.filter(|&id| study.classes.insert(Class { id, ..class.clone() }).is_ok())
                    else {
                        continue;
                    };
                    moved.extend(taken.then(|| format!("'{}' is {id}", class.name)));
                    id
                }
            };
            if let Some(own) = study.classes.get_mut(id) {
                *own = Class { colour, opacity, visible, ..own.clone() };
            }
            study.classes.move_class(id, place);
        }
        if study.classes == before {
            return self.notify(Notice::info("The study has these classes already."), effects);
        }
        if study.classes.all().len() > before.all().len() {
            self.warn_about_new_classes(effects);
        }
        if !moved.is_empty() {
            let text = format!("Their numbers were taken: {}. Your own classes stay as they were.", moved.join(", "));
            self.notify(Notice::info(text), effects);
        }
        self.save_project(effects);
    }

    /// All others are hidden, or all are shown if they were.
    fn show_alone(&mut self, alone: ClassId, effects: &mut Vec<Effect>) {
        let Some(study) = &mut self.study else { return };
        let is_alone = study.classes.all().iter().all(|class| class.visible == (class.id == alone));
        let ids: Vec<ClassId> = study.classes.all().iter().map(|class| class.id).collect();
        for id in ids {
            if let Some(class) = study.classes.get_mut(id) {
                class.visible = is_alone || id == alone;
            }
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
