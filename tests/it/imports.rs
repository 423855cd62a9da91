//! The walls of the house: who may import whom, and which library lives in which room. Reads the sources as text.

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module → modules it may import. `ARCHITECTURE.md` shows the same table.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("contract", &["model"]),
    ("read", &["model"]),
    ("journal", &["model"]),
    ("report", &["model"]),
    ("prepare", &["model", "contract"]),
    ("provider", &["model", "contract"]),
    ("submit", &["model", "provider", "journal"]),
    ("sandbox", &["model", "contract"]),
    ("failure", &["model", "contract", "read", "prepare", "submit", "report", "provider", "journal", "sandbox", "watch"]),
    ("pipeline", &["model", "read", "prepare", "submit", "report", "failure"]),
    ("logging", &[]),
    ("watch", &[]),
    ("notify", &["model", "provider"]),
    ("terminal", &["submit"]),
    ("harden", &[]),
    ("cli", &[]),
    ("config", &["model", "submit", "provider", "notify", "failure"]),
    (
        "commands",
        &[
            "model", "contract", "read", "prepare", "submit", "report", "provider", "journal", "sandbox", "pipeline", "failure",
            "logging", "watch", "notify", "config", "cli", "terminal",
        ],
    ),
];

/// Library → the only modules that may name it.
const LIVES_IN: &[(&str, &[&str])] = &[
    ("tokio", &["submit", "provider", "sandbox", "journal", "notify"]),
    ("tokio_util", &["submit", "sandbox"]),
    ("rayon", &["prepare"]),
    ("rusqlite", &["journal"]),
    ("calamine", &["read"]),
    ("chardetng", &["read"]),
    ("encoding_rs", &["read"]),
    ("flate2", &["read"]),
    ("quick_xml", &["read", "report"]),
    ("zip", &["read", "report"]),
    ("rust_xlsxwriter", &["report"]),
    ("askama", &["report"]),
    ("reqwest", &["provider", "notify"]),
    ("rustls", &["provider"]),
    ("governor", &["submit"]),
    ("jsonschema", &["contract"]),
    ("rlibphonenumber", &["prepare"]),
    ("axum", &["sandbox"]),
    ("hyper", &["sandbox"]),
    ("hyper_util", &["sandbox"]),
    ("clap", &["cli", "commands", "main"]),
    ("toml_edit", &["commands"]),
    ("indicatif", &["terminal"]),
    ("tracing", &["submit", "commands"]),
    ("rustix", &["commands", "harden"]),
    ("tracing_subscriber", &["logging"]),
    ("prometheus_client", &["notify"]),
];

/// Names by which a provider is called, the folder's first.
const PROVIDERS: &[&[&str]] = &[&["tbank", "t-bank"], &["finlego"], &["loanpro"], &["brainysoft"]];

/// The lists, where every provider may be called by its name.
const REGISTRIES: &[&str] = &["provider/registry.rs", "sandbox/registry.rs", "contract/registry.rs"];

/// Where one is named besides, and why that is so.
const PROVIDER_IS_NAMED_BESIDES: &[(&str, &str)] = &[
    ("provider/hostile.rs", "throws hostile answers at all of them, in tests only"),
    ("provider/mod.rs", "declares the provider's folder"),
    ("cli.rs", "default of `sandbox --provider`"),
];

struct SourceText {
    /// Below `src`, with `/`.
    path: String,
    /// The first part of the path, without `.rs`.
    module: String,
    /// Modules between the crate's root and the file's items.
    depth: usize,
    /// Without comments.
    code: String,
}

impl SourceText {
    /// The code before the file's tests, which stand last.
    fn without_tests(&self) -> &str {
        self.code.split_once("#[cfg(test)]").map_or(&self.code, |(code, _)| code)
    }
}

fn sources() -> Vec<SourceText> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let parts: Vec<String> =
                    path.strip_prefix(&root).unwrap().iter().map(|part| part.to_str().unwrap().to_owned()).collect();
                let code = fs::read_to_string(&path).unwrap();
                let code =
                    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
                files.push(SourceText {
                    path: parts.join("/"),
                    module: parts[0].trim_end_matches(".rs").to_owned(),
                    depth: parts.len() - usize::from(parts.last().unwrap() == "mod.rs"),
                    code,
                });
            }
        }
    }
    files.retain(|file| file.module != "lib");
    assert!(files.len() > 50, "only {} sources found", files.len());
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn is_name(ch: char) -> bool {
    ch.is_alphanumeric() || ch == '_'
}

/// Places behind each `word` that stands alone, not as the end of a longer name or path.
fn behind<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(word)
        .filter(|(at, _)| !code[..*at].ends_with(|ch| is_name(ch) || ch == ':'))
        .map(|(at, found)| &code[at + found.len()..])
}

/// The modules that stand behind a `crate::`: one, or the first names of a list in braces.
fn modules_behind(text: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|ch| is_name(*ch)).collect::<String>();
    let Some(list) = text.strip_prefix('{') else { return vec![name(text)] };
    let (mut names, mut level, mut start) = (Vec::new(), 1, 0);
    for (at, ch) in list.char_indices() {
        match ch {
            '{' => level += 1,
            '}' => level -= 1,
            ',' if level == 1 => {
                names.push(name(&list[start..at]));
                start = at + 1;
            }
            _ => {}
        }
        if level == 0 {
            names.push(name(&list[start..at]));
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn imports_are_found_in_every_form() {
    assert_eq!(modules_behind("model::{Code, Row};"), ["model"]);
    assert_eq!(modules_behind("{report as room, terminal};"), ["report", "terminal"]);
    assert_eq!(modules_behind("{\n    model::{Code, Row},\n    read,\n};"), ["model", "read"]);
    assert_eq!(behind("pub(in crate::read) x; a_crate::b; fn(crate::c::D)", "crate::").count(), 2);
}

#[test]
fn nobody_imports_what_the_table_does_not_allow() {
    let table: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut offences = Vec::new();
    for file in sources() {
        // The front door stands outside the library.
        if file.module == "main" {
            continue;
        }
        let Some(allowed) = table.get(file.module.as_str()) else {
            offences.push(format!("{}: the module `{}` is not in the table", file.path, file.module));
            continue;
        };
        for text in behind(&file.code, "crate::") {
            for module in modules_behind(text) {
                if module != file.module && !allowed.contains(&module.as_str()) {
                    offences.push(format!("{}: {} may not import {module}", file.path, file.module));
                }
            }
        }
    }
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn nobody_climbs_over_the_wall_with_super() {
    let mut offences = Vec::new();
    for file in sources().iter().filter(|file| file.module != "main") {
        let tests_at = file.without_tests().len();
        for (at, _) in file.code.match_indices("super::") {
            if file.code[..at].ends_with("super::") {
                continue;
            }
            let steps = file.code[at..].split("super::").skip(1).take_while(|between| between.is_empty()).count() + 1;
            // A test module is one deeper than its file.
            if steps >= file.depth + usize::from(at >= tests_at) {
                let line = file.code[at..].lines().next().unwrap_or_default();
                offences.push(format!("{}: `{line}` leaves the module; write `crate::`", file.path));
            }
        }
    }
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn each_library_lives_where_the_table_says() {
    let mut offences = Vec::new();
    for (library, rooms) in LIVES_IN {
        let name = format!("{library}::");
        let mut seen_in = BTreeSet::new();
        for file in sources() {
            for text in behind(&file.code, &name) {
                seen_in.insert(file.module.clone());
                if !rooms.contains(&file.module.as_str()) {
                    offences.push(format!("{}: {library} lives in {}", file.path, rooms.join(", ")));
                }
                // The journal waits for nobody: it only hands answers back.
                if *library == "tokio" && file.module == "journal" && !text.starts_with("sync::oneshot") {
                    offences.push(format!("{}: of tokio the journal takes sync::oneshot only", file.path));
                }
            }
        }
        for room in rooms.iter().filter(|room| !seen_in.contains(**room)) {
            offences.push(format!("{room} does not use {library} any more: take it out of the table"));
        }
    }
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn a_provider_is_named_in_its_own_places_only() {
    let mut offences = Vec::new();
    let mut besides: BTreeSet<&str> = PROVIDER_IS_NAMED_BESIDES.iter().map(|(path, _)| *path).collect();
    for file in sources() {
        if file.path.ends_with("/tests.rs") {
            continue;
        }
        let code = file.without_tests().to_lowercase();
        let is_own = |names: &[&str]| {
            let name = names[0];
            REGISTRIES.contains(&file.path.as_str())
                || ["provider", "sandbox", "contract"]
                    .iter()
                    .any(|room| file.path.starts_with(&format!("{room}/{name}/")) || file.path == format!("{room}/{name}.rs"))
        };
        let called = |names: &[&str]| names.iter().any(|name| code.contains(name));
        if !PROVIDERS.iter().any(|names| called(names) && !is_own(names)) {
            continue;
        }
        match PROVIDER_IS_NAMED_BESIDES.iter().find(|(path, _)| file.path == *path) {
            Some((path, _)) => {
                besides.remove(path);
            }
            None => offences.push(format!("{} names a provider", file.path)),
        }
    }
    offences.extend(besides.into_iter().map(|path| format!("{path} names no provider any more: take it out of the table")));
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn the_architecture_page_shows_the_same_table() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    let mut expected = String::from("| module | may import |\n|---|---|\n");
    for (module, allowed) in MAY_IMPORT {
        let allowed: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
        let allowed = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") };
        expected.push_str(&format!("| `{module}` | {allowed} |\n"));
    }
    assert!(page.contains(&expected), "ARCHITECTURE.md does not hold this table:\n{expected}");
}
