//! Wrong voxels before (above) and after corrections (below), on the slice of each case that has most of them.

use std::path::Path;

use image::{Rgb, RgbImage};

use crate::geometry::Voxel;
use crate::label::ClassId;
use crate::learn::data::TrainCase;
use crate::volume::Grid;

/// Cases in a picture.
const MOST_CASES: usize = 6;
/// Picture points per voxel and between slices.
const ZOOM: usize = 6;
const GAP: usize = 8;
/// Wrong voxels: the orange of Okabe and Ito.
const WRONG: [f32; 3] = [230.0, 159.0, 0.0];

/// One column per case: before, after.
#[derive(Default)]
pub struct ErrorPicture {
    columns: Vec<[RgbImage; 2]>,
}

impl ErrorPicture {
    pub fn add(&mut self, case: &TrainCase, before: &Grid<ClassId>, after: &Grid<ClassId>) {
        if self.columns.len() == MOST_CASES {
            return;
        }
        let truth = case.labels().class();
        let extent = truth.extent();
        let wrong_in = |z: usize| {
            (0..extent.y())
                .flat_map(|y| (0..extent.x()).map(move |x| Voxel::new(x, y, z)))
                .filter(|v| before.at(*v) != truth.at(*v))
                .count()
        };
        let z = (0..extent.z()).max_by_key(|z| wrong_in(*z)).unwrap_or(0);
        self.columns.push([before, after].map(|class| slice(case, class, z)));
    }

    pub fn save(&self, path: &Path) -> Result<(), String> {
        let size = |n: usize| u32::try_from(n).map_err(|e| e.to_string());
        let gap = size(GAP)?;
        let tallest = self.columns.iter().map(|[a, _]| a.height()).max().unwrap_or(0);
        let width = self.columns.iter().map(|[a, _]| a.width() + gap).sum::<u32>() + gap;
        let mut picture = RgbImage::from_pixel(width, 2 * tallest + 3 * gap, Rgb([255; 3]));
        let mut x = gap;
        for [before, after] in &self.columns {
            image::imageops::overlay(&mut picture, before, x.into(), gap.into());
            image::imageops::overlay(&mut picture, after, x.into(), (2 * gap + tallest).into());
            x += before.width() + gap;
        }
        picture.save(path).map_err(|e| e.to_string())
    }
}

/// A grey slice with y upwards; wrong voxels are tinted.
fn slice(case: &TrainCase, class: &Grid<ClassId>, z: usize) -> RgbImage {
    let truth = case.labels().class();
    let extent = truth.extent();
    let size = |n: usize| u32::try_from(n * ZOOM).unwrap_or(u32::MAX);
    RgbImage::from_fn(size(extent.x()), size(extent.y()), |x, y| {
        let v = Voxel::new(x as usize / ZOOM, extent.y() - 1 - y as usize / ZOOM, z);
        // Two standard deviations on both sides of the mean are black and white.
        let grey = (case.normaliser().apply(case.image.intensity(v)) / 4.0 + 0.5).clamp(0.0, 1.0) * 255.0;
        let is_wrong = class.at(v) != truth.at(v);
        let mixed = WRONG.map(|tint| if is_wrong { 0.3 * grey + 0.7 * tint } else { grey });
        // 0 to 255; `as` saturates.
        Rgb(mixed.map(|c| c as u8))
    })
}
