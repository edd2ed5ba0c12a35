//! The grid that crops are cut on and volumes are predicted on.

/// Spacings that differ less along every axis are one: each volume keeps its grid.
const SAME_GRID: f64 = 1.1;
/// A volume this close to the target grid is not interpolated.
const ON_GRID: f64 = 1.01;
/// nnU-Net's test for a coarse axis (Isensee et al. 2021): so many times coarser, and shorter, than the others.
const COARSE: f64 = 3.0;
/// And the percentile of spacings taken along it, so that most volumes are not made coarser still.
const COARSE_PERCENT: f64 = 10.0;

/// The common grid of a study, mm per voxel axis: the median spacing, along a coarse axis the 10th percentile. `None` if
/// all volumes agree.
pub fn choose_spacing(spacings_mm: &[[f64; 3]], extents: &[[usize; 3]]) -> Option<[f64; 3]> {
    let along = |axis: usize| -> Vec<f64> { sorted(spacings_mm.iter().map(|s| s[axis])) };
    let agree = (0..3).all(|axis| match along(axis)[..] {
        [lo, .., hi] => hi <= SAME_GRID * lo,
        _ => true,
    });
    if agree {
        return None;
    }
    let mut target: [f64; 3] = std::array::from_fn(|axis| percentile(&along(axis), 50.0));
    let size: [f64; 3] = std::array::from_fn(|axis| {
        percentile(&sorted(extents.iter().zip(spacings_mm).map(|(n, s)| n[axis] as f64 * s[axis])), 50.0) / target[axis]
    });
    let coarse = (1..3).fold(0, |worst, axis| if target[axis] > target[worst] { axis } else { worst });
    let others = [(coarse + 1) % 3, (coarse + 2) % 3];
    let finer = target[others[0]].max(target[others[1]]);
    if target[coarse] > COARSE * finer && others.iter().all(|&other| COARSE * size[coarse] < size[other]) {
        target[coarse] = percentile(&along(coarse), COARSE_PERCENT).max(finer);
    }
    Some(target)
}

/// The grid for a volume with voxels of `native_mm`: the target, or its own where that is as good.
pub fn grid_mm(target_mm: Option<[f64; 3]>, native_mm: [f64; 3]) -> [f64; 3] {
    let is_on = |target: &[f64; 3]| target.iter().zip(native_mm).all(|(t, n)| t.max(n) <= ON_GRID * t.min(n));
    target_mm.filter(|target| !is_on(target)).unwrap_or(native_mm)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Linear between the values around it; 1 of none.
fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let place = percent / 100.0 * sorted.len().saturating_sub(1) as f64;
    let (lower, upper) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(lower), sorted.get(upper)) {
        (Some(a), Some(b)) => a + (b - a) * (place - place.floor()),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_that_agree_within_a_tenth_keep_their_own_grids() {
        assert_eq!(choose_spacing(&[], &[]), None);
        assert_eq!(choose_spacing(&[[1.0, 1.0, 5.0]; 2], &[[100, 100, 20]; 2]), None);
        assert_eq!(choose_spacing(&[[1.0; 3], [1.09, 1.0, 0.95]], &[[100; 3]; 2]), None);
    }

    #[test]
    fn others_meet_at_the_median() {
        let spacings = [[1.0, 1.0, 1.0], [1.5, 1.5, 2.0], [2.0, 2.0, 2.0]];
        assert_eq!(choose_spacing(&spacings, &[[100; 3]; 3]), Some([1.5, 1.5, 2.0]));
    }

    #[test]
    fn along_a_coarse_axis_the_fine_tenth_decides_but_it_gets_no_finer_than_the_others() {
        let spacings: Vec<[f64; 3]> = (0..11).map(|i| [1.5, 1.5, 5.0 + f64::from(i)]).collect();
        assert_eq!(choose_spacing(&spacings, &[[256, 256, 12]; 11]), Some([1.5, 1.5, 6.0]));
        let mut with_fine = vec![[1.5, 1.5, 0.5]; 3];
        with_fine.extend([[1.5, 1.5, 10.0]; 8]);
        assert_eq!(choose_spacing(&with_fine, &[[256, 256, 12]; 11]), Some([1.5, 1.5, 1.5]));
        // As many slices as rows: coarse voxels, but no thin volume.
        assert_eq!(choose_spacing(&spacings, &[[100, 100, 100]; 11]).unwrap()[2], 10.0);
    }

    #[test]
    fn a_volume_on_the_target_grid_is_left_as_it_is() {
        assert_eq!(grid_mm(None, [1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
        assert_eq!(grid_mm(Some([1.0; 3]), [1.005, 1.0, 0.995]), [1.005, 1.0, 0.995]);
        assert_eq!(grid_mm(Some([1.0; 3]), [1.5, 1.0, 1.0]), [1.0; 3]);
    }
}
