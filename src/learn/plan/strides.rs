//! Which axes a network halves from level to level.

/// Beyond three halvings a patch that a desktop can hold has nothing left.
const MOST_HALVINGS: usize = 3;
/// nnU-Net's rules (Isensee et al. 2021): an axis is halved while it has twice the smallest feature map of 4 voxels and
/// is at most twice as coarse as the finest of those.
const SHORTEST: usize = 8;
const COARSE: f64 = 2.0;

/// For each step to a deeper level 2 along the axes that are halved and 1 along the others, (x, y, z). Thin volumes keep
/// their slices; there is always one step.
pub fn choose_strides(spacing_mm: [f64; 3], median_extent: [usize; 3]) -> Vec<[usize; 3]> {
    let (mut mm, mut n) = (spacing_mm, median_extent);
    let mut strides = Vec::new();
    while strides.len() < MOST_HALVINGS {
        let stride = match stride(mm, n.map(|n| n >= SHORTEST)) {
            // Of a volume that is short along every axis the padded patch is halved.
            [1, 1, 1] if strides.is_empty() => stride(mm, [true; 3]),
            [1, 1, 1] => break,
            stride => stride,
        };
        mm = std::array::from_fn(|a| mm[a] * stride[a] as f64);
        n = std::array::from_fn(|a| n[a] / stride[a]);
        strides.push(stride);
    }
    strides
}

fn stride(mm: [f64; 3], is_long: [bool; 3]) -> [usize; 3] {
    let finest = (0..3).filter(|&a| is_long[a]).map(|a| mm[a]).fold(f64::INFINITY, f64::min);
    std::array::from_fn(|a| if is_long[a] && mm[a] <= COARSE * finest { 2 } else { 1 })
}

/// What a patch must be a multiple of, (x, y, z).
pub fn patch_step(strides: &[[usize; 3]]) -> [usize; 3] {
    std::array::from_fn(|a| strides.iter().map(|stride| stride[a]).product())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isotropic_volumes_are_halved_along_every_axis_while_they_are_long_enough() {
        assert_eq!(choose_strides([1.0; 3], [64, 64, 64]), [[2; 3]; 3]);
        assert_eq!(choose_strides([1.0; 3], [16, 16, 16]), [[2; 3]; 2]);
        assert_eq!(choose_strides([1.0; 3], [35, 50, 36]), [[2; 3]; 3]);
    }

    #[test]
    fn six_thick_slices_are_never_halved() {
        let strides = choose_strides([1.5, 1.5, 10.0], [160, 160, 6]);
        assert_eq!(strides, [[2, 2, 1]; 3]);
        assert_eq!(patch_step(&strides), [8, 8, 1]);
    }

    #[test]
    fn a_coarse_axis_joins_when_the_others_have_become_as_coarse() {
        assert_eq!(choose_strides([1.0, 1.0, 3.0], [128, 128, 40]), [[2, 2, 1], [2, 2, 2], [2, 2, 2]]);
    }

    #[test]
    fn every_volume_has_a_step_and_short_axes_rest() {
        assert_eq!(choose_strides([1.0; 3], [3, 3, 3]), [[2, 2, 2]]);
        assert_eq!(choose_strides([1.0; 3], [400, 400, 1]), [[2, 2, 1]; 3]);
        assert_eq!(choose_strides([1.0, 1.0, 9.0], [4, 4, 4]), [[2, 2, 1]]);
    }
}
