//! What a run said and what the provider holds, read from their files and held against each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde_json::Value;

/// The words for what became of a row.
const OUTCOMES: [&str; 7] = ["created", "existing", "invalid", "duplicate", "rejected", "unknown", "not_sent"];

/// A line of a CSV by its header.
pub(super) type Line = HashMap<String, String>;

/// A report folder.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) outcomes: Vec<Line>,
    pub(super) crosswalk: Vec<Line>,
    pub(super) rejected: Vec<Line>,
    pub(super) summary: Value,
}

impl Report {
    pub(super) fn read(folder: &Path) -> Self {
        let summary = std::fs::read_to_string(folder.join("summary.json")).unwrap();
        Self {
            outcomes: table(&folder.join("outcomes.csv")),
            crosswalk: table(&folder.join("crosswalk.csv")),
            rejected: table(&folder.join("rejected.csv")),
            summary: serde_json::from_str(&summary).unwrap(),
        }
    }

    /// Rows with this outcome, by the lines of `outcomes.csv`.
    pub(super) fn count(&self, outcome: &str) -> usize {
        self.outcomes.iter().filter(|line| line["outcome"] == outcome).count()
    }

    /// Requests that the summary tells.
    pub(super) fn sent(&self) -> u64 {
        self.summary["requests"]["sent"].as_u64().unwrap()
    }

    /// What happened to each row, without what differs from run to run: ids, times, attempts.
    pub(super) fn fates(&self) -> Vec<Vec<String>> {
        const STEADY: [&str; 9] = ["line", "row_id", "outcome", "code", "field", "column", "found", "message", "idempotency_key"];
        self.outcomes.iter().map(|line| STEADY.map(|column| line[column].clone()).into()).collect()
    }

    /// Fails unless every row read has exactly one outcome, in lines and in sums.
    #[track_caller]
    pub(super) fn assert_no_row_is_lost(&self, rows: usize) {
        assert_eq!(self.summary["source"]["rows"], rows);
        assert_eq!(self.outcomes.len(), rows);
        for outcome in OUTCOMES {
            assert_eq!(self.summary["outcomes"][outcome], self.count(outcome), "{outcome}");
        }
        let sum: u64 = OUTCOMES.iter().map(|outcome| self.summary["outcomes"][outcome].as_u64().unwrap()).sum();
        assert_eq!(sum, rows as u64);
        let places: BTreeSet<(&str, u64)> =
            self.outcomes.iter().map(|line| (line["sheet"].as_str(), line["line"].parse().unwrap())).collect();
        assert_eq!(places.len(), rows, "a row stands twice in the report");
    }

    /// Fails unless the ledger holds exactly the clients that the report calls created, each once, and the crosswalk says the same.
    #[track_caller]
    pub(super) fn assert_agrees_with(&self, ledger: &Ledger) {
        ledger.assert_nobody_is_twice();
        let reported: BTreeMap<&str, &str> = self
            .outcomes
            .iter()
            .filter(|line| line["outcome"] == "created")
            .map(|line| (line["provider_id"].as_str(), line["idempotency_key"].as_str()))
            .collect();
        assert_eq!(reported.len(), self.count("created"), "two rows have one provider id");
        let held: BTreeMap<&str, &str> =
            ledger.0.iter().map(|entry| (entry["id"].as_str().unwrap(), entry["key"].as_str().unwrap())).collect();
        assert_eq!(reported, held, "left: report, right: ledger");
        self.assert_crosswalk();
    }

    /// Fails unless the crosswalk holds exactly the rows that have a provider id.
    #[track_caller]
    pub(super) fn assert_crosswalk(&self) {
        let pairs = |lines: &[Line], old: &str, new: &str| -> BTreeSet<(String, String)> {
            lines.iter().map(|line| (line[old].clone(), line[new].clone())).filter(|(_, new)| !new.is_empty()).collect()
        };
        let settled: Vec<Line> =
            self.outcomes.iter().filter(|line| ["created", "existing"].contains(&&*line["outcome"])).cloned().collect();
        assert_eq!(pairs(&self.crosswalk, "old_id", "new_id"), pairs(&settled, "row_id", "provider_id"));
        assert_eq!(self.crosswalk.len(), settled.iter().filter(|line| !line["provider_id"].is_empty()).count());
    }
}

/// The clients that the sandbox created.
#[derive(Debug)]
pub(super) struct Ledger(pub(super) Vec<Value>);

impl Ledger {
    pub(super) fn read(path: &Path) -> Self {
        // Before the first client there may be no file.
        let text = std::fs::read_to_string(path).unwrap_or_default();
        Self(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// Fails when a key, an id or a person stands twice in it.
    #[track_caller]
    pub(super) fn assert_nobody_is_twice(&self) {
        let distinct = |what: &dyn Fn(&Value) -> String| self.0.iter().map(what).collect::<BTreeSet<String>>().len();
        assert_eq!(distinct(&|entry| entry["key"].to_string()), self.0.len(), "a key made two clients");
        assert_eq!(distinct(&|entry| entry["id"].to_string()), self.0.len(), "an id was given twice");
        let person = |entry: &Value| format!("{} {}", entry["body"]["documents"], entry["body"]["phoneNumber"]);
        assert_eq!(distinct(&person), self.0.len(), "a person stands twice in the ledger");
    }
}

/// Reads a CSV whose first line names the columns; rows of `rejected.csv` may be as ragged as their source.
#[track_caller]
pub(super) fn table(path: &Path) -> Vec<Line> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let named = |record: &csv::StringRecord| -> Line {
        header.iter().zip(record).map(|(column, cell)| (column.to_owned(), cell.to_owned())).collect()
    };
    reader.records().map(|record| named(&record.unwrap())).collect()
}
