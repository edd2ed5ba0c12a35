//! Vertices and quads of the surface in a box of cells.

use super::cell_loops::CellCode;
use crate::geometry::{Voxel, VoxelBox};
use crate::label::ClassId;
use crate::volume::Grid;

/// The surface of one class in a box of cells, before relaxation.
///
/// Cell `c` lies between the centres of voxels `c - 1` and `c` on every axis, so that cells `0..=n` also close the
/// surface at the border of the volume, beyond which nothing is of the class.
#[derive(Debug, Default)]
pub struct Net {
    pub vertices: Vec<NetVertex>,
    /// Vertex indices, anticlockwise seen from outside in voxel space. The first is in the quad's highest cell.
    pub quads: Vec<[u32; 4]>,
}

/// A vertex: which sheet of the surface in which cell. A net lists them by cell, x fastest, then by sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetVertex {
    pub cell: Voxel,
    pub sheet: u8,
}

impl Net {
    /// Vertices of all cells of the box and the quads whose four cells lie in it. The box lies within cells `0..=n`.
    pub fn of_class(classes: &Grid<ClassId>, class: ClassId, cells: &VoxelBox) -> Self {
        let cases = Cases::of_class(classes, class, cells);
        let size = cells.size();
        let mut held = HeldVertices::new(size);
        let mut net = Self::default();
        for z in 0..size[2] {
            for y in 0..size[1] {
                for (x, &case) in cases.row(y, z).iter().enumerate() {
                    if case != 0 && case != u8::MAX {
                        let here = [x, y, z];
                        let code = CellCode::new(case, |face| cases.across(here, face));
                        let first = net.add_vertices(code, cells.lo, here);
                        let index = held.put(here, code, first);
                        net.quads.extend((0..3).filter_map(|axis| held.quad(here, index, axis, case)));
                    }
                }
            }
        }
        net
    }

    /// Outward normals of the vertices in voxel space, as long as twice the area of the quads around them.
    pub fn area_normals(&self, positions: &[[f32; 3]]) -> Vec<[f32; 3]> {
        let mut normals = vec![[0.0f32; 3]; positions.len()];
        for quad in &self.quads {
            let [a, b, c, d] = quad.map(|v| positions[v as usize]);
            let p: [f32; 3] = std::array::from_fn(|i| c[i] - a[i]);
            let q: [f32; 3] = std::array::from_fn(|i| d[i] - b[i]);
            // The diagonals span twice the area, whichever way the quad is cut.
            let area = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
            for vertex in quad {
                let normal = &mut normals[*vertex as usize];
                for axis in 0..3 {
                    normal[axis] += area[axis];
                }
            }
        }
        normals
    }

    /// Index of the first vertex added.
    fn add_vertices(&mut self, code: CellCode, lo: Voxel, [x, y, z]: [usize; 3]) -> u32 {
        // A box of cells is a brick with its margin: its vertices are far fewer than `u32` counts.
        let first = self.vertices.len() as u32;
        let cell = Voxel::new(lo.x + x, lo.y + y, lo.z + z);
        self.vertices.extend((0..code.loops().count).map(|sheet| NetVertex { cell, sheet }));
        first
    }
}

impl NetVertex {
    /// Centre of the cell as a continuous voxel position.
    pub fn centre(&self) -> [f32; 3] {
        self.cell.to_array().map(|c| c as f32 - 0.5)
    }
}

/// The vertices of each cell of the box, x fastest: its sheets and the index of its first vertex.
struct HeldVertices {
    strides: [usize; 3],
    cells: Vec<(CellCode, u32)>,
}

impl HeldVertices {
    fn new(size: [usize; 3]) -> Self {
        let cells = vec![(CellCode::default(), 0); size.iter().product()];
        Self { strides: [1, size[0], size[0] * size[1]], cells }
    }

    /// Index of the cell.
    fn put(&mut self, [x, y, z]: [usize; 3], code: CellCode, first: u32) -> usize {
        let index = x + self.strides[1] * y + self.strides[2] * z;
        self.cells[index] = (code, first);
        index
    }

    /// The quad across the edge that leaves the lowest corner of a cell along an axis; `None` where the edge is not
    /// crossed or one of its four cells lies before the box.
    fn quad(&self, here: [usize; 3], index: usize, axis: usize, case: u8) -> Option<[u32; 4]> {
        let [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
        let is_crossed = (case ^ (case >> (1 << axis))) & 1 == 1;
        if !is_crossed || here[u] == 0 || here[v] == 0 {
            return None;
        }
        let vertex = |down_u: usize, down_v: usize| {
            let (code, first) = self.cells[index - down_u * self.strides[u] - down_v * self.strides[v]];
            first + u32::from(code.loops().loop_of_edge[4 * axis + down_u + 2 * down_v])
        };
        let (own, below, side_u, side_v) = (vertex(0, 0), vertex(1, 1), vertex(1, 0), vertex(0, 1));
        // Inside at the lower end: outside is where the axis points.
        Some(if case & 1 == 1 { [own, side_u, below, side_v] } else { [own, side_v, below, side_u] })
    }
}

/// Which corners are inside (see `cell_loops`), for a box of cells and one more cell on every side.
struct Cases {
    size: [usize; 3],
    cases: Vec<u8>,
}

impl Cases {
    fn of_class(classes: &Grid<ClassId>, class: ClassId, cells: &VoxelBox) -> Self {
        let size = cells.size().map(|n| n + 2);
        let corners = size.map(|n| n + 1);
        let inside = inside_corners(classes, class, cells.lo, corners);
        let row = |y: usize, z: usize| {
            let start = (y + z * corners[1]) * corners[0];
            &inside[start..start + corners[0]]
        };
        let mut cases = Vec::with_capacity(size.iter().product());
        let mut columns = vec![0u8; corners[0]];
        for z in 0..size[2] {
            for y in 0..size[1] {
                let rows = row(y, z).iter().zip(row(y + 1, z)).zip(row(y, z + 1)).zip(row(y + 1, z + 1));
                for (column, (((a, b), c), d)) in columns.iter_mut().zip(rows) {
                    *column = a | b << 2 | c << 4 | d << 6;
                }
                cases.extend(columns.iter().zip(&columns[1..]).map(|(lower, upper)| lower | upper << 1));
            }
        }
        Self { size, cases }
    }

    /// Cases along x of the cells of the box proper; `y` and `z` count from its first cell.
    fn row(&self, y: usize, z: usize) -> &[u8] {
        let start = self.index([0, y, z]);
        &self.cases[start..start + self.size[0] - 2]
    }

    /// Case of the neighbour across a face of a cell of the box proper.
    fn across(&self, cell: [usize; 3], face: u8) -> u8 {
        let stride = [1, self.size[0], self.size[0] * self.size[1]][usize::from(face / 2)];
        let index = self.index(cell);
        self.cases[if face % 2 == 1 { index + stride } else { index - stride }]
    }

    fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        x + 1 + (y + 1 + (z + 1) * self.size[1]) * self.size[0]
    }
}

/// 1 for voxels of the class, for a box of `corners` voxels that begins two voxels before `lo`; 0 outside the grid.
fn inside_corners(classes: &Grid<ClassId>, class: ClassId, lo: Voxel, corners: [usize; 3]) -> Vec<u8> {
    let [nx, ny, nz] = classes.extent().to_array();
    let mut inside = vec![0; corners.iter().product()];
    let skipped = 2usize.saturating_sub(lo.x);
    let first = (lo.x + skipped).saturating_sub(2);
    let end = (lo.x + corners[0]).saturating_sub(2).min(nx);
    let within = |lo: usize, at: usize, n: usize| (lo + at).checked_sub(2).filter(|v| *v < n);
    if first >= end {
        return inside;
    }
    for z in 0..corners[2] {
        for y in 0..corners[1] {
            let (Some(vy), Some(vz)) = (within(lo.y, y, ny), within(lo.z, z, nz)) else { continue };
            let from = classes.extent().index(Voxel::new(first, vy, vz));
            let to = (y + z * corners[1]) * corners[0] + skipped;
            let row = &classes.as_slice()[from..from + (end - first)];
            for (inside, of) in inside[to..to + row.len()].iter_mut().zip(row) {
                *inside = u8::from(*of == class);
            }
        }
    }
    inside
}
