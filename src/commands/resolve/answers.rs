//! `resolve --answers FILE`: what a person found out about clients whose provider cannot be asked. All of the file holds or nothing is written.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use crate::commands::job::Job;
use crate::failure::Failure;
use crate::journal::{Client, Event, Journal, State};
use crate::model::{BY_PERSON, NotSent, Refusal};
use crate::pipeline;
use crate::submit::{Admission, Session, Settler};

/// The columns of the file, in any order.
const COLUMNS: [&str; 4] = ["sheet", "line", "outcome", "provider_id"];
/// Faults of the file that are told at once.
const TOLD_MAX: usize = 50;
/// Longest id of a provider.
const ID_CHARS_MAX: usize = 200;

/// What a person found.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    Created(Box<str>),
    Existing(Option<Box<str>>),
    Absent,
}

/// One line of the file.
#[derive(Debug)]
struct Answer {
    /// Its line, for messages.
    line: u64,
    finding: Finding,
}

type Answers = HashMap<(String, u64), Answer>;

/// Writes what the file says into the journal. How many clients it settled.
pub(super) fn settle(path: &Path, job: &Job, journal: &Journal, session: &Session) -> Result<usize, Failure> {
    let bytes = std::fs::read(path).map_err(|why| {
        Failure::settings(format!("the answers {} cannot be read: {why}", path.display()), "check its path and permissions")
    })?;
    let mut complaints = Vec::new();
    let answers = parse(&bytes, &mut complaints);
    let events = match_rows(answers, job, journal, &mut complaints)?;
    if !complaints.is_empty() {
        complaints.sort_unstable();
        let more = complaints.len().saturating_sub(TOLD_MAX);
        let mut lines: Vec<String> = complaints
            .iter()
            .take(TOLD_MAX)
            .map(|(line, what)| if *line == 0 { format!("  - {what}") } else { format!("  - line {line}: {what}") })
            .collect();
        if more > 0 {
            lines.push(format!("  - and {more} more"));
        }
        return Err(Failure::settings(
            format!("the answers {} cannot be taken, and nothing was written:\n{}", path.display(), lines.join("\n")),
            "the file is CSV with the columns sheet,line,outcome,provider_id; sheet and line as in outcomes.csv, for rows that are \
             `unknown` there; outcome is created, existing or absent",
        ));
    }
    let settled = events.len();
    for (client, event) in events {
        session.block_on(journal.record(client.id, event, None))?;
    }
    Ok(settled)
}

fn parse(bytes: &[u8], complaints: &mut Vec<(u64, String)>) -> Answers {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let mut answers = Answers::new();
    let places = match reader.headers() {
        Ok(headers) => COLUMNS.map(|column| headers.iter().position(|header| header == column)),
        Err(_) => [None; 4],
    };
    let foreign = reader.headers().ok().and_then(|headers| headers.iter().find(|header| !COLUMNS.contains(header)));
    if let Some(foreign) = foreign {
        complaints.push((1, format!("the column `{foreign}` is not known; known: {}", COLUMNS.join(", "))));
    }
    for (column, place) in COLUMNS.iter().zip(places) {
        if place.is_none() {
            complaints.push((1, format!("the column `{column}` is missing")));
        }
    }
    if !complaints.is_empty() {
        return answers;
    }
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                complaints.push((line, "is no UTF-8 text".to_owned()));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let [sheet, number, outcome, id] = places.map(|place| place.and_then(|place| record.get(place)).unwrap_or_default());
        let read = number.parse::<u64>().map_err(|_| format!("`{number}` is no number of a line")).and_then(|number| {
            let finding = finding(outcome, id)?;
            match answers.insert((sheet.to_owned(), number), Answer { line, finding }) {
                None => Ok(()),
                Some(earlier) => Err(format!("line {number} of the source was answered in line {} already", earlier.line)),
            }
        });
        if let Err(what) = read {
            complaints.push((line, what));
        }
    }
    answers
}

fn finding(outcome: &str, id: &str) -> Result<Finding, String> {
    let is_id = id.chars().count() <= ID_CHARS_MAX && !id.chars().any(|ch| ch.is_control() || ch.is_whitespace());
    if !is_id {
        return Err("the provider_id is no id: it holds blanks or is too long".to_owned());
    }
    match (outcome, id) {
        ("created", "") => Err("`created` needs the provider_id under which the client was found".to_owned()),
        ("created", id) => Ok(Finding::Created(id.into())),
        ("existing", id) => Ok(Finding::Existing((!id.is_empty()).then(|| id.into()))),
        ("absent", "") => Ok(Finding::Absent),
        ("absent", _) => Err("an absent client has no provider_id".to_owned()),
        (other, _) => Err(format!("`{other}` is no outcome; write created, existing or absent")),
    }
}

/// Joins the answers with the source's rows, and these with the journal.
fn match_rows(
    mut answers: Answers,
    job: &Job,
    journal: &Journal,
    complaints: &mut Vec<(u64, String)>,
) -> Result<Vec<(Client, Event)>, Failure> {
    let source = &job.table.source;
    let mut settler = Settler::new(source, None, None, NotSent::OnlyChecked, Default::default())?;
    let mut events: Vec<(Client, Event)> = Vec::new();
    let mut ids: HashMap<Box<str>, u64> = HashMap::new();
    pipeline::carry(&job.table, &job.plan, |prepared| {
        let place = prepared.row.place;
        let sheet = source.sheets.get(usize::from(place.sheet)).map_or("", |sheet| sheet);
        let answer = answers.remove(&(sheet.to_owned(), place.line));
        let client = match (settler.admit(&prepared)?, &answer) {
            (Admission::Send(parcel), Some(_)) => {
                let identities: Vec<_> = parcel.identities.iter().map(|(identity, _)| *identity).collect();
                journal.client(&identities)?
            }
            (Admission::Send(_) | Admission::Duplicate(_) | Admission::Invalid | Admission::Blank, _) => None,
        };
        let Some(answer) = answer else { return Ok(ControlFlow::Continue(())) };
        let Some(client) = client.filter(|client| client.state == State::Unknown) else {
            complaints.push((answer.line, format!("line {} of the source is not `unknown`", place.line)));
            return Ok(ControlFlow::Continue(()));
        };
        let id = match &answer.finding {
            Finding::Created(id) => Some(id),
            Finding::Existing(id) => id.as_ref(),
            Finding::Absent => None,
        };
        if let Some(id) = id {
            if let Some(other) = ids.insert(id.clone(), answer.line) {
                complaints.push((answer.line, format!("the provider_id stands in line {other} already")));
            } else if journal.has_remote_id(id)? {
                complaints.push((answer.line, "the provider_id is that of another client in the journal".to_owned()));
            }
        }
        events.push((client, event(answer.finding)));
        Ok(ControlFlow::Continue(()))
    })?;
    for ((_, number), answer) in answers {
        complaints.push((answer.line, format!("the source has no row of a client in line {number} of this sheet")));
    }
    Ok(events)
}

fn event(finding: Finding) -> Event {
    let by_person = |message: &str| Refusal { code: BY_PERSON.into(), message: message.into(), ..Refusal::default() };
    match finding {
        Finding::Created(remote_id) => {
            Event::Created { remote_id, remark: Some(by_person("a person found that our request had created the client")) }
        }
        Finding::Existing(remote_id) => {
            Event::Existing { remote_id, remark: Some(by_person("a person found that the client was there before us")) }
        }
        Finding::Absent => Event::NotDone(by_person("a person found that the client is not at the provider")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<(u64, String)> {
        let mut complaints = Vec::new();
        parse(text.as_bytes(), &mut complaints);
        complaints
    }

    #[test]
    fn every_line_that_is_none_is_told_by_its_number() {
        let text = "sheet,line,outcome,provider_id\n,2,created,c-1\n,3,created,\n,4,absent,c-2\n,x,absent,\n,5,perhaps,\n,2,absent,\n,6,existing,a b\n";
        let lines: Vec<u64> = complaints(text).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 8]);
        assert!(complaints("sheet,line,outcome\n,1,absent\n")[0].1.contains("provider_id"));
        assert!(complaints("sheet,line,outcome,provider_id,name\n")[0].1.contains("name"));
        assert!(!complaints("").is_empty());
    }

    #[test]
    fn columns_may_stand_in_any_order() {
        let mut complaints = Vec::new();
        let answers = parse(b"\xef\xbb\xbfoutcome,provider_id,sheet,line\nexisting,,Sheet1,7\n", &mut complaints);
        assert!(complaints.is_empty());
        assert_eq!(answers[&("Sheet1".to_owned(), 7)].finding, Finding::Existing(None));
    }
}
