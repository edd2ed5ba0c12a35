use super::*;
use crate::geometry::{PatientSide, Voxel};
use crate::view::{OverlayLook, WindowLevel};

fn look(ws: &mut Workspace, action: ViewAction) {
    let effects = apply(ws, Action::View(action));
    assert!(effects.iter().all(|effect| matches!(effect, Effect::Io(IoCommand::SavePreferences(_)))));
}

fn slices(ws: &Workspace) -> [usize; 3] {
    Plane::ALL.map(|view| ws.case().unwrap().camera(view).straight().slice())
}

#[test]
fn the_linked_cross_moves_the_slices_of_all_views() {
    let mut ws = study(&["a"]);
    look(&mut ws, ViewAction::MoveCursor([3.2, 99.0, -5.0]));
    assert_eq!(ws.case().unwrap().cursor, Voxel::new(3, 9, 0));
    assert_eq!(slices(&ws), [0, 9, 3]);
}

#[test]
fn walking_through_the_slices_of_one_view_takes_the_cross_along() {
    let mut ws = study(&["a"]);
    look(&mut ws, ViewAction::MoveCursor([3.0, 4.0, 5.0]));
    look(&mut ws, ViewAction::StepSlice { view: Plane::Axial, steps: 2 });
    assert_eq!(ws.case().unwrap().cursor, Voxel::new(3, 4, 7));
    look(&mut ws, ViewAction::StepSlice { view: Plane::Coronal, steps: i64::MIN });
    assert_eq!(ws.case().unwrap().cursor, Voxel::new(3, 0, 7));
    look(&mut ws, ViewAction::SetSlice { view: Plane::Sagittal, slice: 500 });
    assert_eq!(ws.case().unwrap().cursor, Voxel::new(11, 0, 7));
}

#[test]
fn a_double_click_maximises_a_view_and_the_next_brings_the_layout_back() {
    let mut ws = study(&["a"]);
    look(&mut ws, ViewAction::SetLayout(Layout::OnePlusThree));
    look(&mut ws, ViewAction::Fit { view: Plane::Coronal, size: [300.0, 200.0] });
    assert!(ws.case().unwrap().is_fitted(Plane::Coronal));
    look(&mut ws, ViewAction::ToggleMaximised(Plane::Coronal));
    assert_eq!((ws.views().maximised, ws.views().active), (Some(Plane::Coronal), Plane::Coronal));
    assert!(!ws.case().unwrap().is_fitted(Plane::Coronal), "its size is another one now");
    look(&mut ws, ViewAction::ToggleMaximised(Plane::Coronal));
    assert_eq!((ws.views().maximised, ws.views().layout), (None, Layout::OnePlusThree));
}

#[test]
fn another_layout_shows_all_views_and_fits_them_again() {
    let mut ws = study(&["a"]);
    look(&mut ws, ViewAction::Fit { view: Plane::Axial, size: [300.0, 200.0] });
    look(&mut ws, ViewAction::ToggleMaximised(Plane::Coronal));
    look(&mut ws, ViewAction::SetLayout(Layout::Columns));
    assert_eq!((ws.views().maximised, ws.views().layout), (None, Layout::Columns));
    assert!(!ws.case().unwrap().is_fitted(Plane::Axial));
    assert_eq!(
        Layout::ALL.map(Layout::next),
        [Layout::OnePlusThree, Layout::Columns, Layout::SceneLarge, Layout::Grid]
    );
}

#[test]
fn the_patient_side_holds_for_cases_opened_before_and_after() {
    let mut ws = study(&["a", "b"]);
    apply(&mut ws, Action::Case(CaseAction::Show("b".into())));
    read(&mut ws, "b");
    look(&mut ws, ViewAction::SetPatientSide(PatientSide::Neurological));
    let left_letter = |ws: &Workspace| ws.case().unwrap().camera(Plane::Axial).edge_letters()[0].clone();
    assert_eq!(left_letter(&ws), "L");
    apply(&mut ws, Action::Case(CaseAction::Show("a".into())));
    assert_eq!(left_letter(&ws), "L");
}

#[test]
fn the_window_belongs_to_the_case() {
    let mut ws = study(&["a", "b"]);
    let window = WindowLevel::new(40.0, 80.0);
    look(&mut ws, ViewAction::SetWindow(window));
    apply(&mut ws, Action::Case(CaseAction::Show("b".into())));
    read(&mut ws, "b");
    assert_ne!(ws.case().unwrap().window, window);
    apply(&mut ws, Action::Case(CaseAction::Show("a".into())));
    assert_eq!(ws.case().unwrap().window, window);
}

#[test]
fn the_brush_size_stays_usable_whatever_is_asked_for() {
    use crate::edit::BrushSize;
    let mut ws = Workspace::new();
    let tool = |ws: &mut Workspace, action| apply(ws, Action::Tool(action));
    tool(&mut ws, ToolAction::SetBrushSize(BrushSize::Mm(f64::NAN)));
    assert_eq!(ws.tools().brush.size, BrushSize::Mm(0.1));
    tool(&mut ws, ToolAction::GrowBrush(i32::MAX));
    assert_eq!(ws.tools().brush.size, BrushSize::Mm(500.0));
    tool(&mut ws, ToolAction::SetBrushSize(BrushSize::Voxels(5.0)));
    tool(&mut ws, ToolAction::GrowBrush(1));
    assert_eq!(ws.tools().brush.size, BrushSize::Voxels(6.0));
}

#[test]
fn the_layout_is_kept_for_the_next_start_and_read_again() {
    let mut ws = study(&["a"]);
    let effects = apply(&mut ws, Action::View(ViewAction::SetLayout(Layout::Columns)));
    let [Effect::Io(IoCommand::SavePreferences(file))] = effects.as_slice() else { panic!("{effects:?}") };
    let mut again = Workspace::new();
    io(&mut again, IoEvent::Preferences(file.clone()));
    assert_eq!(again.views().layout, Layout::Columns);
    assert!(apply(&mut ws, Action::View(ViewAction::SetLayout(Layout::Columns))).is_empty());
}

#[test]
fn a_rectangle_sets_the_window_to_the_intensities_it_holds() {
    let mut ws = study(&["a"]);
    // Intensities are 10 x + y.
    look(&mut ws, ViewAction::WindowOfRegion([[6.0, 2.0, 4.0], [4.0, 4.0, 4.0]]));
    let window = ws.case().unwrap().window;
    assert!((window.low() - 42.0).abs() < 1.5 && (window.high() - 64.0).abs() < 1.5, "{window:?}");
    look(&mut ws, ViewAction::WindowOfRegion([[3.0, 3.0, 4.0], [3.0, 3.0, 5.0]]));
    assert_eq!(ws.case().unwrap().window, window, "a place without contrast changes nothing");
}

#[test]
fn another_volume_of_a_file_is_asked_for_and_a_late_one_is_dropped() {
    let mut ws = study(&["a"]);
    assert!(apply(&mut ws, Action::View(ViewAction::StepFrame(1))).is_empty(), "the file holds one volume");
    let mut several = loaded("a");
    let mut geometry = (*several.geometry).clone();
    geometry.file_shape = vec![12, 10, 8, 4];
    several.geometry = Arc::new(geometry);
    let mut ws = Workspace::new();
    opened(&mut ws, summary(&["a"]));
    io(&mut ws, IoEvent::CaseLoaded(Box::new(several)));
    let asked = apply(&mut ws, Action::View(ViewAction::SetFrame(9)));
    assert!(io_commands(&asked).any(|c| matches!(c, IoCommand::LoadFrame { frame: 3, .. })));
    apply(&mut ws, Action::View(ViewAction::StepFrame(-1)));
    let image = |frame| IoEvent::FrameLoaded { case: "a".into(), frame, image: loaded("a").image };
    assert!(io(&mut ws, image(3)).is_empty());
    assert!(matches!(io(&mut ws, image(2)).as_slice(), [Effect::UploadImage]));

    apply(&mut ws, Action::View(ViewAction::SetFrame(0)));
    let sentence = "The file is damaged.".to_owned();
    let failed = io(&mut ws, IoEvent::FrameFailed { case: "a".into(), frame: 0, sentence });
    assert_eq!(notices(&failed).len(), 1);
    assert_eq!(ws.case().unwrap().wanted_frame, 2, "the slider is where the picture is");
    let again = apply(&mut ws, Action::View(ViewAction::SetFrame(0)));
    assert!(io_commands(&again).any(|c| matches!(c, IoCommand::LoadFrame { frame: 0, .. })));
}

#[test]
fn a_second_image_lies_over_the_case_it_was_asked_for_until_it_is_taken_away() {
    let mut ws = study(&["a", "b"]);
    let picked = FileAction::FilePicked { purpose: FilePurpose::SecondImage, path: "pet.nii.gz".into() };
    let asked = apply(&mut ws, Action::File(picked));
    assert!(io_commands(&asked).any(|c| matches!(c, IoCommand::LoadSecondImage { .. })));
    let path = PathBuf::from("pet.nii.gz");
    let came =
        |case: &str| IoEvent::SecondImageLoaded { case: case.into(), path: path.clone(), image: loaded("a").image };
    assert!(io(&mut ws, came("b")).is_empty(), "another case is shown");
    assert!(matches!(io(&mut ws, came("a")).first(), Some(Effect::UploadSecondImage)));
    let look = OverlayLook { opacity: 0.2, ..ws.case().unwrap().second.as_ref().unwrap().look };
    apply(&mut ws, Action::View(ViewAction::SetSecondImageLook(look)));
    assert_eq!(ws.case().unwrap().second.as_ref().unwrap().look, look);
    let (case, middle) = (ws.case().unwrap(), [4.0, 4.0, 4.0]);
    assert_eq!(case.second_intensity(middle), case.probe(middle).map(|(_, intensity, _)| intensity));
    assert_eq!(case.second_intensity([-50.0; 3]), None);
    let removed = apply(&mut ws, Action::View(ViewAction::RemoveSecondImage));
    assert!(matches!(removed.first(), Some(Effect::UploadSecondImage)) && ws.case().unwrap().second.is_none());
}

#[test]
fn dragged_panes_are_kept_for_the_next_start_until_another_layout_is_chosen() {
    let mut ws = study(&["a"]);
    let effects = apply(&mut ws, Action::View(ViewAction::SetArrangement(Some("there".to_owned()))));
    let [Effect::Io(IoCommand::SavePreferences(file))] = effects.as_slice() else { panic!("{effects:?}") };
    let mut again = Workspace::new();
    io(&mut again, IoEvent::Preferences(file.clone()));
    assert_eq!(again.preferences().arrangement.as_deref(), Some("there"));
    look(&mut again, ViewAction::SetLayout(Layout::Grid));
    assert!(again.preferences().arrangement.is_some(), "it is the layout already");
    look(&mut again, ViewAction::SetLayout(Layout::Columns));
    assert_eq!(again.preferences().arrangement, None);
}

fn kept(effects: &[Effect]) -> String {
    let texts = io_commands(effects).filter_map(|command| match command {
        IoCommand::KeepView { text, .. } => Some(text.clone()),
        _ => None,
    });
    texts.last().unwrap()
}

fn opened_with(kept_view: &str) -> (Workspace, Vec<Effect>) {
    let mut ws = Workspace::new();
    opened(&mut ws, summary(&["a"]));
    let effects =
        io(&mut ws, IoEvent::CaseLoaded(Box::new(LoadedCase { kept_view: Some(kept_view.to_owned()), ..loaded("a") })));
    (ws, effects)
}

#[test]
fn measurements_and_the_second_image_come_back_with_the_case() {
    let mut ws = study(&["a"]);
    let measure = |ws: &mut Workspace, action| apply(ws, Action::Measure(action));
    let ruler = Ruler::Distance;
    measure(&mut ws, MeasureAction::Begin { view: Plane::Axial, position: [2.0, 2.0, 4.0], ruler });
    measure(&mut ws, MeasureAction::Move([8.0, 2.0, 4.0]));
    measure(&mut ws, MeasureAction::Release);
    let path = PathBuf::from("study/pet.nii.gz");
    let came = || IoEvent::SecondImageLoaded { case: "a".into(), path: path.clone(), image: loaded("a").image };
    io(&mut ws, came());
    let look = OverlayLook { opacity: 0.2, ..ws.case().unwrap().second.as_ref().unwrap().look };
    let text = kept(&apply(&mut ws, Action::View(ViewAction::SetSecondImageLook(look))));
    assert!(text.contains("\"pet.nii.gz\""), "inside the study from its folder on: {text}");

    let (mut again, effects) = opened_with(&text);
    assert_eq!(again.case().unwrap().measurements.all(), ws.case().unwrap().measurements.all());
    let asked =
        |command: &IoCommand| matches!(command, IoCommand::LoadSecondImage { path: wanted, .. } if *wanted == path);
    assert!(io_commands(&effects).any(asked));
    // One that is not found is not forgotten.
    assert_eq!(kept(&measure(&mut again, MeasureAction::Release)), text);
    io(&mut again, came());
    let again_look = again.case().unwrap().second.as_ref().unwrap().look;
    assert!((again_look.window.low() - look.window.low()).abs() < 1e-9 && again_look.opacity == look.opacity);
    assert!(!kept(&apply(&mut again, Action::View(ViewAction::RemoveSecondImage))).contains("pet"));
}

#[test]
fn what_a_newer_program_kept_of_a_case_or_is_damaged_is_told_and_left_alone() {
    for text in ["{\"version\": 99}", "{", "{\"version\": 1, \"measurements\": 7}"] {
        let (mut ws, _) = opened_with(text);
        assert_eq!(ws.case().unwrap().notices.len(), 1, "{text}");
        assert!(apply(&mut ws, Action::Measure(MeasureAction::Clear)).is_empty(), "{text}");
    }
}
