//! Keys that were saved, changed by hand, or damaged.

use proptest::prelude::*;

use super::{Chord, Key, KeyAction, KeyChange, Keymap, KeymapPreset, KeymapWarning};

fn any_chord() -> impl Strategy<Value = Chord> {
    let printed = prop::sample::select(('!'..='~').map(Key::Char).collect::<Vec<_>>());
    let key =
        prop_oneof![4 => printed, 1 => prop::sample::select(vec![Key::Enter, Key::PageUp, Key::Left, Key::Space])];
    (key, any::<[bool; 3]>()).prop_map(|(key, [ctrl, shift, alt])| Chord { key, ctrl, shift, alt })
}

#[derive(Clone, Debug)]
enum Step {
    Bind(Chord, KeyAction),
    Unbind(Chord),
    Reset(KeyAction),
}

fn any_step() -> impl Strategy<Value = Step> {
    let action = || prop::sample::select(KeyAction::all().collect::<Vec<_>>());
    // Half of the chords are some that a preset binds.
    let bound: Vec<Chord> = Keymap::default().bindings().iter().map(|(chord, _)| *chord).collect();
    let chord = move || prop_oneof![any_chord(), prop::sample::select(bound.clone())];
    prop_oneof![
        4 => (chord(), action()).prop_map(|(chord, action)| Step::Bind(chord, action)),
        2 => chord().prop_map(Step::Unbind),
        1 => action().prop_map(Step::Reset),
    ]
}

fn any_keymap() -> impl Strategy<Value = Keymap> {
    let preset = prop::sample::select(KeymapPreset::ALL.to_vec());
    (preset, prop::collection::vec(any_step(), 0..20)).prop_map(|(preset, steps)| {
        let mut keymap = preset.keymap();
        for step in steps {
            match step {
                Step::Bind(chord, action) => drop(keymap.bind(chord, action)),
                Step::Unbind(chord) => drop(keymap.unbind(chord)),
                Step::Reset(action) => drop(keymap.reset(action)),
            }
        }
        keymap
    })
}

proptest! {
    #[test]
    fn rebound_keys_come_back_from_their_text(keymap in any_keymap()) {
        let (read, warnings) = Keymap::from_toml(&keymap.to_toml());
        prop_assert_eq!(&read, &keymap);
        prop_assert_eq!(warnings, vec![]);
        prop_assert_eq!(Keymap::with_changes(keymap.preset(), keymap.changes()), keymap);
    }

    #[test]
    fn a_damaged_line_costs_no_other_line(keymap in any_keymap(), which: prop::sample::Index, junk in "[^{\r\n]{0,9}") {
        let text = keymap.to_toml();
        let changes = keymap.changes();
        prop_assume!(!changes.is_empty());
        let hit = which.index(changes.len());
        // Three lines stand before the changes.
        let line = |(i, line)| if i == hit + 3 { junk.as_str() } else { line };
        let damaged = text.lines().enumerate().map(line).collect::<Vec<_>>().join("\n");
        let (read, _) = Keymap::from_toml(&damaged);
        for (i, change) in changes.iter().enumerate().filter(|(i, _)| *i != hit) {
            prop_assert_eq!(read.action(change.keys), change.action, "line {} of\n{}", i + 4, damaged);
        }
        prop_assert_eq!(read.preset(), keymap.preset());
    }

    #[test]
    fn no_text_makes_it_panic(text in "[ -~\n\"{}=\\[\\]]{0,200}") {
        let (read, _) = Keymap::from_toml(&text);
        prop_assert!(!read.bindings().is_empty());
    }

    #[test]
    fn bindings_stay_without_doubles_and_reset_brings_the_preset_back(keymap in any_keymap()) {
        for (chord, action) in keymap.bindings() {
            prop_assert_eq!(keymap.action(*chord), Some(*action));
        }
        let preset = keymap.preset().keymap();
        let mut reset = keymap;
        let actions: Vec<_> = KeyAction::all().collect();
        actions.into_iter().for_each(|action| drop(reset.reset(action)));
        prop_assert_eq!(reset, preset);
    }

    #[test]
    fn a_change_comes_back_through_serde(keys in any_chord(), bound: bool, class: u8) {
        let change = KeyChange { keys, action: bound.then_some(KeyAction::SelectClass(class)) };
        let text = serde_json::to_string(&change).unwrap();
        let read: KeyChange = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read, KeyChange { keys: keys.normalised(), ..change });
    }
}

#[test]
fn the_text_is_readable() {
    let mut keymap = KeymapPreset::Slicer.keymap();
    keymap.unbind(Chord::char('Y').ctrl());
    keymap.bind(Chord::char('"').ctrl(), KeyAction::Redo);
    let text = "format = 1\npreset = \"slicer\"\nchanges = [\n    { keys = \"Ctrl+Y\", action = \"none\" },\n    \
                { keys = 'Ctrl+\"', action = \"redo\" },\n]\n";
    assert_eq!(keymap.to_toml(), text);
    assert_eq!(Keymap::default().to_toml(), "format = 1\npreset = \"chiaro\"\nchanges = [\n]\n");
}

#[test]
fn other_layouts_of_the_same_data_are_read() {
    let tables =
        "preset = 'napari'\n[[changes]]\naction = 'undo'\nkeys = 'K'\n[[changes]]\nkeys = 'ctrl+z'\naction = 'none'\n";
    let inline =
        "changes = [{keys='K', action='undo'}, {keys='Ctrl+Z', action='none', note='mine'}]\npreset = 'napari'";
    for text in [tables, inline] {
        let (keymap, warnings) = Keymap::from_toml(text);
        assert_eq!(warnings, [], "{text}");
        assert_eq!(keymap.chords(KeyAction::Undo), "K");
        assert_eq!(keymap.preset(), KeymapPreset::Napari);
    }
    assert_eq!(Keymap::from_toml(""), (Keymap::default(), vec![]));
}

#[test]
fn a_file_damaged_by_hand_keeps_its_good_lines_and_names_the_others() {
    let text = "\
# my keys
format = 1
preset = \"mitk\"
changes = [
    { keys = \"K\", action = \"undo\" },  # good
    { keys = \"Ctrl+K, action = \"save\" },
    { keys = \"Ctrl+Wheel\", action = \"save\" },
    { keys = \"F\", action = \"fly\" },
    { keys = 5, action = \"save\" },
    { action = \"save\" },
    { keys = \"Shift+K\", action = \"redo\"
    { keys = \"Ctrl+I\", action = \"redo\" },
";
    let (keymap, warnings) = Keymap::from_toml(text);
    assert_eq!(keymap.preset(), KeymapPreset::Mitk);
    assert_eq!(keymap.action(Chord::char('K')), Some(KeyAction::Undo));
    assert_eq!(keymap.action(Chord::char('I').ctrl()), Some(KeyAction::Redo));
    assert_eq!(keymap.changes().len(), 2);
    let lines = warnings.iter().filter_map(|w| match w {
        KeymapWarning::Line { line, .. } => Some(*line),
        _ => None,
    });
    assert_eq!(lines.collect::<Vec<_>>(), [6, 11]);
    let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    for reason in ["\"Ctrl+Wheel\" is no key", "\"fly\" is no action", "missing field `keys`"] {
        assert!(told.iter().any(|warning| warning.contains(reason)), "{reason}: {told:?}");
    }
    assert_eq!(warnings.len(), 6);
}

#[test]
fn unknown_presets_newer_formats_and_doubles_are_told_and_the_rest_is_read() {
    let good = "changes = [{ keys = 'K', action = 'undo' }, { keys = 'K', action = 'redo' }]";
    let (keymap, warnings) = Keymap::from_toml(&format!("format = 2\npreset = 'emacs'\n{good}"));
    assert_eq!(keymap.preset(), KeymapPreset::Chiaro);
    assert_eq!(keymap.action(Chord::char('K')), Some(KeyAction::Redo));
    let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "the keys were saved by a newer version of Chiaro (format 2, this version reads up to 1); what it does not \
             know was left out",
            "\"emacs\" is no set of keys; Chiaro's own is used",
            "K stands there twice; the last one counts",
        ]
    );
    let (keymap, warnings) = Keymap::from_toml("preset = 3\nchanges = 'all'");
    assert_eq!((keymap, warnings.len()), (Keymap::default(), 2));
}
