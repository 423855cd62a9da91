//! `certificate.json`: what a report was made from, its sums, and the hash of every file, so that [`verify()`] finds what was changed
//! since. Holds no client data beyond the sums that the user asked for.

mod chain;
mod recount;
mod sums;
mod verify;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::ReportError;
use super::partial::{PartialFile, hex};
use super::summary::Summary;
use crate::model::{Outcome, Tally};
pub(super) use chain::Chain;
pub use chain::ChainRecord;
pub(super) use sums::Adding;
pub use sums::{ControlColumn, ControlSum};
pub use verify::{Finding, Verified, VerifyError, verify};

/// Name of the file.
pub(super) const NAME: &str = "certificate.json";
/// Raise it with every change of what the file says.
const FORMAT: u32 = 1;
/// What stands between the sealed text and the seal.
const BEFORE_SEAL: &str = ",\n  \"seal\": \"";
const BEHIND_SEAL: &str = "\"\n}\n";

/// What a run is made from, told by whoever starts it.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// SHA-256 of the mapping file, where one was given, and of the files of items that it names.
    pub mapping: Option<MappingProof>,
    /// The contracts that rows were held against.
    pub contracts: Vec<ContractProof>,
    /// Columns to be added up.
    pub control_columns: Vec<ControlColumn>,
}

/// A mapping by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingProof {
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// The same of each file of items that it names.
    pub items: Vec<String>,
}

/// A contract by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractProof {
    /// `provider/kind`.
    pub operation: String,
    /// SHA-256 of the contract as JSON without blanks and with sorted members, lower-case hex.
    pub sha256: String,
}

/// The journal by what it says of a run. It only grows, so the same events stand there for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalProof {
    /// How many events the clients have that the run sent.
    pub events: u64,
    /// The number of the last of them.
    pub last_event: i64,
    /// SHA-256 over all of them in order, lower-case hex.
    pub sha256: String,
}

/// What a certificate says besides files and sums of rows; the page shows it too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certified {
    /// The mapping; `None` where the headers alone settled it.
    pub mapping: Option<MappingProof>,
    /// The contracts.
    pub contracts: Vec<ContractProof>,
    /// The journal; `None` where there was none.
    pub journal: Option<JournalProof>,
    /// Sums of the columns that the user named.
    pub control_sums: Vec<ControlSum>,
}

/// The content of `certificate.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Version of the format.
    pub format: u32,
    /// Name of the run.
    pub run: String,
    /// What `--to` said.
    pub operation: String,
    /// `import`, `check` or `plan`.
    pub mode: String,
    /// Name of the provider account.
    pub account: String,
    /// Version of the program that wrote it.
    pub version: String,
    /// When the run began.
    pub started: String,
    /// When it ended.
    pub finished: String,
    /// What was read.
    pub source: SourceProof,
    /// The mapping.
    pub mapping: Option<MappingProof>,
    /// The contracts.
    pub contracts: Vec<ContractProof>,
    /// The journal.
    pub journal: Option<JournalProof>,
    /// Rows that were read.
    pub rows: u64,
    /// The same by what became of them; the sum is `rows`.
    pub outcomes: BTreeMap<String, u64>,
    /// The same by sheet.
    pub sheets: Vec<SheetProof>,
    /// Created or existing clients that are not in `crosswalk.csv`, because the provider told no id of them.
    pub clients_without_provider_id: u64,
    /// Whether the provider was a test stand: `crosswalk.csv` is empty then.
    pub test_stand: bool,
    /// Sums of chosen columns.
    pub control_sums: Vec<ControlSum>,
    /// Every file of the report but this one.
    pub files: Vec<FileProof>,
    /// Chains over the lines of some of them.
    pub chains: Vec<ChainRecord>,
    /// SHA-256 of the text of this file before the member `seal`.
    #[serde(default, skip_serializing)]
    pub seal: String,
}

/// The source by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceProof {
    /// Name of the file without its folder.
    pub name: String,
    /// SHA-256 of it, lower-case hex.
    pub sha256: String,
}

/// The rows of one sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetProof {
    /// Its name; empty for a delimited file.
    pub name: String,
    /// Rows that were read.
    pub rows: u64,
    /// The same by what became of them.
    pub outcomes: BTreeMap<String, u64>,
}

/// One file of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProof {
    /// Its name in the report folder.
    pub name: String,
    /// Its records, where it has such.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
}

impl FileProof {
    fn of(file: &PartialFile) -> Self {
        Self { name: file.name.to_owned(), rows: file.rows, bytes: file.bytes, sha256: file.sha256.clone() }
    }
}

fn outcomes(tally: &Tally) -> BTreeMap<String, u64> {
    Outcome::ALL.into_iter().map(|outcome| (outcome.as_str().to_owned(), tally.count(outcome))).collect()
}

/// Writes the certificate of these files, all of which are on the disk. Returns the file and its seal.
pub(super) fn write(summary: &Summary, files: &[PartialFile]) -> Result<(PartialFile, String), ReportError> {
    let Certified { mapping, contracts, journal, control_sums } = summary.certified.clone();
    let sheet = |sheet: &super::SheetSummary| SheetProof {
        name: sheet.name.clone(),
        rows: sheet.rows,
        outcomes: outcomes(&sheet.outcomes),
    };
    let certificate = Certificate {
        format: FORMAT,
        run: summary.run.clone(),
        operation: summary.operation.clone(),
        mode: summary.mode.as_str().to_owned(),
        account: summary.account.clone(),
        version: summary.version.clone(),
        started: summary.started.to_rfc3339_opts(SecondsFormat::Secs, true),
        finished: summary.finished.to_rfc3339_opts(SecondsFormat::Secs, true),
        source: SourceProof { name: summary.source.name.clone(), sha256: summary.source.sha256.clone() },
        mapping,
        contracts,
        journal,
        rows: summary.source.rows,
        outcomes: outcomes(&summary.outcomes),
        sheets: summary.source.sheets.iter().map(sheet).collect(),
        clients_without_provider_id: summary.clients_without_provider_id,
        test_stand: summary.test_stand,
        control_sums,
        files: files.iter().map(FileProof::of).collect(),
        chains: files.iter().filter_map(|file| file.chain.clone()).collect(),
        seal: String::new(),
    };
    written(&summary.folder, &certificate)
}

/// The certificate of a finished report with further files, which are on the disk. `None` where the folder has no whole certificate:
/// what proves nothing is not made to look as if it did.
pub(super) fn add(folder: &Path, files: &[&PartialFile]) -> Result<Option<PartialFile>, ReportError> {
    let path = folder.join(NAME);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(ReportError::Write { path, cause }),
    };
    let known = serde_json::from_slice::<Certificate>(&text).ok().filter(|known| is_sealed(&text) && known.format == FORMAT);
    let Some(mut certificate) = known else { return Ok(None) };
    certificate.files.retain(|known| files.iter().all(|file| file.name != known.name));
    certificate.files.extend(files.iter().map(|file| FileProof::of(file)));
    written(folder, &certificate).map(|(file, _)| Some(file))
}

/// The sealed text of a certificate in its file, and the seal.
fn written(folder: &Path, certificate: &Certificate) -> Result<(PartialFile, String), ReportError> {
    let mut file = PartialFile::create(folder, NAME)?;
    let json = serde_json::to_string_pretty(certificate)
        .map_err(|cause| ReportError::Write { path: folder.join(NAME), cause: cause.into() })?;
    let (text, seal) = sealed(&json);
    // The last line feed comes with the end of the line.
    file.line().extend_from_slice(text.trim_end().as_bytes());
    file.end_line()?;
    file.sync()?;
    Ok((file, seal))
}

/// The text of an object with its own hash as the last member, and that hash.
fn sealed(json: &str) -> (String, String) {
    let open = json.trim_end().trim_end_matches('}').trim_end();
    let seal = hex(&Sha256::digest(open.as_bytes()));
    (format!("{open}{BEFORE_SEAL}{seal}{BEHIND_SEAL}"), seal)
}

/// Whether a text is as it was sealed, to the last byte.
fn is_sealed(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let Some((open, rest)) = text.rsplit_once(BEFORE_SEAL) else { return false };
    rest.strip_suffix(BEHIND_SEAL) == Some(&hex(&Sha256::digest(open.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_breaks_the_seal() {
        let (text, seal) = sealed("{\n  \"a\": 1,\n  \"b\": {\"seal\": \"x\"}\n}");
        assert!(text.contains(&seal) && is_sealed(text.as_bytes()), "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut flipped = text.clone().into_bytes();
                flipped[at] ^= 1 << bit;
                assert!(!is_sealed(&flipped), "byte {at}, bit {bit}");
            }
        }
        assert!(!is_sealed(format!("{text}\n").as_bytes()) && !is_sealed(text.trim_end().as_bytes()));
    }
}
