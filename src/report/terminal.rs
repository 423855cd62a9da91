//! The end of a run as text for a terminal. Shows sums, causes and next steps, never client data.

use std::fmt::Write;

use super::{Ended, Mode, Summary};
use crate::model::{Code, NotSent, Outcome, Severity};

/// Causes that are shown.
const CAUSES_SHOWN: usize = 5;
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
            Ended::Interrupted => "interrupted, can be continued",
            Ended::Halted => "stopped by the provider, can be continued",
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
            let count = grouped(summary.blank_trailing_rows);
            self.wrapped("  ", &format!("{count} blank row(s) at the end of the source are not counted."), DIM);
        }
        if summary.clients_without_provider_id > 0 {
            let count = grouped(summary.clients_without_provider_id);
            let line =
                format!("{count} client(s) are with the provider, but it told no id of theirs: they are not in crosswalk.csv.");
            self.wrapped("  ", &line, YELLOW);
        }
        let requests = summary.requests;
        if requests.sent > 0 {
            let line = format!(
                "{} requests, {} of them repeated, {} answered with \"too fast\".",
                grouped(requests.sent),
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
        self.heading("Largest causes");
        let wide = causes.iter().map(|cause| grouped(cause.count).len()).max().unwrap_or(0);
        for cause in causes {
            let style = match cause.code.severity() {
                Severity::Error => RED,
                Severity::Warning | Severity::Info => YELLOW,
            };
            let mut line = format!("  {:>wide$}  {}", grouped(cause.count), cause.code);
            if let Some(column) = &cause.column {
                let _ = write!(line, "  \"{}\"", shortened(column, COLUMN_WIDTH_MAX));
            }
            let _ = write!(line, "  {}", cause.first);
            self.line(&line, style);
            self.wrapped(&" ".repeat(wide + 4), cause.code.meaning(), "");
        }
    }

    fn files(&mut self, summary: &Summary) {
        self.heading("Report");
        self.line(&format!("  {}", summary.folder.display()), "");
        for file in &summary.files {
            let what = match file.name {
                "outcomes.csv" => "every row",
                "faults.csv" => "every fault",
                "rejected.csv" => "rows to mend, in the source's own columns",
                "crosswalk.csv" => "old id to new id",
                other => other,
            };
            self.line(&format!("  {:<14} {} ({})", file.name, what, grouped(file.rows)), "");
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

/// What to do next, the most urgent first.
fn steps(summary: &Summary) -> Vec<String> {
    let mut steps = Vec::new();
    if let Some(halt) = &summary.halt {
        steps.push(format!("{} {}", halt.what, halt.hint));
    }
    let unknown = summary.count(Outcome::Unknown);
    if unknown > 0 {
        steps.push(format!(
            "{} row(s) were sent without a reliable answer: run `clientferry resolve {}`. Do not send them from elsewhere before.",
            grouped(unknown),
            summary.run
        ));
    }
    let mend = summary.count(Outcome::Invalid) + summary.count(Outcome::Duplicate) + summary.count(Outcome::Rejected);
    if mend > 0 {
        let verb = match summary.mode {
            Mode::Import => "import",
            Mode::Check | Mode::Plan => "check",
        };
        steps.push(format!(
            "Mend the {} row(s) of rejected.csv, reasons stand in faults.csv, and {verb} that file with the same mapping.",
            grouped(mend)
        ));
    }
    let left = |reason: NotSent| summary.not_sent_reasons.get(&reason.code()).copied().unwrap_or(0);
    let waiting = left(NotSent::Interrupted) + left(NotSent::Halted) + left(NotSent::Unreachable);
    if waiting > 0 {
        steps.push(format!("{} row(s) still wait: run the same command again, it continues where it stopped.", grouped(waiting)));
    }
    let limited = left(NotSent::Limit);
    if limited > 0 {
        steps.push(format!(
            "{} row(s) are beyond --limit: run the same command again without it, or with a higher one.",
            grouped(limited)
        ));
    }
    let changed = summary.faults.get(&Code::ClientChanged).copied().unwrap_or(0);
    if changed > 0 {
        steps.push(format!(
            "{} existing client(s) differ from their rows. {}",
            grouped(changed),
            Code::ClientChanged.next_step()
        ));
    }
    let good = left(NotSent::OnlyChecked);
    if good > 0 {
        steps.push(format!("{} row(s) are good: run `clientferry import` to send them.", grouped(good)));
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

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn duration(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {seconds} s"),
        (_, _) => format!("{hours} h {minutes} min"),
    }
}

fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect()
}

/// Text from files and providers cannot steer the terminal.
fn plain(text: &str) -> String {
    // Direction marks could show a line in another order than it has.
    let steers =
        |ch: char| ch.is_control() || matches!(ch, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|ch| if steers(ch) { '\u{fffd}' } else { ch }).collect()
}
