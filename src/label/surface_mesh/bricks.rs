//! The surface of one class in bricks, kept up to date stroke by stroke.

use std::collections::BTreeMap;

use rayon::prelude::*;
use thiserror::Error;

use super::brick::{Brick, MARGIN_CELLS, VertexKey, WorldMap};
use super::mesh::SurfaceMesh;
use crate::geometry::{Affine, Extent, Voxel, VoxelBox};
use crate::label::ClassId;
use crate::volume::Grid;

/// Cells along each edge of a brick: large beside the margin it is computed with, small beside an organ.
const BRICK_CELLS: usize = 32;

/// The smoothed surface of one class of a label map in bricks. Each brick's mesh can be drawn alone; together they are
/// closed, also where the class touches the border of the volume.
#[derive(Clone, Debug)]
pub struct SurfaceBricks {
    class: ClassId,
    extent: Extent,
    /// One cell more than voxels on every axis.
    cells: Extent,
    /// Bricks along each axis.
    counts: Extent,
    world: WorldMap,
    bricks: BTreeMap<usize, Brick>,
}

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SurfaceError {
    #[error("the surface was not finished because it was stopped")]
    Stopped,
    #[error("the position of the volume in space is not usable: its matrix cannot be inverted")]
    NoInverse,
    #[error("the label map has {found:?} voxels, the surface was made for {expected:?}")]
    OtherGrid { expected: [usize; 3], found: [usize; 3] },
    #[error("the surface is too large: it has more vertices than 32 bits can count")]
    TooLarge,
}

impl SurfaceBricks {
    /// The whole surface of a class. `is_stopped` is asked before every brick, from several threads.
    ///
    /// # Errors
    /// [`SurfaceError::NoInverse`], [`SurfaceError::Stopped`], [`SurfaceError::TooLarge`].
    pub fn of_class(
        classes: &Grid<ClassId>,
        class: ClassId,
        world_from_voxel: Affine,
        is_stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, SurfaceError> {
        let extent = classes.extent();
        let world = WorldMap::new(world_from_voxel).ok_or(SurfaceError::NoInverse)?;
        let [cells, counts] =
            [extent.to_array().map(|n| n + 1), extent.to_array().map(|n| (n + 1).div_ceil(BRICK_CELLS))];
        let cells = Extent::from_array(cells).ok_or(SurfaceError::TooLarge)?;
        let counts = Extent::from_array(counts).ok_or(SurfaceError::TooLarge)?;
        let mut surface = Self { class, extent, cells, counts, world, bricks: BTreeMap::new() };
        surface.update(classes, &extent.full_box(), is_stopped)?;
        Ok(surface)
    }

    /// Makes the bricks again that voxels of the box `dirty` can change, and returns the numbers of those that did
    /// change, ascending. The result equals a surface made anew. When stopped, nothing has changed.
    ///
    /// # Errors
    /// [`SurfaceError::OtherGrid`], [`SurfaceError::Stopped`].
    pub fn update(
        &mut self,
        classes: &Grid<ClassId>,
        dirty: &VoxelBox,
        is_stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<usize>, SurfaceError> {
        if classes.extent() != self.extent {
            let (expected, found) = (self.extent.to_array(), classes.extent().to_array());
            return Err(SurfaceError::OtherGrid { expected, found });
        }
        let remake = |number: usize| {
            if is_stopped() {
                return Err(SurfaceError::Stopped);
            }
            let brick = Brick::of_class(classes, self.class, &self.brick_cells(number), self.cells, &self.world);
            Ok((number, brick))
        };
        let remade: Vec<_> = self.touched(dirty).into_par_iter().map(remake).collect::<Result<_, _>>()?;
        let mut changed = Vec::new();
        for (number, brick) in remade {
            if brick.as_ref().map(|b| &b.mesh) != self.brick(number) {
                changed.push(number);
            }
            // Also where the mesh is the same: its vertices may have got other keys.
            match brick {
                Some(brick) => self.bricks.insert(number, brick),
                None => self.bricks.remove(&number),
            };
        }
        Ok(changed)
    }

    pub fn class(&self) -> ClassId {
        self.class
    }

    /// Numbers and meshes of all bricks the surface passes, by ascending number.
    pub fn bricks(&self) -> impl Iterator<Item = (usize, &SurfaceMesh)> {
        self.bricks.iter().map(|(number, brick)| (*number, &brick.mesh))
    }

    /// `None` where no surface passes.
    pub fn brick(&self, number: usize) -> Option<&SurfaceMesh> {
        self.bricks.get(&number).map(|brick| &brick.mesh)
    }

    /// All bricks in one closed mesh in which neighbours share their vertices.
    ///
    /// # Errors
    /// [`SurfaceError::TooLarge`].
    pub fn joined(&self) -> Result<SurfaceMesh, SurfaceError> {
        let mut first = BTreeMap::new();
        let mut mesh = SurfaceMesh::default();
        for (number, brick) in &self.bricks {
            first.insert(*number, mesh.positions_mm.len());
            mesh.positions_mm.extend_from_slice(&brick.mesh.positions_mm[..brick.own_count]);
            mesh.normals.extend_from_slice(&brick.mesh.normals[..brick.own_count]);
        }
        for (number, brick) in &self.bricks {
            let own = (0..brick.own_count).map(|i| first.get(number).map(|first| first + i));
            let borrowed = brick.keys[brick.own_count..].iter().map(|key| self.owner_index(*key, &first));
            let index: Option<Vec<u32>> = own.chain(borrowed).map(|i| u32::try_from(i?).ok()).collect();
            let index = index.ok_or(SurfaceError::TooLarge)?;
            mesh.triangles.extend(brick.mesh.triangles.iter().map(|t| t.map(|v| index[v as usize])));
        }
        Ok(mesh)
    }

    /// Where a vertex is in the joined mesh.
    fn owner_index(&self, key: VertexKey, first: &BTreeMap<usize, usize>) -> Option<usize> {
        let number = self.counts.index(key.cell(self.cells).to_array().map(|c| c / BRICK_CELLS).into());
        let owner = self.bricks.get(&number)?;
        let place = owner.keys[..owner.own_count].binary_search(&key).ok()?;
        Some(first.get(&number)? + place)
    }

    fn brick_cells(&self, number: usize) -> VoxelBox {
        let lo = self.counts.voxel(number).to_array().map(|b| b * BRICK_CELLS);
        let hi = lo.map(|c| c + BRICK_CELLS);
        VoxelBox { lo: lo.into(), hi: hi.into() }.intersect(&self.cells.full_box())
    }

    /// Numbers of the bricks that depend on a voxel of the box.
    fn touched(&self, dirty: &VoxelBox) -> Vec<usize> {
        let dirty = dirty.intersect(&self.extent.full_box());
        if dirty.is_empty() {
            return Vec::new();
        }
        // Voxel `v` is a corner of cells `v` and `v + 1`; a cell's sheets also depend on the corners of its neighbours.
        let corner_of = VoxelBox { lo: dirty.lo, hi: dirty.hi.to_array().map(|c| c + 1).into() };
        let cells = corner_of.grown(MARGIN_CELLS + 1, self.cells);
        let lo = cells.lo.to_array().map(|c| c / BRICK_CELLS);
        let hi = cells.hi.to_array().map(|c| c.div_ceil(BRICK_CELLS));
        VoxelBox { lo: Voxel::from(lo), hi: Voxel::from(hi) }.voxels().map(|b| self.counts.index(b)).collect()
    }
}
