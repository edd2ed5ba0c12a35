//! What the user (or the clock) asks for. Plain data: a test plays a whole day with these and no window.
//!
//! Positions are continuous voxel positions `[x, y, z]` with centres at integers; a viewer finds them with the
//! camera of its plane.

use std::time::Duration;

use crate::edit::{BrushShape, BrushSize, IntensityRange, Operation, PaintRule};
use crate::geometry::{PatientSide, Plane, Voxel};
use crate::label::{ClassId, ClassStatus, ClassTable, DoubtThresholds};
use crate::learn::{DeviceChoice, Method};
use crate::project::CaseState;
use crate::review::RegionId;
use crate::view::{ClipBox, HandleHit, LayerSettings, OverlayLook, TransferPreset, WindowLevel};
use crate::volume::CaseId;
use crate::workspace::{
    CaseFilter, ComparedWith, FileAction, Layout, Preferences, RoundAction, SplitAction, SplitSide,
};

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    App(AppAction),
    File(FileAction),
    Case(CaseAction),
    View(ViewAction),
    Tool(ToolAction),
    Class(ClassAction),
    Edit(EditAction),
    Measure(MeasureAction),
    Pseudo(PseudoAction),
    Review(ReviewAction),
    Compare(CompareAction),
    Split(SplitAction),
    Train(TrainAction),
}

#[derive(Clone, Debug, PartialEq)]
pub enum AppAction {
    /// The program has started: the recent projects are looked up.
    Started,
    /// Time since the program started; sent with every frame. Drives autosave and "saved n s ago".
    Tick(Duration),
    /// The window wants to close: everything unsaved is saved first, then `Effect::Quit` follows.
    CloseRequested,
    /// Go on with what waited for a save (quitting, closing, opening, exporting) although something could not be saved.
    GoOnUnsaved,
    /// Back to the study instead.
    Stay,
    /// Keys, theme, size; stored for the next start.
    SetPreferences(Box<Preferences>),
    Tour(TourAction),
    ClearNotices,
}

/// The short way through the window for somebody new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TourAction {
    Begin,
    Next,
    End,
}

impl TourAction {
    pub const STEPS: usize = 5;
}

#[derive(Clone, Debug, PartialEq)]
pub enum CaseAction {
    Show(CaseId),
    /// The next or previous case of the list.
    Next,
    Previous,
    /// The next case that is not done.
    NextOpen,
    /// The case that needs a review most.
    NextSuggested,
    /// The list in the order of need, or as the project has it.
    ListByRank(bool),
    /// The list shows only these.
    Filter(CaseFilter),
    /// Try the case that could not be read again.
    Reload,
    SetState {
        case: CaseId,
        state: CaseState,
    },
    /// Refused with a sentence once the case has taken part in training.
    SetHeldOut {
        case: CaseId,
        held_out: bool,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum ViewAction {
    /// Jump of the linked cross in all views (clamped into the volume).
    MoveCursor([f64; 3]),
    /// What is under the pointer; `None` when it left the views.
    Hover(Option<Hover>),
    /// Slices towards superior, anterior or right (negative: the other way), stopping at the ends.
    StepSlice {
        view: Plane,
        steps: i64,
    },
    /// Voxel index along the view's normal axis, clamped; while the views are turned, steps from the first place.
    SetSlice {
        view: Plane,
        slice: usize,
    },
    /// Turns the lines of the other two planes in a view about the cross, clockwise on the screen.
    Turn {
        view: Plane,
        degrees: f64,
    },
    /// The same until the line of the plane `line` runs along a direction, right and down on the screen, of any length.
    TurnTo {
        view: Plane,
        line: Plane,
        direction: [f64; 2],
    },
    /// Every view shows a slice along the voxel axes again.
    Straighten,
    Activate(Plane),
    /// Keeps the voxel under `pointer` (from the view's top left corner) where it is. `size` is the view's size; same unit.
    Zoom {
        view: Plane,
        factor: f64,
        pointer: [f64; 2],
        size: [f64; 2],
    },
    Pan {
        view: Plane,
        by: [f64; 2],
    },
    /// The whole slice in a view of this size; sent for every view where `OpenCase::is_fitted` is false.
    Fit {
        view: Plane,
        size: [f64; 2],
    },
    /// Every view is to be fitted again.
    FitAll,
    /// Brings the linked cross into the middle of every view.
    CentreOnCursor,
    /// Double click: one view alone, or back to the layout.
    ToggleMaximised(Plane),
    /// Arranges the views; the shown slices are fitted again.
    SetLayout(Layout),
    /// The panes were dragged to other places; `None`: they are where the layout has them. Kept for the next start.
    SetArrangement(Option<String>),
    SetPatientSide(PatientSide),
    SetWindow(WindowLevel),
    /// Pointer movement in screen units, as `WindowLevel::drag` takes it.
    DragWindow([f64; 2]),
    AutoWindow,
    /// What the box between two positions holds becomes the full range of greys.
    WindowOfRegion([[f64; 3]; 2]),
    SetLayers(LayerSettings),
    ShowMeasurements(bool),
    SetVolume(Option<TransferPreset>),
    /// The box that the 3-D view shows of the case; `None`: all of it. One of another case's extent is ignored.
    SetClip(Option<ClipBox>),
    /// How the second image is laid over the first.
    SetSecondImageLook(OverlayLook),
    RemoveSecondImage,
    /// Another volume of a file that holds several, by steps; stops at the ends.
    StepFrame(isize),
    SetFrame(usize),
}

/// The pointer over a view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hover {
    pub view: Plane,
    pub position: [f64; 3],
    /// What the half of the view under it shows, if it shows two results.
    pub side: Option<SplitSide>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tool {
    /// Left drag moves the linked cross.
    #[default]
    Cursor,
    PanZoom,
    Brush,
    Eraser,
    Fill,
    /// Paints the pseudo-label into unknown voxels.
    AcceptBrush,
    /// Accepts the pseudo-label's component under the pointer.
    AcceptComponent,
    WindowLevel,
    /// Corners by clicks; they can be moved until it is applied.
    Polygon,
    /// Drawn freehand; its corners can be moved until it is applied.
    Lasso,
    /// Corners by clicks, joined along edges of the picture.
    LiveWire,
    /// Drawn freehand, cuts through all slices when let go.
    Scissors,
    /// Fills connected voxels of similar intensity.
    FillSimilar,
    /// Grows over connected voxels of the same tissue.
    GrowRegion,
    /// The line of one intensity through the pointer.
    LevelTrace,
    /// Chooses the class under the pointer.
    Pick,
    /// Removes the clicked island, or all others.
    Island,
    Measure(Ruler),
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ruler {
    Distance,
    /// Its first arm is dragged; the second stands at a right angle until it is moved.
    Angle,
    Rectangle,
    Ellipse,
}

/// Measurements of the shown case; positions as for edits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MeasureAction {
    Begin {
        view: Plane,
        position: [f64; 3],
        ruler: Ruler,
    },
    /// This handle follows the next moves.
    Grab(HandleHit),
    Move([f64; 3]),
    Release,
    RemoveNewest,
    Clear,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ToolAction {
    Select(Tool),
    /// Diameter; clamped to what is usable.
    SetBrushSize(BrushSize),
    /// Steps of 20 %, negative shrinks.
    GrowBrush(i32),
    SetBrushShape(BrushShape),
    SetPaintRule(PaintRule),
    /// Tools write only where the intensity lies in this range; `None`: everywhere.
    SetIntensityLimit(Option<IntensityRange>),
    /// The brush stays within the tissue under the pointer.
    SetAdaptive(bool),
    /// How far the intensities of a filled region may be from the clicked one.
    SetTolerance(f64),
    /// Fills and islands in the volume, not in the slice alone.
    SetInVolume(bool),
    /// How hard the pen is pressed (0 to 1); `None` when it is lifted. Leaves a stroke open.
    PressPen(Option<f32>),
    SetPenSetsSize(bool),
}

#[derive(Clone, Debug, PartialEq)]
pub enum ClassAction {
    /// Paint with this class from now on (0 = background).
    Select(ClassId),
    /// The class so many places further in the table, round and round.
    SelectNext(isize),
    Add {
        name: String,
    },
    Rename {
        class: ClassId,
        name: String,
    },
    SetColour {
        class: ClassId,
        colour: [u8; 3],
    },
    SetLocked {
        class: ClassId,
        locked: bool,
    },
    SetVisible {
        class: ClassId,
        visible: bool,
    },
    /// Only this class is shown; once more, all are.
    ShowAlone(ClassId),
    /// 0 to 1; clamped.
    SetOpacity {
        class: ClassId,
        opacity: f32,
    },
    SetStatus {
        class: ClassId,
        status: ClassStatus,
    },
    /// Its place in the list, 0 being the top.
    Move {
        class: ClassId,
        position: usize,
    },
    /// Adds these classes, or gives those of the same name their colour and place. No class is renamed.
    Adopt(ClassTable),
    /// The class pointed at in the list.
    Highlight(Option<ClassId>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum EditAction {
    /// Brush, eraser and accept brush. `inverted` (right button or Ctrl) erases with the brush and paints with the eraser.
    StrokeBegin {
        view: Plane,
        position: [f64; 3],
        inverted: bool,
    },
    StrokeMove {
        position: [f64; 3],
    },
    StrokeEnd,
    /// The region of one value around a voxel, in its slice.
    Fill {
        view: Plane,
        position: [f64; 3],
        inverted: bool,
    },
    /// A click of a tool that works at once: region, level line, island, choice of class.
    Click {
        view: Plane,
        position: [f64; 3],
        inverted: bool,
    },
    Outline(OutlineAction),
    /// Works out what an operation would do to the chosen class, beside the window, and shows it.
    Propose {
        operation: Box<Operation>,
        /// In the slice of this view alone.
        slice_of: Option<Plane>,
    },
    /// The labels of the slice shown in this view go into the next one, which is shown then.
    CopySliceToNext(Plane),
    /// Makes the shown proposal true, or the one being worked out as soon as it is ready.
    ApplyProposal,
    CancelProposal,
    Undo,
    Redo,
    /// As many steps back (negative) or forward at once.
    StepHistory(isize),
    /// Unknown voxels of the slice shown in `view` become background.
    CompleteSlice(Plane),
    CompleteCase,
}

/// Drawing an outline in a slice, from press to press.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OutlineAction {
    /// A new corner, or the beginning of a freehand line.
    Press {
        view: Plane,
        position: [f64; 3],
        inverted: bool,
    },
    /// This corner is held and follows the next moves.
    Hold(usize),
    /// The held corner or the end of the freehand line.
    Move([f64; 3]),
    /// The button came up.
    Release,
    /// Where the pointer is while no button is down.
    Hover([f64; 3]),
    /// Takes the last corner back.
    Back,
    Apply,
    Cancel,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PseudoAction {
    AcceptCase,
    /// The sure part of one class in the whole case.
    AcceptClass(ClassId),
    AcceptSlice(Plane),
    /// The component of the pseudo-label that holds this voxel.
    AcceptComponent(Voxel),
    /// What counts as doubtful: it is not accepted as trusted, and is looked at in review.
    SetDoubtThresholds(DoubtThresholds),
}

/// Review of the shown case, region by region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewAction {
    /// The doubtful region whose correction is worth most; one that is left undecided is skipped.
    Next,
    /// Back to the region before.
    Previous,
    GoTo(RegionId),
    /// Takes the region under review into the unknown voxels and goes to the next. `trusted_only`: without the voxels above
    /// the doubt threshold.
    Accept {
        trusted_only: bool,
    },
    /// Not what was predicted: the region stays unknown, training learns what it is not, and the next is shown.
    Reject,
}

/// The labels of the shown case beside another map of it.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareAction {
    With(ComparedWith),
    /// The same once more, with the labels as they are now.
    Again,
    Close,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TrainAction {
    /// Starts, pauses or goes on: the one switch (key L).
    Toggle,
    /// Starts anew, or from the newest checkpoint.
    Start {
        resume: bool,
    },
    Pause,
    Resume,
    Stop,
    SetMethod(Method),
    SetDevice(DeviceChoice),
    /// How long a new run is to take; `None`: its usual number of steps.
    SetMinutes(Option<f64>),
    /// Pseudo-labels for every case of the project, written to its folder.
    PredictAll,
    /// Learning goes on, the overlay of the shown case stays as it is; or it follows again.
    FreezeOverlay,
    Round(RoundAction),
}
