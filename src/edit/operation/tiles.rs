//! Local operations, worked out tile by tile: a cancel is heard between two tiles, and memory stays small.

use super::OperationError;
use super::draft::Draft;
use super::task::{Task, relative};
use super::watch::Stage;
use crate::geometry::{Voxel, VoxelBox};
use crate::label::{ClassId, LabelValue};
use crate::volume::Grid;

/// Shortest edge of a tile in voxels: about two million with its surroundings, some 30 ms of work.
const SHORTEST_EDGE: usize = 96;
/// A tile is at least so many times as long as the surroundings it needs on one side, lest they be most of the work.
const EDGES_PER_REACH: usize = 2;

/// An operation whose result at a voxel depends on the voxels within its reach only.
pub(super) struct LocalWork<Read, Work, Wish> {
    /// Where the result may differ from what is there now.
    pub(super) region: VoxelBox,
    /// In voxels along each axis.
    pub(super) reach: [usize; 3],
    /// What the work sees of a voxel.
    pub(super) read: Read,
    /// From a tile with its surroundings to the result there. Not asked where all it would see is the default value:
    /// the result is then the same.
    pub(super) work: Work,
    /// What to write, from the old value and the result.
    pub(super) wish: Wish,
}

impl<T, Read, Work, Wish> LocalWork<Read, Work, Wish>
where
    T: Copy + Default + PartialEq,
    Read: Fn(LabelValue) -> T,
    Work: Fn(&Grid<T>) -> Grid<T>,
    Wish: Fn(LabelValue, T) -> Option<ClassId>,
{
    pub(super) fn draft(&self, task: &Task) -> Result<Draft, OperationError> {
        let mut draft = Draft::new(self.region);
        let tiles = tiles(self.region, self.reach);
        for (done, &tile) in tiles.iter().enumerate() {
            task.watch.step(Stage::WORK, done, tiles.len())?;
            self.draw_tile(task, tile, &mut draft);
        }
        task.watch.step(Stage::WORK, 1, 1)?;
        Ok(draft)
    }

    fn draw_tile(&self, task: &Task, tile: VoxelBox, draft: &mut Draft) {
        let around = task.grown(tile, self.reach);
        let Some(before) = task.read(around, &self.read) else { return };
        let nothing = before.as_slice().iter().all(|&value| value == T::default());
        let after = if nothing { before } else { (self.work)(&before) };
        for v in tile.voxels() {
            draft.set(v, (self.wish)(task.labels.value(v), after.at(relative(v, around))));
        }
    }
}

/// Boxes that cover a region without overlap.
fn tiles(region: VoxelBox, reach: [usize; 3]) -> Vec<VoxelBox> {
    let edge = reach.map(|r| SHORTEST_EDGE.max(EDGES_PER_REACH * r));
    let starts = |a: usize| (region.lo.to_array()[a]..region.hi.to_array()[a]).step_by(edge[a]);
    let mut tiles = Vec::new();
    for z in starts(2) {
        for y in starts(1) {
            for x in starts(0) {
                let hi = Voxel::new(x + edge[0], y + edge[1], z + edge[2]);
                tiles.push(VoxelBox { lo: Voxel::new(x, y, z), hi }.intersect(&region));
            }
        }
    }
    tiles
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tiles_cover_every_voxel_of_a_region_once(
            lo in prop::array::uniform3(0usize..50), size in prop::array::uniform3(0usize..300),
            reach in prop::array::uniform3(1usize..90),
        ) {
            let hi: [usize; 3] = std::array::from_fn(|a| lo[a] + size[a]);
            let region = VoxelBox { lo: lo.into(), hi: hi.into() };
            let tiles = tiles(region, reach);
            prop_assert_eq!(tiles.iter().map(VoxelBox::voxel_count).sum::<usize>(), region.voxel_count());
            for (i, tile) in tiles.iter().enumerate() {
                prop_assert_eq!(tile.intersect(&region), *tile);
                prop_assert!(tiles[..i].iter().all(|t| t.intersect(tile).is_empty()));
            }
        }
    }
}
