//! Doubtful voxels as regions that are each worth a look of their own.

use rayon::prelude::*;

use super::pieces::{RowIndex, RowStep, grouped, row_steps};
use super::region::bounds_of;
use super::scale::Scale;
use crate::geometry::{Extent, VoxelBox};
use crate::label::Prediction;
use crate::label::{Span, span_voxels};
use crate::review::{Beliefs, DoubtMap, Region, RegionId, ReviewError};

/// Doubt this close together is one thing to look at: about the size of a small brush.
const JOIN_MM: f64 = 2.0;
/// ... and in voxels along each axis, so that fine grids stay fast.
const JOIN_VOXELS: usize = 4;
/// A region that fills a view at a zoom at which voxels are told apart.
const CELL_MM: f64 = 30.0;
/// A small volume (a crop around one organ) is not looked at all at once either.
const CELLS_ALONG_THE_LONGEST_SIDE: f64 = 3.0;
/// What is at most this many cells long stays whole: cutting off an end helps nobody.
const UNCUT_CELLS: f64 = 1.5;
/// Below this a jump costs more than the correction saves: a cube of about 2 mm.
const SMALL_MM3: f64 = 10.0;
/// A speck this close to a region is seen with it.
const REACH_MM: f64 = 5.0;
const REACH_VOXELS: usize = 8;
/// More spans than this are the noise of networks that have learnt nothing yet: then only what touches is joined, and specks
/// are gathered by cell, so that the work stays in proportion to the volume.
const MOST_SPANS: usize = 1 << 20;

/// The regions of doubt, in the order of their first voxels; every doubtful voxel is in exactly one.
///
/// Voxels that touch or are at most 2 mm apart belong together. What is much larger than a view is cut along a grid of cells
/// that does not move from one prediction to the next. Specks below 10 mm³ go to the nearest region within 5 mm; those that
/// have none are gathered by cell as scattered regions.
///
/// # Errors
/// When the planes lie on different grids.
pub fn find_regions(
    prediction: &Prediction,
    doubt: &DoubtMap,
    spacing_mm: [f64; 3],
) -> Result<Vec<Region>, ReviewError> {
    let beliefs = Beliefs::of(prediction)?;
    let extent = doubt.extent();
    if beliefs.extent != extent {
        return Err(ReviewError::Planes);
    }
    let spans = doubt.doubtful_spans(&extent.full_box());
    let finder = Finder::new(extent, Scale::new(spacing_mm), spans.len() > MOST_SPANS);
    let (whole, scattered) = finder.sorted_out(finder.pieces(&spans));
    let parts = whole.into_iter().map(|spans| (spans, false)).chain(scattered.into_iter().map(|spans| (spans, true)));
    let parts: Vec<(Vec<Span>, bool)> = parts.collect();
    let region = |(spans, is_scattered)| Region::of(spans, &beliefs, doubt, &finder.scale, is_scattered);
    let mut regions: Vec<Region> = parts.into_par_iter().filter_map(region).collect();
    regions.sort_by_key(|r| r.spans.first().map(|s| s.start));
    for (region, id) in regions.iter_mut().zip(0..) {
        region.id = RegionId(id);
    }
    Ok(regions)
}

struct Finder {
    extent: Extent,
    scale: Scale,
    /// Voxels along each side of a cell.
    cell: [usize; 3],
    joins: Vec<RowStep>,
    /// Empty where specks are not attached.
    reaches: Vec<RowStep>,
}

impl Finder {
    fn new(extent: Extent, scale: Scale, is_noise: bool) -> Self {
        let sides = extent.to_array().into_iter().zip(scale.spacing_mm()).map(|(n, s)| n as f64 * s);
        let side_mm = CELL_MM.min(sides.fold(0.0, f64::max) / CELLS_ALONG_THE_LONGEST_SIDE);
        // `as` saturates.
        let cell = scale.spacing_mm().map(|s| ((side_mm / s).round() as usize).max(1));
        let joins = if is_noise { row_steps(0.0, 1, &scale) } else { row_steps(JOIN_MM, JOIN_VOXELS, &scale) };
        let reaches = if is_noise { Vec::new() } else { row_steps(REACH_MM, REACH_VOXELS, &scale) };
        Self { extent, scale, cell, joins, reaches }
    }

    /// What belongs together, cut where it is too large.
    fn pieces(&self, spans: &[Span]) -> Vec<Vec<Span>> {
        self.joined(spans).into_par_iter().flat_map_iter(|piece| self.cut(piece)).collect()
    }

    fn joined(&self, spans: &[Span]) -> Vec<Vec<Span>> {
        grouped(spans, &RowIndex::new(self.extent, spans).numbered(&self.joins, |_, _| true))
    }

    fn cut(&self, piece: Vec<Span>) -> Vec<Vec<Span>> {
        if self.fits(&bounds_of(self.extent, &piece)) {
            return vec![piece];
        }
        let mut parts: Vec<([usize; 3], Span)> = piece.iter().flat_map(|span| self.cut_span(span)).collect();
        // Stable: spans of a cell stay in order.
        parts.sort_by_key(|(cell, _)| *cell);
        let of_cell = |parts: &[([usize; 3], Span)]| {
            let spans: Vec<Span> = parts.iter().map(|(_, span)| span.clone()).collect();
            self.joined(&spans)
        };
        let cells: Vec<_> = parts.chunk_by(|(a, _), (b, _)| a == b).collect();
        cells.into_par_iter().flat_map_iter(of_cell).collect()
    }

    fn fits(&self, bounds: &VoxelBox) -> bool {
        bounds.size().into_iter().zip(self.cell).all(|(n, cell)| n as f64 <= UNCUT_CELLS * cell as f64)
    }

    fn cut_span(&self, span: &Span) -> impl Iterator<Item = ([usize; 3], Span)> {
        let [cell_x, ..] = self.cell;
        let row = span.start - span.start % self.extent.x();
        let (first, last) = ((span.start - row) / cell_x, (span.end - 1 - row) / cell_x);
        let [_, y, z] = self.cell_of(span);
        let span = span.clone();
        (first..=last).map(move |x| {
            let (start, end) = (row + x * cell_x, (row + x * cell_x).saturating_add(cell_x));
            ([x, y, z], span.start.max(start)..span.end.min(end))
        })
    }

    /// The cell of a span's first voxel.
    fn cell_of(&self, span: &Span) -> [usize; 3] {
        let v = self.extent.voxel(span.start).to_array();
        std::array::from_fn(|axis| v[axis] / self.cell[axis])
    }

    /// Pieces with their specks, and the specks that are left, by cell.
    fn sorted_out(&self, pieces: Vec<Vec<Span>>) -> (Vec<Vec<Span>>, Vec<Vec<Span>>) {
        let is_whole = |piece: &Vec<Span>| span_voxels(piece) as f64 * self.scale.voxel_mm3() >= SMALL_MM3;
        let (mut whole, specks): (Vec<_>, Vec<_>) = pieces.into_iter().partition(is_whole);
        let homes = self.homes(&whole, &specks);
        let mut left = Vec::new();
        for (speck, home) in specks.into_iter().zip(homes) {
            match home.and_then(|home| whole.get_mut(home)) {
                Some(home) => home.extend(speck),
                None => left.extend(speck.first().map(|first| (self.cell_of(first), speck.clone()))),
            }
        }
        whole.par_iter_mut().for_each(|spans| spans.sort_by_key(|s| s.start));
        left.sort_by_key(|(cell, _)| *cell);
        let gathered = left.chunk_by(|(a, _), (b, _)| a == b).map(|specks| {
            let mut spans: Vec<Span> = specks.iter().flat_map(|(_, spans)| spans.clone()).collect();
            spans.sort_by_key(|s| s.start);
            spans
        });
        (whole, gathered.collect())
    }

    /// For every speck the nearest piece within reach; of equally near ones the first.
    fn homes(&self, whole: &[Vec<Span>], specks: &[Vec<Span>]) -> Vec<Option<usize>> {
        let of_piece =
            |(piece, spans): (usize, &Vec<Span>)| spans.iter().map(|s| (s.clone(), piece)).collect::<Vec<_>>();
        let mut owned: Vec<(Span, usize)> = whole.iter().enumerate().flat_map(of_piece).collect();
        owned.sort_by_key(|(span, _)| span.start);
        let (spans, owners): (Vec<Span>, Vec<usize>) = owned.into_iter().unzip();
        let index = RowIndex::new(self.extent, &spans);
        let home = |speck: &Vec<Span>| {
            let near = speck.iter().flat_map(|span| self.near(&index, &spans, span));
            let near = near.filter_map(|(place, away_mm2)| Some((away_mm2, *owners.get(place)?)));
            near.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, owner)| owner)
        };
        specks.par_iter().map(home).collect()
    }

    /// Places and squared distances, mm², of the spans within reach of one.
    fn near(&self, index: &RowIndex<'_>, spans: &[Span], span: &Span) -> Vec<(usize, f64)> {
        let nx = self.extent.x();
        let row = span.start / nx;
        let own = span.start - row * nx..span.end - row * nx;
        let mut near = Vec::new();
        for step in &self.reaches {
            let Some(other) = index.stepped(row, step) else { continue };
            let places = index.row(other);
            let in_row = spans.get(places.clone()).unwrap_or(&[]);
            let first = in_row.partition_point(|s| s.end - other * nx + step.reach_x <= own.start);
            for (place, there) in places.zip(in_row).skip(first) {
                let there = there.start - other * nx..there.end - other * nx;
                if there.start >= own.end + step.reach_x {
                    break;
                }
                // From last voxel to first; 0 where they lie side by side.
                let gap = (there.start + 1).saturating_sub(own.end).max((own.start + 1).saturating_sub(there.end));
                near.push((place, step.across_mm2 + self.scale.squared_mm2([gap as f64, 0.0, 0.0])));
            }
        }
        near
    }
}

#[cfg(test)]
#[path = "find_regions_tests.rs"]
mod tests;
