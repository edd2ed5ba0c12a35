//! The user's settings and keys: two readable files in the configuration folder.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::ProjectError;
use super::recent::config_dir;
use crate::io::write_atomically;

/// Text of both files; what they mean is known where they are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreferencesFile {
    /// `settings.toml`.
    pub settings: String,
    /// `keys.toml`.
    pub keys: String,
}

const SETTINGS: &str = "settings.toml";
const KEYS: &str = "keys.toml";

impl PreferencesFile {
    /// A missing file is empty.
    ///
    /// # Errors
    /// One of them is there and cannot be read.
    pub fn load() -> Result<Self, ProjectError> {
        config_dir().map_or_else(|| Ok(Self::default()), |dir| Self::load_from(&dir))
    }

    /// # Errors
    /// They cannot be written; the old ones are untouched then.
    pub fn save(&self) -> Result<(), ProjectError> {
        config_dir().map_or(Ok(()), |dir| self.save_to(&dir))
    }

    fn load_from(config: &Path) -> Result<Self, ProjectError> {
        let read = |name: &str| {
            let path = config.join(name);
            match fs::read_to_string(&path) {
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(String::new()),
                other => other.map_err(ProjectError::file("read", &path)),
            }
        };
        Ok(Self { settings: read(SETTINGS)?, keys: read(KEYS)? })
    }

    fn save_to(&self, config: &Path) -> Result<(), ProjectError> {
        fs::create_dir_all(config).map_err(ProjectError::file("create", config))?;
        for (name, text) in [(SETTINGS, &self.settings), (KEYS, &self.keys)] {
            write_atomically(&config.join(name), |file| file.write_all(text.as_bytes()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_texts_are_found_again_and_missing_ones_are_empty() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("new");
        assert_eq!(PreferencesFile::load_from(&config).unwrap(), PreferencesFile::default());
        let written = PreferencesFile { settings: "zoom = 1.2".to_owned(), keys: "preset = \"slicer\"".to_owned() };
        written.save_to(&config).unwrap();
        assert_eq!(PreferencesFile::load_from(&config).unwrap(), written);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(KEYS)).unwrap();
        assert!(PreferencesFile::load_from(dir.path()).unwrap_err().to_string().contains(KEYS));
    }
}
