use super::*;
use crate::label::component_at;

/// Islands of class 1 in a box of the labels, largest first, equally large ones by their first voxel.
fn islands(labels: &LabelMap, in_scope: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let inside = |i: usize| in_scope(i) && task::is_known(labels.value_at(i), 1);
    let mut found: Vec<Vec<usize>> = Vec::new();
    for i in (0..labels.extent().voxel_count()).filter(|&i| inside(i)) {
        if !found.iter().any(|island| island.contains(&i)) {
            found.push(component_at(inside, labels.extent(), labels.extent().voxel(i)));
        }
    }
    found.sort_by_key(|island| std::cmp::Reverse(island.len()));
    found
}

/// The labels with some voxels made background or another class by hand.
fn with_voxels(labels: &LabelMap, voxels: &[usize], class: ClassId) -> LabelMap {
    let mut labels = labels.clone();
    voxels.iter().for_each(|&i| labels.write_run(i, 1, manual(class)));
    labels
}

proptest! {
    #[test]
    fn islands_are_kept_removed_and_split_as_spreading_finds_them(
        labels in any_labels(), slice in prop::option::of((0usize..3, 0usize..8)), limit in 1usize..6,
        pick in 0usize..99,
    ) {
        let n = labels.extent().to_array();
        let slice = slice.map(|(axis, index)| (axis, index % n[axis]));
        let scope = slice.map_or(Scope::Volume, |(axis, index)| Scope::Slice { axis, index });
        let in_scope = |i| slice.is_none_or(|(axis, index)| labels.extent().voxel(i).to_array()[axis] == index);
        let islands = islands(&labels, in_scope);
        prop_assume!(!islands.is_empty());
        let spacing_mm = [0.5, 2.0, 3.0];
        let done = |operation| after(&labels, &OperationRequest { scope, spacing_mm, ..request(operation) });

        let becomes = |operation, expected: LabelMap| {
            let found = done(operation);
            found.class() == expected.class() && found.origin() == expected.origin()
        };

        let others = islands[1..].concat();
        prop_assert!(becomes(Operation::KeepLargestIsland, with_voxels(&labels, &others, 0)));

        let small: Vec<usize> = islands.iter().filter(|island| island.len() < limit).flatten().copied().collect();
        let remove_small = Operation::RemoveSmallIslands { smaller_than_mm3: limit as f64 * 3.0 };
        prop_assert!(becomes(remove_small, with_voxels(&labels, &small, 0)));

        let chosen = &islands[pick % islands.len()];
        let at = labels.extent().voxel(chosen[pick % chosen.len()]);
        let rest: Vec<usize> = islands.iter().filter(|island| *island != chosen).flatten().copied().collect();
        let (remove, keep) = (Operation::RemoveIsland { at }, Operation::KeepIsland { at });
        prop_assert!(becomes(remove, with_voxels(&labels, chosen, 0)));
        prop_assert!(becomes(keep, with_voxels(&labels, &rest, 0)));

        let mut expected = labels.clone();
        for (island, class) in islands.iter().skip(1).zip([9, 7]) {
            expected = with_voxels(&expected, island, class);
        }
        let split = Operation::SplitIslands { into: vec![9, 7] };
        prop_assert!(becomes(split, expected));
    }
}

#[test]
fn islands_are_split_into_free_classes_only() {
    let labels = labels_of(Extent::new(5, 1, 1).unwrap(), |v| [Some(1), None, Some(1), None, Some(2)][v.x]);
    let split = |into: &[ClassId]| {
        let operation = Operation::SplitIslands { into: into.to_vec() };
        run(&labels, &OperationRequest { locked: locking(&[6]), ..request(operation) })
    };
    assert_eq!(split(&[5, 2]), Err(OperationError::ClassTaken(2)));
    assert_eq!(split(&[5, 5]), Err(OperationError::ClassTaken(5)));
    assert_eq!(split(&[1]), Err(OperationError::ClassTaken(1)));
    assert_eq!(split(&[6]), Err(OperationError::ClassLocked(6)));
    assert_eq!(split(&[0]), Err(OperationError::BackgroundChosen));
    assert_eq!(split(&[]), Err(OperationError::NoClassChosen));
    assert_eq!(split(&[5]).unwrap().unwrap().voxel_count(), 1);
}

#[test]
fn pointing_beside_the_class_or_outside_is_refused() {
    let labels = labels_of(Extent::new(5, 2, 1).unwrap(), |v| (v.x != 2).then_some(if v.y == 0 { 1 } else { 2 }));
    for at in [Voxel::new(2, 0, 0), Voxel::new(0, 1, 0), Voxel::new(7, 0, 0)] {
        for operation in [Operation::KeepIsland { at }, Operation::RemoveIsland { at }] {
            assert_eq!(run(&labels, &request(operation)), Err(OperationError::NotOnClass(1)));
        }
    }
}
