use proptest::prelude::*;

use super::*;
use crate::label::ClassStatus;

fn table(names: &[&str]) -> ClassTable {
    ClassTable::from_names(names).unwrap()
}

fn shown(table: &ClassTable) -> Vec<ClassId> {
    table.in_order().map(|c| c.id).collect()
}

/// A project file, as far as this floor knows it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    classes: ClassTable,
    #[serde(flatten)]
    unknown: toml::Table,
}

impl Stored {
    fn new(classes: ClassTable) -> Self {
        Self { classes, unknown: toml::Table::new() }
    }

    fn written(&self) -> String {
        toml::to_string_pretty(self).unwrap()
    }

    fn read(text: &str) -> Self {
        text.parse::<toml::Table>().unwrap().try_into().unwrap()
    }
}

/// As the versions before opacity, status and order wrote it.
const OLD: &str = r#"[[classes]]
id = 0
name = "Background"
colour = [
    64,
    70,
    80,
]
locked = false
visible = true

[[classes]]
id = 17
name = "left"
colour = [
    1,
    2,
    3,
]
locked = true
visible = true

[[classes]]
id = 53
name = "right"
colour = [
    4,
    5,
    6,
]
locked = false
visible = false
"#;

#[test]
fn background_is_added_and_duplicates_are_refused() {
    let t = table(&["a", "b"]);
    assert_eq!(t.all().iter().map(|c| c.id).collect::<Vec<_>>(), [0, 1, 2]);
    let twice = vec![Class::new(3, "a"), Class::new(3, "b")];
    assert_eq!(ClassTable::new(twice), Err(ClassTableError::Duplicate(3)));
    assert_eq!(ClassTable::from_names(&[" "]), Err(ClassTableError::Unnamed(1)));
}

#[test]
fn a_table_of_an_older_version_is_read_and_written_as_it_was() {
    let read = Stored::read(OLD);
    let class = read.classes.get(17).unwrap();
    assert_eq!((class.opacity, class.status, class.locked), (1.0, ClassStatus::NotStarted, true));
    assert_eq!(shown(&read.classes), [17, 53, 0]);
    assert_eq!(read.written(), OLD);
}

#[test]
fn opacity_status_and_order_are_stored_in_the_list_and_only_where_they_differ() {
    let mut t = table(&["a", "b", "c"]);
    t.get_mut(2).unwrap().opacity = 0.3;
    t.get_mut(3).unwrap().status = ClassStatus::InWork;
    t.move_class(3, 0);
    let stored = Stored::new(t);
    let text = stored.written();
    assert_eq!(Stored::read(&text), stored);
    assert_eq!(
        (text.matches("opacity = 0.3\n").count(), text.matches("status = \"in-work\"").count()),
        (1, 1),
        "{text}"
    );
    assert_eq!((text.matches("opacity").count(), text.matches("status").count()), (1, 1), "{text}");
    let numbers: Vec<_> = text.lines().filter(|line| line.starts_with("id = ")).collect();
    assert_eq!(numbers, ["id = 0", "id = 3", "id = 1", "id = 2"]);
    let json = serde_json::to_string(&stored).unwrap();
    assert_eq!(serde_json::from_str::<Stored>(&json).unwrap(), stored);
}

#[test]
fn a_version_that_knows_neither_opacity_nor_status_nor_order_reads_the_list() {
    #[derive(Deserialize)]
    struct OldClass {
        id: ClassId,
        #[expect(dead_code, reason = "it must be there")]
        name: String,
    }
    #[derive(Deserialize)]
    struct OldStored {
        classes: Vec<OldClass>,
    }
    let mut t = table(&["a", "b"]);
    t.get_mut(1).unwrap().opacity = 0.5;
    t.get_mut(2).unwrap().status = ClassStatus::Flagged;
    t.move_class(2, 0);
    let old: OldStored = toml::from_str(&Stored::new(t).written()).unwrap();
    assert_eq!(old.classes.iter().map(|c| c.id).collect::<Vec<_>>(), [0, 2, 1]);
}

#[test]
fn an_opacity_that_makes_no_sense_is_mended_when_a_table_is_read() {
    for (written, read) in [("nan", 1.0), ("-3", 0.0), ("7.5", 1.0), ("1", 1.0), ("inf", 1.0)] {
        let text = format!("[[classes]]\nid = 1\nname = 'a'\ncolour = [1, 2, 3]\nopacity = {written}\n");
        let stored = Stored::read(&text);
        assert_eq!(stored.classes.get(1).unwrap().opacity, read, "{written}");
    }
}

#[test]
fn background_is_shown_last_and_never_moved_or_removed() {
    let mut t = table(&["a", "b"]);
    assert_eq!(shown(&t), [1, 2, 0]);
    assert!(!t.move_class(0, 0) && !t.move_class(9, 0) && !t.can_remove(0) && !t.can_remove(9));
    assert_eq!((t.remove(0), t.remove(9)), (None, None));
    assert_eq!(t, table(&["a", "b"]));
}

#[test]
fn moving_says_whether_anything_changed() {
    let mut t = table(&["a", "b", "c"]);
    assert!(t.move_class(1, usize::MAX));
    assert_eq!(shown(&t), [2, 3, 1, 0]);
    assert!(!t.move_class(1, 2) && !t.move_class(1, 50));
    assert!(t.move_class(1, 1));
    assert_eq!(shown(&t), [2, 1, 3, 0]);
    assert_eq!(t.all().iter().map(|c| c.id).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn a_new_class_takes_the_smallest_free_number_and_the_last_place() {
    let mut t = table(&["a", "b", "c"]);
    assert_eq!(t.remove(2).map(|c| c.name), Some("b".to_owned()));
    let id = t.next_free_id().unwrap();
    t.insert(Class::new(id, "new")).unwrap();
    assert_eq!((id, shown(&t)), (2, vec![1, 3, 2, 0]));
    assert_eq!(t.insert(Class::new(2, "again")), Err(ClassTableError::Duplicate(2)));
    assert_eq!(t.insert(Class::new(7, "  ")), Err(ClassTableError::Unnamed(7)));
    assert_eq!(shown(&t), [1, 3, 2, 0]);
    while let Some(id) = t.next_free_id() {
        t.insert(Class::new(id, "more")).unwrap();
    }
    assert_eq!(t.all().len(), 256);
}

#[test]
fn search_finds_by_number_by_beginning_and_by_words_in_this_order() {
    let mut t = table(&["Kidney, left", "kidney_right", "Œdème 2", "Left adrenal", "Vertebra L1"]);
    assert_eq!(t.search("kidney"), [1, 2]);
    assert_eq!(t.search("left"), [4, 1]);
    assert_eq!(t.search("LEFT_KIDNEY"), [1]);
    assert_eq!(t.search("kidneyright"), [2]);
    assert_eq!(t.search("oedeme2"), [3]);
    // Number 2 before the name that holds a 2.
    assert_eq!(t.search("2"), [2, 3]);
    assert_eq!(t.search("0"), [0]);
    assert!(t.search("spleen").is_empty());
    t.move_class(5, 0);
    assert_eq!(t.search(" ?"), [5, 1, 2, 3, 4, 0]);
}

proptest! {
    #[test]
    fn any_moves_and_removals_equal_those_of_a_plain_list(
        count in 1usize..20,
        steps in prop::collection::vec((0u8..22, 0usize..25, any::<bool>()), 0..30),
    ) {
        let names: Vec<String> = (0..count).map(|i| format!("c{i}")).collect();
        let mut t = ClassTable::from_names(&names).unwrap();
        let mut plain: Vec<ClassId> = t.foreground().map(|c| c.id).collect();
        for (id, position, is_move) in steps {
            let place = plain.iter().position(|&p| p == id);
            if let Some(place) = place {
                plain.remove(place);
                if is_move {
                    plain.insert(position.min(plain.len()), id);
                }
            }
            if is_move {
                t.move_class(id, position);
            } else {
                prop_assert_eq!(t.can_remove(id), place.is_some());
                prop_assert_eq!(t.remove(id).map(|c| c.id), place.map(|_| id));
            }
            let mut expected = plain.clone();
            expected.push(0);
            prop_assert_eq!(shown(&t), expected.clone());
            expected.sort_unstable();
            prop_assert_eq!(t.all().iter().map(|c| c.id).collect::<Vec<_>>(), expected);
        }
        prop_assert_eq!(Stored::read(&Stored::new(t.clone()).written()).classes, t);
    }

    #[test]
    fn search_finds_every_name_that_holds_the_text_whatever_case_and_spaces(
        names in prop::collection::vec("[a-cA-C_ ]{0,6}[a-c]", 1..8),
        text in "[a-cA-C_ ]{0,4}",
    ) {
        let plain = |s: &str| s.to_lowercase().replace([' ', '_'], "");
        let t = ClassTable::from_names(&names).unwrap();
        let found = t.search(&text);
        for c in t.foreground() {
            let holds = plain(&c.name).contains(&plain(&text));
            let holds_words = text.to_lowercase().split([' ', '_']).all(|word| plain(&c.name).contains(word));
            prop_assert!(!holds || found.contains(&c.id), "{} in {}", text, c.name);
            prop_assert_eq!(found.contains(&c.id), holds_words);
        }
    }

    #[test]
    fn any_text_can_be_searched_for(text in any::<String>()) {
        table(&["a", "İß"]).search(&text);
    }
}
