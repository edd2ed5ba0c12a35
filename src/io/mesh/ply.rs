//! Binary PLY: all classes in one mesh, told apart by the colours of their vertices.

use std::io::{self, Write};

use super::frame::MeshFrame;
use super::part::{MeshPart, check_writable, count_u32};

/// Writes the surfaces as little-endian PLY with vertex normals and sRGB vertex colours.
///
/// # Errors
/// Writing failed; `InvalidInput` for coordinates that are not finite, missing vertices and more than 2^32 vertices.
pub fn write_ply(parts: &[MeshPart], frame: MeshFrame, out: &mut dyn Write) -> io::Result<()> {
    parts.iter().try_for_each(|part| check_writable(part.mesh))?;
    let vertices = count_u32(parts.iter().map(|p| p.mesh.positions_mm.len()).sum())?;
    let triangles = count_u32(parts.iter().map(|p| p.mesh.triangles.len()).sum())?;
    out.write_all(header(vertices, triangles, frame).as_bytes())?;
    for part in parts {
        for (position, normal) in part.mesh.positions_mm.iter().zip(&part.mesh.normals) {
            for value in [*position, *normal].into_iter().flat_map(|v| frame.from_ras(v)) {
                out.write_all(&value.to_le_bytes())?;
            }
            out.write_all(&part.colour)?;
        }
    }
    let mut first = 0;
    for part in parts {
        for triangle in &part.mesh.triangles {
            out.write_all(&[3])?;
            // Below the number of all vertices, which fits.
            for vertex in triangle {
                out.write_all(&(first + vertex).to_le_bytes())?;
            }
        }
        first += count_u32(part.mesh.positions_mm.len())?;
    }
    Ok(())
}

fn header(vertices: u32, triangles: u32, frame: MeshFrame) -> String {
    let mut lines = vec!["ply".to_owned(), "format binary_little_endian 1.0".to_owned()];
    lines.push(format!("comment millimetres, {}", frame.space()));
    lines.push(format!("element vertex {vertices}"));
    lines.extend(["x", "y", "z", "nx", "ny", "nz"].map(|name| format!("property float {name}")));
    lines.extend(["red", "green", "blue"].map(|name| format!("property uchar {name}")));
    lines.push(format!("element face {triangles}"));
    lines.push("property list uchar uint vertex_indices".to_owned());
    lines.push("end_header\n".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{numbers, tetrahedron};
    use super::*;

    const HEADER: &str = "ply\nformat binary_little_endian 1.0\ncomment millimetres, SPACE=LPS\nelement vertex 8\n\
        property float x\nproperty float y\nproperty float z\nproperty float nx\nproperty float ny\nproperty float nz\n\
        property uchar red\nproperty uchar green\nproperty uchar blue\nelement face 8\n\
        property list uchar uint vertex_indices\nend_header\n";

    #[test]
    fn vertices_carry_the_colour_of_their_class_and_faces_count_through_all_classes() {
        let mesh = tetrahedron();
        let part = |colour| MeshPart { name: "not in the file", colour, mesh: &mesh };
        let mut bytes = Vec::new();
        write_ply(&[part([1, 2, 3]), part([4, 5, 6])], MeshFrame::Lps, &mut bytes).unwrap();
        let (header, body) = bytes.split_at(HEADER.len());
        assert_eq!(header, HEADER.as_bytes());
        assert_eq!(body.len(), 8 * 27 + 8 * 13);
        assert_eq!(numbers(&body[..24]), [-10.0, -20.0, 30.0, 1.0, 0.0, 0.0]);
        assert_eq!(body[24..27], [1, 2, 3]);
        assert_eq!(body[4 * 27 + 24..5 * 27], [4, 5, 6]);
        let faces = &body[8 * 27..];
        assert_eq!(faces[..13], [3, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(faces[4 * 13..5 * 13], [3, 5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0]);
    }

    #[test]
    fn no_class_at_all_is_a_file_without_vertices() {
        let mut bytes = Vec::new();
        write_ply(&[], MeshFrame::Ras, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("element vertex 0\n") && text.ends_with("end_header\n"));
    }
}
