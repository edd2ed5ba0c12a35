//! From a published data set as its community shares it to a project that can be trained.

use std::path::{Path, PathBuf};

use crate::io::AxisOrder;
use crate::learn::Protocol;
use crate::learn::data::Intensities;
use crate::project::{InitReport, Project, ProjectError, VolumeFolder};
use crate::worker::trainer::set_intensities;

/// The project in `dir`; for a plain folder of volumes the one beside it, which is made if it is not there yet.
pub fn project_of(dir: &Path, protocol: Protocol) -> Result<PathBuf, ProjectError> {
    if is_project(dir)? {
        return Ok(dir.to_owned());
    }
    let folder = VolumeFolder::open(dir)?;
    let beside = beside(dir)?;
    if is_project(&beside)? {
        eprintln!("The project {} beside the folder is used as it is.", beside.display());
        return Ok(beside);
    }
    let report = folder.make_project(&beside, axis_order(protocol))?;
    let mut project = named(report, protocol)?;
    if folder.is_normalised() {
        set_intensities(&mut project, Intensities::AsStored);
        project.save()?;
    }
    eprintln!("The project is {}.", project.dir().display());
    Ok(beside)
}

fn is_project(dir: &Path) -> Result<bool, ProjectError> {
    match Project::load(dir) {
        Ok(_) => Ok(true),
        Err(ProjectError::NotAProject { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// `LA` becomes `LA-chiaro`; the folder itself is only read.
fn beside(dir: &Path) -> Result<PathBuf, ProjectError> {
    let whole = dir.canonicalize().map_err(|source| ProjectError::File { action: "open", path: dir.into(), source })?;
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    Ok(whole.with_file_name(format!("{name}-chiaro")))
}

fn axis_order(protocol: Protocol) -> AxisOrder {
    match protocol {
        Protocol::La => AxisOrder::XFirst,
        Protocol::Acdc => AxisOrder::ZFirst,
    }
}

/// Says what was made, and calls the classes by their names.
fn named(report: InitReport, protocol: Protocol) -> Result<Project, ProjectError> {
    let InitReport { mut project, held_out, notices, .. } = report;
    for notice in notices {
        eprintln!("{notice}");
    }
    for (id, name) in (1..).zip(protocol.class_names()) {
        if let Some(class) = project.classes_mut().get_mut(id) {
            class.name = (*name).to_owned();
        }
    }
    project.save()?;
    eprintln!(
        "{} cases, {} held out; HDF5 states no voxel size, so copies of it have 1 mm.",
        project.cases().len(),
        held_out.len()
    );
    if held_out.is_empty() {
        eprintln!("There is no train.list or test.list, so nothing is held out and no Dice will be measured.");
    }
    Ok(project)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::io::{NiftiGeometry, write_image, write_mask};
    use crate::volume::{Grid, Image, VoxelType, Voxels};

    fn write_case(folder: &Path, name: &str) {
        let extent = Extent::new(4, 4, 4).unwrap();
        let geometry = NiftiGeometry::from_affine(extent, Affine::identity(), VoxelType::U8);
        for part in ["images", "labels"] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
        }
        let image = Image::new(Voxels::U8(Grid::filled(extent, 7)), 1.0, 0.0, Affine::identity());
        write_image(&folder.join(format!("images/{name}.nii.gz")), &image, &geometry).unwrap();
        write_mask(
            &folder.join(format!("labels/{name}.nii.gz")),
            &Grid::from_fn(extent, |v| u8::from(v.x > 1)),
            &geometry,
        )
        .unwrap();
    }

    #[test]
    fn a_plain_folder_gets_a_project_beside_it_once_and_a_project_is_taken_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("LA");
        ["a", "b"].iter().for_each(|name| write_case(&folder, name));
        std::fs::write(folder.join("train.list"), "b\n").unwrap();
        let made = project_of(&folder, Protocol::La).unwrap();
        assert_eq!(made.file_name().unwrap(), "LA-chiaro");
        let project = Project::load(&made).unwrap();
        assert_eq!(project.classes().name(1), "Left atrium");
        assert_eq!(project.cases().iter().map(|c| c.held_out).collect::<Vec<_>>(), [false, true]);
        assert_eq!(project_of(&folder, Protocol::La).unwrap(), made);
        assert_eq!(project_of(&made, Protocol::La).unwrap(), made);
    }
}
