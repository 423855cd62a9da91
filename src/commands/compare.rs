//! `report --against`: which earlier report is meant, and what changed since.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::journal::Journal;
use crate::model::Lang;
use crate::{report, terminal};

/// The folder of an earlier report: a folder, or that of a run in the journal.
pub(super) fn earlier(journal: &Journal, named: &Path, later: &Path) -> Result<PathBuf, Failure> {
    let folder = if named.is_dir() { named.to_path_buf() } else { PathBuf::from(journal.run(&named.to_string_lossy())?.reports) };
    report::compare::is_report(&folder)?;
    let is_same = matches!((folder.canonicalize(), later.canonicalize()), (Ok(one), Ok(other)) if one == other);
    if is_same {
        return Err(Failure::settings(
            format!("{} is the report that would be written anew, so nothing could be told from it", folder.display()),
            "name another run after --against, or another folder with --out",
        ));
    }
    Ok(folder)
}

/// Tells what changed since, and writes it beside the later report.
pub(super) fn write(earlier: &Path, later: &Path, lang: Lang) -> Result<(), Failure> {
    let comparison = report::compare::compare(earlier, later)?;
    terminal::print(&comparison.text(lang));
    Ok(())
}
