use super::*;

fn extent() -> Extent {
    Extent::new(13, 11, 9).unwrap()
}

/// Voxels whose centre is within `mm` of one of `marks`.
fn ball_around(marks: &[usize], mm: f64, spacing_mm: [f64; 3]) -> Vec<usize> {
    let place = |i: usize| std::array::from_fn::<f64, 3, _>(|a| extent().voxel(i).to_f64()[a] * spacing_mm[a]);
    let apart = |i, j| (0..3).map(|a| (place(i)[a] - place(j)[a]).powi(2)).sum::<f64>().sqrt();
    (0..extent().voxel_count()).filter(|&i| marks.iter().any(|&j| apart(i, j) <= mm)).collect()
}

/// Whether rounding may decide about a voxel.
fn is_close_to_a_distance(mm: f64, spacing_mm: [f64; 3]) -> bool {
    let apart = |v: Voxel| (0..3).map(|a| (v.to_f64()[a] * spacing_mm[a]).powi(2)).sum::<f64>().sqrt();
    extent().full_box().voxels().any(|v| (apart(v) / mm - 1.0).abs() < 1e-4)
}

/// Some voxels of class 1 in unknown.
fn any_dots() -> impl Strategy<Value = LabelMap> {
    prop::collection::vec((0usize..13, 0usize..11, 0usize..9), 1..12).prop_map(|dots| {
        let dots: Vec<Voxel> = dots.iter().map(|&(x, y, z)| Voxel::new(x, y, z)).collect();
        labels_of(extent(), |v| dots.contains(&v).then_some(1))
    })
}

proptest! {
    #[test]
    fn a_margin_grows_by_exactly_the_ball_and_shrinks_by_that_of_the_rest(
        labels in any_dots(), mm in 0.3f64..5.0, spacing_mm in prop::array::uniform3(0.6f64..2.5),
    ) {
        prop_assume!(!is_close_to_a_distance(mm, spacing_mm));
        let margin = |labels: &LabelMap, mm| {
            after(labels, &OperationRequest { spacing_mm, ..request(Operation::Margin { mm }) })
        };
        let grown = margin(&labels, mm);
        prop_assert_eq!(voxels_of(&grown, 1), ball_around(&voxels_of(&labels, 1), mm, spacing_mm));
        let rest: Vec<usize> = (0..extent().voxel_count()).filter(|&i| !grown.value_at(i).origin.is_known()).collect();
        let shrunk = margin(&grown, -mm);
        let taken = ball_around(&rest, mm, spacing_mm);
        let kept: Vec<usize> = voxels_of(&grown, 1).into_iter().filter(|i| !taken.contains(i)).collect();
        prop_assert_eq!(voxels_of(&shrunk, 1), kept);
        prop_assert!(voxels_of(&grown, 1).iter().all(|i| !taken.contains(i) || shrunk.value_at(*i) == manual(0)));
    }

    #[test]
    fn in_a_slice_a_margin_is_a_disc(labels in any_dots(), mm in 0.3f64..4.0, axis in 0usize..3) {
        prop_assume!(!is_close_to_a_distance(mm, [1.0; 3]));
        let index = extent().voxel(voxels_of(&labels, 1)[0]).to_array()[axis];
        let scope = Scope::Slice { axis, index };
        let in_slice = |i: &usize| extent().voxel(*i).to_array()[axis] == index;
        let drawn: Vec<usize> = voxels_of(&labels, 1).into_iter().filter(in_slice).collect();
        let grown = after(&labels, &OperationRequest { scope, ..request(Operation::Margin { mm }) });
        let disc: Vec<usize> = ball_around(&drawn, mm, [1.0; 3]).into_iter().filter(in_slice).collect();
        let found: Vec<usize> = voxels_of(&grown, 1).into_iter().filter(in_slice).collect();
        prop_assert_eq!(found, disc);
    }
}

#[test]
fn work_in_tiles_equals_work_on_the_whole() {
    let extent = Extent::new(230, 12, 110).unwrap();
    let speckled = |v: Voxel| (v.x * 7 + v.y * 13 + v.z * 5 + v.x * v.z) % 11 < 6;
    let labels = labels_of(extent, |v| speckled(v).then_some(1));
    let mask = Grid::from_fn(extent, speckled);
    use crate::label::{close_mm, dilate_mm, erode_mm, open_mm};
    let (mm, spacing) = (1.5, [1.0; 3]);
    let cases = [
        (Operation::Margin { mm }, dilate_mm(&mask, mm, spacing)),
        (Operation::Margin { mm: -1.0 }, erode_mm(&mask, 1.0, spacing)),
        (Operation::Smooth(Smoothing::Opening { radius_mm: 1.0 }), open_mm(&mask, 1.0, spacing)),
        (Operation::Smooth(Smoothing::Closing { radius_mm: mm }), close_mm(&mask, mm, spacing)),
    ];
    for (operation, expected) in cases {
        let found = after(&labels, &request(operation.clone()));
        assert!(
            (0..extent.voxel_count()).all(|i| (found.value_at(i).class == 1) == expected.as_slice()[i]),
            "{operation:?}"
        );
    }
}

/// A ball of class 1 with class 2 around it up to `x`, unknown beyond.
fn ball_beside(x: usize) -> LabelMap {
    let inside = |v: Voxel| v.to_array().iter().map(|&c| (c as f64 - 10.0).powi(2)).sum::<f64>() <= 36.0;
    labels_of(Extent::new(21, 21, 21).unwrap(), |v| if inside(v) { Some(1) } else { (v.x < x).then_some(2) })
}

#[test]
fn smoothing_takes_a_speckle_and_leaves_a_ball() {
    let ball = ball_beside(0);
    let mut labels = ball.clone();
    let speckle = labels.extent().index(Voxel::new(1, 1, 1));
    labels.write_run(speckle, 1, LabelValue::new(1, Origin::Imported));
    let smoothings = [
        Smoothing::Median { radius_mm: 1.0 },
        Smoothing::Opening { radius_mm: 1.0 },
        Smoothing::Gaussian { sigma_mm: 0.8 },
        Smoothing::Joint { sigma_mm: 0.8, classes: vec![1] },
    ];
    for smoothing in smoothings {
        let smooth = after(&labels, &request(Operation::Smooth(smoothing.clone())));
        assert_eq!(smooth.value_at(speckle), manual(0), "{smoothing:?}");
        let (kept, was) = (voxels_of(&smooth, 1).len() as f64, voxels_of(&ball, 1).len() as f64);
        assert!((kept / was - 1.0).abs() < 0.1, "{smoothing:?} {kept} {was}");
    }
}

#[test]
fn smoothing_in_a_slice_is_not_smoothing_it_away() {
    let labels = ball_beside(0);
    for axis in 0..3 {
        let scope = Scope::Slice { axis, index: 10 };
        let drawn = voxels_of(&labels, 1).len();
        for smoothing in [
            Smoothing::Median { radius_mm: 1.0 },
            Smoothing::Gaussian { sigma_mm: 0.8 },
            Smoothing::Opening { radius_mm: 1.5 },
            Smoothing::Joint { sigma_mm: 0.8, classes: vec![1] },
        ] {
            let smooth = after(&labels, &OperationRequest { scope, ..request(Operation::Smooth(smoothing)) });
            assert!(drawn.abs_diff(voxels_of(&smooth, 1).len()) < 12);
        }
    }
}

#[test]
fn joint_smoothing_opens_no_gap_and_spares_classes_without_part() {
    let extent = Extent::new(20, 20, 5).unwrap();
    let rough = |v: Voxel| 10 + (v.y * 7 + v.z * 3) % 5 - 2;
    let labels = labels_of(extent, |v| {
        Some(if v.y == 19 {
            3
        } else if v.x < rough(v) {
            1
        } else {
            2
        })
    });
    let smoothing = Smoothing::Joint { sigma_mm: 1.5, classes: vec![1, 2, 0] };
    let smooth = after(&labels, &request(Operation::Smooth(smoothing.clone())));
    assert_eq!(voxels_of(&smooth, 3), voxels_of(&labels, 3));
    assert_eq!(voxels_of(&smooth, 1).len() + voxels_of(&smooth, 2).len(), 19 * 20 * 5);
    assert_ne!(voxels_of(&smooth, 1), voxels_of(&labels, 1));
    let locked = OperationRequest { locked: locking(&[2]), ..request(Operation::Smooth(smoothing)) };
    assert_eq!(voxels_of(&after(&labels, &locked), 2), voxels_of(&labels, 2));
    let nobody = Operation::Smooth(Smoothing::Joint { sigma_mm: 1.0, classes: vec![0] });
    assert_eq!(run(&labels, &request(nobody)), Err(OperationError::BackgroundChosen));
}

#[test]
fn hollowing_leaves_a_wall_on_the_wanted_side() {
    let labels = ball_beside(0);
    let centre = labels.extent().index(Voxel::new(10, 10, 10));
    let along_x = |wall| {
        let hollow = after(&labels, &request(Operation::Hollow { thickness_mm: 2.0, wall }));
        assert_eq!(hollow.value_at(centre), manual(0));
        (0..=10).filter(|&x| hollow.value(Voxel::new(x, 10, 10)).class == 1).collect::<Vec<_>>()
    };
    assert_eq!(along_x(Wall::Inside), [4, 5]);
    assert_eq!(along_x(Wall::Outside), [2, 3]);
    assert_eq!(along_x(Wall::Centred), [3, 4]);
}

#[test]
fn growing_overwrites_neighbours_unless_the_rule_or_a_lock_forbids() {
    let labels = ball_beside(21);
    let grow = request(Operation::Margin { mm: 2.0 });
    let lost = |request: &OperationRequest| voxels_of(&labels, 2).len() - voxels_of(&after(&labels, request), 2).len();
    assert!(lost(&grow) > 0);
    assert_eq!(lost(&OperationRequest { rule: PaintRule::UnknownOnly, ..grow.clone() }), 0);
    assert_eq!(lost(&OperationRequest { locked: locking(&[2]), ..grow }), 0);
}

#[test]
fn endless_and_tiny_sizes_do_no_harm() {
    let labels = ball_beside(0);
    let everything = after(&labels, &request(Operation::Margin { mm: 1e300 }));
    assert_eq!(voxels_of(&everything, 1).len(), 21 * 21 * 21);
    assert!(voxels_of(&after(&labels, &request(Operation::Margin { mm: -1e9 })), 1).is_empty());
    assert_eq!(run(&labels, &request(Operation::Margin { mm: 1e-300 })), Ok(None));
    assert_eq!(run(&labels, &request(Operation::Smooth(Smoothing::Median { radius_mm: 0.2 }))), Ok(None));
}
