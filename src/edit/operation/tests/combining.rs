use super::*;
use crate::label::{dilate_mm, erode_mm};

/// What the class of a voxel is meant to be, if both its class and the other, with its margin, are known.
fn expected(how: Combination, own: bool, other: bool) -> bool {
    match how {
        Combination::Copy => other,
        Combination::Add => own || other,
        Combination::Subtract => own && !other,
        Combination::Intersect => own && other,
    }
}

proptest! {
    #[test]
    fn classes_are_combined_as_sets_with_the_margin(labels in any_labels(), margin in -2i8..4) {
        let grown_mm = f64::from(margin) * 0.8;
        let present = |class| !voxels_of(&labels, class).is_empty();
        prop_assume!(present(1) && present(2));
        let mask = Grid::from_fn(labels.extent(), |v| task::is_known(labels.value(v), 2));
        let other = match margin {
            0 => mask,
            1.. => dilate_mm(&mask, grown_mm, [1.0; 3]),
            _ => erode_mm(&mask, -grown_mm, [1.0; 3]),
        };
        for how in [Combination::Copy, Combination::Add, Combination::Subtract, Combination::Intersect] {
            let combined = after(&labels, &request(Operation::Combine { with: 2, grown_mm, how }));
            for (i, &other) in other.as_slice().iter().enumerate() {
                let (old, new) = (labels.value_at(i), combined.value_at(i));
                let own = task::is_known(old, 1);
                prop_assert_eq!(task::is_known(new, 1), expected(how, own, other), "{:?}", how);
                let lost = if own { manual(0) } else { old };
                prop_assert!(task::is_known(new, 1) || new == lost);
            }
        }
    }
}

#[test]
fn a_locked_class_can_be_kept_at_a_distance_but_not_taken() {
    let labels = labels_of(Extent::new(9, 1, 1).unwrap(), |v| Some(if v.x < 5 { 1 } else { 2 }));
    let combine = |grown_mm, how| {
        let operation = Operation::Combine { with: 2, grown_mm, how };
        run(&labels, &OperationRequest { locked: locking(&[2]), ..request(operation) })
    };
    assert_eq!(combine(0.0, Combination::Copy), Err(OperationError::ClassLocked(2)));
    assert_eq!(combine(0.0, Combination::Add), Err(OperationError::ClassLocked(2)));
    assert_eq!(combine(2.0, Combination::Subtract).unwrap().unwrap().voxel_count(), 2);
    let missing = Operation::Combine { with: 3, grown_mm: 0.0, how: Combination::Intersect };
    assert_eq!(run(&labels, &request(missing)), Err(OperationError::Empty(3)));
}
