//! The surface in one brick of cells.

use super::mesh::SurfaceMesh;
use super::net::{Net, NetVertex};
use super::relax::{RELAX_CELLS, relaxed};
use crate::geometry::{Affine, Extent, Voxel, VoxelBox};
use crate::label::ClassId;
use crate::volume::Grid;

/// Cells around a brick that its mesh depends on: its quads use vertices one cell before it, their normals the
/// positions one cell further, and these what relaxation sees.
pub const MARGIN_CELLS: usize = 2 + RELAX_CELLS;
/// The highest number of vertices in a cell.
const SHEETS: usize = 4;

/// A self-contained mesh of the quads of one brick. Vertices of its own cells come first, by ascending key; then copies of
/// those that it shares with bricks before it.
#[derive(Clone, Debug)]
pub struct Brick {
    pub mesh: SurfaceMesh,
    pub keys: Vec<VertexKey>,
    pub own_count: usize,
}

/// Names a vertex in all bricks of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VertexKey(usize);

impl VertexKey {
    fn new(vertex: &NetVertex, cells: Extent) -> Self {
        Self(cells.index(vertex.cell) * SHEETS + usize::from(vertex.sheet))
    }

    pub fn cell(self, cells: Extent) -> Voxel {
        cells.voxel(self.0 / SHEETS)
    }
}

/// From voxel to world space, for positions and for normals.
#[derive(Clone, Copy, Debug)]
pub struct WorldMap {
    world_from_voxel: Affine,
    voxel_from_world: Affine,
}

impl WorldMap {
    /// `None` if the affine cannot be inverted.
    pub fn new(world_from_voxel: Affine) -> Option<Self> {
        Some(Self { world_from_voxel, voxel_from_world: world_from_voxel.inverse()? })
    }

    fn position_mm(&self, voxel: [f32; 3]) -> [f32; 3] {
        self.world_from_voxel.world_from_voxel(voxel.map(f64::from)).map(|c| c as f32)
    }

    /// Unit normal by the inverse transpose, which keeps it outside also of a mirrored grid; zero for a zero normal.
    fn normal(&self, voxel: [f32; 3]) -> [f32; 3] {
        let rows = &self.voxel_from_world.rows;
        let world: [f64; 3] = std::array::from_fn(|a| (0..3).map(|b| rows[b][a] * f64::from(voxel[b])).sum());
        let length = world.iter().map(|c| c * c).sum::<f64>().sqrt();
        world.map(|c| if length > 0.0 { (c / length) as f32 } else { 0.0 })
    }

    fn is_mirrored(&self) -> bool {
        self.world_from_voxel.determinant() < 0.0
    }
}

impl Brick {
    /// `cells` are the brick's, within `all_cells` of the volume. `None` where no surface passes.
    pub fn of_class(
        classes: &Grid<ClassId>,
        class: ClassId,
        cells: &VoxelBox,
        all_cells: Extent,
        world: &WorldMap,
    ) -> Option<Self> {
        if is_uniform(classes, class, cells) {
            return None;
        }
        let net = Net::of_class(classes, class, &cells.grown(MARGIN_CELLS, all_cells));
        let positions = relaxed(&net);
        let normals = net.area_normals(&positions);
        let is_own = |vertex: u32| cells.contains(net.vertices[vertex as usize].cell);
        let quads: Vec<[u32; 4]> = net.quads.iter().filter(|quad| is_own(quad[0])).copied().collect();
        let mut kept: Vec<u32> = (0u32..).zip(&net.vertices).map(|(v, _)| v).filter(|&v| is_own(v)).collect();
        let own_count = kept.len();
        let mut borrowed: Vec<u32> = quads.iter().flatten().copied().filter(|&v| !is_own(v)).collect();
        borrowed.sort_unstable();
        borrowed.dedup();
        kept.extend(borrowed);

        let mesh = SurfaceMesh {
            positions_mm: kept.iter().map(|&v| world.position_mm(positions[v as usize])).collect(),
            normals: kept.iter().map(|&v| world.normal(normals[v as usize])).collect(),
            triangles: Vec::with_capacity(2 * quads.len()),
        };
        let keys = kept.iter().map(|&v| VertexKey::new(&net.vertices[v as usize], all_cells)).collect();
        let mut brick = Self { mesh, keys, own_count };
        brick.add_quads(&quads, &kept, world.is_mirrored());
        Some(brick)
    }

    /// Quads of vertices of the net, of which the mesh holds those in `kept`.
    fn add_quads(&mut self, quads: &[[u32; 4]], kept: &[u32], is_mirrored: bool) {
        let highest = kept.iter().max().map_or(0, |v| *v as usize);
        let mut index = vec![0u32; highest + 1];
        for (new, old) in (0u32..).zip(kept) {
            index[*old as usize] = new;
        }
        for quad in quads {
            self.add_quad(quad.map(|v| index[v as usize]), is_mirrored);
        }
    }

    /// Two triangles, cut along the shorter diagonal.
    fn add_quad(&mut self, [a, b, c, d]: [u32; 4], is_mirrored: bool) {
        let at = |v: u32| self.mesh.positions_mm[v as usize];
        let squared = |p: [f32; 3], q: [f32; 3]| (0..3).map(|i| (p[i] - q[i]).powi(2)).sum::<f32>();
        let halves = if squared(at(a), at(c)) <= squared(at(b), at(d)) {
            [[a, b, c], [a, c, d]]
        } else {
            [[a, b, d], [b, c, d]]
        };
        self.mesh.triangles.extend(halves.map(|[a, b, c]| if is_mirrored { [a, c, b] } else { [a, b, c] }));
    }
}

/// Whether all corners of the cells are alike, so that none holds a vertex. Voxels beyond the border are not of the class.
fn is_uniform(classes: &Grid<ClassId>, class: ClassId, cells: &VoxelBox) -> bool {
    let extent = classes.extent();
    // Cells `c` have the voxels `c - 1` and `c` as corners.
    let before = cells.lo.to_array().map(|c| c.saturating_sub(1));
    let voxels = VoxelBox { lo: before.into(), hi: cells.hi }.intersect(&extent.full_box());
    let is_clipped = cells.lo.to_array().contains(&0) || voxels.hi != cells.hi;
    let rows = |all: bool| {
        (voxels.lo.z..voxels.hi.z).all(|z| {
            (voxels.lo.y..voxels.hi.y)
                .all(|y| classes.as_slice()[classes.row_range(&voxels, y, z)].iter().all(|c| (*c == class) == all))
        })
    };
    rows(false) || (!is_clipped && rows(true))
}
