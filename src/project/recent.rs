//! Recently opened projects, newest first, in the user's configuration folder.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::{Deserialize, Serialize};

use super::project::absolute;
use super::{ProjectError, manifest::Manifest};
use crate::io::write_atomically;

const MAX_LEN: usize = 12;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentProjects {
    dirs: Vec<PathBuf>,
}

impl RecentProjects {
    /// The user's list without projects that are gone. An unreadable list counts as empty.
    pub fn load() -> Self {
        config_dir().map_or_else(Self::default, |dir| Self::load_from(&dir))
    }

    /// Puts a project first and stores the list.
    pub fn remember(project_dir: &Path) -> Result<(), ProjectError> {
        config_dir().map_or(Ok(()), |config| Self::remember_in(&config, project_dir))
    }

    /// Project folders, newest first; at most 12.
    pub fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    fn load_from(config: &Path) -> Self {
        let stored = fs::read(list_path(config)).ok().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let mut list = stored.unwrap_or_default();
        list.dirs.retain(|dir| dir.join(Manifest::FILE_NAME).is_file());
        list.dirs.truncate(MAX_LEN);
        list
    }

    fn remember_in(config: &Path, project_dir: &Path) -> Result<(), ProjectError> {
        let project_dir = absolute(project_dir)?;
        let mut list = Self::load_from(config);
        list.dirs.retain(|dir| *dir != project_dir);
        list.dirs.insert(0, project_dir);
        list.dirs.truncate(MAX_LEN);
        fs::create_dir_all(config).map_err(ProjectError::file("create", config))?;
        let path = list_path(config);
        let json = serde_json::to_vec_pretty(&list).map_err(|e| ProjectError::unreadable(&path, e))?;
        Ok(write_atomically(&path, |file| file.write_all(&json))?)
    }
}

fn list_path(config: &Path) -> PathBuf {
    config.join("recent.json")
}

/// `CHIARO_CONFIG_DIR`, else `chiaro` in the user's configuration folder.
pub(super) fn config_dir() -> Option<PathBuf> {
    match env::var_os("CHIARO_CONFIG_DIR") {
        Some(dir) if !dir.is_empty() => Some(dir.into()),
        _ => Some(dirs::config_dir()?.join("chiaro")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make_project(root: &Path, name: &str) -> PathBuf {
        let dir = root.join(name);
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(Manifest::FILE_NAME), "format = 1").unwrap();
        dir.canonicalize().unwrap()
    }

    #[test]
    fn newest_comes_first_without_doubles_or_missing_ones_and_the_list_stays_short() {
        let root = tempfile::tempdir().unwrap();
        let config = root.path().join("config");
        let dirs: Vec<_> = (0..15).map(|i| make_project(root.path(), &format!("p{i}"))).collect();
        for dir in &dirs {
            RecentProjects::remember_in(&config, dir).unwrap();
        }
        RecentProjects::remember_in(&config, &dirs[5]).unwrap();
        let list = RecentProjects::load_from(&config);
        assert_eq!(list.dirs().len(), MAX_LEN);
        assert_eq!(list.dirs()[..2], [dirs[5].clone(), dirs[14].clone()]);
        assert_eq!(list.dirs().iter().filter(|d| **d == dirs[5]).count(), 1);
        fs::remove_dir_all(&dirs[14]).unwrap();
        assert!(!RecentProjects::load_from(&config).dirs().contains(&dirs[14]));
    }

    #[test]
    fn a_damaged_list_counts_as_empty() {
        let config = tempfile::tempdir().unwrap();
        fs::write(list_path(config.path()), "{ nonsense").unwrap();
        assert_eq!(RecentProjects::load_from(config.path()), RecentProjects::default());
    }
}
