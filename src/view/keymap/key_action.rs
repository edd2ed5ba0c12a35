//! What keys can do.

use std::fmt;
use std::str::FromStr;

use super::{KeyGroup, KeyTextError, ToolKey};
use crate::view::WindowPreset as Window;

/// Classes that have a line of their own among all actions: those a digit selects.
const LISTED_CLASSES: std::ops::RangeInclusive<u8> = 0..=9;
/// Steps that have a line of their own: one, ITK-SNAP's five and ilastik's ten.
const LISTED_STEPS: [i8; 6] = [1, -1, 5, -5, 10, -10];

/// One line per action without a number, under its group: its variant, its id in files, its description.
macro_rules! plain_actions {
    ($($group:ident { $($(#[$doc:meta])* $action:ident $id:literal $text:literal,)* })*) => {
        /// What a chord does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum KeyAction {
            Tool(ToolKey),
            /// Paint with the class of this number.
            SelectClass(u8),
            /// Steps towards superior, anterior or right (negative: the other way).
            StepSlice(i8),
            /// Index into [`WindowPreset::ALL`](crate::view::WindowPreset::ALL).
            WindowPreset(u8),
            $($($(#[$doc])* $action,)*)*
        }

        impl KeyAction {
            const PLAIN: &[Self] = &[$($(Self::$action,)*)*];

            /// Group, id and description; of actions with a number only the group and how the id begins.
            fn entry(self) -> (KeyGroup, &'static str, &'static str) {
                match self {
                    Self::Tool(_) => (KeyGroup::Tools, "tool-", ""),
                    Self::SelectClass(_) => (KeyGroup::Labels, "select-class-", ""),
                    Self::StepSlice(_) => (KeyGroup::Viewer, "step-slice-", ""),
                    Self::WindowPreset(_) => (KeyGroup::Viewer, "window-preset-", ""),
                    $($(Self::$action => (KeyGroup::$group, $id, $text),)*)*
                }
            }
        }
    };
}

plain_actions! {
    Study {
        Undo "undo" "Undo",
        Redo "redo" "Redo",
        UndoList "undo-list" "List of edits to go back to",
        Save "save" "Save",
        Export "export" "Export masks",
        ExportPseudoLabels "export-pseudo-labels" "Export pseudo-labels",
        NewStudy "new-study" "Make a new study",
        OpenStudy "open-study" "Open a study",
        CloseStudy "close-study" "Close the study",
        AddVolumes "add-volumes" "Add volumes to the study",
        AddHeldOutVolumes "add-held-out-volumes" "Add held-out volumes to the study",
        CompareLabels "compare-labels" "Compare with another label map",
        ComparePseudoLabels "compare-pseudo-labels" "Compare with the pseudo-labels",
        NextCase "next-case" "Next suggested case",
        PreviousCase "previous-case" "Previous case",
    }
    Tools {
        BrushSmaller "brush-smaller" "Smaller brush",
        BrushLarger "brush-larger" "Larger brush",
        ToggleBrushShape "toggle-brush-shape" "Brush: disc or ball",
        /// The brush stops at edges.
        ToggleAdaptiveBrush "toggle-adaptive-brush" "Brush follows edges, on or off",
        /// Tools write only where the intensity lies within the limits.
        ToggleIntensityLimit "toggle-intensity-limit" "Paint only within the intensity limits, on or off",
    }
    Edit {
        InterpolateSlices "interpolate-slices" "Fill between labelled slices",
        FillHoles "fill-holes" "Fill holes",
        SmoothClass "smooth-class" "Smooth the class",
        KeepLargestIsland "keep-largest-island" "Keep the largest island",
        GrowMargin "grow-margin" "Grow the class by a margin",
        ShrinkMargin "shrink-margin" "Shrink the class by a margin",
        CopySliceToNext "copy-slice-to-next" "Copy the labels of this slice to the next",
        ReplaceClass "replace-class" "Replace a class by another",
        ApplyPreview "apply-preview" "Apply the preview",
        CancelPreview "cancel-preview" "Discard the preview",
    }
    Labels {
        PreviousClass "previous-class" "Previous class",
        NextClass "next-class" "Next class",
        NewClass "new-class" "New class",
        ToggleLabels "toggle-labels" "Labels on or off",
        ToggleLabelStyle "toggle-label-style" "Labels filled or as outlines",
        LabelOpacityDown "label-opacity-down" "Labels more transparent",
        LabelOpacityUp "label-opacity-up" "Labels less transparent",
        CompleteSlice "complete-slice" "The rest of this slice is background",
        CompleteCase "complete-case" "The rest of this case is background",
    }
    Viewer {
        FirstSlice "first-slice" "First slice",
        LastSlice "last-slice" "Last slice",
        /// Of a volume with time.
        NextFrame "next-frame" "Next time frame",
        PreviousFrame "previous-frame" "Previous time frame",
        FitView "fit-view" "Fit the picture to the view",
        CentreOnCursor "centre-on-cursor" "Centre the views on the crosshair",
        /// The lines of the other two planes in the active view.
        TurnClockwise "turn-clockwise" "Turn the planes clockwise about the crosshair",
        TurnAnticlockwise "turn-anticlockwise" "Turn the planes anticlockwise about the crosshair",
        /// The slices along the voxel axes come back.
        Straighten "straighten" "Straighten the turned views",
        MaximiseView "maximise-view" "One view or all views",
        NextLayout "next-layout" "Next layout of the views",
        ToggleCrosshair "toggle-crosshair" "Crosshair on or off",
        ToggleInterpolation "toggle-interpolation" "Smooth picture on or off",
        /// Also hides the ruler.
        ToggleMeasurements "toggle-measurements" "Measurements on or off",
        ToggleSlab "toggle-slab" "Project a thick slice, on or off",
        ToggleVolumeRendering "toggle-volume-rendering" "Volume rendering on or off",
        ToggleClippingBox "toggle-clipping-box" "Clipping box of the 3-D view, on or off",
        CopyScreenshot "copy-screenshot" "Copy a picture of the views",
        SaveScreenshot "save-screenshot" "Save a picture of the views",
        SaveSliceSeries "save-slice-series" "Save pictures of all slices",
        OverlayImage "overlay-image" "Lay another image over",
        WindowAuto "window-auto" "Window: automatic",
    }
    PseudoLabels {
        TogglePseudoLabels "toggle-pseudo-labels" "Pseudo-labels on or off",
        ToggleDoubt "toggle-doubt" "Doubt colours on or off",
        ToggleNetworkContours "toggle-network-contours" "Outlines of both networks on or off",
        ToggleTraining "toggle-training" "Learning on or off",
        FreezeOverlay "freeze-overlay" "Freeze the pseudo-labels, or let them follow learning",
        ShowRounds "show-rounds" "Rounds of learning: compare, go back",
        /// Labels and pseudo-labels, or two rounds.
        ToggleSwipe "toggle-swipe" "Swipe between two results, on or off",
        ToggleSideBySide "toggle-side-by-side" "Two results side by side, on or off",
        DividerLeft "divider-left" "Move the divider of the swipe to the left",
        DividerRight "divider-right" "Move the divider of the swipe to the right",
        ShowTrust "show-trust" "Can these numbers be trusted?",
        NextRegion "next-region" "Next doubtful region",
        PreviousRegion "previous-region" "Previous doubtful region",
        /// Under review, else under the pointer.
        AcceptComponent "accept-component" "Accept the region under review or the pointer",
        AcceptTrusted "accept-trusted" "Accept the sure part of the region under review",
        RejectRegion "reject-region" "Reject the region under review",
        AcceptSlice "accept-slice" "Accept this slice",
        AcceptCase "accept-case" "Accept the whole case",
        AcceptClass "accept-class" "Accept the chosen class in the whole case",
    }
    Program {
        FindAction "find-action" "Find any action",
        ShowKeys "show-keys" "Show this list",
        /// Choose and change the keys, among others.
        ShowSettings "show-settings" "Settings and keys",
        ToggleTour "toggle-tour" "Show the tour",
        Cancel "cancel" "Close or cancel",
        ToggleTheme "toggle-theme" "Dark or light",
        ToggleNames "toggle-names" "Names of cases or numbers only (blind reading)",
        ToggleKnownQuestions "toggle-known-questions" "Ask known questions in review, on or off",
        UiLarger "ui-larger" "Larger text and buttons",
        UiSmaller "ui-smaller" "Smaller text and buttons",
        UiReset "ui-reset" "Text and buttons in normal size",
        Quit "quit" "Quit",
    }
}

impl KeyAction {
    /// Every action once, also those without a chord. Of those with a number: all tools and window presets, the
    /// classes 0 to 9, and steps of 1, 5 and 10 slices.
    pub fn all() -> impl Iterator<Item = Self> {
        let tools = ToolKey::ALL.iter().copied().map(Self::Tool);
        let windows = (0u8..).take(Window::ALL.len()).map(Self::WindowPreset);
        tools
            .chain(LISTED_STEPS.map(Self::StepSlice))
            .chain(Self::PLAIN.iter().copied())
            .chain(windows)
            .chain(LISTED_CLASSES.map(Self::SelectClass))
    }

    pub fn group(self) -> KeyGroup {
        self.entry().0
    }

    /// Stable name for files, e.g. `redo`, `tool-brush`, `select-class-4`, `step-slice-+1`. Window presets count from
    /// one, like the digits that select them.
    pub fn id(self) -> String {
        let (_, id, _) = self.entry();
        match self {
            Self::Tool(tool) => format!("{id}{}", tool.id()),
            Self::SelectClass(class) => format!("{id}{class}"),
            Self::StepSlice(steps) => format!("{id}{steps:+}"),
            Self::WindowPreset(index) => format!("{id}{}", u16::from(index) + 1),
            _ => id.to_owned(),
        }
    }

    pub fn description(self) -> String {
        match self {
            Self::Tool(tool) => tool.name().to_owned(),
            Self::SelectClass(0) => "Paint background".to_owned(),
            Self::SelectClass(class) => format!("Paint class {class}"),
            Self::StepSlice(steps) => step_description(steps),
            Self::WindowPreset(index) => {
                let name = Window::ALL.get(usize::from(index)).map_or("not set", |preset| preset.name);
                format!("Window: {name}")
            }
            plain => plain.entry().2.to_owned(),
        }
    }

    fn with_number(id: &str) -> Option<Self> {
        if let Some(tool) = id.strip_prefix("tool-") {
            return ToolKey::ALL.iter().find(|known| known.id() == tool).copied().map(Self::Tool);
        }
        if let Some(class) = id.strip_prefix("select-class-") {
            return class.parse().ok().map(Self::SelectClass);
        }
        if let Some(steps) = id.strip_prefix("step-slice-") {
            return steps.parse().ok().filter(|steps| *steps != 0).map(Self::StepSlice);
        }
        let index = id.strip_prefix("window-preset-")?.parse::<u8>().ok()?.checked_sub(1)?;
        Window::ALL.get(usize::from(index)).map(|_| Self::WindowPreset(index))
    }
}

fn step_description(steps: i8) -> String {
    let way = if steps < 0 { "Previous" } else { "Next" };
    match steps.unsigned_abs() {
        1 => format!("{way} slice"),
        n => format!("{way} slice, {n} at once"),
    }
}

/// The id.
impl fmt::Display for KeyAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

/// Reads an id.
impl FromStr for KeyAction {
    type Err = KeyTextError;

    fn from_str(id: &str) -> Result<Self, KeyTextError> {
        let plain = Self::PLAIN.iter().find(|action| action.entry().1 == id).copied();
        plain.or_else(|| Self::with_number(id)).ok_or_else(|| KeyTextError::Action(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_action_has_its_own_id_and_description_and_its_id_is_read_back() {
        let all: Vec<_> = KeyAction::all().collect();
        let ids: HashSet<String> = all.iter().map(|action| action.id()).collect();
        let descriptions: HashSet<String> = all.iter().map(|action| action.description()).collect();
        assert_eq!((ids.len(), descriptions.len()), (all.len(), all.len()));
        for action in all {
            assert_eq!(action.id().parse(), Ok(action));
            assert!(!action.description().is_empty());
        }
        assert!(
            ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-".contains(c)))
        );
    }

    #[test]
    fn ids_stay_what_files_hold() {
        let ids = [
            (KeyAction::Redo, "redo"),
            (KeyAction::Tool(ToolKey::Brush), "tool-brush"),
            (KeyAction::WindowPreset(2), "window-preset-3"),
            (KeyAction::SelectClass(4), "select-class-4"),
            (KeyAction::StepSlice(1), "step-slice-+1"),
            (KeyAction::StepSlice(-5), "step-slice--5"),
        ];
        for (action, id) in ids {
            assert_eq!(action.id(), id);
        }
    }

    #[test]
    fn ids_of_nothing_are_refused() {
        for id in ["", "Redo", "tool-", "tool-hammer", "select-class-256", "step-slice-0", "step-slice-+200"] {
            assert_eq!(id.parse::<KeyAction>(), Err(KeyTextError::Action(id.to_owned())));
        }
        let past = format!("window-preset-{}", Window::ALL.len() + 1);
        for id in ["window-preset-0", past.as_str()] {
            assert!(id.parse::<KeyAction>().is_err(), "{id}");
        }
    }

    #[test]
    fn numbers_at_the_ends_of_their_range_are_described() {
        assert_eq!(KeyAction::StepSlice(i8::MIN).description(), "Previous slice, 128 at once");
        assert_eq!(KeyAction::WindowPreset(u8::MAX).id(), "window-preset-256");
        assert_eq!(KeyAction::WindowPreset(u8::MAX).description(), "Window: not set");
        assert_eq!(KeyAction::WindowPreset(0).description(), "Window: Soft tissue");
        assert_eq!(KeyAction::SelectClass(0).description(), "Paint background");
    }

    proptest! {
        #[test]
        fn numbers_are_read_back(class: u8, steps in any::<i8>().prop_filter("moves", |s| *s != 0)) {
            for action in [KeyAction::SelectClass(class), KeyAction::StepSlice(steps)] {
                prop_assert_eq!(action.id().parse(), Ok(action));
            }
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".*", kind in 0usize..4) {
            let prefix = ["", "tool-", "step-slice-", "window-preset-"][kind];
            let _ = format!("{prefix}{text}").parse::<KeyAction>();
        }
    }
}
