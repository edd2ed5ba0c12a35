use super::*;

/// The plain definition: voxels outside class 1 from which no path of neighbours along `axes` outside it leads to a
/// voxel on the border across one of these axes. An axis of one voxel has no border;
/// where none has, there is nothing to be enclosed in.
fn holes(labels: &LabelMap, axes: &[usize]) -> Vec<usize> {
    let extent = labels.extent();
    let n = extent.to_array();
    if axes.iter().all(|&a| n[a] == 1) {
        return Vec::new();
    }
    let outside = |i: usize| !task::is_known(labels.value_at(i), 1);
    let at_border = |i: usize| axes.iter().any(|&a| n[a] > 1 && [0, n[a] - 1].contains(&extent.voxel(i).to_array()[a]));
    let mut open: Vec<bool> = (0..extent.voxel_count()).map(|i| outside(i) && at_border(i)).collect();
    loop {
        let before = open.clone();
        for i in (0..open.len()).filter(|&i| outside(i)) {
            let v = extent.voxel(i);
            let next = |a: usize, c: usize| c < n[a] && before[extent.index(v.with_axis(a, c))];
            open[i] |= axes.iter().any(|&a| next(a, v.to_array()[a] + 1) || next(a, v.to_array()[a].wrapping_sub(1)));
        }
        if open == before {
            return (0..open.len()).filter(|&i| outside(i) && !open[i]).collect();
        }
    }
}

fn any_dense_labels() -> impl Strategy<Value = LabelMap> {
    (1usize..8, 1usize..8, 1usize..6).prop_flat_map(|(x, y, z)| {
        let class = prop_oneof![6 => Just(Some(1)), 2 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(2))];
        prop::collection::vec(class, x * y * z).prop_map(move |classes| {
            let extent = Extent::new(x, y, z).unwrap();
            labels_of(extent, |v| classes[extent.index(v)])
        })
    })
}

proptest! {
    #[test]
    fn holes_are_what_no_path_leads_out_of_and_other_classes_in_them_stay(
        labels in any_dense_labels(), slices_along in prop::option::of(0usize..3),
    ) {
        prop_assume!(!voxels_of(&labels, 1).is_empty());
        let axes: Vec<usize> = (0..3).filter(|&a| Some(a) != slices_along).collect();
        let fillable = |i: &usize| !task::is_known(labels.value_at(*i), 2);
        let mut expected = voxels_of(&labels, 1);
        expected.extend(holes(&labels, &axes).into_iter().filter(fillable));
        expected.sort_unstable();
        let filled = after(&labels, &request(Operation::FillHoles { slices_along }));
        prop_assert_eq!(voxels_of(&filled, 1), expected);
    }
}

/// A ring of class 1 in every slice, holding class 2 and unknown: open along z.
fn tube() -> LabelMap {
    let ring = |v: Voxel| v.x.abs_diff(3).max(v.y.abs_diff(3)) == 2;
    labels_of(Extent::new(7, 7, 4).unwrap(), |v| if ring(v) { Some(1) } else { (v.x == 3 && v.y == 3).then_some(2) })
}

#[test]
fn a_tube_has_holes_in_its_slices_only() {
    let labels = tube();
    assert_eq!(run(&labels, &request(Operation::FillHoles { slices_along: None })), Ok(None));
    let in_all = run(&labels, &request(Operation::FillHoles { slices_along: Some(2) })).unwrap().unwrap();
    assert_eq!(in_all.voxel_count(), 4 * 8);
    let one = OperationRequest {
        scope: Scope::Slice { axis: 2, index: 1 },
        ..request(Operation::FillHoles { slices_along: None })
    };
    let in_one = run(&labels, &one).unwrap().unwrap();
    assert_eq!((in_one.voxel_count(), in_one.bounds().lo.z, in_one.bounds().hi.z), (8, 1, 2));
}

#[test]
fn what_is_flat_encloses_nothing_in_a_volume() {
    let flat =
        labels_of(tube().extent(), |v| Some(tube().value(v)).filter(|l| v.z == 1 && l.class == 1).map(|l| l.class));
    assert_eq!(run(&flat, &request(Operation::FillHoles { slices_along: None })), Ok(None));
    let line = labels_of(tube().extent(), |v| (v.y == 3 && v.z == 1 && [1, 3].contains(&v.x)).then_some(1));
    for slices_along in [None, Some(0), Some(1), Some(2)] {
        assert_eq!(run(&line, &request(Operation::FillHoles { slices_along })), Ok(None));
    }
}

#[test]
fn a_class_within_a_hole_is_filled_only_if_the_rule_names_it() {
    let fill =
        OperationRequest { rule: PaintRule::OnlyClass(2), ..request(Operation::FillHoles { slices_along: Some(2) }) };
    assert_eq!(run(&tube(), &fill).unwrap().unwrap().voxel_count(), 4);
    assert_eq!(run(&tube(), &OperationRequest { locked: locking(&[2]), ..fill }), Ok(None));
}
