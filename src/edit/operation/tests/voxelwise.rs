use super::*;

proptest! {
    #[test]
    fn invert_clear_and_replace_give_every_voxel_its_class(labels in any_labels()) {
        prop_assume!(!voxels_of(&labels, 1).is_empty());
        let inverted = after(&labels, &request(Operation::Invert));
        let cleared = after(&labels, &request(Operation::Clear));
        let replaced = after(&labels, &request(Operation::ReplaceClass { by: 3 }));
        for i in 0..labels.extent().voxel_count() {
            let old = labels.value_at(i);
            let own = task::is_known(old, 1);
            prop_assert_eq!(inverted.value_at(i), manual(if own { 0 } else { 1 }));
            prop_assert_eq!(cleared.value_at(i), if own { manual(0) } else { old });
            prop_assert_eq!(replaced.value_at(i), if own { manual(3) } else { old });
        }
    }

    #[test]
    fn a_copied_slice_holds_the_listed_classes_of_the_other(
        labels in any_labels(), axis in 0usize..3, from in 0usize..8, to in 0usize..8,
    ) {
        let extent = labels.extent();
        let n = extent.to_array()[axis];
        let (from, to) = (from % n, to % n);
        let copied = after(&labels, &request(Operation::CopySlice { axis, from, to, classes: vec![0, 2] }));
        for v in extent.full_box().voxels() {
            let (old, there) = (labels.value(v), labels.value(v.with_axis(axis, from)));
            let wanted = there.origin.is_known() && [0, 2].contains(&there.class);
            let kept = v.to_array()[axis] != to || !wanted || task::is_known(old, there.class);
            prop_assert_eq!(copied.value(v), if kept { old } else { manual(there.class) });
        }
    }
}

#[test]
fn a_slice_is_copied_from_and_to_existing_slices() {
    let labels = labels_of(Extent::new(3, 3, 3).unwrap(), |v| (v.z == 0).then_some(1));
    let copy = |axis, from, to, classes| run(&labels, &request(Operation::CopySlice { axis, from, to, classes }));
    assert_eq!(copy(2, 3, 0, vec![1]), Err(OperationError::NoSuchSlice { axis: 2, index: 3 }));
    assert_eq!(copy(2, 0, 9, vec![1]), Err(OperationError::NoSuchSlice { axis: 2, index: 9 }));
    assert_eq!(copy(3, 0, 1, vec![1]), Err(OperationError::NoSuchSlice { axis: 3, index: 0 }));
    assert_eq!(copy(2, 0, 1, vec![]), Err(OperationError::NoClassChosen));
    assert_eq!(copy(2, 0, 1, vec![1]).unwrap().unwrap().voxel_count(), 9);
    assert_eq!(copy(2, 1, 1, vec![1]), Ok(None));
    let both = Operation::CopySlice { axis: 2, from: 0, to: 1, classes: vec![1, 2] };
    assert_eq!(run(&labels, &OperationRequest { locked: locking(&[1]), ..request(both) }), Ok(None));
}

#[test]
fn a_threshold_takes_the_intensities_in_its_range_and_no_others() {
    let extent = Extent::new(4, 1, 1).unwrap();
    let stored = Grid::from_vec(extent, vec![1.0f32, 2.0, f32::NAN, 3.0]).unwrap();
    let image = Image::new(Voxels::F32(stored), 10.0, -5.0, Affine::identity());
    let labels = LabelMap::unknown(extent);
    let ask = |image: Option<&Image>, low, high| {
        let proposal = propose(&labels, image, &request(Operation::Threshold { low, high }), &Watch::default());
        proposal.map(|p| p.map(|p| p.delta().runs().iter().flat_map(|run| run.range()).collect::<Vec<_>>()))
    };
    assert_eq!(ask(Some(&image), 5.0, 15.0), Ok(Some(vec![0, 1])));
    assert_eq!(ask(Some(&image), f64::NEG_INFINITY, f64::INFINITY), Ok(Some(vec![0, 1, 3])));
    assert_eq!(ask(Some(&image), 6.0, 14.0), Ok(None));
    assert_eq!(ask(Some(&image), 6.0, 5.0), Err(OperationError::UselessRange));
    assert_eq!(ask(Some(&image), f64::NAN, 5.0), Err(OperationError::UselessRange));
    assert_eq!(ask(None, 5.0, 15.0), Err(OperationError::NoImage));
    assert_eq!(ask(Some(&image_on(Extent::new(2, 2, 1).unwrap())), 5.0, 15.0), Err(OperationError::NoImage));
}
