//! What a run was made from, for the certificate of its report.

use sha2::{Digest as _, Sha256};

use super::job::{ANNEX_SHA256, Job};
use crate::contract::Operation;
use crate::failure::Failure;
use crate::journal::{Journal, RunEvents, RunId};
use crate::report::{ContractProof, ControlColumn, Evidence, JournalProof, MappingProof};

/// Mapping, contracts, and the columns that are to be added up.
pub(super) fn of(job: &Job, control_sums: &[String]) -> Result<Evidence, Failure> {
    let control_columns = control_sums.iter().map(|name| control_column(job, name)).collect::<Result<_, _>>()?;
    let mapping = job.mapping_sha256.as_ref().map(|all| {
        let mut hashes = all.split(ANNEX_SHA256).map(str::to_owned);
        MappingProof { sha256: hashes.next().unwrap_or_default(), items: hashes.collect() }
    });
    Ok(Evidence { mapping, contracts: job.operations.iter().map(|operation| contract(operation)).collect(), control_columns })
}

/// What the journal says of a run.
pub(super) fn of_journal(journal: &Journal, run: &RunId) -> Result<JournalProof, Failure> {
    let RunEvents { events, last_event, sha256 } = journal.events_of_run(run, None)?;
    Ok(JournalProof { events, last_event, sha256 })
}

fn contract(operation: &Operation) -> ContractProof {
    let digest = Sha256::digest(operation.schema.to_string().as_bytes());
    ContractProof { operation: operation.name.to_string(), sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect() }
}

/// A column by its name, or by its name as people compare names.
fn control_column(job: &Job, name: &str) -> Result<ControlColumn, Failure> {
    let columns = &job.table.source.columns;
    let folded = crate::model::text::fold(name);
    let exact = columns.iter().position(|column| **column == *name);
    let found = exact.or_else(|| columns.iter().position(|column| crate::model::text::fold(column) == folded));
    match found.and_then(|index| Some((columns.get(index)?, u16::try_from(index).ok()?))) {
        Some((column, index)) => Ok(ControlColumn { name: column.to_string(), column: index }),
        None => Err(Failure::settings(
            format!("{} has no column `{name}` to add up", job.table.source.name),
            format!("its columns are {}", columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")),
        )),
    }
}
