//! `junit.xml`: the rows that need attention as failed tests, for systems that show these. One suite a sheet, one case a row, at
//! most so many of them. Build logs are read by many: no value of a client stands in it, and no id of the user's own.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::ReportError;
use super::complaint::Complaint;
use super::partial::PartialFile;
use super::row::ReportRow;
use super::summary::Summary;
use super::writer::Writer;
use crate::model::{Code, NotSent, Outcome, Settled, Source};

pub(super) const NAME: &str = "junit.xml";

/// Cases of all suites together.
const CASES_MAX: usize = 1000;
/// Bytes that the faults of one case may take.
const CASE_BYTES_MAX: usize = 4096;

/// The file in the making; the cases wait in memory for the sums that stand before them.
#[derive(Debug)]
pub(super) struct Junit {
    file: PartialFile,
    source: Arc<str>,
    operations: Vec<String>,
    suites: Vec<Suite>,
    cases: usize,
}

#[derive(Debug)]
struct Suite {
    name: Arc<str>,
    rows: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
    cases: String,
    left_out: u64,
}

/// What a case is in the language of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Failure,
    Error,
    Skipped,
}

fn kind_of(settled: &Settled) -> Option<Kind> {
    match settled.outcome {
        Outcome::Created | Outcome::Existing => None,
        Outcome::Invalid | Outcome::Duplicate | Outcome::Rejected => Some(Kind::Failure),
        Outcome::Unknown => Some(Kind::Error),
        Outcome::NotSent => match settled.not_sent {
            Some(NotSent::OnlyChecked | NotSent::Blank) => None,
            Some(NotSent::Interrupted | NotSent::Halted | NotSent::Limit | NotSent::Unreachable | NotSent::Absent) | None => {
                Some(Kind::Skipped)
            }
        },
    }
}

impl Junit {
    pub(super) fn create(folder: &Path, source: &Source, operations: &[String]) -> Result<Self, ReportError> {
        let suite = |name: &Arc<str>| Suite {
            name: name.clone(),
            rows: 0,
            failures: 0,
            errors: 0,
            skipped: 0,
            cases: String::new(),
            left_out: 0,
        };
        Ok(Self {
            file: PartialFile::create(folder, NAME)?,
            source: source.name.clone(),
            operations: operations.to_vec(),
            suites: source.sheets.iter().map(suite).collect(),
            cases: 0,
        })
    }
}

impl Writer for Junit {
    fn row(&mut self, row: &ReportRow<'_>) -> Result<(), ReportError> {
        let Some(suite) = self.suites.get_mut(usize::from(row.prepared.row.place.sheet)) else { return Ok(()) };
        suite.rows += 1;
        let Some(kind) = kind_of(row.settled) else { return Ok(()) };
        match kind {
            Kind::Failure => suite.failures += 1,
            Kind::Error => suite.errors += 1,
            Kind::Skipped => suite.skipped += 1,
        }
        if self.cases == CASES_MAX {
            suite.left_out += 1;
            return Ok(());
        }
        self.cases += 1;
        let operation = row.prepared.operation.and_then(|index| self.operations.get(usize::from(index)));
        write_case(&mut suite.cases, row, kind, operation.map_or("", |name| name));
        Ok(())
    }

    fn finish(mut self: Box<Self>, so_far: &Summary) -> Result<Vec<PartialFile>, ReportError> {
        let sum = |count: fn(&Suite) -> u64| self.suites.iter().map(count).sum::<u64>();
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
        attribute(&mut xml, "name", &format!("clientferry {} {}", so_far.mode.as_str(), so_far.operation));
        counts(
            &mut xml,
            sum(|suite| suite.rows),
            sum(|suite| suite.failures),
            sum(|suite| suite.errors),
            sum(|suite| suite.skipped),
        );
        xml.push_str(">\n");
        for suite in &self.suites {
            xml.push_str("  <testsuite");
            let name = if suite.name.is_empty() { self.source.to_string() } else { format!("{}:{}", self.source, suite.name) };
            attribute(&mut xml, "name", &name);
            counts(&mut xml, suite.rows, suite.failures, suite.errors, suite.skipped);
            attribute(&mut xml, "timestamp", &so_far.started.format("%Y-%m-%dT%H:%M:%S").to_string());
            xml.push_str(">\n");
            xml.push_str(&suite.cases);
            if suite.left_out > 0 {
                xml.push_str("    <system-out>");
                let note = format!(
                    "{} more rows need attention and are not listed here: this file holds at most {CASES_MAX} of them. \
                     All of them stand in outcomes.csv.",
                    suite.left_out
                );
                escape(&mut xml, &note);
                xml.push_str("</system-out>\n");
            }
            xml.push_str("  </testsuite>\n");
        }
        xml.push_str("</testsuites>");
        self.file.rows = self.cases as u64;
        self.file.line().extend_from_slice(xml.as_bytes());
        self.file.end_line()?;
        self.file.sync()?;
        Ok(vec![self.file])
    }
}

fn counts(xml: &mut String, tests: u64, failures: u64, errors: u64, skipped: u64) {
    for (name, count) in [("tests", tests), ("failures", failures), ("errors", errors), ("skipped", skipped)] {
        attribute(xml, name, &count.to_string());
    }
}

fn write_case(xml: &mut String, row: &ReportRow<'_>, kind: Kind, operation: &str) {
    let element = match kind {
        Kind::Failure => "failure",
        Kind::Error => "error",
        Kind::Skipped => "skipped",
    };
    let outcome = row.settled.outcome.as_str();
    let codes: Vec<&str> = row.complaints.iter().map(|complaint| complaint.code.as_str()).collect();
    xml.push_str("    <testcase");
    attribute(xml, "name", &format!("line {}", row.prepared.row.place.line));
    attribute(xml, "classname", operation);
    xml.push_str(">\n      <");
    xml.push_str(element);
    let message = match codes.split_first() {
        None => outcome.to_owned(),
        Some((first, [])) => format!("{outcome}: {first}"),
        Some((first, more)) => format!("{outcome}: {first} and {} more", more.len()),
    };
    attribute(xml, "message", &message);
    if kind != Kind::Skipped {
        attribute(xml, "type", codes.first().copied().unwrap_or(outcome));
    }
    xml.push('>');
    let mut text = String::new();
    for complaint in row.complaints {
        if text.len() > CASE_BYTES_MAX {
            text.push_str("…\n");
            break;
        }
        describe(&mut text, complaint, row);
    }
    escape(xml, text.trim_end());
    let _ = writeln!(xml, "</{element}>\n    </testcase>");
}

/// `phone.too_short, phone in column "Телефон": The phone number has 9 digits. Next: …`
fn describe(text: &mut String, complaint: &Complaint<'_>, row: &ReportRow<'_>) {
    text.push_str(complaint.code.as_str());
    if !complaint.field.is_empty() {
        // Writing to a string does not fail, here and below.
        let _ = write!(text, ", {}", complaint.field);
    }
    let column = row.lines.column(complaint.column);
    if !column.is_empty() {
        let _ = write!(text, " {} \"{column}\"", complaint.lang.pick("in column", "в столбце"));
    }
    let message = if is_foreign(complaint) { complaint.code.meaning_in(complaint.lang) } else { &complaint.message };
    let message = message.trim_end_matches('.');
    let _ = writeln!(text, ": {message}. {}: {}", complaint.lang.pick("Next", "Что делать"), complaint.next_step());
}

/// Whether the message has words of a provider's, in which values of the client may stand.
fn is_foreign(complaint: &Complaint<'_>) -> bool {
    complaint.is_reason
        || matches!(
            complaint.code,
            Code::ProviderRejected
                | Code::ProviderUnknown
                | Code::ProviderRemark
                | Code::ClientTwice
                | Code::ClientOtherNumbers
                | Code::ClientChanged
        )
}

fn attribute(xml: &mut String, name: &str, value: &str) {
    let _ = write!(xml, " {name}=\"");
    escape(xml, value);
    xml.push('"');
}

/// Text as XML 1.0 takes it: what it has no way to hold becomes a replacement character.
fn escape(xml: &mut String, text: &str) {
    for ch in text.chars() {
        match ch {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\t' | '\n' => xml.push(ch),
            '\r' => xml.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => xml.push(char::REPLACEMENT_CHARACTER),
            _ => xml.push(ch),
        }
    }
}
