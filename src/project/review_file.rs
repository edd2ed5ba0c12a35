//! What a reviewer rejected, one small file per case: `review/CASE.json`.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Project, ProjectError};
use crate::geometry::Extent;
use crate::io::write_atomically;
use crate::label::Rejections;
use crate::volume::CaseId;

pub(super) const FOLDER: &str = "review";
const FORMAT: i64 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    format: i64,
    /// Voxels of the case along x, y, z: rejections count voxels of this grid.
    extent: [usize; 3],
    rejections: Rejections,
}

impl Project {
    /// # Errors
    /// The file cannot be written; the old one is untouched then.
    pub fn save_rejections(&self, case: &CaseId, extent: Extent, rejections: &Rejections) -> Result<(), ProjectError> {
        let path = self.review_path(case)?;
        let folder = self.dir().join(FOLDER);
        fs::create_dir_all(&folder).map_err(ProjectError::file("create", &folder))?;
        let stored = Stored { format: FORMAT, extent: extent.to_array(), rejections: rejections.clone() };
        let text = serde_json::to_vec(&stored).map_err(|e| ProjectError::unreadable(&path, e))?;
        write_atomically(&path, |out| out.write_all(&text))?;
        Ok(())
    }

    /// None where nothing was rejected.
    ///
    /// # Errors
    /// The file is damaged, of a newer format, or of an image with other voxels.
    pub fn load_rejections(&self, case: &CaseId, extent: Extent) -> Result<Rejections, ProjectError> {
        let path = self.review_path(case)?;
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Rejections::default()),
            Err(e) => return Err(ProjectError::file("read", &path)(e)),
        };
        let stored: Stored = serde_json::from_slice(&bytes).map_err(|e| ProjectError::unreadable(&path, e))?;
        if stored.format > FORMAT {
            return Err(ProjectError::NewerFormat { path, found: stored.format, supported: FORMAT });
        }
        if stored.extent != extent.to_array() {
            return Err(ProjectError::unreadable(&path, "it belongs to an image with other voxels"));
        }
        Ok(stored.rejections)
    }

    fn review_path(&self, case: &CaseId) -> Result<PathBuf, ProjectError> {
        let case = self.case(case)?;
        Ok(self.dir().join(FOLDER).join(format!("{}.json", case.id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::create_demo;
    use crate::volume::Grid;

    #[test]
    fn rejections_come_back_and_damaged_or_foreign_ones_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let project = create_demo(folder.path(), 3).unwrap();
        let case = project.cases()[0].id.clone();
        let extent = Extent::new(6, 5, 4).unwrap();
        assert!(project.load_rejections(&case, extent).unwrap().is_empty());
        let mut rejections = Rejections::default();
        rejections.reject(std::slice::from_ref(&(3..9)), 2, &Grid::filled(extent, 2));
        project.save_rejections(&case, extent, &rejections).unwrap();
        assert_eq!(project.load_rejections(&case, extent).unwrap(), rejections);

        let other = Extent::new(6, 5, 5).unwrap();
        let refusal = project.load_rejections(&case, other).unwrap_err().to_string();
        assert!(refusal.contains(&format!("{case}.json")), "{refusal}");
        let path = project.review_path(&case).unwrap();
        for damaged in [r#"{"format":1"#, r#"{"format":2,"extent":[6,5,4],"rejections":{}}"#] {
            fs::write(&path, damaged).unwrap();
            assert!(project.load_rejections(&case, extent).is_err(), "{damaged}");
        }
        assert!(project.save_rejections(&"nobody".into(), extent, &rejections).is_err());
    }
}
