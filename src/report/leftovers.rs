//! Files of an earlier report in the same folder that the new one has not: beside new sums they would mislead. Knows no format.

use std::path::Path;

/// Files that not every report has.
const OPTIONAL: [&str; 8] = [
    "outcomes.xlsx",
    "outcomes.xlsm",
    "outcomes.jsonl",
    "outcomes.parquet",
    "junit.xml",
    "report.html",
    "changes.csv",
    "changes.json",
];

/// Removes them, but never the source of the new report.
pub(super) fn remove(folder: &Path, written: &[&str], source: &Path) {
    let source = source.canonicalize().ok();
    for name in OPTIONAL.into_iter().filter(|name| !written.contains(name)) {
        let path = folder.join(name);
        if !path.is_file() || source.is_some() && path.canonicalize().ok() == source {
            continue;
        }
        // Should it stay, `verify` names it.
        let _ = std::fs::remove_file(&path);
    }
}
