//! Binary STL: triangles with their own corners, no colours.

use std::io::{self, Write};

use super::frame::MeshFrame;
use super::part::{check_writable, count_u32};
use crate::label::SurfaceMesh;

/// Bytes before the count of triangles. Readers take a file that begins with `solid` for text.
pub const HEADER_BYTES: usize = 80;
/// A normal, three corners and an unused field of 16 bits.
pub const TRIANGLE_BYTES: usize = 50;

/// Writes a surface as binary STL. Facet normals are those of the triangles, zero for triangles without area.
///
/// # Errors
/// Writing failed; `InvalidInput` for coordinates that are not finite, missing vertices and more than 2^32 triangles.
pub fn write_stl(mesh: &SurfaceMesh, frame: MeshFrame, out: &mut dyn Write) -> io::Result<()> {
    check_writable(mesh)?;
    let count = count_u32(mesh.triangles.len())?;
    let words = format!("binary STL, millimetres, {}", frame.space());
    out.write_all(format!("{words:<HEADER_BYTES$}").as_bytes())?;
    out.write_all(&count.to_le_bytes())?;
    for corners in mesh.corners() {
        let values = std::iter::once(unit_normal(corners)).chain(corners.map(|p| p.map(|c| c as f32)));
        let mut record = [0; TRIANGLE_BYTES];
        for (field, value) in record.chunks_exact_mut(4).zip(values.flat_map(|v| frame.from_ras(v))) {
            field.copy_from_slice(&value.to_le_bytes());
        }
        out.write_all(&record)?;
    }
    Ok(())
}

fn unit_normal([a, b, c]: [[f64; 3]; 3]) -> [f32; 3] {
    let (p, q): ([f64; 3], [f64; 3]) = (std::array::from_fn(|i| b[i] - a[i]), std::array::from_fn(|i| c[i] - a[i]));
    let normal = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    let length = normal.iter().map(|c| c * c).sum::<f64>().sqrt();
    normal.map(|c| if length > 0.0 { (c / length) as f32 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{numbers, tetrahedron};
    use super::*;

    fn written(mesh: &SurfaceMesh, frame: MeshFrame) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_stl(mesh, frame, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_header_is_fixed_words_and_the_file_as_long_as_its_triangles() {
        let bytes = written(&tetrahedron(), MeshFrame::Ras);
        assert_eq!(bytes.len(), 84 + 4 * 50);
        assert_eq!(&bytes[..80], format!("{:<80}", "binary STL, millimetres, SPACE=RAS").as_bytes());
        assert_eq!(bytes[80..84], [4, 0, 0, 0]);
    }

    #[test]
    fn facets_are_unit_normals_and_corners_in_the_frame_that_was_asked_for() {
        // The triangle x = 0 of the tetrahedron: it faces left.
        let ras = numbers(&written(&tetrahedron(), MeshFrame::Ras)[84 + 50..84 + 98]);
        assert_eq!(ras, [-1.0, 0.0, 0.0, 10.0, 20.0, 30.0, 10.0, 20.0, 34.0, 10.0, 23.0, 30.0]);
        let lps = numbers(&written(&tetrahedron(), MeshFrame::Lps)[84 + 50..84 + 98]);
        assert_eq!(lps, [1.0, 0.0, 0.0, -10.0, -20.0, 30.0, -10.0, -20.0, 34.0, -10.0, -23.0, 30.0]);
    }

    #[test]
    fn surfaces_that_no_reader_could_use_are_refused() {
        let refused = |change: fn(&mut SurfaceMesh)| {
            let mut mesh = tetrahedron();
            change(&mut mesh);
            write_stl(&mesh, MeshFrame::Ras, &mut Vec::new()).unwrap_err().kind()
        };
        assert_eq!(refused(|m| m.positions_mm[1][2] = f32::NAN), io::ErrorKind::InvalidInput);
        assert_eq!(refused(|m| m.triangles[3][0] = 4), io::ErrorKind::InvalidInput);
        assert_eq!(refused(|m| m.normals.clear()), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_triangle_without_area_has_a_zero_normal() {
        let mut mesh = tetrahedron();
        mesh.triangles = vec![[0, 1, 1]];
        assert_eq!(numbers(&written(&mesh, MeshFrame::Ras)[84..96]), [0.0; 3]);
    }
}
