//! Which names are files to take, and which belong to somebody who is still at work.

use std::ffi::{OsStr, OsString};

/// Endings of files that are being written, or that say something about others.
const ENDINGS: [&str; 13] = [
    ".part",
    ".partial",
    ".tmp",
    ".temp",
    ".filepart",
    ".crdownload",
    ".download",
    ".swp",
    ".lock",
    ".bak",
    "~",
    ".ready",
    ".done",
];

/// Whether a file of this name may be one to import, as far as the name tells.
pub(super) fn may_be_taken(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    !name.starts_with('.') && !name.starts_with("~$") && !ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The file that a marker of this name speaks of.
pub(super) fn marked(name: &OsStr, marker: &str) -> Option<OsString> {
    let text = name.to_str()?;
    text.strip_suffix(marker).filter(|of| !of.is_empty()).map(OsString::from)
}

/// `<name><ending>`
pub(super) fn with(name: &OsStr, ending: &str) -> OsString {
    let mut all = name.to_owned();
    all.push(ending);
    all
}

/// `<front><name>`
pub(super) fn with_front(front: &str, name: &OsStr) -> OsString {
    let mut all = OsString::from(front);
    all.push(name);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_is_still_writing_is_left_alone() {
        for name in ["clients.csv", "Клиенты.XLSX", "clients.csv.gz", "part.csv", "no ending"] {
            assert!(may_be_taken(OsStr::new(name)), "{name}");
        }
        for name in
            [".clients.csv.x8f", "~$clients.xlsx", "clients.csv.part", "clients.CSV.TMP", "clients.csv~", "clients.csv.ready"]
        {
            assert!(!may_be_taken(OsStr::new(name)), "{name}");
        }
    }
}
