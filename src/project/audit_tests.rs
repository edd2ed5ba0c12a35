use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;

use super::audit::{FILE_NAME, append};
use super::audit_chain::last_hash;
use super::{AuditCheck, AuditEvent, ModelStep, verify_audit};

const OLD: &str = r#"{"time":"2026-01-01T00:00:00Z","user":"u","event":"opened"}"#;

fn painted(voxels: usize) -> AuditEvent {
    AuditEvent::Painted { case: "a".into(), tool: "Brush".into(), voxels }
}

/// A log of so many lines.
fn log(lines: usize) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    (0..lines).for_each(|i| drop(append(dir.path(), &painted(i)).unwrap()));
    let path = dir.path().join(FILE_NAME);
    (dir, path)
}

fn lines_of(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn check_of(path: &Path, lines: &[String]) -> AuditCheck {
    fs::write(path, lines.join("\n") + "\n").unwrap();
    verify_audit(path).unwrap()
}

fn whole(lines: usize) -> AuditCheck {
    AuditCheck::Whole { lines, unchained: 0 }
}

#[test]
fn every_line_is_json_and_names_the_hash_of_the_line_before() {
    let (dir, path) = log(3);
    let model = Some(ModelStep { run: "001-cps".into(), step: 7 });
    let last = append(dir.path(), &AuditEvent::Accepted { case: "a".into(), voxels: 5, model }).unwrap();
    let lines: Vec<serde_json::Value> = lines_of(&path).iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines[0]["previous"], "0".repeat(64));
    assert!(lines.windows(2).all(|pair| pair[1]["previous"] == pair[0]["hash"]));
    assert_eq!(
        (&lines[3]["hash"], &lines[3]["run"], &lines[3]["step"]),
        (&last.clone().into(), &"001-cps".into(), &7.into())
    );
    assert_eq!(last_hash(&path).unwrap(), Some(last));
    assert_eq!(verify_audit(&path).unwrap(), whole(4));
}

#[test]
fn a_changed_line_is_named_wherever_it_was_changed() {
    let (_dir, path) = log(4);
    let bytes = fs::read(&path).unwrap();
    let line_of = |at: usize| bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
    for at in (0..bytes.len()).filter(|&at| bytes[at] != b'\n') {
        let mut changed = bytes.clone();
        changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
        fs::write(&path, &changed).unwrap();
        // A line whose end was changed counts as one without hashes; then the next one does not follow it.
        let found = verify_audit(&path).unwrap();
        let line = line_of(at);
        let next = AuditCheck::BrokenAt { line: line + 1 };
        let is_last = line == 4 && found == AuditCheck::Whole { lines: 4, unchained: 1 };
        assert!(found == AuditCheck::BrokenAt { line } || found == next || is_last, "byte {at}: {found:?}");
    }
}

#[test]
fn a_line_removed_added_or_moved_is_noticed() {
    let (_dir, path) = log(5);
    let lines = lines_of(&path);
    for at in 0..4 {
        let mut removed = lines.clone();
        removed.remove(at);
        assert_eq!(check_of(&path, &removed), AuditCheck::BrokenAt { line: at + 1 });
        let mut swapped = lines.clone();
        swapped.swap(at, at + 1);
        assert_eq!(check_of(&path, &swapped), AuditCheck::BrokenAt { line: at + 1 });
        for extra in [OLD.to_owned(), String::new(), lines[0].clone()] {
            let mut added = lines.clone();
            added.insert(at + 1, extra);
            let found = check_of(&path, &added);
            assert!(matches!(found, AuditCheck::BrokenAt { line } if line == at + 2 || line == at + 3), "{found:?}");
        }
    }
    assert_eq!(check_of(&path, &lines), whole(5));
}

#[test]
fn the_chain_begins_where_an_old_log_ends_and_vouches_for_it() {
    let (dir, path) = log(0);
    // Longer than what is looked at for the newest hash.
    let old = vec![OLD.to_owned(); 2000];
    assert_eq!(check_of(&path, &old), AuditCheck::Whole { lines: 2000, unchained: 2000 });
    append(dir.path(), &painted(1)).unwrap();
    append(dir.path(), &painted(2)).unwrap();
    assert_eq!(verify_audit(&path).unwrap(), AuditCheck::Whole { lines: 2002, unchained: 2000 });
    let mut lines = lines_of(&path);
    lines[700] = lines[700].replace("opened", "saved");
    assert_eq!(check_of(&path, &lines), AuditCheck::BrokenAt { line: 2001 });
    lines.remove(700);
    assert_eq!(check_of(&path, &lines), AuditCheck::BrokenAt { line: 2000 });
}

#[test]
fn lines_of_an_older_program_in_the_middle_are_vouched_for_by_the_next_one() {
    let (dir, path) = log(2);
    let mut text = fs::read_to_string(&path).unwrap() + OLD + "\n";
    fs::write(&path, &text).unwrap();
    append(dir.path(), &painted(3)).unwrap();
    assert_eq!(verify_audit(&path).unwrap(), AuditCheck::Whole { lines: 4, unchained: 1 });
    text = fs::read_to_string(&path).unwrap().replace("opened", "saved");
    fs::write(&path, text).unwrap();
    assert_eq!(verify_audit(&path).unwrap(), AuditCheck::BrokenAt { line: 4 });
}

/// Just before and just after the end of each line.
fn newlines(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    (0..bytes.len()).filter(|&at| bytes[at] == b'\n' || at > 0 && bytes[at - 1] == b'\n')
}

#[test]
fn a_log_cut_off_anywhere_goes_on_and_stays_whole() {
    let (dir, path) = log(3);
    let bytes = fs::read(&path).unwrap();
    // Not every byte: each line waits for the disk.
    for len in (0..bytes.len()).step_by(7).chain(newlines(&bytes)) {
        fs::write(&path, &bytes[..len]).unwrap();
        let ended = bytes[..len].iter().filter(|b| **b == b'\n').count();
        let is_torn = len > 0 && bytes[len - 1] != b'\n';
        let torn = AuditCheck::TornEnd { lines: ended, unchained: 0 };
        assert_eq!(verify_audit(&path).unwrap(), if is_torn { torn } else { whole(ended) }, "cut at {len}");
        append(dir.path(), &painted(9)).unwrap();
        assert!(fs::read(&path).unwrap().starts_with(&bytes[..len]), "nothing is ever taken away");
        let AuditCheck::Whole { lines, unchained } = verify_audit(&path).unwrap() else { panic!("cut at {len}") };
        assert_eq!(lines, ended + usize::from(is_torn) + 1);
        assert!(unchained <= 1);
    }
}

#[test]
fn garbage_after_a_crash_is_no_reason_to_stop_writing() {
    let (dir, path) = log(1);
    let mut bytes = fs::read(&path).unwrap();
    // Some file systems fill up with zeros what a crash left unwritten.
    bytes.extend([0; 70_000]);
    bytes.extend([b'\n', 0xff, b'{']);
    fs::write(&path, &bytes).unwrap();
    append(dir.path(), &painted(2)).unwrap();
    assert_eq!(verify_audit(&path).unwrap(), AuditCheck::Whole { lines: 4, unchained: 2 });
}

#[test]
fn threads_that_write_at_once_make_one_chain() {
    let (dir, path) = log(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10).for_each(|i| drop(append(dir.path(), &painted(i)).unwrap())));
        }
    });
    assert_eq!(verify_audit(&path).unwrap(), whole(40));
}

#[test]
fn a_missing_log_has_no_hash_and_cannot_be_verified() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(last_hash(&dir.path().join(FILE_NAME)).unwrap(), None);
    assert!(verify_audit(&dir.path().join(FILE_NAME)).is_err());
}
