//! `map`: proposes a mapping of a file's columns.

use std::io::{self, Write as _};
use std::path::Path;

use super::job::{find, open_table, read_settings};
use crate::cli::MapArgs;
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::{prepare, terminal};

pub(super) fn run(registry: &Registry, args: &MapArgs) -> Result<Exit, Failure> {
    let operations = registry.find(&args.to)?;
    let table = open_table(&find(&args.file)?, &read_settings(&args.reading, None), &operations)?;
    let proposal = prepare::infer(&args.to, &table.source.columns, &operations);
    match &args.output {
        None => terminal::print(&proposal.to_toml()),
        Some(path) => {
            write_new(path, &proposal.to_toml())
                .map_err(|why| Failure::Output { what: format!("the mapping {}", path.display()), why })?;
            terminal::tell(&format!("mapping written to {}\n", path.display()));
        }
    }
    let questions = proposal.questions();
    if questions.is_empty() {
        return Ok(Exit::Well);
    }
    terminal::tell("to be settled by you:\n");
    for question in questions {
        terminal::tell(&format!("  - {question}\n"));
    }
    Ok(Exit::Attention)
}

/// Writes a file that did not exist.
pub(super) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::File::create_new(path)?;
    file.write_all(text.as_bytes())
}
