use super::*;

fn extent() -> Extent {
    Extent::new(48, 40, 11).unwrap()
}

fn in_disc(v: Voxel, centre: [f64; 2], radius: f64) -> bool {
    (v.x as f64 - centre[0]).hypot(v.y as f64 - centre[1]) <= radius
}

/// Class 1 in the first and last slice along z.
fn drawn(first: impl Fn(Voxel) -> bool, last: impl Fn(Voxel) -> bool) -> LabelMap {
    labels_of(extent(), |v| match v.z {
        0 => first(v).then_some(1),
        10 => last(v).then_some(1),
        _ => None,
    })
}

fn interpolate(classes: &[ClassId]) -> OperationRequest {
    request(Operation::Interpolate { axis: 2, classes: classes.to_vec(), complete: false })
}

fn in_slice(labels: &LabelMap, class: ClassId, z: usize) -> Vec<Voxel> {
    let voxels = voxels_of(labels, class).into_iter().map(|i| labels.extent().voxel(i));
    voxels.filter(|v| v.z == z).collect()
}

fn centre(voxels: &[Voxel]) -> [f64; 2] {
    let mean = |c: fn(&Voxel) -> usize| voxels.iter().map(|v| c(v) as f64).sum::<f64>() / voxels.len() as f64;
    [mean(|v| v.x), mean(|v| v.y)]
}

#[test]
fn between_two_equal_discs_lies_the_same_disc() {
    let disc = |v| in_disc(v, [20.0, 18.0], 8.0);
    let labels = drawn(disc, disc);
    let filled = after(&labels, &interpolate(&[1]));
    for v in extent().full_box().voxels() {
        assert_eq!(task::is_known(filled.value(v), 1), disc(v));
    }
}

#[test]
fn between_a_small_and_a_large_disc_the_radius_grows_evenly() {
    let labels = drawn(|v| in_disc(v, [20.0, 18.0], 4.0), |v| in_disc(v, [20.0, 18.0], 14.0));
    let filled = after(&labels, &interpolate(&[1]));
    for z in 1..10 {
        let radius = 4.0 + z as f64;
        let (found, disc) = (in_slice(&filled, 1, z).len() as f64, std::f64::consts::PI * radius * radius);
        assert!((found / disc - 1.0).abs() < 0.15, "slice {z}: {found} voxels, a disc has {disc}");
    }
}

#[test]
fn a_disc_shifted_by_more_than_its_width_moves_in_a_straight_line() {
    let at = |z: usize| [10.0 + 2.0 * z as f64, 10.0 + 1.5 * z as f64];
    let labels = drawn(|v| in_disc(v, at(0), 5.0), |v| in_disc(v, at(10), 5.0));
    let area = in_slice(&labels, 1, 0).len() as f64;
    for request in [interpolate(&[1]), OperationRequest { spacing_mm: [1.0, 1.0, 4.0], ..interpolate(&[1]) }] {
        let filled = after(&labels, &request);
        for z in 1..10 {
            let voxels = in_slice(&filled, 1, z);
            let (found, expected) = (centre(&voxels), at(z));
            assert!((0..2).all(|a| (found[a] - expected[a]).abs() < 0.51), "{z}: {found:?}");
            assert!((voxels.len() as f64 / area - 1.0).abs() < 0.15, "{z}: {} voxels", voxels.len());
        }
    }
}

#[test]
fn a_line_one_voxel_wide_stays_connected() {
    let labels = drawn(|v| (v.x, v.y) == (5, 9), |v| (v.x, v.y) == (12, 9));
    let filled = after(&labels, &interpolate(&[1]));
    assert!((0..11).all(|z| !in_slice(&filled, 1, z).is_empty()));
}

#[test]
fn distant_pieces_are_not_joined() {
    let labels = drawn(|v| in_disc(v, [4.0, 4.0], 3.0), |v| in_disc(v, [42.0, 34.0], 3.0));
    let filled = after(&labels, &interpolate(&[1]));
    assert!(in_slice(&filled, 1, 5).is_empty());
}

#[test]
fn one_piece_branches_into_two() {
    let trunk = |v| in_disc(v, [20.0, 20.0], 11.0);
    let branches = |v| in_disc(v, [13.0, 20.0], 5.0) || in_disc(v, [27.0, 20.0], 5.0);
    let filled = after(&drawn(trunk, branches), &interpolate(&[1]));
    let pieces = |z| {
        let inside = |i: usize| extent().voxel(i).z == z && task::is_known(filled.value_at(i), 1);
        crate::label::components(inside, extent()).as_slice().iter().copied().max().unwrap()
    };
    assert_eq!((pieces(1), pieces(9)), (1, 2));
    let areas: Vec<usize> = (0..11).map(|z| in_slice(&filled, 1, z).len()).collect();
    assert!(areas.windows(2).all(|w| w[1] <= w[0]), "{areas:?}");
}

#[test]
fn classes_that_touch_leave_no_gap_between_them() {
    let disc = |v| in_disc(v, [24.0, 20.0], 16.0);
    let edge = |z: usize| if z == 0 { 16 } else { 32 };
    let labels =
        labels_of(extent(), |v| ([0, 10].contains(&v.z) && disc(v)).then(|| if v.x < edge(v.z) { 1 } else { 2 }));
    let filled = after(&labels, &interpolate(&[1, 2]));
    for v in extent().full_box().voxels() {
        assert_eq!(filled.value(v).class > 0, disc(v), "{v:?}");
    }
    let alone = after(&labels, &interpolate(&[1]));
    let fronts: Vec<usize> = (0..11).map(|z| in_slice(&filled, 1, z).iter().map(|v| v.x).max().unwrap()).collect();
    assert!(fronts.windows(2).all(|w| w[0] <= w[1]), "{fronts:?}");
    assert!(voxels_of(&alone, 2) == voxels_of(&labels, 2));
}

#[test]
fn every_axis_works_the_same() {
    let labels = drawn(|v| in_disc(v, [8.0, 9.0], 5.0), |v| in_disc(v, [30.0, 20.0], 7.0));
    let straight = after(&labels, &interpolate(&[1]));
    for axis in 0..2 {
        // The volume with z and another axis exchanged.
        let turn = |v: Voxel| v.with_axis(2, v.to_array()[axis]).with_axis(axis, v.z);
        let n = extent().to_array();
        let turned_extent = Extent::from_array(turn(Voxel::from(n)).to_array()).unwrap();
        let turned = labels_of(turned_extent, |v| {
            let value = labels.value(turn(v));
            value.origin.is_known().then_some(value.class)
        });
        let operation = Operation::Interpolate { axis, classes: vec![1], complete: false };
        let filled = after(&turned, &request(operation));
        for v in turned_extent.full_box().voxels() {
            assert_eq!(filled.value(v).class, straight.value(turn(v)).class);
        }
    }
}

#[test]
fn known_classes_between_stay_and_background_does_not() {
    let disc = |v| in_disc(v, [20.0, 18.0], 8.0);
    let mut labels = drawn(disc, disc);
    let (other, background) = (extent().index(Voxel::new(20, 18, 4)), extent().index(Voxel::new(21, 18, 4)));
    labels.write_run(other, 1, manual(5));
    labels.write_run(background, 1, manual(0));
    let values = |request: &OperationRequest| {
        let filled = after(&labels, request);
        [other, background].map(|i| filled.value_at(i))
    };
    assert_eq!(values(&interpolate(&[1])), [manual(5), manual(1)]);
    let unknown_only = OperationRequest { rule: PaintRule::UnknownOnly, ..interpolate(&[1]) };
    assert_eq!(values(&unknown_only), [manual(5), manual(0)]);
    let only_five = OperationRequest { rule: PaintRule::OnlyClass(5), ..interpolate(&[1]) };
    assert_eq!(values(&only_five), [manual(1), manual(0)]);
}

#[test]
fn a_slice_completed_without_the_class_ends_it_but_an_imported_one_does_not() {
    let disc = |v| in_disc(v, [20.0, 18.0], 8.0);
    let mut labels = drawn(disc, disc);
    let slice = extent().x() * extent().y();
    labels.write_run(5 * slice, slice, LabelValue::new(0, Origin::Imported));
    assert!(!in_slice(&after(&labels, &interpolate(&[1])), 1, 5).is_empty());
    labels.write_run(5 * slice, slice, manual(0));
    assert_eq!(run(&labels, &interpolate(&[1])), Err(OperationError::NoGap));
}

#[test]
fn between_complete_slices_the_rest_becomes_background_where_nothing_else_was() {
    let disc = |v| in_disc(v, [20.0, 18.0], 8.0);
    let lone = Voxel::new(40, 30, 0);
    let labels = labels_of(extent(), |v| match v.z {
        0 | 10 => Some(if disc(v) {
            1
        } else if v == lone {
            7
        } else {
            0
        }),
        _ => None,
    });
    let request = |complete| request(Operation::Interpolate { axis: 2, classes: vec![1], complete });
    let filled = after(&labels, &request(true));
    for v in extent().full_box().voxels().filter(|v| (1..10).contains(&v.z)) {
        let expected = if disc(v) {
            manual(1)
        } else if (v.x, v.y) == (lone.x, lone.y) {
            LabelValue::UNKNOWN
        } else {
            manual(0)
        };
        assert_eq!(filled.value(v), expected);
    }
    let disc_alone = after(&labels, &request(false));
    assert!(!disc_alone.value(Voxel::new(0, 0, 5)).origin.is_known());
    let locked = OperationRequest { locked: locking(&[0]), ..request(true) };
    assert!(!after(&labels, &locked).value(Voxel::new(0, 0, 5)).origin.is_known());
    let partly = labels_of(extent(), |v| {
        (v.z != 10 || v.x > 0).then(|| labels.value(v)).filter(|l| l.origin.is_known()).map(|l| l.class)
    });
    assert!(!after(&partly, &request(true)).value(Voxel::new(0, 0, 5)).origin.is_known());
}

#[test]
fn classes_drawn_in_different_slices_are_each_filled_between_their_own() {
    let labels = labels_of(extent(), |v| {
        let one = in_disc(v, [12.0, 18.0], 6.0) && [0, 10].contains(&v.z);
        let two = in_disc(v, [34.0, 18.0], 6.0) && [0, 4, 10].contains(&v.z);
        if one { Some(1) } else { two.then_some(2) }
    });
    let filled = after(&labels, &interpolate(&[1, 2]));
    for z in 0..11 {
        assert_eq!((in_slice(&filled, 1, z).len(), in_slice(&filled, 2, z).len()), (113, 113), "slice {z}");
    }
}

#[test]
fn a_locked_class_keeps_its_room_but_is_not_continued() {
    let labels = labels_of(extent(), |v| ([0, 10].contains(&v.z) && v.x < 20).then_some(if v.x < 10 { 1 } else { 2 }));
    let filled = after(&labels, &OperationRequest { locked: locking(&[2]), ..interpolate(&[1, 2]) });
    assert_eq!(in_slice(&filled, 1, 5).iter().map(|v| v.x).max(), Some(9));
    assert_eq!(voxels_of(&filled, 2), voxels_of(&labels, 2));
    let both = OperationRequest { locked: locking(&[1, 2]), ..interpolate(&[1, 2]) };
    assert_eq!(run(&labels, &both), Err(OperationError::ClassLocked(1)));
}

#[test]
fn one_slice_can_be_filled_by_itself() {
    let disc = |v| in_disc(v, [20.0, 18.0], 8.0);
    let labels = drawn(disc, disc);
    let one = OperationRequest { scope: Scope::Slice { axis: 2, index: 3 }, ..interpolate(&[1]) };
    let delta = run(&labels, &one).unwrap().unwrap();
    assert_eq!((delta.bounds().lo.z, delta.bounds().hi.z), (3, 4));
    assert_eq!(delta.voxel_count(), in_slice(&labels, 1, 0).len());
    let drawn_one = OperationRequest { scope: Scope::Slice { axis: 2, index: 0 }, ..interpolate(&[1]) };
    assert_eq!(run(&labels, &drawn_one), Err(OperationError::NoGap));
}
