//! The presets against the keys of the programs they stand for.

use std::collections::HashSet;

use super::{Chord, DragAction, Key, KeyAction, Keymap, KeymapPreset, MousePreset, ToolKey, WheelAction};
use crate::view::WindowPreset;

/// Chords and what they do, as ids.
type Rows<'a> = &'a [(&'a str, &'a [&'a str], &'a str)];

/// What users of the first versions have learnt.
const FIRST_KEYS: &str = "Ctrl+Z undo; Ctrl+Shift+Z redo; Ctrl+Y redo; Ctrl+S save; Ctrl+E export; Ctrl+O open-study; \
    Ctrl+K find-action; ? show-keys; Escape cancel; N next-region; Shift+N previous-region; Ctrl+N next-case; 1 tool-cursor; \
    2 tool-pan-zoom; 4 tool-brush; 5 tool-fill; E tool-eraser; Q tool-accept-brush; T tool-accept-component; \
    W tool-window; - brush-smaller; [ brush-smaller; + brush-larger; = brush-larger; ] brush-larger; \
    B toggle-brush-shape; , previous-class; . next-class; \
    S toggle-labels; G toggle-labels; F toggle-label-style; A label-opacity-down; \
    D label-opacity-up; J complete-slice; Shift+J complete-case; Page up step-slice-+1; Up step-slice-+1; \
    Page down step-slice--1; Down step-slice--1; Shift+Up step-slice-+5; Shift+Down step-slice--5; Home first-slice; \
    End last-slice; Ctrl+F fit-view; R fit-view; C centre-on-cursor; M maximise-view; Shift+X toggle-crosshair; \
    I toggle-interpolation; Ctrl+J window-auto; P toggle-pseudo-labels; U toggle-doubt; \
    Shift+P toggle-network-contours; L toggle-training; Shift+T show-trust; Enter accept-component; \
    Shift+Enter accept-slice; Ctrl+Shift+Enter accept-case; Alt+1 window-preset-1; Alt+6 window-preset-6; \
    Ctrl+0 select-class-0; Ctrl+9 select-class-9";

fn assert_rows(preset: KeymapPreset, rows: Rows<'_>) {
    let keymap = preset.keymap();
    for (row, chords, action) in rows {
        let action: KeyAction = action.parse().unwrap();
        for chord in *chords {
            assert_eq!(keymap.action(chord.parse().unwrap()), Some(action), "{}: {row}: {chord}", preset.name());
        }
    }
}

#[test]
fn no_chord_does_two_things_in_any_preset() {
    for preset in KeymapPreset::ALL {
        let keymap = preset.keymap();
        let chords: HashSet<Chord> = keymap.bindings().iter().map(|(chord, _)| *chord).collect();
        assert_eq!(chords.len(), keymap.bindings().len(), "{}", preset.name());
        for (chord, action) in keymap.bindings() {
            assert_eq!(keymap.action(*chord), Some(*action), "{}: {chord}", preset.name());
            assert_eq!(chord.to_string().parse(), Ok(*chord), "{}: {chord}", preset.name());
        }
    }
}

#[test]
fn every_action_has_a_chord_in_every_preset_except_rare_ones_and_windows_beyond_the_digits() {
    let windows = (9..WindowPreset::ALL.len()).map(|index| KeyAction::WindowPreset(u8::try_from(index).unwrap()));
    // Rare, and in the menus.
    let seldom = [
        KeyAction::ExportPseudoLabels,
        KeyAction::NewStudy,
        KeyAction::CloseStudy,
        KeyAction::AddVolumes,
        KeyAction::AddHeldOutVolumes,
        KeyAction::CompareLabels,
        KeyAction::ComparePseudoLabels,
        KeyAction::ToggleClippingBox,
        KeyAction::SaveSliceSeries,
        KeyAction::OverlayImage,
        KeyAction::FreezeOverlay,
        KeyAction::ShowRounds,
        KeyAction::AcceptClass,
        KeyAction::ToggleNames,
        KeyAction::ToggleKnownQuestions,
        KeyAction::Quit,
    ];
    let steps = [KeyAction::StepSlice(10), KeyAction::StepSlice(-10)];
    let without: Vec<_> = steps.into_iter().chain(seldom).chain(windows).collect();
    for preset in KeymapPreset::ALL {
        let keymap = preset.keymap();
        let unbound: Vec<_> = KeyAction::all().filter(|action| keymap.chords_of(*action).next().is_none()).collect();
        assert_eq!(unbound, without, "{}", preset.name());
    }
}

#[test]
fn no_preset_binds_what_the_system_sends_as_copy_cut_and_paste() {
    for preset in KeymapPreset::ALL {
        for letter in ['C', 'X', 'V'] {
            assert_eq!(preset.keymap().action(Chord::char(letter).ctrl()), None, "{}: {letter}", preset.name());
        }
    }
    for kept_on_a_mac in ['H', 'M', 'Q', 'W'] {
        assert_eq!(Keymap::default().action(Chord::char(kept_on_a_mac).ctrl()), None);
    }
}

#[test]
fn the_first_keys_of_chiaro_still_do_what_they_did() {
    let keymap = Keymap::default();
    for line in FIRST_KEYS.split("; ") {
        let (chord, action) = line.rsplit_once(' ').unwrap();
        assert_eq!(keymap.action(chord.parse().unwrap()), Some(action.parse().unwrap()), "{line}");
    }
}

#[test]
fn every_preset_keeps_what_all_programs_share() {
    let rows: Rows<'_> = &[
        ("undo", &["Ctrl+Z"], "undo"),
        ("save labels", &["Ctrl+S"], "save"),
        ("accept", &["Enter"], "accept-component"),
        ("uncertainty on/off (ilastik)", &["U"], "toggle-doubt"),
        ("leave", &["Escape"], "cancel"),
        ("W/L preset", &["Alt+1"], "window-preset-1"),
    ];
    KeymapPreset::ALL.into_iter().for_each(|preset| assert_rows(preset, rows));
}

#[test]
fn itk_snap_users_find_their_keys() {
    assert_rows(
        KeymapPreset::ItkSnap,
        &[
            ("undo / redo", &["Ctrl+Z"], "undo"),
            ("undo / redo", &["Ctrl+Shift+Z"], "redo"),
            ("navigate tool", &["1"], "tool-cursor"),
            ("navigate tool", &["2"], "tool-pan-zoom"),
            ("polygon", &["3"], "tool-polygon"),
            ("paint tool", &["4"], "tool-brush"),
            ("snake", &["5"], "tool-grow-region"),
            ("brush - / +", &["-"], "brush-smaller"),
            ("brush - / +", &["+", "="], "brush-larger"),
            // `<` and `>` come as the comma and the full stop of their keys, with Shift.
            ("previous / next label", &[",", "Shift+,"], "previous-class"),
            ("previous / next label", &[".", "Shift+."], "next-class"),
            ("labels on/off", &["S"], "toggle-labels"),
            ("label opacity - / +", &["A"], "label-opacity-down"),
            ("label opacity - / +", &["D"], "label-opacity-up"),
            ("crosshair on/off", &["Shift+X"], "toggle-crosshair"),
            ("all marks on/off", &["X"], "toggle-measurements"),
            ("volume rendering", &["V"], "toggle-volume-rendering"),
            ("slice - / +", &["Page up"], "step-slice-+1"),
            ("slice - / +", &["Page down"], "step-slice--1"),
            ("slice, Shift = 5", &["Shift+Page up"], "step-slice-+5"),
            ("slice, Shift = 5", &["Shift+Page down"], "step-slice--5"),
            ("reset / fit view", &["Ctrl+F"], "fit-view"),
            ("centre on cursor", &["C"], "centre-on-cursor"),
            ("W/L preset", &["Ctrl+J"], "window-auto"),
        ],
    );
}

#[test]
fn slicer_users_find_their_keys() {
    assert_rows(
        KeymapPreset::Slicer,
        &[
            ("undo / redo", &["Z"], "undo"),
            ("undo / redo", &["Y"], "redo"),
            ("effect 2: Paint", &["2"], "tool-brush"),
            ("effect 3: Draw", &["3"], "tool-polygon"),
            ("effect 4: Erase", &["4"], "tool-eraser"),
            ("effect 5: Level tracing", &["5"], "tool-level-trace"),
            ("effect 6: Grow from seeds", &["6"], "tool-grow-region"),
            ("effect 7: Fill between slices", &["7"], "interpolate-slices"),
            ("effect 8: Margin", &["8"], "grow-margin"),
            ("effect 10: Smoothing", &["0"], "smooth-class"),
            ("effect 11: Scissors", &["Shift+1", "!"], "tool-scissors"),
            ("effect 12: Islands", &["Shift+2"], "tool-island"),
            ("brush - / +", &["-"], "brush-smaller"),
            ("brush - / +", &["+"], "brush-larger"),
            ("previous / next label", &["Q"], "previous-class"),
            ("previous / next label", &["W"], "next-class"),
            ("labels on/off", &["G"], "toggle-labels"),
            ("slice - / +", &["Left", "B"], "step-slice--1"),
            ("slice - / +", &["Right", "F"], "step-slice-+1"),
            ("reset / fit view", &["R"], "fit-view"),
            ("threshold mask on/off", &["I"], "toggle-intensity-limit"),
            ("accept AI / apply", &["A"], "apply-preview"),
            ("save labels", &["Ctrl+S"], "save"),
            ("find command", &["Ctrl+F"], "find-action"),
        ],
    );
}

#[test]
fn mitk_users_find_their_keys() {
    assert_rows(
        KeymapPreset::Mitk,
        &[
            ("undo / redo", &["Ctrl+Z"], "undo"),
            ("undo / redo", &["Ctrl+Y"], "redo"),
            ("paint tool", &["P"], "tool-brush"),
            ("erase tool", &["W"], "tool-eraser"),
            ("polygon", &["L"], "tool-lasso"),
            ("fill", &["F"], "tool-fill"),
            ("first letter of tool: region growing", &["R"], "tool-grow-region"),
            ("previous / next label, second key", &["Ctrl+N"], "next-class"),
            ("new label, second key", &["Ctrl+A"], "new-class"),
            ("labels on/off", &["Ctrl+H"], "toggle-labels"),
            ("slice - / +", &["Up"], "step-slice-+1"),
            ("slice - / +", &["Down"], "step-slice--1"),
            ("4D (time)", &["Right"], "next-frame"),
            ("4D (time)", &["Left"], "previous-frame"),
            ("next case", &["Ctrl+Alt+N", "Ctrl+Shift+N"], "next-case"),
            ("next case: accept", &["Ctrl+Alt+A"], "accept-case"),
            ("save labels", &["Ctrl+S"], "save"),
            ("preferences, in the manual's quick reference", &["Ctrl+P"], "show-settings"),
        ],
    );
    let first_of_a_sequence = Chord::char('L').ctrl();
    assert_eq!(KeymapPreset::Mitk.keymap().action(first_of_a_sequence), None);
}

#[test]
fn napari_users_find_their_keys() {
    assert_rows(
        KeymapPreset::Napari,
        &[
            ("undo / redo", &["Ctrl+Z"], "undo"),
            ("undo / redo", &["Ctrl+Shift+Z"], "redo"),
            ("paint tool", &["2", "P"], "tool-brush"),
            ("erase tool", &["1", "E"], "tool-eraser"),
            ("polygon", &["3"], "tool-polygon"),
            ("fill", &["4", "F"], "tool-fill"),
            ("pick label under cursor", &["5", "L"], "tool-pick"),
            ("navigate tool", &["6", "Z"], "tool-pan-zoom"),
            ("brush - / +", &["["], "brush-smaller"),
            ("brush - / +", &["]"], "brush-larger"),
            ("previous / next label", &["-"], "previous-class"),
            ("previous / next label", &["="], "next-class"),
            ("new label", &["M"], "new-class"),
            ("labels on/off", &["V"], "toggle-labels"),
            ("slice - / +", &["Left"], "step-slice--1"),
            ("slice - / +", &["Right"], "step-slice-+1"),
            ("reset / fit view", &["Ctrl+R"], "fit-view"),
            ("W/L preset", &["C"], "window-auto"),
            ("find command: shortcuts", &["Ctrl+Alt+/"], "show-keys"),
            ("dark theme", &["Ctrl+Shift+T"], "toggle-theme"),
            ("volume rendering: toggle 2D/3D", &["Ctrl+Y"], "toggle-volume-rendering"),
        ],
    );
}

#[test]
fn an_action_that_made_room_keeps_its_key_with_alt() {
    let kept = [
        (KeymapPreset::Slicer, 'Q', KeyAction::Tool(ToolKey::AcceptBrush)),
        (KeymapPreset::Slicer, 'A', KeyAction::LabelOpacityDown),
        (KeymapPreset::Slicer, 'D', KeyAction::LabelOpacityUp),
        (KeymapPreset::Mitk, 'L', KeyAction::ToggleTraining),
        (KeymapPreset::Mitk, 'W', KeyAction::Tool(ToolKey::Window)),
        (KeymapPreset::Napari, 'P', KeyAction::TogglePseudoLabels),
    ];
    for (preset, letter, action) in kept {
        assert_eq!(preset.keymap().action(Chord::char(letter).alt()), Some(action), "{}: {letter}", preset.name());
    }
    let slicer = KeymapPreset::Slicer.keymap();
    assert_eq!(slicer.action(Chord::new(Key::Right).alt()), Some(KeyAction::NextFrame));
    let fit = slicer.chords(KeyAction::FitView);
    assert_eq!(fit, "R", "it lost Ctrl+F but had another, so that Ctrl+Alt+F stays free");
}

#[test]
fn the_keys_of_the_program_are_named_first() {
    assert_eq!(KeymapPreset::Slicer.keymap().chords(KeyAction::Undo), "Z  Ctrl+Z");
}

#[test]
fn each_mouse_is_that_of_its_program() {
    use DragAction::{Pan, Window, Zoom};
    use WheelAction::{BrushSize, StepFrame, StepSlice};
    let [chiaro, itk_snap, slicer, mitk, napari] = KeymapPreset::ALL.map(KeymapPreset::mouse);
    let slices = [chiaro, itk_snap, slicer, mitk].map(|mouse| mouse.wheel);
    assert_eq!(slices, [StepSlice; 4], "row: wheel");
    assert_eq!((napari.wheel, napari.ctrl_wheel), (WheelAction::Zoom, StepSlice), "rows: wheel, Ctrl+wheel");
    assert_eq!((slicer.ctrl_wheel, slicer.shift_wheel), (WheelAction::Zoom, BrushSize), "rows: Ctrl and Shift+wheel");
    assert_eq!(itk_snap.shift_wheel, StepFrame, "row: Shift+wheel");
    let right = [chiaro, itk_snap, slicer, mitk].map(|mouse| mouse.right_drag);
    assert_eq!(right, [Zoom, Zoom, Zoom, Window], "row: right drag");
    assert_eq!((mitk.shift_right_drag, mitk.ctrl_right_drag), (Pan, Zoom), "row: Shift/Ctrl+right drag");
    assert_eq!(slicer.shift_left_drag, Pan, "row: Shift+left drag");
    assert_eq!((itk_snap.ctrl_left_drag, itk_snap.alt_left_drag), (Zoom, Pan), "rows: Ctrl and Alt+left drag");
    assert!(slicer.shift_move_moves_crosshair && !mitk.shift_move_moves_crosshair, "row: Shift+move");
    assert!(itk_snap.right_erases && !slicer.right_erases && !napari.right_erases, "row: right click in brush");
    assert!(mitk.ctrl_inverts && !slicer.ctrl_inverts, "row: Ctrl+left drag");
    assert_eq!([itk_snap.first_tool, napari.first_tool], [ToolKey::Cursor, ToolKey::PanZoom], "row: left drag");
}

#[test]
fn the_help_tells_the_gestures_that_mean_something() {
    let help =
        |mouse: MousePreset| mouse.help().into_iter().map(|(g, what)| format!("{g}: {what}")).collect::<Vec<_>>();
    let chiaro = [
        "Wheel: Next or previous slice",
        "Ctrl + wheel: Zoom at the pointer",
        "Shift + wheel: Brush size",
        "Alt + wheel: Ten slices at once",
        "Shift + move: Move the crosshair in all views",
        "Right drag: Zoom; with a brush: erase",
        "Shift + left drag: Move the crosshair in all views",
        "Ctrl + left drag: With a brush: erase",
    ];
    assert_eq!(help(MousePreset::CHIARO), chiaro);
    let pacs = help(MousePreset::MITK_PACS);
    for line in
        ["Right drag: Brightness and contrast", "Ctrl + right drag: Zoom", "Shift + right drag: Move the picture"]
    {
        assert!(pacs.iter().any(|told| told == line), "{line}");
    }
    assert!(pacs.iter().all(|told| !told.starts_with("Shift + move")));
}

#[test]
fn presets_are_found_by_their_id() {
    for preset in KeymapPreset::ALL {
        assert_eq!(preset.id().parse(), Ok(preset));
        assert_eq!(preset.keymap().preset(), preset);
    }
    assert!("Slicer".parse::<KeymapPreset>().is_err());
    assert_eq!(Keymap::default().preset(), KeymapPreset::Chiaro);
}
