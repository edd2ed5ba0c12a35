use super::*;

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
