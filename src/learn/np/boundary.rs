//! Voxels near a boundary between two classes.

use super::sample::NO_CHANNEL;

/// For crops of `size` (x, y, z), one after the other in `channels`: whether a voxel lies within so many `steps` from face
/// neighbour to face neighbour of another class. Voxels without a channel make no boundary.
pub fn near_boundary(channels: &[u8], size: [usize; 3], steps: usize) -> Vec<bool> {
    let mut near = vec![false; channels.len()];
    let mut next = near.clone();
    each_face(channels.len(), size, |a, b| {
        if channels[a] != channels[b] && channels[a] != NO_CHANNEL && channels[b] != NO_CHANNEL {
            (near[a], near[b]) = (true, true);
        }
    });
    for _ in 1..steps {
        next.copy_from_slice(&near);
        each_face(channels.len(), size, |a, b| {
            next[a] |= near[b];
            next[b] |= near[a];
        });
        std::mem::swap(&mut near, &mut next);
    }
    near
}

/// Calls `f` with both voxels of every inner face of every crop.
fn each_face(voxels: usize, [width, height, depth]: [usize; 3], mut f: impl FnMut(usize, usize)) {
    for row in (0..voxels).step_by(width.max(1)) {
        let (y, z) = (row / width % height, row / (width * height) % depth);
        for x in row..(row + width).saturating_sub(1) {
            f(x, x + 1);
        }
        if y + 1 < height {
            (row..row + width).for_each(|i| f(i, i + width));
        }
        if z + 1 < depth {
            (row..row + width).for_each(|i| f(i, i + width * height));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voxels_within_three_face_steps_of_another_class_are_near_and_crops_do_not_touch() {
        // Class 1 begins at x = 6 of the first crop; the second crop is all class 1.
        let first = (0..10 * 2 * 2).map(|i| u8::from(i % 10 >= 6));
        let channels: Vec<u8> = first.chain(std::iter::repeat_n(1, 40)).collect();
        let near = near_boundary(&channels, [10, 2, 2], 3);
        for (i, near) in near.iter().enumerate() {
            assert_eq!(*near, i < 40 && (3..=8).contains(&(i % 10)), "{i}");
        }
    }

    #[test]
    fn unknown_voxels_make_no_boundary() {
        assert_eq!(near_boundary(&[0, 0, NO_CHANNEL, 1], [4, 1, 1], 3), [false; 4]);
        assert_eq!(near_boundary(&[0, 1], [1, 1, 2], 3), [true; 2]);
    }
}
