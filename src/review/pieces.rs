//! Which spans of voxels belong together: touching ones, and ones at most some way apart.

use super::scale::Scale;
use crate::geometry::Extent;
use crate::label::Span;

/// A row some rows away, and how far along x a voxel there may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RowStep {
    pub y: isize,
    pub z: isize,
    pub reach_x: usize,
    /// Squared way across the rows, mm².
    pub across_mm2: f64,
}

/// Spans, ascending and each in one row, by row.
pub(super) struct RowIndex<'a> {
    extent: Extent,
    spans: &'a [Span],
    first_row: usize,
    /// First span of every row from the first that has one, and the number of spans.
    row_starts: Vec<usize>,
}

/// The rows within which voxels at most `reach_mm` and `most_voxels` (along each axis) away lie, own row first, in both
/// directions. Rows that touch are always among them.
pub(super) fn row_steps(reach_mm: f64, most_voxels: usize, scale: &Scale) -> Vec<RowStep> {
    let [sx, ..] = scale.spacing_mm();
    // Rounded spacings must not shorten a reach of whole voxels.
    let reach_mm2 = reach_mm.max(0.0).powi(2) * (1.0 + 1e-9);
    let most = isize::try_from(most_voxels).unwrap_or(isize::MAX).max(1);
    let mut steps = Vec::new();
    for (y, z) in (-most..=most).flat_map(|z| (-most..=most).map(move |y| (y, z))) {
        let across_mm2 = scale.squared_mm2([0.0, y as f64, z as f64]);
        let left_mm2 = reach_mm2 - across_mm2;
        if left_mm2 >= 0.0 || y.abs() + z.abs() == 1 {
            // `as` saturates.
            let reach_x = ((left_mm2.max(0.0).sqrt() / sx) as usize).min(most_voxels);
            steps.push(RowStep { y, z, reach_x, across_mm2 });
        }
    }
    steps.sort_by_key(|s| (s.z.abs(), s.y.abs(), s.z, s.y));
    steps
}

impl<'a> RowIndex<'a> {
    pub(super) fn new(extent: Extent, spans: &'a [Span]) -> Self {
        let row_of = |span: &Span| span.start / extent.x();
        let first_row = spans.first().map_or(0, row_of);
        let mut row_starts = Vec::new();
        for (place, span) in spans.iter().enumerate() {
            row_starts.resize((row_of(span) + 1).saturating_sub(first_row).max(row_starts.len()), place);
        }
        row_starts.push(spans.len());
        Self { extent, spans, first_row, row_starts }
    }

    /// Places of the spans in a row.
    pub(super) fn row(&self, row: usize) -> Span {
        let local = row.checked_sub(self.first_row);
        local.and_then(|local| Some(*self.row_starts.get(local)?..*self.row_starts.get(local + 1)?)).unwrap_or(0..0)
    }

    /// The row that a step leads to.
    pub(super) fn stepped(&self, row: usize, step: &RowStep) -> Option<usize> {
        let [_, ny, nz] = self.extent.to_array();
        let y = (row % ny).checked_add_signed(step.y).filter(|y| *y < ny)?;
        let z = (row / ny).checked_add_signed(step.z).filter(|z| *z < nz)?;
        Some(y + ny * z)
    }

    /// The number, from 0 in the order of first spans, of the piece that every span belongs to. Spans belong together where
    /// a step leads from one to the other and `same` agrees.
    ///
    /// With steps that reach along x, `same` must agree always: a span between two others is then one of theirs.
    pub(super) fn numbered(&self, steps: &[RowStep], same: impl Fn(usize, usize) -> bool) -> Vec<usize> {
        let mut sets = Sets((0..self.spans.len()).collect());
        let rows = self.first_row..self.first_row + self.row_starts.len() - 1;
        for row in rows {
            let own = self.row(row);
            // Every pair of rows once.
            for step in steps.iter().filter(|s| (s.z, s.y) >= (0, 0)) {
                let Some(other) = self.stepped(row, step).filter(|_| !own.is_empty()) else { continue };
                if other == row {
                    for (a, b) in own.clone().zip(own.clone().skip(1)) {
                        if self.spans[b].start < self.spans[a].end + step.reach_x && same(a, b) {
                            sets.join(a, b);
                        }
                    }
                } else {
                    self.join_rows([row, other], step.reach_x, &same, &mut sets);
                }
            }
        }
        sets.numbers()
    }

    fn join_rows(&self, rows: [usize; 2], reach: usize, same: &impl Fn(usize, usize) -> bool, sets: &mut Sets) {
        let [mut a, mut b] = rows.map(|row| self.row(row));
        let x = |span: &Span, row: usize| {
            let start = row * self.extent.x();
            span.start - start..span.end - start
        };
        while let (Some(i), Some(j)) = (a.clone().next(), b.clone().next()) {
            let (one, other) = (x(&self.spans[i], rows[0]), x(&self.spans[j], rows[1]));
            if other.start < one.end + reach && one.start < other.end + reach && same(i, j) {
                sets.join(i, j);
            }
            if one.end < other.end {
                a.next()
            } else {
                b.next()
            };
        }
    }
}

/// Spans by their piece; pieces in the order of their first span.
pub(super) fn grouped(spans: &[Span], numbers: &[usize]) -> Vec<Vec<Span>> {
    let count = numbers.iter().max().map_or(0, |most| most + 1);
    let mut pieces = vec![Vec::new(); count];
    for (span, number) in spans.iter().zip(numbers) {
        if let Some(piece) = pieces.get_mut(*number) {
            piece.push(span.clone());
        }
    }
    pieces
}

/// Disjoint sets of places; the root is the earliest of its set.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, mut place: usize) -> usize {
        while self.0[place] != place {
            self.0[place] = self.0[self.0[place]];
            place = self.0[place];
        }
        place
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }

    fn numbers(self) -> Vec<usize> {
        let mut numbers: Vec<usize> = Vec::with_capacity(self.0.len());
        let mut next = 0;
        for (place, &parent) in self.0.iter().enumerate() {
            // A parent is never later, so it has its number already.
            numbers.push(if parent == place { next } else { numbers[parent] });
            next += usize::from(parent == place);
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::spans::keyed_spans;
    use proptest::prelude::*;

    /// Two voxels belong together if a chain of mask voxels leads from one to the other, each at most `reach` mm (and `most`
    /// voxels along every axis) from the last or beside it.
    fn plain_numbers(mask: &[u8], extent: Extent, reach: f64, most: usize, scale: &Scale) -> Vec<usize> {
        let mut numbers = vec![usize::MAX; mask.len()];
        let mut next = 0;
        for seed in 0..mask.len() {
            if mask[seed] == 0 || numbers[seed] != usize::MAX {
                continue;
            }
            let mut stack = vec![seed];
            while let Some(i) = stack.pop() {
                if numbers[i] != usize::MAX {
                    continue;
                }
                numbers[i] = next;
                let v = extent.voxel(i).to_array();
                stack.extend((0..mask.len()).filter(|&j| {
                    let w = extent.voxel(j).to_array();
                    let way: [usize; 3] = std::array::from_fn(|a| v[a].abs_diff(w[a]));
                    let near = scale.squared_mm2(way.map(|n| n as f64)) <= reach * reach + 1e-9;
                    let beside = way.iter().sum::<usize>() == 1;
                    mask[j] == mask[i] && (beside || near && way.iter().all(|n| *n <= most))
                }));
            }
            next += 1;
        }
        numbers
    }

    fn found(mask: &[u8], extent: Extent, reach: f64, most: usize, scale: &Scale) -> Vec<usize> {
        let keyed = keyed_spans(extent, mask, &extent.full_box(), |v| v);
        let spans: Vec<Span> = keyed.iter().map(|(span, _)| span.clone()).collect();
        let steps = row_steps(reach, most, scale);
        let numbers = RowIndex::new(extent, &spans).numbered(&steps, |a, b| keyed[a].1 == keyed[b].1);
        let mut all = vec![usize::MAX; mask.len()];
        for (piece, spans) in grouped(&spans, &numbers).into_iter().enumerate() {
            spans.into_iter().flatten().for_each(|i| all[i] = piece);
        }
        all
    }

    proptest! {
        #[test]
        fn pieces_equal_spreading_from_voxel_to_voxel(
            (x, y, z) in (1usize..16, 1usize..6, 1usize..5),
            mask in prop::collection::vec(0u8..8, 15 * 5 * 4),
            spacing in prop::array::uniform3(prop_oneof![Just(0.5f64), Just(1.0), Just(3.0)]),
            reach in 0.0f64..4.0,
        ) {
            let (extent, scale) = (Extent::new(x, y, z).unwrap(), Scale::new(spacing));
            let mask: Vec<u8> = mask[..extent.voxel_count()].iter().map(|v| u8::from(*v == 0)).collect();
            prop_assert_eq!(found(&mask, extent, reach, 3, &scale), plain_numbers(&mask, extent, reach, 3, &scale));
        }

        #[test]
        fn pieces_of_several_keys_never_join_across_them(mask in prop::collection::vec(0u8..4, 10 * 4 * 3)) {
            let (extent, scale) = (Extent::new(10, 4, 3).unwrap(), Scale::new([1.0; 3]));
            prop_assert_eq!(found(&mask, extent, 0.0, 1, &scale), plain_numbers(&mask, extent, 0.0, 1, &scale));
        }
    }

    #[test]
    fn huge_reaches_and_tiny_spacings_stay_within_the_voxels_allowed() {
        let scale = Scale::new([1e-6; 3]);
        assert_eq!(row_steps(f64::INFINITY, 2, &scale).len(), 25);
        assert_eq!(row_steps(f64::NAN, 2, &scale).len(), 5);
        assert!(row_steps(5.0, 2, &scale).iter().all(|s| s.reach_x <= 2));
    }
}
