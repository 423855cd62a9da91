//! Counts the rows of a report again, from its files, and holds them against the sums of the certificate. Judges no hash.

use std::collections::BTreeMap;
use std::path::Path;

use super::Certificate;

/// Everything in which files and sums differ, in words. `whole` are the files that are as they were written.
pub(super) fn differences(folder: &Path, certificate: &Certificate, whole: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut hold = |what: &str, said: u64, counted: u64| {
        if said != counted {
            found.push(format!("{what}: the certificate says {said}, counted are {counted}"));
        }
    };
    let sum = |outcomes: &BTreeMap<String, u64>| outcomes.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
    hold("rows, by what became of them", certificate.rows, sum(&certificate.outcomes));
    hold("rows, by sheet", certificate.rows, certificate.sheets.iter().map(|sheet| sheet.rows).fold(0, u64::saturating_add));
    for sheet in &certificate.sheets {
        hold(&format!("rows of sheet {}, by what became of them", named(&sheet.name)), sheet.rows, sum(&sheet.outcomes));
    }
    let count = |outcomes: &[&str]| outcomes.iter().filter_map(|outcome| certificate.outcomes.get(*outcome)).sum::<u64>();
    for file in certificate.files.iter().filter(|file| whole.contains(&file.name.as_str())) {
        let path = folder.join(&file.name);
        let expected = match file.name.as_str() {
            "outcomes.csv" | "outcomes.jsonl" => certificate.rows,
            "rejected.csv" => count(&["invalid", "duplicate", "rejected"]),
            "crosswalk.csv" if certificate.test_stand => 0,
            "crosswalk.csv" => count(&["created", "existing"]).saturating_sub(certificate.clients_without_provider_id),
            "faults.csv" | "changes.csv" => file.rows,
            _ => continue,
        };
        let counted = if file.name == "outcomes.csv" {
            let by_sheet = by_sheet(&path);
            for sheet in &certificate.sheets {
                let empty = BTreeMap::new();
                let counts = by_sheet.get(sheet.name.as_str()).unwrap_or(&empty);
                for (outcome, said) in &sheet.outcomes {
                    let what = format!("{}: rows of sheet {} with the outcome {outcome}", file.name, named(&sheet.name));
                    hold(&what, *said, counts.get(outcome).copied().unwrap_or(0));
                }
            }
            by_sheet.values().map(sum).sum()
        } else if file.name == "outcomes.jsonl" {
            certificate.chains.iter().find(|chain| chain.file == file.name).map_or(file.rows, |chain| chain.lines)
        } else {
            records(&path)
        };
        hold(&format!("{}: records", file.name), expected, counted);
        hold(&format!("{}: records by the list of files", file.name), file.rows, counted);
    }
    found
}

fn named(sheet: &str) -> &str {
    if sheet.is_empty() { "(the only one)" } else { sheet }
}

/// Records behind the header line; damage shows in the count.
fn records(path: &Path) -> u64 {
    let Ok(mut reader) = csv::ReaderBuilder::new().flexible(true).from_path(path) else { return 0 };
    let mut record = csv::ByteRecord::new();
    let mut records = 0;
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        records += 1;
    }
    records
}

/// Rows by sheet and outcome. Names of sheets may carry the apostrophe that makes them inert.
fn by_sheet(path: &Path) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut counts: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let Ok(mut reader) = csv::ReaderBuilder::new().flexible(true).from_path(path) else { return counts };
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let text = |index| String::from_utf8_lossy(record.get(index).unwrap_or(&[]));
        let (sheet, outcome) = (text(0), text(3));
        let sheet = crate::model::text::disarm(&sheet);
        if !counts.contains_key(sheet) {
            counts.insert(sheet.to_owned(), BTreeMap::new());
        }
        let Some(outcomes) = counts.get_mut(sheet) else { continue };
        match outcomes.get_mut(&*outcome) {
            Some(count) => *count += 1,
            None => _ = outcomes.insert(outcome.into_owned(), 1),
        }
    }
    counts
}
