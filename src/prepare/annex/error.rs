//! Why items of a second sheet or file cannot be used. Names files, lines and columns, never values.

use super::LINES_TOLD_MAX;

/// Why items cannot be joined to clients.
#[derive(Debug, thiserror::Error)]
pub enum AnnexError {
    /// The mapping's section is wrong.
    #[error("[items.{list}] {why}")]
    Section {
        /// The list.
        list: String,
        /// What is wrong with it.
        why: String,
    },
    /// Items belong to no client of the source.
    #[error("{count} row(s) of {annex} belong to no client of {source_name}: line {}", lines(lines_told))]
    Orphans {
        /// The file, with its sheet.
        annex: String,
        /// The clients' file.
        source_name: String,
        /// How many.
        count: usize,
        /// Their lines, the first of them.
        lines_told: Vec<u64>,
    },
    /// A row of it cannot be used.
    #[error("{place}: {why}")]
    Row {
        /// File, sheet and line.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// There are more items than this program keeps.
    #[error("{annex} has more than {max} rows, which is more than are kept in memory")]
    TooMany {
        /// The file, with its sheet.
        annex: String,
        /// The most.
        max: usize,
    },
}

impl AnnexError {
    /// Whether it is about what stands in the files, and not about the mapping.
    #[must_use]
    pub fn is_about_rows(&self) -> bool {
        match self {
            Self::Orphans { .. } | Self::Row { .. } | Self::TooMany { .. } => true,
            Self::Section { .. } => false,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Section { .. } => "correct the section of the mapping; docs/items.md has an example",
            Self::Orphans { .. } => {
                "correct the ids that join the two, or remove the rows; where the source holds a part of the clients only, such as a \
                 rejected.csv, write orphans = \"leave-out\" into the section. Nothing was sent, so that nobody misses a part"
            }
            Self::Row { .. } => "mend the row; nothing was sent, so that nobody misses a part",
            Self::TooMany { .. } => "divide clients and items into several files",
        }
    }
}

fn lines(told: &[u64]) -> String {
    let lines: Vec<String> = told.iter().map(u64::to_string).collect();
    if told.len() == LINES_TOLD_MAX { format!("{} …", lines.join(", ")) } else { lines.join(", ") }
}
