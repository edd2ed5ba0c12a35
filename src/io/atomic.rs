//! Replacing a file in one step: a crash leaves either the old or the new one, never half of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::IoError;

/// Writes a file under a temporary name in the same folder, flushes it to the disk and renames it over `path`.
///
/// # Errors
/// When the folder or disk refuses; the file that was there before is then untouched.
pub fn write_atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), IoError> {
    let failed = |e| IoError::write(path, e);
    let mut draft = Draft::create(path).map_err(failed)?;
    draft.write(write).map_err(failed)?;
    draft.publish(path).map_err(failed)
}

/// Writes these bytes as [`write_atomically`] does, and reads them back before they take the place of an older file.
///
/// # Errors
/// As [`write_atomically`], and when other bytes came back.
pub fn write_verified(path: &Path, bytes: &[u8]) -> Result<(), IoError> {
    let failed = |e| IoError::write(path, e);
    let mut draft = Draft::create(path).map_err(failed)?;
    draft.write(|file| file.write_all(bytes)).map_err(failed)?;
    if fs::read(draft.path()).map_err(failed)? != bytes {
        return Err(IoError::NotWritten { path: path.into(), reason: "reading it back gave other bytes".to_owned() });
    }
    draft.publish(path).map_err(failed)
}

/// A temporary file beside its target, removed when dropped before it is published.
pub(super) struct Draft {
    path: PathBuf,
    file: Option<File>,
    published: bool,
}

impl Draft {
    /// Creates an empty file with a name of its own in the folder of `target`.
    pub fn create(target: &Path) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        loop {
            let name = format!("chiaro-draft-{}-{}", process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
            let path = target.with_file_name(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file: Some(file), published: false }),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the content and waits until the disk has it.
    pub fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Err(io::Error::other("the file was already written")) };
        let mut buffered = BufWriter::with_capacity(1 << 20, file);
        write(&mut buffered)?;
        let file = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()
    }

    /// Takes the place of `target`.
    pub fn publish(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.published = true;
        sync_folder(target)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            drop(self.file.take());
            // Nothing more can be done here; a stray draft harms nobody.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the rename itself durable; Windows does this without being asked and cannot open folders.
fn sync_folder(target: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_keeps_the_old_file_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ünï code.txt");
        write_atomically(&path, |w| w.write_all(b"old")).unwrap();
        let failed = write_atomically(&path, |w| {
            w.write_all(b"new")?;
            Err(io::Error::other("disk full"))
        });
        assert!(failed.unwrap_err().to_string().contains("disk full"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_replaces_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.b.c");
        for content in ["old", "new"] {
            write_atomically(&path, |w| w.write_all(content.as_bytes())).unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), b"new");
        write_verified(&path, b"newest").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"newest");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
