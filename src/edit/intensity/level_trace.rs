//! Level tracing: the closed line of one intensity through the pointer's pixel.

use std::ops::Range;

use crate::edit::Outline;
use crate::edit::outline::{Crack, outer_boundary};
use crate::edit::slice_plane::SlicePlane;
use crate::geometry::{Extent, Voxel};
use crate::label::component_spans_in;
use crate::volume::Image;

/// The line crosses between two pixel centres no nearer to either than this share of the way, so that each stays
/// clearly on its side.
const NEAREST_CROSSING: f64 = 0.05;

/// The outline of the region around a pixel (in-plane axes ascending) that is at least as bright as the pixel, or of
/// the one that is at most as bright: the one on whose outer boundary the pixel lies. Of two, the one that does not
/// reach the border of the slice; of two that do not, the larger (the other is mostly a speck of noise); of two that
/// do, the smaller.
///
/// The voxels of the outline are that 4-connected region with its holes filled. `None` if there is no such pixel, it is
/// no number, or it lies inside a plateau, where no line goes through it.
pub fn level_trace(image: &Image, axis: usize, slice: usize, pixel: [usize; 2]) -> Option<Outline> {
    let plane = SlicePlane::new(image.extent(), axis, slice).filter(|plane| plane.contains(pixel))?;
    let picture = Picture::new(image, &plane)?;
    let sides = [|v: f64, level: f64| v >= level, |v: f64, level: f64| v <= level];
    let regions = sides.iter().filter_map(|side| picture.region(pixel, side));
    let region = regions.min_by_key(Region::rank)?;
    Some(Outline { axis, slice, points: region.line })
}

/// The intensities of a slice.
struct Picture {
    extent: Extent,
    intensities: Vec<f64>,
}

struct Region {
    reaches_border: bool,
    pixel_count: usize,
    line: Vec<[f64; 2]>,
}

impl Region {
    /// The least is the one to draw.
    fn rank(&self) -> (bool, usize) {
        (self.reaches_border, if self.reaches_border { self.pixel_count } else { usize::MAX - self.pixel_count })
    }
}

impl Picture {
    fn new(image: &Image, plane: &SlicePlane) -> Option<Self> {
        let [columns, rows] = plane.size();
        let extent = Extent::new(columns, rows, 1)?;
        Some(Self { extent, intensities: plane.intensities(image, 0..columns, 0..rows) })
    }

    /// The region of a pixel if the pixel lies on its outer boundary; `side` compares an intensity with the pixel's.
    fn region(&self, [column, row]: [usize; 2], side: &impl Fn(f64, f64) -> bool) -> Option<Region> {
        let seed = Voxel::new(column, row, 0);
        let level = self.intensities[self.extent.index(seed)];
        let passes = |index: usize| side(self.intensities[index], level);
        let spans = component_spans_in(passes, self.extent, self.extent.full_box(), seed, |_| true)?;
        let first = self.extent.voxel(spans.first()?.start);
        let first = [signed(first.x), signed(first.y)];
        // Pixels of another region are never reached along the boundary of this one.
        let boundary = outer_boundary(|p| self.at(p).is_some_and(|v| side(v, level)), first);
        let on_boundary = boundary.iter().any(|crack| crack.pixel == [signed(column), signed(row)]);
        on_boundary.then(|| Region {
            reaches_border: boundary.iter().any(|crack| self.at(crack.beyond()).is_none()),
            pixel_count: spans.iter().map(Range::len).sum(),
            line: boundary.iter().map(|crack| self.crossing(crack, level)).collect(),
        })
    }

    fn at(&self, pixel: [i64; 2]) -> Option<f64> {
        let [column, row] = [usize::try_from(pixel[0]).ok()?, usize::try_from(pixel[1]).ok()?];
        let voxel = Voxel::new(column, row, 0);
        self.extent.contains(voxel).then(|| self.intensities[self.extent.index(voxel)])
    }

    /// Where the intensity is `level` between a pixel and its neighbour outside; half way to a neighbour without one.
    fn crossing(&self, crack: &Crack, level: f64) -> [f64; 2] {
        let inner = self.at(crack.pixel).unwrap_or(level);
        let outer = self.at(crack.beyond()).unwrap_or(f64::NAN);
        let way = (inner - level) / (inner - outer);
        let way = if way.is_finite() { way.clamp(NEAREST_CROSSING, 1.0 - NEAREST_CROSSING) } else { 0.5 };
        std::array::from_fn(|a| crack.pixel[a] as f64 + way * crack.outwards[a] as f64)
    }
}

/// An axis never exceeds `isize`.
fn signed(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}
