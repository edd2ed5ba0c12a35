//! What holds for every operation, and the helpers of the tests of each.

mod combining;
mod filling;
mod interpolating;
mod islands;
mod reshaping;
mod voxelwise;

use proptest::prelude::*;

use super::*;
use crate::edit::{ClassFlags, Delta, History, Paint, PaintRule, VoxelSet, paint_voxels};
use crate::geometry::{Affine, Extent, Voxel};
use crate::label::{ClassId, LabelValue, Origin, Wall};
use crate::volume::{Grid, Voxels};

const FREE: ClassFlags = [false; 256];

fn manual(class: ClassId) -> LabelValue {
    LabelValue::new(class, Origin::Manual)
}

fn locking(classes: &[ClassId]) -> ClassFlags {
    std::array::from_fn(|class| classes.iter().any(|&c| usize::from(c) == class))
}

/// Labels given voxel by voxel; `None` is unknown.
fn labels_of(extent: Extent, class_at: impl Fn(Voxel) -> Option<ClassId>) -> LabelMap {
    let class = Grid::from_fn(extent, |v| class_at(v).unwrap_or(0));
    let origin = Grid::from_fn(extent, |v| class_at(v).map_or(Origin::Unknown, |_| Origin::Manual));
    LabelMap::from_planes(class, origin).unwrap()
}

/// The operation on class 1 of the whole volume, 1 mm voxels, nothing forbidden.
fn request(operation: Operation) -> OperationRequest {
    let (scope, rule) = (Scope::Volume, PaintRule::Everything);
    OperationRequest { operation, class: 1, scope, spacing_mm: [1.0; 3], rule, locked: FREE }
}

fn run(labels: &LabelMap, request: &OperationRequest) -> Result<Option<Delta>, OperationError> {
    let proposal = propose(labels, None, request, &Watch::default())?;
    Ok(proposal.map(|proposal| proposal.delta().clone()))
}

/// The labels after an operation that is expected to be possible.
fn after(labels: &LabelMap, request: &OperationRequest) -> LabelMap {
    let mut labels = labels.clone();
    if let Some(proposal) = propose(&labels, None, request, &Watch::default()).unwrap() {
        proposal.apply(&mut labels).unwrap();
    }
    labels
}

/// Linear indices of the known voxels of a class.
fn voxels_of(labels: &LabelMap, class: ClassId) -> Vec<usize> {
    (0..labels.extent().voxel_count()).filter(|&i| task::is_known(labels.value_at(i), class)).collect()
}

/// Unknown, background and classes 1 to 3 of every origin, in patches.
fn any_labels() -> impl Strategy<Value = LabelMap> {
    (1usize..8, 1usize..7, 1usize..6).prop_flat_map(|(x, y, z)| {
        let value = prop_oneof![
            3 => Just(LabelValue::UNKNOWN),
            2 => (1u8..4).prop_map(|o| LabelValue::new(0, Origin::from_code(o).unwrap())),
            6 => (1u8..4, 1u8..4).prop_map(|(c, o)| LabelValue::new(c, Origin::from_code(o).unwrap())),
        ];
        prop::collection::vec((value, 1usize..6), x * y * z).prop_map(move |patches| {
            let voxels = patches.into_iter().flat_map(|(value, len)| std::iter::repeat_n(value, len));
            let (class, origin) = voxels.take(x * y * z).map(|v| (v.class, v.origin)).unzip();
            let extent = Extent::new(x, y, z).unwrap();
            LabelMap::from_planes(Grid::from_vec(extent, class).unwrap(), Grid::from_vec(extent, origin).unwrap())
                .unwrap()
        })
    })
}

/// Also sizes and places no operation can use.
fn any_operation() -> impl Strategy<Value = Operation> {
    let mm = || prop_oneof![8 => 0.1f64..4.0, 1 => Just(f64::NAN), 1 => Just(1e300), 1 => Just(-1.5), 1 => Just(0.0)];
    let at = || prop::array::uniform3(0usize..8).prop_map(Voxel::from);
    let classes = || prop::collection::vec(0u8..5, 0..4);
    let wall = prop_oneof![Just(Wall::Inside), Just(Wall::Centred), Just(Wall::Outside)];
    let how = prop_oneof![
        Just(Combination::Copy),
        Just(Combination::Add),
        Just(Combination::Subtract),
        Just(Combination::Intersect)
    ];
    let smoothing = prop_oneof![
        mm().prop_map(|radius_mm| Smoothing::Median { radius_mm }),
        mm().prop_map(|radius_mm| Smoothing::Opening { radius_mm }),
        mm().prop_map(|radius_mm| Smoothing::Closing { radius_mm }),
        mm().prop_map(|sigma_mm| Smoothing::Gaussian { sigma_mm }),
        (mm(), classes()).prop_map(|(sigma_mm, classes)| Smoothing::Joint { sigma_mm, classes }),
    ];
    let islands = prop_oneof![
        Just(Operation::KeepLargestIsland),
        mm().prop_map(|smaller_than_mm3| Operation::RemoveSmallIslands { smaller_than_mm3 }),
        at().prop_map(|at| Operation::RemoveIsland { at }),
        at().prop_map(|at| Operation::KeepIsland { at }),
        prop::collection::vec(0u8..9, 0..3).prop_map(|into| Operation::SplitIslands { into }),
    ];
    let shapes = prop_oneof![
        1 => prop::option::of(0usize..4).prop_map(|slices_along| Operation::FillHoles { slices_along }),
        5 => smoothing.prop_map(Operation::Smooth),
        2 => mm().prop_map(|mm| Operation::Margin { mm }),
        1 => (mm(), wall).prop_map(|(thickness_mm, wall)| Operation::Hollow { thickness_mm, wall }),
        3 => (0u8..4, mm(), how).prop_map(|(with, grown_mm, how)| Operation::Combine { with, grown_mm, how }),
    ];
    let others = prop_oneof![
        1 => Just(Operation::Invert),
        1 => Just(Operation::Clear),
        1 => (0u8..6).prop_map(|by| Operation::ReplaceClass { by }),
        3 => (0usize..4, classes(), any::<bool>())
            .prop_map(|(axis, classes, complete)| Operation::Interpolate { axis, classes, complete }),
        2 => (0usize..4, 0usize..6, 0usize..6, classes())
            .prop_map(|(axis, from, to, classes)| Operation::CopySlice { axis, from, to, classes }),
        1 => (-9.0f64..9.0, mm()).prop_map(|(low, size)| Operation::Threshold { low, high: low + size }),
    ];
    prop_oneof![islands, shapes, others]
}

fn any_request() -> impl Strategy<Value = OperationRequest> {
    let scope = prop_oneof![
        3 => Just(Scope::Volume),
        2 => (0usize..4, 0usize..8).prop_map(|(axis, index)| Scope::Slice { axis, index }),
    ];
    let rule = prop_oneof![
        4 => Just(PaintRule::Everything),
        1 => Just(PaintRule::UnknownOnly),
        2 => (0u8..4).prop_map(PaintRule::OnlyClass),
    ];
    let spacing = prop_oneof![4 => prop::array::uniform3(0.4f64..3.0), 1 => Just([0.0, f64::NAN, 1.0])];
    let locked = prop::collection::vec(0u8..5, 0..2).prop_map(|classes| locking(&classes));
    (any_operation(), 0u8..4, scope, spacing, rule, locked).prop_map(
        |(operation, class, scope, spacing_mm, rule, locked)| OperationRequest {
            operation,
            class,
            scope,
            spacing_mm,
            rule,
            locked,
        },
    )
}

fn image_on(extent: Extent) -> Image {
    let grid = Grid::from_fn(extent, |v| (v.x + 2 * v.y) as f32 - (3 * v.z) as f32);
    Image::new(Voxels::F32(grid), 1.0, 0.0, Affine::identity())
}

fn allows(rule: PaintRule, old: LabelValue) -> bool {
    match rule {
        PaintRule::Everything => true,
        PaintRule::UnknownOnly => !old.origin.is_known(),
        PaintRule::OnlyClass(class) => task::is_known(old, class),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_operation_keeps_to_its_limits_and_goes_back_in_one_step(labels in any_labels(), request in any_request()) {
        let before = labels.clone();
        let image = image_on(labels.extent());
        let watch = Watch::default();
        let proposal = propose(&labels, Some(&image), &request, &watch);
        prop_assert_eq!(&labels, &before);
        let Ok(Some(proposal)) = proposal else { return Ok(()) };
        prop_assert!(!proposal.delta().is_empty());
        prop_assert_eq!(watch.progress(), 1.0);
        let mut labels = labels;
        let delta = proposal.apply(&mut labels).unwrap();
        for i in 0..labels.extent().voxel_count() {
            let (old, new) = (before.value_at(i), labels.value_at(i));
            if old == new {
                continue;
            }
            prop_assert!(allows(request.rule, old));
            prop_assert!(!(old.origin.is_known() && request.locked[usize::from(old.class)]));
            prop_assert!(new.class == 0 || !request.locked[usize::from(new.class)]);
            prop_assert_eq!(new.origin, Origin::Manual);
            prop_assert!(!(old.origin.is_known() && old.class == new.class));
            if let Scope::Slice { axis, index } = request.scope {
                prop_assert_eq!(labels.extent().voxel(i).to_array()[axis], index);
            }
        }
        let mut history = History::default();
        let location = delta.centre();
        history.push(request.operation.name().to_owned(), delta, location);
        history.undo(&mut labels).unwrap().unwrap();
        prop_assert_eq!((labels.class(), labels.origin()), (before.class(), before.origin()));
    }

    #[test]
    fn a_cancelled_operation_says_so(labels in any_labels(), request in any_request()) {
        let watch = Watch::default();
        watch.cancel();
        let answer = propose(&labels, Some(&image_on(labels.extent())), &request, &watch);
        prop_assert_eq!(answer, Err(OperationError::Cancelled));
    }
}

#[test]
fn a_cancel_in_the_middle_is_heard_soon() {
    let extent = Extent::new(160, 160, 120).unwrap();
    let labels = labels_of(extent, |v| (v.x % 40 > 0 && v.y % 40 > 0).then_some(1));
    let operation = Operation::Smooth(Smoothing::Opening { radius_mm: 3.0 });
    let watch = Watch::default();
    let answer = std::thread::scope(|threads| {
        let work = threads.spawn(|| propose(&labels, None, &request(operation), &watch));
        while watch.progress() < 0.2 {
            std::thread::yield_now();
        }
        watch.cancel();
        work.join().unwrap()
    });
    assert_eq!(answer, Err(OperationError::Cancelled));
    assert!(watch.progress() < 0.9);
}

#[test]
fn a_proposal_for_other_labels_is_refused() {
    let extent = Extent::new(6, 1, 1).unwrap();
    let mut labels = labels_of(extent, |v| (v.x < 3).then_some(1));
    let propose =
        |labels: &LabelMap| propose(labels, None, &request(Operation::Clear), &Watch::default()).unwrap().unwrap();
    let stale = propose(&labels);
    assert_eq!(stale.made_for_revision(), 0);
    let mut other_case = labels_of(extent, |v| (v.x < 2).then_some(1));
    let other_before = other_case.clone();
    assert_eq!(stale.clone().apply(&mut other_case), None);
    assert_eq!(other_case, other_before);
    // An edit elsewhere is enough.
    let elsewhere = VoxelSet::from_spans(extent, std::iter::once(5..6));
    paint_voxels(&mut labels, &elsewhere, &Paint::with_class(1)).unwrap();
    let changed = labels.clone();
    assert_eq!(stale.apply(&mut labels), None);
    assert_eq!(labels, changed);
    assert!(propose(&labels).apply(&mut labels).is_some());
}

#[test]
fn locked_and_missing_classes_background_and_missing_slices_are_refused_with_a_reason() {
    let extent = Extent::new(6, 2, 1).unwrap();
    let labels = labels_of(extent, |v| (v.x < 3).then_some(1));
    let ask = |request: OperationRequest| run(&labels, &request).unwrap_err();
    let clear = request(Operation::Clear);
    assert_eq!(ask(OperationRequest { locked: locking(&[1]), ..clear.clone() }), OperationError::ClassLocked(1));
    assert_eq!(ask(OperationRequest { class: 2, ..clear.clone() }), OperationError::Empty(2));
    assert_eq!(ask(OperationRequest { class: 0, ..clear.clone() }), OperationError::BackgroundChosen);
    let nowhere = Scope::Slice { axis: 1, index: 2 };
    assert_eq!(ask(OperationRequest { scope: nowhere, ..clear }), OperationError::NoSuchSlice { axis: 1, index: 2 });
    let replace = OperationRequest { locked: locking(&[4]), ..request(Operation::ReplaceClass { by: 4 }) };
    assert_eq!(ask(replace), OperationError::ClassLocked(4));
    let unusable = request(Operation::Margin { mm: f64::NAN });
    assert_eq!(ask(unusable), OperationError::UselessNumber("margin"));
}
