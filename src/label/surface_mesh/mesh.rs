//! A surface of triangles in world space and what can be measured on it.

/// A triangle surface in world space (RAS mm). Triangles run anticlockwise seen from outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SurfaceMesh {
    /// Vertices, RAS mm.
    pub positions_mm: Vec<[f32; 3]>,
    /// Unit normals pointing out of the class, one per vertex; zero where the surface has no direction.
    pub normals: Vec<[f32; 3]>,
    /// Indices into [`Self::positions_mm`].
    pub triangles: Vec<[u32; 3]>,
}

impl SurfaceMesh {
    pub fn is_empty(&self) -> bool {
        self.triangles.is_empty()
    }

    /// Smallest and largest coordinates of the vertices, mm; `None` without vertices.
    pub fn bounds_mm(&self) -> Option<[[f32; 3]; 2]> {
        let first = *self.positions_mm.first()?;
        Some(self.positions_mm.iter().fold([first; 2], |[lo, hi], p| {
            [std::array::from_fn(|a| lo[a].min(p[a])), std::array::from_fn(|a| hi[a].max(p[a]))]
        }))
    }

    /// Volume enclosed by a closed surface, mm3, by the divergence theorem: a sixth of the sum of `a . (b x c)` over its
    /// triangles. Positive where the triangles face outward, 0 for an empty mesh.
    pub fn volume_mm3(&self) -> f64 {
        // Seen from a vertex the products stay small, however far from the world's origin the surface lies.
        let eye = self.positions_mm.first().map_or([0.0; 3], |p| p.map(f64::from));
        self.corners().map(|c| c.map(|p| sub(p, eye))).map(|[a, b, c]| dot(a, cross(b, c)) / 6.0).sum()
    }

    /// Area of all triangles, mm2.
    pub fn area_mm2(&self) -> f64 {
        self.corners().map(|[a, b, c]| length(cross(sub(b, a), sub(c, a))) / 2.0).sum()
    }

    /// The corners of every triangle, mm. Triangles that name a vertex that is not there are left out.
    pub fn corners(&self) -> impl Iterator<Item = [[f64; 3]; 3]> + '_ {
        let at = |i: u32| self.positions_mm.get(usize::try_from(i).ok()?).map(|p| p.map(f64::from));
        self.triangles.iter().filter_map(move |&[a, b, c]| Some([at(a)?, at(b)?, at(c)?]))
    }
}

fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| a[i] - b[i])
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn length(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}
