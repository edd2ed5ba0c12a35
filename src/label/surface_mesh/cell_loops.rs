//! Which edges of a cell one sheet of the surface crosses.
//!
//! Corners of a cell are numbered `x + 2 y + 4 z`, edges `4 axis + u + 2 v` where `u` and `v` are the positions along
//! the next two axes in cyclic order, faces `2 axis + side`. A case is the set of corners inside the class.

use std::sync::LazyLock;

/// Corner sets of a cell.
const CASES: usize = 256;
const EDGES: usize = 12;

/// The sheets of the surface in a cell of one case.
#[derive(Clone, Copy, Debug)]
pub struct CellLoops {
    /// Sheets, 0 to 4. Each crosses the edges of a closed loop around the cell.
    pub count: u8,
    /// The sheet that crosses an edge; meaningless where both ends are alike.
    pub loop_of_edge: [u8; EDGES],
    /// A face that one sheet crosses twice. There is at most one.
    twice_crossed: Option<u8>,
}

/// Both ways to join the sheets of every case: first the usual ones, then those with the twice crossed face turned.
static TABLE: LazyLock<Vec<CellLoops>> = LazyLock::new(|| {
    let usual = (0..CASES).map(|case| CellLoops::new(case, None));
    let turned = (0..CASES).map(|case| CellLoops::new(case, CellLoops::new(case, None).twice_crossed));
    usual.chain(turned).collect()
});

/// How the sheets of a cell are joined: a case, or the same with its twice crossed face turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellCode(u16);

impl CellCode {
    /// `case_across` gives the case of the neighbour across a face.
    ///
    /// On a face with two inside corners on a diagonal, inside corners stay apart. Where that makes one sheet cross the
    /// face twice in both of its cells, two vertices would share two edges; there the inside corners are joined
    /// instead (Wenger 2013: Isosurfaces, manifold dual marching cubes).
    pub fn new(case: u8, case_across: impl Fn(u8) -> u8) -> Self {
        let face = usual(case).twice_crossed;
        let turned = face.is_some_and(|face| usual(case_across(face)).twice_crossed == Some(face ^ 1));
        Self(u16::from(case) + if turned { CASES as u16 } else { 0 })
    }

    pub fn loops(self) -> &'static CellLoops {
        &TABLE[usize::from(self.0)]
    }
}

fn usual(case: u8) -> &'static CellLoops {
    &TABLE[usize::from(case)]
}

impl CellLoops {
    /// `turned` is a face whose inside corners are joined instead of kept apart.
    fn new(case: usize, turned: Option<u8>) -> Self {
        let mut leader: [usize; EDGES] = std::array::from_fn(|e| e);
        for face in 0..6 {
            for [a, b] in arcs(case, face, turned == Some(face)) {
                let (from, to) = (leader[a], leader[b]);
                leader.iter_mut().filter(|l| **l == from).for_each(|l| *l = to);
            }
        }
        let mut seen: Vec<usize> = Vec::new();
        let mut loop_of_edge = [0; EDGES];
        for edge in (0..EDGES).filter(|&e| is_crossed(case, e)) {
            let known = seen.iter().position(|l| *l == leader[edge]);
            loop_of_edge[edge] = known.unwrap_or(seen.len()) as u8;
            if known.is_none() {
                seen.push(leader[edge]);
            }
        }
        let is_twice = |face: u8| {
            let edges = face_edges(face);
            edges.iter().all(|&e| is_crossed(case, e) && loop_of_edge[e] == loop_of_edge[edges[0]])
        };
        Self { count: seen.len() as u8, loop_of_edge, twice_crossed: (0..6).find(|&f| is_twice(f)) }
    }
}

/// The two corners of an edge.
fn ends(edge: usize) -> [usize; 2] {
    let axis = edge / 4;
    let first = (edge & 1) << ((axis + 1) % 3) | (edge >> 1 & 1) << ((axis + 2) % 3);
    [first, first | 1 << axis]
}

fn is_inside(case: usize, corner: usize) -> bool {
    case >> corner & 1 == 1
}

fn is_crossed(case: usize, edge: usize) -> bool {
    let [a, b] = ends(edge);
    is_inside(case, a) != is_inside(case, b)
}

fn is_on_face(corner: usize, face: u8) -> bool {
    corner >> (face / 2) & 1 == usize::from(face % 2)
}

fn face_edges(face: u8) -> [usize; 4] {
    let mut edges = (0..EDGES).filter(|&e| ends(e).iter().all(|&c| is_on_face(c, face)));
    std::array::from_fn(|_| edges.next().unwrap_or_default())
}

/// Pairs of edges of a face that the surface joins across it.
fn arcs(case: usize, face: u8, turned: bool) -> Vec<[usize; 2]> {
    let crossed: Vec<usize> = face_edges(face).into_iter().filter(|&e| is_crossed(case, e)).collect();
    if let [a, b] = crossed[..] {
        return vec![[a, b]];
    }
    // Four or none: an arc around every corner that is cut off.
    let cut_off = (0..8).filter(|&c| is_on_face(c, face) && is_inside(case, c) != turned && crossed.len() == 4);
    cut_off
        .filter_map(|corner| {
            let mut around = crossed.iter().copied().filter(|&e| ends(e).contains(&corner));
            Some([around.next()?, around.next()?])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossed_edges(case: usize) -> Vec<usize> {
        (0..EDGES).filter(|&e| is_crossed(case, e)).collect()
    }

    #[test]
    fn every_crossed_edge_belongs_to_one_of_the_counted_sheets() {
        for case in 0..CASES {
            let loops = CellLoops::new(case, None);
            let crossed = crossed_edges(case);
            assert_eq!(loops.count == 0, crossed.is_empty());
            for sheet in 0..loops.count {
                let edges = crossed.iter().filter(|&&e| loops.loop_of_edge[e] == sheet).count();
                assert!((3..=12).contains(&edges), "case {case:08b}");
            }
            assert!(crossed.iter().all(|&e| loops.loop_of_edge[e] < loops.count.max(1)));
        }
    }

    #[test]
    fn a_face_is_crossed_twice_by_one_sheet_at_most_once_per_cell_and_never_once_turned() {
        for case in 0..CASES {
            let usual = CellLoops::new(case, None);
            let twice = (0..6u8).filter(|&face| {
                let edges = face_edges(face);
                edges.iter().all(|&e| is_crossed(case, e) && usual.loop_of_edge[e] == usual.loop_of_edge[edges[0]])
            });
            assert!(twice.count() <= 1, "case {case:08b}");
            if let Some(face) = usual.twice_crossed {
                assert_eq!(CellLoops::new(case, Some(face)).twice_crossed, None, "case {case:08b}");
            }
        }
    }

    #[test]
    fn opposite_corners_are_two_sheets_and_one_corner_is_one() {
        assert_eq!(CellLoops::new(0b0000_0001, None).count, 1);
        assert_eq!(CellLoops::new(0b1000_0001, None).count, 2);
        // Diagonal on a face: kept apart.
        assert_eq!(CellLoops::new(0b0000_1001, None).count, 2);
        assert_eq!(CellLoops::new(0b0110_1001, None).count, 4);
    }
}
