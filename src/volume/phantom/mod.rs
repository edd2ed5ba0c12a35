//! The synthetic study made from a seed: a bent body and a cap that touches it, in tissue with look-alikes.
//!
//! Only `+ - * /`, square roots and integer arithmetic are used, so the same seed gives the same bytes everywhere.

mod anatomy;
mod draw;
mod value_noise;

use std::num::NonZeroU8;

use anatomy::Anatomy;
use draw::{Draw, rotation};
use value_noise::ValueNoise;

use crate::geometry::{Affine, Extent};
use crate::volume::{Grid, Image, Voxels};

/// Names of classes 1 and 2.
pub const CLASS_NAMES: [&str; 2] = ["Body", "Cap"];

/// Every fifth case, from the fourth on, has thick slices.
const THICK_SLICE_MM: f64 = 1.5;
/// Lies oblique.
const OBLIQUE_CASE: usize = 2;

/// What the study looks like. Intensities are in units in which tissue is about 100 and the body about 200.
#[derive(Clone, Debug, PartialEq)]
pub struct PhantomSettings {
    pub seed: u64,
    pub case_count: usize,
    /// Nominal edge of a case in mm, at 1 mm voxels (16 to 200); the single cases differ by some voxels.
    pub edge_mm: u8,
    /// Standard deviation of the voxel noise; the single cases have 0.75 to 1.25 of it.
    pub noise_sd: f64,
    /// Round look-alikes and dark spots per case.
    pub distractor_count: usize,
}

/// A volume and the truth about it.
#[derive(Clone, Debug)]
pub struct PhantomCase {
    /// `phantom_01`, ...
    pub name: String,
    /// i16 with slope and intercept.
    pub image: Image,
    /// 0 background, 1 body, 2 cap; on the image's grid.
    pub truth: Grid<u8>,
}

impl Default for PhantomSettings {
    fn default() -> Self {
        Self { seed: 1, case_count: 20, edge_mm: 64, noise_sd: 5.0, distractor_count: 10 }
    }
}

/// Case `index` (from 0) of the study; cases can be made in any order.
pub fn phantom_case(settings: &PhantomSettings, index: usize) -> PhantomCase {
    let mut draw = Draw::new(settings.seed, index);
    let edge_mm = f64::from(settings.edge_mm.clamp(16, 200));
    let frame = Frame::draw(&mut draw, edge_mm, index);
    let anatomy = Anatomy::draw(&mut draw, edge_mm / 64.0, settings.distractor_count);
    let camera = Camera::draw(&mut draw, edge_mm, settings.noise_sd);
    let (mut truth, mut stored) = (Grid::filled(frame.extent, 0), Grid::filled(frame.extent, 0));
    for index in 0..frame.extent.voxel_count() {
        let position_mm = frame.position_mm(index);
        let point = anatomy.at(position_mm);
        truth.as_mut_slice()[index] = point.class;
        stored.as_mut_slice()[index] = camera.stored(&mut draw, position_mm, point.intensity);
    }
    let image = Image::new(Voxels::I16(stored), camera.slope, camera.intercept, frame.affine);
    PhantomCase { name: format!("phantom_{:02}", index + 1), image, truth }
}

/// The voxel grid of a case. The anatomy is placed in mm around its centre, along its axes.
struct Frame {
    extent: Extent,
    spacing_mm: [f64; 3],
    affine: Affine,
}

impl Frame {
    fn draw(draw: &mut Draw, edge_mm: f64, index: usize) -> Self {
        let spacing_mm = [1.0, 1.0, if index % 5 == 3 { THICK_SLICE_MM } else { 1.0 }];
        let size = spacing_mm.map(|s| {
            // 10 to 212 by construction: the cast is exact.
            let voxels = (edge_mm * draw.between(0.94, 1.06) / s).round() as u8;
            NonZeroU8::MIN.saturating_add(voxels - 1)
        });
        let turn = rotation(if index == OBLIQUE_CASE { [0.12, -0.08, 0.15] } else { [0.0; 3] });
        let mut affine = Affine { rows: [[0.0; 4]; 3] };
        for (row, turn_row) in affine.rows.iter_mut().zip(turn) {
            for (axis, cosine) in turn_row.into_iter().enumerate() {
                // Rounded as the files hold it.
                row[axis] = f64::from((cosine * spacing_mm[axis]) as f32);
            }
            row[3] = draw.between(-60.0, 0.0).round();
        }
        Self { extent: Extent::from(size), spacing_mm, affine }
    }

    /// Position relative to the centre of the grid, mm.
    fn position_mm(&self, index: usize) -> [f64; 3] {
        let (v, size) = (self.extent.voxel(index).to_f64(), self.extent.to_array());
        std::array::from_fn(|a| (v[a] - (size[a] - 1) as f64 / 2.0) * self.spacing_mm[a])
    }
}

/// What happens between the anatomy and the stored numbers: texture, bias field, noise, scale.
struct Camera {
    coarse_texture: ValueNoise,
    fine_texture: ValueNoise,
    texture: f64,
    bias: ValueNoise,
    bias_strength: f64,
    noise_sd: f64,
    /// Brightness of the whole case.
    gain: f64,
    slope: f64,
    intercept: f64,
}

impl Camera {
    fn draw(draw: &mut Draw, edge_mm: f64, noise_sd: f64) -> Self {
        let reach_mm = 0.55 * edge_mm;
        Self {
            coarse_texture: ValueNoise::draw(draw, reach_mm, 7.0),
            fine_texture: ValueNoise::draw(draw, reach_mm, 3.0),
            texture: draw.between(2.0, 6.0),
            bias: ValueNoise::draw(draw, reach_mm, edge_mm / 2.0),
            bias_strength: draw.between(0.03, 0.12),
            noise_sd: noise_sd * draw.between(0.75, 1.25),
            gain: draw.between(0.6, 1.8),
            slope: [0.25, 0.5, 1.0][(draw.between(0.0, 3.0) as usize).min(2)],
            intercept: draw.between(-64.0, 0.0).round(),
        }
    }

    fn stored(&self, draw: &mut Draw, position_mm: [f64; 3], intensity: f64) -> i16 {
        let texture = self.texture * self.coarse_texture.at(position_mm) + 5.0 * self.fine_texture.at(position_mm);
        let bias = 1.0 + self.bias_strength * self.bias.at(position_mm);
        let seen = (intensity + texture) * bias + self.noise_sd * draw.noise();
        // At most a few thousand; the cast saturates.
        ((self.gain * seen - self.intercept) / self.slope).round() as i16
    }
}

#[cfg(test)]
mod tests {
    use super::anatomy::{BODY, CAP};
    use super::*;
    use crate::geometry::Voxel;

    fn study(settings: &PhantomSettings) -> Vec<PhantomCase> {
        (0..settings.case_count).map(|i| phantom_case(settings, i)).collect()
    }

    fn count(case: &PhantomCase, class: u8) -> usize {
        case.truth.as_slice().iter().filter(|&&c| c == class).count()
    }

    fn touching_pairs(truth: &Grid<u8>) -> usize {
        let e = truth.extent();
        let cap_neighbours = |v: Voxel| {
            (0..3).filter(move |&a| {
                let c = v.to_array()[a];
                let sides = [c.checked_sub(1), Some(c + 1)].into_iter().flatten();
                sides.map(|n| v.with_axis(a, n)).any(|n| truth.get(n) == Some(CAP))
            })
        };
        let body = (0..e.voxel_count()).map(|i| e.voxel(i)).filter(|&v| truth.at(v) == BODY);
        body.map(|v| cap_neighbours(v).count()).sum()
    }

    /// FNV-1a over everything that is written to files.
    fn fingerprint(case: &PhantomCase) -> u64 {
        let Voxels::I16(stored) = &case.image.voxels else { panic!("i16") };
        let numbers = case.image.affine.rows.into_iter().flatten().chain([case.image.slope, case.image.intercept]);
        let bytes = numbers
            .flat_map(f64::to_le_bytes)
            .chain(stored.as_slice().iter().flat_map(|s| s.to_le_bytes()))
            .chain(case.truth.as_slice().iter().copied());
        bytes.fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let settings = PhantomSettings { edge_mm: 32, ..PhantomSettings::default() };
        let again = PhantomSettings { seed: 1, case_count: 3, ..settings.clone() };
        assert_eq!(fingerprint(&phantom_case(&settings, 2)), fingerprint(&phantom_case(&again, 2)));
        let other = PhantomSettings { seed: 2, ..settings.clone() };
        assert_ne!(fingerprint(&phantom_case(&settings, 2)), fingerprint(&phantom_case(&other, 2)));
        assert_ne!(fingerprint(&phantom_case(&settings, 2)), fingerprint(&phantom_case(&settings, 7)));
    }

    /// Changes only when the phantom is changed on purpose; differs nowhere else, on no platform.
    #[test]
    fn the_bytes_of_a_case_are_fixed() {
        let settings = PhantomSettings { edge_mm: 32, ..PhantomSettings::default() };
        assert_eq!(fingerprint(&phantom_case(&settings, OBLIQUE_CASE)), 0x827d_c73f_2974_5752);
    }

    #[test]
    fn every_case_has_both_structures_touching_and_of_a_few_thousand_voxels() {
        for case in study(&PhantomSettings::default()) {
            let (body, cap, all) = (count(&case, BODY), count(&case, CAP), case.truth.as_slice().len());
            let share = (body + cap) as f64 / all as f64;
            println!("{} {:?} body {body} cap {cap} share {share:.4}", case.name, case.truth.extent().to_array());
            assert!((0.015..0.08).contains(&share), "{}: {share}", case.name);
            assert!(body > 2000 && cap > 1000, "{}: {body} {cap}", case.name);
            assert!(touching_pairs(&case.truth) > 30, "{}", case.name);
        }
    }

    #[test]
    fn structures_stay_inside_the_grid() {
        let cases =
            (1..=4).flat_map(|seed| study(&PhantomSettings { seed, edge_mm: 32, ..PhantomSettings::default() }));
        for case in cases {
            let e = case.truth.extent();
            let at_edge = |v: Voxel| v.to_array().iter().zip(e.to_array()).any(|(&c, n)| c == 0 || c + 1 == n);
            assert!(
                (0..e.voxel_count()).map(|i| e.voxel(i)).all(|v| !at_edge(v) || case.truth.at(v) == 0),
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn the_structures_are_brighter_than_tissue_in_this_order_in_every_case() {
        for case in study(&PhantomSettings { case_count: 10, ..PhantomSettings::default() }) {
            let mean = |class: u8| {
                let truth = case.truth.as_slice();
                let picked: Vec<f64> =
                    (0..truth.len()).filter(|&i| truth[i] == class).map(|i| case.image.intensity_at(i)).collect();
                picked.iter().sum::<f64>() / picked.len() as f64
            };
            assert!(mean(CAP) > mean(BODY) && mean(BODY) > mean(0), "{}", case.name);
        }
    }

    #[test]
    fn some_cases_are_anisotropic_and_one_is_oblique() {
        let cases = study(&PhantomSettings { edge_mm: 16, ..PhantomSettings::default() });
        let thick = cases.iter().filter(|c| (c.image.spacing_mm()[2] - THICK_SLICE_MM).abs() < 1e-9).count();
        let is_oblique = |c: &&PhantomCase| c.image.affine.rows[0][1] != 0.0;
        assert_eq!((thick, cases.iter().filter(is_oblique).count()), (4, 1));
        assert!(cases.iter().all(|c| c.image.affine.is_usable()));
    }
}
