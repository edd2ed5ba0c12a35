//! Small projects for the tests of this floor.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{CaseEntry, Project};
use crate::edit::Delta;
use crate::geometry::{Affine, Extent};
use crate::io::{NiftiGeometry, write_image, write_mask};
use crate::label::{ClassTable, LabelMap, LabelValue, Origin};
use crate::volume::{CaseId, Grid, Image, VoxelType, Voxels};

pub const EXTENT: [usize; 3] = [5, 4, 3];

/// A project with one case, `a`, in a folder that goes away with it.
pub struct Fixture {
    _root: TempDir,
    pub project: Project,
    pub case: CaseId,
    pub geometry: NiftiGeometry,
}

impl Fixture {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let geometry = geometry(Affine::from_spacing([1.0, 1.5, 2.0]));
        write_test_image(&root.path().join("images/a.nii.gz"), &geometry);
        let classes = ClassTable::from_names(&["one", "two"]).unwrap();
        let cases = vec![CaseEntry::new("a".into(), "images/a.nii.gz".into())];
        let project = Project::create(root.path(), classes, cases).unwrap();
        Self { _root: root, project, case: "a".into(), geometry }
    }

    pub fn extent(&self) -> Extent {
        self.geometry.extent
    }

    pub fn load(&self) -> LabelMap {
        self.project.load_labels(&self.case, self.extent()).unwrap()
    }

    pub fn save(&self, labels: &LabelMap) {
        self.project.save_labels(&self.case, labels, &self.geometry).unwrap();
    }
}

pub fn geometry(affine: Affine) -> NiftiGeometry {
    NiftiGeometry::from_affine(Extent::from_array(EXTENT).unwrap(), affine, VoxelType::I16)
}

pub fn write_test_image(path: &Path, geometry: &NiftiGeometry) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let voxels = Grid::from_fn(geometry.extent, |v| i16::try_from(v.x * 7 + v.y * 3 + v.z).unwrap());
    write_image(path, &Image::new(Voxels::I16(voxels), 1.0, 0.0, geometry.affine), geometry).unwrap();
}

/// A mask whose voxels cycle through `values`.
pub fn write_test_mask(path: &Path, geometry: &NiftiGeometry, values: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut cycle = values.iter().copied().cycle();
    write_mask(path, &Grid::from_fn(geometry.extent, |_| cycle.next().unwrap()), geometry).unwrap();
}

/// Paints a range by hand and returns what was done.
pub fn paint(labels: &mut LabelMap, range: std::ops::Range<usize>, class: u8) -> Delta {
    let delta = Delta::between(labels, [(range, LabelValue::new(class, Origin::Manual))]).unwrap();
    delta.apply(labels, crate::edit::Direction::Forward).unwrap();
    delta
}
