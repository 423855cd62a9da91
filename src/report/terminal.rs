//! The end of a run as text for a terminal. Shows sums, causes and next steps, never client data.

use std::fmt::Write;

use super::words::{counted, duration, grouped, plain, shortened};
use super::{Ended, Mode, Summary};
use crate::model::{Code, Lang, NotSent, Outcome, Severity};

/// Causes that are shown.
const CAUSES_SHOWN: usize = 5;
/// Columns without a field that are named.
const COLUMNS_SHOWN: usize = 12;
/// Lines are never made shorter than this, so that words stay readable.
const WIDTH_MIN: usize = 40;
/// Longest shown name of a column.
const COLUMN_WIDTH_MAX: usize = 24;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

/// The end of a run for people: what was run, what became of the rows, the five largest causes, the files and what to do next.
/// Lines are at most `width` characters long where words allow it; `color` adds ANSI colours.
#[must_use]
pub fn render(summary: &Summary, width: usize, color: bool) -> String {
    let mut page = Page { out: String::new(), width: width.max(WIDTH_MIN), color };
    page.headline(summary);
    page.totals(summary);
    page.causes(summary);
    page.files(summary);
    page.next_steps(summary);
    page.out
}

struct Page {
    out: String,
    width: usize,
    color: bool,
}

impl Page {
    fn headline(&mut self, summary: &Summary) {
        let ended = match summary.ended {
            Ended::Finished => "finished",
            Ended::Interrupted => "interrupted",
            Ended::Halted => "stopped by the provider",
        };
        let seconds = (summary.finished - summary.started).num_seconds().max(0);
        let line = format!(
            "{} {} to {} (account {}, run {}): {ended} after {}",
            summary.mode.as_str(),
            summary.source.name,
            summary.operation,
            summary.account,
            summary.run,
            duration(seconds.unsigned_abs()),
        );
        self.wrapped("", &line, BOLD);
    }

    fn totals(&mut self, summary: &Summary) {
        self.out.push('\n');
        let wide = grouped(summary.source.rows).len();
        let mut rows = vec![("rows", summary.source.rows, BOLD)];
        for outcome in Outcome::ALL {
            let (word, style) = match outcome {
                Outcome::Created => ("created", GREEN),
                Outcome::Existing => ("existing", GREEN),
                Outcome::Invalid => ("invalid", RED),
                Outcome::Duplicate => ("duplicate", YELLOW),
                Outcome::Rejected => ("rejected", RED),
                Outcome::Unknown => ("unknown", RED),
                Outcome::NotSent => ("not sent", YELLOW),
            };
            let count = summary.count(outcome);
            rows.push((word, count, if count == 0 { DIM } else { style }));
        }
        for (word, count, style) in rows {
            let line = format!("  {word:<9}  {:>wide$}", grouped(count));
            self.line(&line, style);
        }
        for (code, count) in &summary.not_sent_reasons {
            // The indent shows that these are parts of the line above, not further rows.
            self.wrapped("    ", &format!("{} {}: {}", grouped(*count), code, code.meaning()), DIM);
        }
        if summary.blank_trailing_rows > 0 {
            let count = counted(summary.blank_trailing_rows, "row");
            self.wrapped("  ", &format!("Blank at the end of the source and not counted: {count}."), DIM);
        }
        if summary.clients_without_provider_id > 0 {
            let count = counted(summary.clients_without_provider_id, "client");
            let line = format!("Missing in crosswalk.csv, because the provider told no id: {count}.");
            self.wrapped("  ", &line, YELLOW);
        }
        if summary.test_stand {
            let line = "crosswalk.csv is empty: this was the provider's test stand, which gives the same id to every client.";
            self.wrapped("  ", line, YELLOW);
        }
        if !summary.ignored_columns.is_empty() {
            self.wrapped("  ", &left_out(&summary.ignored_columns), YELLOW);
        }
        let requests = summary.requests;
        if requests.sent > 0 {
            let line = format!(
                "{}, {} of them repeated, {} answered with \"too fast\".",
                counted(requests.sent, "request"),
                grouped(requests.retried),
                grouped(requests.throttled)
            );
            self.wrapped("  ", &line, DIM);
        }
    }

    fn causes(&mut self, summary: &Summary) {
        let causes = summary.causes(CAUSES_SHOWN);
        if causes.is_empty() {
            return;
        }
        let faulty = summary.remedy.rows_with_errors;
        let heading = match faulty {
            0 => "Largest causes".to_owned(),
            _ => format!("Largest causes of {} with errors", counted(faulty, "row")),
        };
        self.heading(&heading);
        let wide = causes.iter().map(|cause| grouped(cause.count).len()).max().unwrap_or(0);
        let code_wide = causes.iter().map(|cause| cause.code.as_str().len()).max().unwrap_or(0);
        for cause in causes {
            let style = match cause.code.severity() {
                Severity::Error => RED,
                Severity::Warning | Severity::Info => YELLOW,
            };
            let mut line = format!("  {:>wide$}  {:<code_wide$}", grouped(cause.count), cause.code);
            if let Some(column) = &cause.column {
                let _ = write!(line, "  \"{}\"", shortened(column, COLUMN_WIDTH_MAX));
            }
            let _ = write!(line, "  {}", cause.first);
            self.line(&line, style);
            let indent = " ".repeat(wide + 4);
            let mut sentence = cause.sentence(Lang::En);
            if cause.cleared < cause.count && cause.code.severity() == Severity::Error {
                let others = cause.count - cause.cleared;
                let verb = if others == 1 { "has" } else { "have" };
                let _ = write!(sentence, " {} of them {verb} other errors too.", grouped(others));
            }
            self.wrapped(&indent, &sentence, "");
            if let Some(mapping) = &cause.line {
                self.wrapped(&indent, "The mapping mends it:", "");
                for line in mapping.to_string().lines() {
                    self.line(&format!("{indent}  {line}"), GREEN);
                }
            }
        }
        let further = summary.remedy.further_causes + (summary.causes.len() - causes.len()) as u64;
        if further > 0 {
            self.wrapped("  ", &format!("Further causes: {}; summary.json lists the first ones.", grouped(further)), DIM);
        }
        if summary.remedy.is_approximate {
            let line = "There are so many different values that the rarest were counted together; the numbers of causes are at least these.";
            self.wrapped("  ", line, DIM);
        }
    }

    fn files(&mut self, summary: &Summary) {
        self.heading("Report");
        self.line(&format!("  {}", summary.folder.display()), "");
        for file in &summary.files {
            let what = match file.name {
                "outcomes.csv" | "outcomes.jsonl" => "every row",
                "junit.xml" => "rows that need attention, for build systems",
                "faults.csv" => "every fault",
                "rejected.csv" => "rows to mend, in your own columns",
                "crosswalk.csv" => "old id to new id",
                // Its rows are a sample.
                "report.html" => {
                    self.line(&format!("  {:<14} the page to read and to pass on", file.name), "");
                    continue;
                }
                "outcomes.xlsx" | "outcomes.xlsm" => "every row, in a workbook",
                other => other,
            };
            self.line(&format!("  {:<14} {} ({})", file.name, what, grouped(file.rows)), "");
            for note in &file.notes {
                self.wrapped("                 ", note, "");
            }
        }
        if !summary.seal.is_empty() {
            self.line("  certificate.json  hashes and sums, for `clientferry verify`", "");
        }
    }

    fn next_steps(&mut self, summary: &Summary) {
        self.heading("Next");
        for step in steps(summary) {
            self.wrapped("  - ", &step, "");
        }
    }

    fn heading(&mut self, text: &str) {
        self.out.push('\n');
        self.line(text, BOLD);
    }

    /// One line, not broken: names of files and places are to be copied.
    fn line(&mut self, text: &str, style: &str) {
        let text = plain(text);
        if self.color && !style.is_empty() {
            let _ = writeln!(self.out, "\u{1b}[{style}m{text}\u{1b}[0m");
        } else {
            self.out.push_str(&text);
            self.out.push('\n');
        }
    }

    /// Text broken between words; the first line begins with `start`, the others with as many blanks.
    fn wrapped(&mut self, start: &str, text: &str, style: &str) {
        let mut line = start.to_owned();
        let mut line_chars = start.chars().count();
        let indent = line_chars;
        for word in text.split_whitespace() {
            let word_chars = word.chars().count();
            let is_first = line_chars == indent;
            if !is_first && line_chars + 1 + word_chars > self.width {
                self.line(&line, style);
                line = " ".repeat(indent);
                line_chars = indent;
            } else if !is_first {
                line.push(' ');
                line_chars += 1;
            }
            line.push_str(word);
            line_chars += word_chars;
        }
        self.line(&line, style);
    }
}

/// Columns that go nowhere, by name as far as there is room.
fn left_out(columns: &[String]) -> String {
    let shown: Vec<String> =
        columns.iter().take(COLUMNS_SHOWN).map(|column| format!("\"{}\"", shortened(column, COLUMN_WIDTH_MAX))).collect();
    let more = match columns.len().saturating_sub(COLUMNS_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("Not sent: {} {}{more}.", if columns.len() == 1 { "column" } else { "columns" }, shown.join(", "))
}

/// What to do next, the most urgent first.
fn steps(summary: &Summary) -> Vec<String> {
    let mut steps = Vec::new();
    if let Some(halt) = &summary.halt {
        steps.push(sentences(&halt.what, &halt.hint));
    }
    let unknown = summary.count(Outcome::Unknown);
    if unknown > 0 {
        steps.push(format!(
            "Sent without a reliable answer: {}. Run `clientferry resolve {}`, or with --answers FILE where only a person can look; \
             do not send them from elsewhere before.",
            counted(unknown, "row"),
            summary.run
        ));
    }
    let mend = summary.count(Outcome::Invalid) + summary.count(Outcome::Duplicate) + summary.count(Outcome::Rejected);
    if mend > 0 {
        let verb = match summary.mode {
            Mode::Import => "import",
            Mode::Check | Mode::Plan => "check",
        };
        // The second file holds items of clients who are not in `rejected.csv`.
        let orphans = if summary.has_second_file {
            " and orphans = \"leave-out\" in its [items] section, beside the second file"
        } else {
            ""
        };
        steps.push(format!(
            "To mend: {} in rejected.csv. Reasons stand in faults.csv; {verb} the mended file with the same mapping{orphans}.",
            counted(mend, "row")
        ));
    }
    let left = |reason: NotSent| summary.not_sent_reasons.get(&reason.code()).copied().unwrap_or(0);
    let lines = summary.remedy.mapping_lines.len() as u64;
    if lines > 0 {
        let source = match summary.mode {
            Mode::Import => format!("clientferry report {}", summary.run),
            Mode::Check | Mode::Plan => "the same command".to_owned(),
        };
        steps.push(format!(
            "By the mapping alone: {} in it would clear {}. Run {source} with --suggest-mapping FILE to have it written.",
            counted(lines, "line"),
            counted(summary.remedy.rows_cleared, "row")
        ));
    }
    let waiting = left(NotSent::Interrupted) + left(NotSent::Halted) + left(NotSent::Unreachable) + left(NotSent::Absent);
    if waiting > 0 {
        steps.push(format!(
            "Still waiting: {}. Run the same command again, it continues where it stopped.",
            counted(waiting, "row")
        ));
    }
    let limited = left(NotSent::Limit);
    if limited > 0 {
        steps.push(format!(
            "Beyond --limit: {}. Run the same command again without it, or with a higher one.",
            counted(limited, "row")
        ));
    }
    let changed = summary.faults.get(&Code::ClientChanged).copied().unwrap_or(0);
    if changed > 0 {
        steps.push(format!("Different from what was created: {}. {}", counted(changed, "row"), Code::ClientChanged.next_step()));
    }
    let good = left(NotSent::OnlyChecked);
    if good > 0 {
        steps.push(format!("Good: {}. Run `clientferry import` to send them.", counted(good, "row")));
    }
    if steps.is_empty() {
        steps.push(if summary.source.rows == 0 {
            "The source holds no rows; check that it is the right file and sheet.".to_owned()
        } else {
            "Nothing: no row needs attention.".to_owned()
        });
    }
    steps
}

/// What happened, and what helps, as two sentences.
fn sentences(what: &str, hint: &str) -> String {
    let mut hint = hint.chars();
    let first = hint.next().map(char::to_uppercase).into_iter().flatten();
    let text = format!("{}. {}{}", what.trim_end_matches('.'), first.collect::<String>(), hint.as_str());
    format!("{}.", text.trim_end_matches([' ', '.']))
}

#[cfg(test)]
mod tests {
    use super::super::{Cause, FileSummary, Halt, MappingLine, Remedy, Requests, SourceSummary};
    use super::*;
    use crate::model::{Settled, Tally};
    use chrono::{DateTime, Utc};
    use std::collections::BTreeMap;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn summary(mode: Mode, counts: &[(Outcome, u64)]) -> Summary {
        let mut outcomes = Tally::default();
        for &(outcome, count) in counts {
            for _ in 0..count {
                outcomes.add(&Settled::plain(outcome));
            }
        }
        let source = SourceSummary {
            name: "clients.csv".into(),
            path: String::new(),
            sha256: String::new(),
            rows: outcomes.rows(),
            sheets: vec![],
        };
        Summary {
            run: "2026-11-21-1".into(),
            operation: "tbank/fl-resident".into(),
            operations: vec![],
            mode,
            account: "main".into(),
            version: "0.1.0".into(),
            source,
            needing_attention: outcomes.needing_attention,
            outcomes,
            not_sent_reasons: BTreeMap::new(),
            faults: BTreeMap::new(),
            causes: vec![],
            remedy: Remedy::default(),
            clients_without_provider_id: 0,
            test_stand: false,
            requests: Requests::default(),
            started: at(0),
            finished: at(83),
            ended: Ended::Finished,
            halt: None,
            ignored_columns: vec![],
            blank_trailing_rows: 0,
            files: ["outcomes.csv", "faults.csv", "rejected.csv", "crosswalk.csv"]
                .map(|name| FileSummary { name, rows: 7, bytes: 1, sha256: String::new(), notes: Vec::new() })
                .to_vec(),
            unmasked: false,
            timeline: None,
            has_second_file: false,
            certified: Default::default(),
            seal: String::new(),
            folder: "reports/2026-11-21-1".into(),
        }
    }

    fn cause(code: Code, column: &str, count: u64, line: u64) -> Cause {
        let first = format!("clients.csv:{line}");
        Cause {
            code,
            column: Some(column.into()),
            field: None,
            value: None,
            nearest: None,
            pattern: None,
            provider_code: None,
            pointer: None,
            count,
            of: Some(1_209),
            cleared: count,
            examples: vec![first.clone()],
            first,
            line: None,
        }
    }

    #[test]
    fn a_run_with_everything() {
        use Outcome::{Created, Duplicate, Existing, Invalid, NotSent as NotSentRow, Rejected, Unknown};
        let mut summary = summary(
            Mode::Import,
            &[(Created, 12_345), (Existing, 10), (Invalid, 1_204), (Duplicate, 2), (Rejected, 3), (Unknown, 4), (NotSentRow, 5)],
        );
        summary.ended = Ended::Halted;
        summary.halt = Some(Halt { what: "The token is not accepted.".into(), hint: "Renew the token.".into() });
        summary.not_sent_reasons = [(Code::SendHalted, 4), (Code::RowBlank, 1)].into();
        summary.causes = vec![
            cause(Code::PhoneTooShort, "Телефон", 1_100, 3),
            Cause {
                value: Some("Head Ofice".into()),
                nearest: Some("Head Office".into()),
                cleared: 100,
                line: Some(MappingLine::Value {
                    field: "branch".into(),
                    found: "Head Ofice".into(),
                    known: "Head Office".into(),
                }),
                ..cause(Code::ValueNotAllowed, "Отделение (или филиал, как в уставе)", 104, 17)
            },
        ];
        summary.remedy = Remedy {
            rows_with_errors: 1_209,
            further_causes: 3,
            is_approximate: false,
            mapping_lines: summary.causes.iter().filter_map(|cause| cause.line.clone()).collect(),
            rows_cleared: 100,
        };
        summary.faults = [(Code::ClientChanged, 2)].into();
        summary.requests = Requests { sent: 12_360, retried: 7, throttled: 1 };
        summary.clients_without_provider_id = 2;
        summary.ignored_columns = vec!["Примечание".into(), "Менеджер".into()];
        insta::assert_snapshot!(render(&summary, 80, false), @r#"
        import clients.csv to tbank/fl-resident (account main, run 2026-11-21-1):
        stopped by the provider after 1 min 23 s

          rows       13,573
          created    12,345
          existing       10
          invalid     1,204
          duplicate       2
          rejected        3
          unknown         4
          not sent        5
            1 row.blank: The row holds nothing.
            4 send.halted: The provider stopped the run before this row's turn.
          Missing in crosswalk.csv, because the provider told no id: 2 clients.
          Not sent: columns "Примечание", "Менеджер".
          12,360 requests, 7 of them repeated, 1 answered with "too fast".

        Largest causes of 1,209 rows with errors
          1,100  phone.too_short    "Телефон"  clients.csv:3
                 The phone number has too few digits.
            104  value.not_allowed  "Отделение (или филиал, …"  clients.csv:17
                 The value is not one of those that the provider knows: 'Head Ofice',
                 nearest 'Head Office'. 4 of them have other errors too.
                 The mapping mends it:
                   [values.branch]
                   "Head Ofice" = "Head Office"
          Further causes: 3; summary.json lists the first ones.

        Report
          reports/2026-11-21-1
          outcomes.csv   every row (7)
          faults.csv     every fault (7)
          rejected.csv   rows to mend, in your own columns (7)
          crosswalk.csv  old id to new id (7)

        Next
          - The token is not accepted. Renew the token.
          - Sent without a reliable answer: 4 rows. Run `clientferry resolve
            2026-11-21-1`, or with --answers FILE where only a person can look; do not
            send them from elsewhere before.
          - To mend: 1,209 rows in rejected.csv. Reasons stand in faults.csv; import the
            mended file with the same mapping.
          - By the mapping alone: 1 line in it would clear 100 rows. Run clientferry
            report 2026-11-21-1 with --suggest-mapping FILE to have it written.
          - Still waiting: 4 rows. Run the same command again, it continues where it
            stopped.
          - Different from what was created: 2 rows. Change the client in the provider's
            own interface; this program only creates.
        "#);
    }

    #[test]
    fn a_clean_check() {
        let mut summary = summary(Mode::Check, &[(Outcome::NotSent, 3)]);
        summary.not_sent_reasons = [(Code::SendOnlyChecked, 3)].into();
        insta::assert_snapshot!(render(&summary, 100, false), @"
        check clients.csv to tbank/fl-resident (account main, run 2026-11-21-1): finished after 1 min 23 s

          rows       3
          created    0
          existing   0
          invalid    0
          duplicate  0
          rejected   0
          unknown    0
          not sent   3
            3 send.only_checked: The row is good; nothing was sent because the run only checked.

        Report
          reports/2026-11-21-1
          outcomes.csv   every row (7)
          faults.csv     every fault (7)
          rejected.csv   rows to mend, in your own columns (7)
          crosswalk.csv  old id to new id (7)

        Next
          - Good: 3 rows. Run `clientferry import` to send them.
        ");
    }

    #[test]
    fn colours_only_where_asked_and_no_foreign_control_characters() {
        let mut summary = summary(Mode::Import, &[(Outcome::Invalid, 1)]);
        summary.source.name = "a\u{1b}[2Jb.csv".into();
        summary.causes = vec![cause(Code::ValueMissing, "x\u{7}\u{202e}", 1, 2)];
        let text = render(&summary, 80, false);
        assert!(text.chars().all(|ch| ch == '\n' || !ch.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}'));
        let coloured = render(&summary, 80, true);
        assert!(coloured.contains("\u{1b}[31m") && !coloured.contains("\u{1b}[2J"));
        assert_eq!(coloured.replace("\u{1b}[0m", "").matches('\u{1b}').count(), coloured.matches("\u{1b}[0m").count());
    }

    #[test]
    fn what_is_left_out_is_said() {
        let mut summary = summary(Mode::Import, &[(Outcome::Created, 1)]);
        assert!(!render(&summary, 80, false).contains("Not sent:"));
        summary.ignored_columns = (1..=15).map(|number| format!("c{number}")).collect();
        summary.test_stand = true;
        let text = render(&summary, 200, false);
        assert!(text.contains("Not sent: columns \"c1\", \"c2\",") && text.contains("\"c12\" and 3 more."), "{text}");
        assert!(text.contains("crosswalk.csv is empty"), "{text}");
    }

    #[test]
    fn lines_keep_to_the_width() {
        let mut summary = summary(Mode::Import, &[(Outcome::Unknown, 1), (Outcome::Invalid, 1)]);
        summary.causes = vec![cause(Code::CellDigitsLost, "ИНН", 1, 2)];
        for line in render(&summary, 60, false).lines() {
            assert!(line.chars().count() <= 60, "{line}");
        }
    }

    #[test]
    fn what_happened_and_what_helps_are_two_sentences() {
        assert_eq!(sentences("one and the same id", "ask the support"), "one and the same id. Ask the support.");
        assert_eq!(sentences("It stopped.", "Look there."), "It stopped. Look there.");
        assert_eq!(sentences("it stopped", ""), "it stopped.");
    }
}
