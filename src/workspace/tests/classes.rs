use super::*;
use crate::label::Class;

fn class(ws: &mut Workspace, action: ClassAction) -> Vec<Effect> {
    apply(ws, Action::Class(action))
}

#[test]
fn a_new_class_gets_the_next_free_number_and_is_chosen() {
    let mut ws = study(&["a"]);
    let effects = class(&mut ws, ClassAction::Add { name: " Fornix ".to_owned() });
    assert_eq!(ws.tools().class, 3);
    assert_eq!(ws.study().unwrap().classes.name(3), "Fornix");
    assert!(io_commands(&effects).any(|c| matches!(c, IoCommand::SaveProject { .. })));
}

#[test]
fn empty_and_doubled_names_are_refused_with_a_sentence() {
    let mut ws = study(&["a"]);
    let before = ws.study().unwrap().classes.clone();
    for action in [
        ClassAction::Add { name: "  ".to_owned() },
        ClassAction::Add { name: "anterior".to_owned() },
        ClassAction::Rename { class: 2, name: "Anterior".to_owned() },
    ] {
        assert_eq!(notices(&class(&mut ws, action)).len(), 1);
    }
    assert_eq!(ws.study().unwrap().classes, before);
    class(&mut ws, ClassAction::Rename { class: 1, name: "ANTERIOR".to_owned() });
    assert_eq!(ws.study().unwrap().classes.name(1), "ANTERIOR");
}

#[test]
fn choosing_goes_round_and_an_unlisted_class_cannot_be_chosen() {
    let mut ws = study(&["a"]);
    class(&mut ws, ClassAction::SelectNext(2));
    assert_eq!(ws.tools().class, 0);
    class(&mut ws, ClassAction::SelectNext(-1));
    assert_eq!(ws.tools().class, 2);
    class(&mut ws, ClassAction::Select(77));
    assert_eq!(ws.tools().class, 2);
}

#[test]
fn a_table_of_255_classes_takes_no_more() {
    let mut ws = study(&["a"]);
    for i in 2..255 {
        class(&mut ws, ClassAction::Add { name: format!("c{i}") });
    }
    assert_eq!(ws.study().unwrap().classes.all().len(), 256);
    let effects = class(&mut ws, ClassAction::Add { name: "one more".to_owned() });
    assert_eq!(notices(&effects), ["A study has at most 255 classes."]);
}

#[test]
fn adopted_classes_are_added_and_lend_colour_and_order_but_never_rename_what_is_labelled() {
    let mut ws = study(&["a"]);
    class(&mut ws, ClassAction::SetLocked { class: 2, locked: true });
    let mut given = vec![Class::new(7, "Spleen"), Class::new(5, "posterior"), Class::new(1, "Liver")];
    given[1].colour = [1, 2, 3];
    let effects = class(&mut ws, ClassAction::Adopt(ClassTable::listed(given).unwrap()));
    let classes = &ws.study().unwrap().classes;
    let shown: Vec<_> = classes.in_order().map(|c| (c.id, c.name.as_str())).collect();
    let expected = [(7, "Spleen"), (2, "Posterior"), (3, "Liver"), (1, "Anterior"), (0, "Background")];
    assert_eq!(shown, expected);
    let own = classes.get(2).unwrap();
    assert!(own.locked && own.colour == [1, 2, 3]);
    assert!(effects.iter().any(|e| matches!(e, Effect::Io(IoCommand::SaveProject { .. }))));
    assert!(ws.notices().last().unwrap().text.contains("'Liver' is 3"));
}

#[test]
fn the_order_of_the_list_is_the_order_of_the_class_keys() {
    let mut ws = study(&["a"]);
    class(&mut ws, ClassAction::Move { class: 2, position: 0 });
    class(&mut ws, ClassAction::Select(2));
    class(&mut ws, ClassAction::SelectNext(1));
    assert_eq!(ws.tools().class, 1);
}

#[test]
fn a_class_shown_alone_hides_the_others_until_asked_again() {
    let mut ws = study(&["a"]);
    let visible = |ws: &Workspace| ws.study().unwrap().classes.all().iter().map(|c| c.visible).collect::<Vec<_>>();
    class(&mut ws, ClassAction::ShowAlone(2));
    assert_eq!(visible(&ws), [false, false, true]);
    class(&mut ws, ClassAction::ShowAlone(2));
    assert_eq!(visible(&ws), [true; 3]);
}

#[test]
fn a_class_list_from_a_file_is_adopted_and_one_is_written_where_the_user_says() {
    let mut ws = study(&["a"]);
    let classes = ClassTable::from_names(&["Head", "Body"]).unwrap();
    io(&mut ws, IoEvent::ClassesRead { classes, warnings: vec!["Line 3 was left out.".to_owned()] });
    let named = |name: &str| ws.study().unwrap().classes.all().iter().any(|c| c.name == name);
    assert!(named("Head") && named("Anterior"));
    assert!(ws.notices().iter().any(|n| n.text.contains("Line 3")));
    let purpose = FilePurpose::WriteClasses(ClassFileFormat::ItkSnap);
    let effects = apply(&mut ws, Action::File(FileAction::FilePicked { purpose, path: "c.txt".into() }));
    assert!(matches!(effects.as_slice(), [Effect::Io(IoCommand::WriteClasses { .. })]));
}
