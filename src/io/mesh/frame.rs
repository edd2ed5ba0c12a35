//! Which way the axes of a mesh file point.

/// Axes of the coordinates in a mesh file, millimetres.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeshFrame {
    /// Right, anterior, superior, as in NIfTI and in the program.
    #[default]
    Ras,
    /// Left, posterior, superior, as in DICOM and ITK.
    Lps,
}

impl MeshFrame {
    /// A position or direction in this frame. Both are right-handed, so that triangles keep their outer side.
    pub fn from_ras(self, [x, y, z]: [f32; 3]) -> [f32; 3] {
        match self {
            Self::Ras => [x, y, z],
            Self::Lps => [-x, -y, z],
        }
    }

    /// How 3D Slicer writes the frame into the header or comment of a mesh file, and looks for it.
    pub fn space(self) -> &'static str {
        match self {
            Self::Ras => "SPACE=RAS",
            Self::Lps => "SPACE=LPS",
        }
    }
}
