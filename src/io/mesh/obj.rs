//! Wavefront OBJ: text, one group per class.

use std::io::{self, Write};

use super::frame::MeshFrame;
use super::part::{MeshPart, check_writable};

/// Writes the surfaces as OBJ with vertex normals, each in a group with the name of its class. Characters that would
/// end a name in the file become `_`.
///
/// # Errors
/// Writing failed; `InvalidInput` for coordinates that are not finite and missing vertices.
pub fn write_obj(parts: &[MeshPart], frame: MeshFrame, out: &mut dyn Write) -> io::Result<()> {
    parts.iter().try_for_each(|part| check_writable(part.mesh))?;
    writeln!(out, "# millimetres, {}", frame.space())?;
    // Vertices are counted from 1 through all groups.
    let mut first = 1;
    for MeshPart { name, mesh, .. } in parts {
        writeln!(out, "g {}", group_name(name))?;
        for position in &mesh.positions_mm {
            let [x, y, z] = frame.from_ras(*position);
            writeln!(out, "v {x} {y} {z}")?;
        }
        for normal in &mesh.normals {
            let [x, y, z] = frame.from_ras(*normal);
            writeln!(out, "vn {x} {y} {z}")?;
        }
        for triangle in &mesh.triangles {
            let [a, b, c] = triangle.map(|v| u64::from(v) + first);
            writeln!(out, "f {a}//{a} {b}//{b} {c}//{c}")?;
        }
        first += mesh.positions_mm.len() as u64;
    }
    Ok(())
}

fn group_name(name: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || "-_.+()".contains(c) { c } else { '_' };
    let name: String = name.trim().chars().map(kept).collect();
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::super::testing::tetrahedron;
    use super::*;
    use crate::label::SurfaceMesh;

    fn written(parts: &[MeshPart], frame: MeshFrame) -> String {
        let mut bytes = Vec::new();
        write_obj(parts, frame, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn part<'a>(name: &'a str, mesh: &'a SurfaceMesh) -> MeshPart<'a> {
        MeshPart { name, colour: [1, 2, 3], mesh }
    }

    #[test]
    fn each_class_is_a_group_and_counts_its_vertices_after_the_one_before() {
        let mesh = tetrahedron();
        let text = written(&[part("liver", &mesh), part("spleen", &mesh)], MeshFrame::Ras);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "# millimetres, SPACE=RAS");
        assert_eq!(lines[1..4], ["g liver", "v 10 20 30", "v 12 20 30"]);
        assert_eq!(lines[6..8], ["vn -1 0 0", "vn 1 0 0"]);
        assert_eq!(lines[10], "f 2//2 3//3 4//4");
        assert_eq!(lines[14], "g spleen");
        assert_eq!(lines[23], "f 6//6 7//7 8//8");
        assert_eq!(lines.len(), 1 + 2 * 13);
    }

    #[test]
    fn left_and_posterior_turn_positions_and_normals() {
        let text = written(&[part("liver", &tetrahedron())], MeshFrame::Lps);
        assert!(text.starts_with("# millimetres, SPACE=LPS\ng liver\nv -10 -20 30\n"));
        assert!(text.contains("vn 1 -0 0\n"));
    }

    #[test]
    fn a_name_cannot_break_out_of_its_line() {
        assert_eq!(group_name("left kidney\nv 1 2 3 #\\"), "left_kidney_v_1_2_3___");
        assert_eq!(group_name("Écorce (grise)"), "Écorce_(grise)");
        assert_eq!(group_name(" \t"), "unnamed");
    }

    #[test]
    fn coordinates_that_are_not_finite_are_refused_before_anything_is_written() {
        let mut mesh = tetrahedron();
        mesh.positions_mm[0][0] = f32::INFINITY;
        let mut bytes = Vec::new();
        assert!(write_obj(&[part("liver", &mesh)], MeshFrame::Ras, &mut bytes).is_err());
        assert!(bytes.is_empty());
    }
}
