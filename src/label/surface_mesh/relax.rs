//! Smoothing without shrinking.

use super::net::Net;

/// Steps of each of the two blurs. More flatten wider terraces, yet each widens the neighbourhood a vertex depends on by
/// two cells, and with it the work after a stroke. With 6 the normals of a ball of 20 voxels are right to 4 degrees
/// (root mean square); unsmoothed it is 20.
const STEPS: usize = 6;
/// Share of the way to the mean of its neighbours that a vertex goes in each step. Near 1 single vertices begin to
/// swing to and fro.
const SHARE: f32 = 0.8;
/// A vertex stays in its cell (Gibson 1998), in voxels from the centre on every axis.
const REACH: f32 = 0.5;

/// How many cells away (on every axis) the position of a relaxed vertex depends on the net: both blurs and the normals
/// between them.
pub const RELAX_CELLS: usize = 2 * STEPS + 1;

/// Relaxed positions of the vertices in voxel space. Exact for vertices that are [`RELAX_CELLS`] or more cells inside
/// the border of the net's box.
///
/// Laplacian smoothing takes off ridges and fills furrows alike, but shrinks. So the surface is pushed back by the mean
/// of what the vertices around lost, after Vollmer, Mencl & Müller 1999 (Improved Laplacian smoothing of noisy surface
/// meshes); only along the normals, as the losses on opposite sides of a small object would cancel as vectors.
pub fn relaxed(net: &Net) -> Vec<[f32; 3]> {
    let centres: Vec<[f32; 3]> = net.vertices.iter().map(|v| v.centre()).collect();
    let mut degrees = vec![0u8; centres.len()];
    for vertex in net.quads.iter().flatten() {
        degrees[*vertex as usize] += 1;
    }
    let mut positions = blurred(net, &degrees, centres.clone());
    let mut normals = net.area_normals(&positions);
    normals.iter_mut().for_each(normalise);
    let lost = centres.iter().zip(&positions).zip(&normals);
    let lost = lost.map(|((centre, p), n)| [(0..3).map(|a| (centre[a] - p[a]) * n[a]).sum::<f32>()]).collect();
    let push = blurred(net, &degrees, lost);
    for (((position, [push]), normal), centre) in positions.iter_mut().zip(push).zip(normals).zip(centres) {
        for axis in 0..3 {
            let pushed = position[axis] + push * normal[axis];
            position[axis] = pushed.clamp(centre[axis] - REACH, centre[axis] + REACH);
        }
    }
    positions
}

/// Values at the vertices after [`STEPS`] steps towards the mean of their neighbours.
fn blurred<const D: usize>(net: &Net, degrees: &[u8], mut values: Vec<[f32; D]>) -> Vec<[f32; D]> {
    let mut sums = vec![[0.0f32; D]; values.len()];
    for _ in 0..STEPS {
        sums.fill([0.0; D]);
        // Every edge of a closed surface is run through once in each direction, so that the next corner in the quads of
        // a vertex is each of its neighbours once.
        for quad in &net.quads {
            for corner in 0..4 {
                let next = values[quad[(corner + 1) % 4] as usize];
                let sum = &mut sums[quad[corner] as usize];
                for part in 0..D {
                    sum[part] += next[part];
                }
            }
        }
        for ((value, sum), &degree) in values.iter_mut().zip(&sums).zip(degrees) {
            // At the border of the box there may be no quads.
            let share = SHARE / f32::from(degree.max(1));
            for part in 0..D {
                value[part] += share * (sum[part] - f32::from(degree) * value[part]);
            }
        }
    }
    values
}

fn normalise(normal: &mut [f32; 3]) {
    let length = normal.iter().map(|c| c * c).sum::<f32>().sqrt();
    // Where sheets fold onto themselves the areas cancel and there is no direction to push in.
    *normal = normal.map(|c| if length > f32::EPSILON { c / length } else { 0.0 });
}
