//! The floors of the crate: who may import whom, and which outside crate lives where.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// Every module and the modules it may import, ground floor first; a module names only modules above its own row.
const FLOORS: &[(&str, &[&str])] = &[
    ("geometry", &[]),
    ("volume", &["geometry"]),
    ("label", &["geometry", "volume"]),
    ("metrics", &["geometry", "label", "volume"]),
    ("edit", &["geometry", "label", "volume"]),
    ("io", &["geometry", "label", "volume"]),
    ("rounds", &["volume"]),
    ("project", &["edit", "geometry", "io", "label", "rounds", "volume"]),
    ("learn", &["edit", "geometry", "label", "metrics", "volume"]),
    ("review", &["geometry", "label", "metrics", "volume"]),
    ("worker", &["edit", "geometry", "io", "label", "learn", "metrics", "project", "review", "rounds", "volume"]),
    ("view", &["geometry", "label", "volume"]),
    (
        "workspace",
        &[
            "edit", "geometry", "io", "label", "learn", "metrics", "project", "review", "rounds", "view", "volume",
            "worker",
        ],
    ),
    ("render", &["geometry", "label", "view", "volume"]),
    (
        "ui",
        &[
            "edit",
            "geometry",
            "io",
            "label",
            "learn",
            "metrics",
            "project",
            "render",
            "review",
            "rounds",
            "view",
            "volume",
            "worker",
            "workspace",
        ],
    ),
    (
        "cli",
        &[
            "edit",
            "geometry",
            "io",
            "label",
            "learn",
            "metrics",
            "project",
            "render",
            "review",
            "ui",
            "view",
            "volume",
            "worker",
            "workspace",
        ],
    ),
];

/// Outside crates and the modules that may name them.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("burn", &["learn"]),
    ("burn_cubecl", &["learn"]),
    ("egui", &["ui"]),
    ("egui_plot", &["ui"]),
    ("rfd", &["ui"]),
    // The wgpu that the window uses is re-exported by eframe; `ui` takes it from `render`.
    ("eframe", &["render", "ui"]),
    ("nifti", &["io"]),
    ("flate2", &["io"]),
    ("hdf5_reader", &["io"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("plotters", &["cli"]),
    ("epaint_default_fonts", &["cli"]),
    ("crossbeam_channel", &["worker", "ui"]),
];

/// Functions that change labels and the modules that may call them.
const LABEL_WRITERS: &[(&str, &[&str])] = &[
    ("write_run(", &["label", "edit"]),
    ("bump_revision(", &["label", "edit"]),
    ("set_revision(", &["label", "edit", "project"]),
];

fn source_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// Code without comments and without the test module at the end of a file.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let before_tests = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    before_tests.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Modules of this crate that a piece of code names after `crate::`, also in `use crate::{a, b::c}`.
fn named_modules(code: &str) -> Vec<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut named = Vec::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut at_start = true;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => at_start = true,
                    c if is_word(c) && depth == 0 && at_start => word.push(c),
                    _ => {
                        if !word.is_empty() {
                            at_start = false;
                            named.push(std::mem::take(&mut word));
                        }
                    }
                }
            }
            named.extend((!word.is_empty()).then_some(word));
        } else {
            named.push(rest.chars().take_while(|c| is_word(*c)).collect());
        }
    }
    named
}

/// Whether `name` occurs as a path root (`name::`) or in `use name;`.
fn names_crate(code: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    code.match_indices(name).any(|(at, _)| {
        let after = &code[at + name.len()..];
        let before = code[..at].chars().next_back();
        !before.is_some_and(is_word) && (after.starts_with("::") || after.starts_with(';'))
    })
}

#[test]
fn every_folder_is_a_floor_and_floors_import_only_upwards() {
    let mut folders: Vec<String> = fs::read_dir(source_dir())
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name().into_string().unwrap())
        .collect();
    let mut listed: Vec<String> = FLOORS.iter().map(|(name, _)| (*name).to_owned()).collect();
    folders.sort();
    listed.sort();
    assert_eq!(folders, listed);
    for (row, (name, allowed)) in FLOORS.iter().enumerate() {
        for module in *allowed {
            let above = FLOORS[..row].iter().any(|(n, _)| n == module);
            assert!(above, "{name} may not import {module}, which is not above it");
        }
    }
}

#[test]
fn modules_import_only_what_their_floor_allows() {
    let mut wrong = Vec::new();
    for (name, allowed) in FLOORS {
        for path in rust_files(&source_dir().join(name)) {
            for module in named_modules(&code(&path)) {
                let is_module = FLOORS.iter().any(|(n, _)| *n == module);
                if is_module && module != *name && !allowed.contains(&module.as_str()) {
                    wrong.push(format!("{} imports {module}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn allowed_imports_are_all_in_use() {
    let mut unused = Vec::new();
    for (name, allowed) in FLOORS {
        let all: Vec<String> = rust_files(&source_dir().join(name))
            .iter()
            .flat_map(|p| named_modules(&fs::read_to_string(p).unwrap()))
            .collect();
        unused
            .extend(allowed.iter().filter(|m| !all.iter().any(|a| a == *m)).map(|m| format!("{name} never uses {m}")));
    }
    assert!(unused.is_empty(), "shorten the list: {}", unused.join(", "));
}

#[test]
fn outside_crates_stay_on_their_floors() {
    let mut wrong = Vec::new();
    for path in rust_files(&source_dir()) {
        let relative = path.strip_prefix(source_dir()).unwrap();
        let module = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if module == "main" {
            continue;
        }
        let code = code(&path);
        for (outside, modules) in OUTSIDE {
            if names_crate(&code, outside) && !modules.contains(&module) {
                wrong.push(format!("{} uses {outside}", relative.display()));
            }
        }
        for (function, modules) in LABEL_WRITERS {
            if code.contains(function) && !modules.contains(&module) {
                wrong.push(format!("{} calls {function})", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_checks_see_forbidden_imports() {
    assert_eq!(named_modules("use crate::{edit::Delta, io::{read, write}, ui};"), ["edit", "io", "ui"]);
    assert_eq!(named_modules("let x = crate::learn::Plan;"), ["learn"]);
    assert!(names_crate("use burn::tensor::Tensor;", "burn"));
    assert!(!names_crate("use crate::burn::x;", "burn") && !names_crate("let burning = 1;", "burn"));
}
