//! The end of a run as text for a terminal, in the language that people are told in. Shows sums, causes and next steps, never client
//! data.

mod steps;

use std::fmt::Write;

use super::words::{counted, counted_rows, duration, grouped, plain, shortened};
use super::{Ended, Summary};
use crate::model::{Lang, Outcome, Severity};
use steps::steps;

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
    let mut page = Page { out: String::new(), width: width.max(WIDTH_MIN), color, lang: summary.lang };
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
    lang: Lang,
}

impl Page {
    fn headline(&mut self, summary: &Summary) {
        let ended = match summary.ended {
            Ended::Finished => self.lang.pick("finished", "закончено"),
            Ended::Interrupted => self.lang.pick("interrupted", "прервано"),
            Ended::Halted => self.lang.pick("stopped by the provider", "остановлено провайдером"),
        };
        let seconds = (summary.finished - summary.started).num_seconds().max(0);
        let (mode, took) = (summary.mode.as_str(), duration(self.lang, seconds.unsigned_abs()));
        let Summary { operation, account, run, .. } = summary;
        let source = &summary.source.name;
        let line = self.lang.pick(
            format!("{mode} {source} to {operation} (account {account}, run {run}): {ended} after {took}"),
            format!("{mode}: {source} → {operation} (учётная запись {account}, запуск {run}): {ended} за {took}"),
        );
        self.wrapped("", &line, BOLD);
    }

    fn totals(&mut self, summary: &Summary) {
        self.out.push('\n');
        let wide = grouped(summary.source.rows).len();
        let mut rows = vec![(self.lang.pick("rows", "строк"), summary.source.rows, BOLD)];
        for outcome in Outcome::ALL {
            let (word, style) = match outcome {
                Outcome::Created => (self.lang.pick("created", "создано"), GREEN),
                Outcome::Existing => (self.lang.pick("existing", "уже было"), GREEN),
                Outcome::Invalid => (self.lang.pick("invalid", "с ошибками"), RED),
                Outcome::Duplicate => (self.lang.pick("duplicate", "повторы"), YELLOW),
                Outcome::Rejected => (self.lang.pick("rejected", "отклонено"), RED),
                Outcome::Unknown => (self.lang.pick("unknown", "неизвестно"), RED),
                Outcome::NotSent => (self.lang.pick("not sent", "не отправлено"), YELLOW),
            };
            let count = summary.count(outcome);
            rows.push((word, count, if count == 0 { DIM } else { style }));
        }
        let word_wide = self.lang.pick(9, 13);
        for (word, count, style) in rows {
            let line = format!("  {word:<word_wide$}  {:>wide$}", grouped(count));
            self.line(&line, style);
        }
        for (code, count) in &summary.not_sent_reasons {
            // The indent shows that these are parts of the line above, not further rows.
            self.wrapped("    ", &format!("{} {}: {}", grouped(*count), code, code.meaning_in(self.lang)), DIM);
        }
        if summary.blank_trailing_rows > 0 {
            let count = counted_rows(self.lang, summary.blank_trailing_rows);
            let what = self.lang.pick("Blank at the end of the source and not counted", "Пусты в конце источника и не посчитаны");
            self.wrapped("  ", &format!("{what}: {count}."), DIM);
        }
        if summary.clients_without_provider_id > 0 {
            let count = summary.clients_without_provider_id;
            let line = self.lang.pick(
                format!("Missing in crosswalk.csv, because the provider told no id: {}.", counted(count, "client")),
                format!("Нет в crosswalk.csv, потому что провайдер не сообщил id, клиентов: {}.", grouped(count)),
            );
            self.wrapped("  ", &line, YELLOW);
        }
        if summary.test_stand {
            let line = self.lang.pick(
                "crosswalk.csv is empty: this was the provider's test stand, which gives the same id to every client.",
                "crosswalk.csv пуст: это тестовый стенд провайдера, который даёт всем клиентам один и тот же id.",
            );
            self.wrapped("  ", line, YELLOW);
        }
        if !summary.ignored_columns.is_empty() {
            self.wrapped("  ", &left_out(self.lang, &summary.ignored_columns), YELLOW);
        }
        let requests = summary.requests;
        if requests.sent > 0 {
            let (retried, throttled) = (grouped(requests.retried), grouped(requests.throttled));
            let line = self.lang.pick(
                format!(
                    "{}, {retried} of them repeated, {throttled} answered with \"too fast\".",
                    counted(requests.sent, "request")
                ),
                format!(
                    "Запросов: {}, из них повторных: {retried}, с ответом «слишком часто»: {throttled}.",
                    grouped(requests.sent)
                ),
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
            0 => self.lang.pick("Largest causes", "Главные причины").to_owned(),
            _ => self.lang.pick(
                format!("Largest causes of {} with errors", counted(faulty, "row")),
                format!("Главные причины, строк с ошибками: {}", grouped(faulty)),
            ),
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
            let mut sentence = cause.sentence(self.lang);
            if cause.cleared < cause.count && cause.code.severity() == Severity::Error {
                let others = cause.count - cause.cleared;
                let verb = if others == 1 { "has" } else { "have" };
                sentence.push_str(&self.lang.pick(
                    format!(" {} of them {verb} other errors too.", grouped(others)),
                    format!(" Из них с другими ошибками: {}.", grouped(others)),
                ));
            }
            self.wrapped(&indent, &sentence, "");
            if let Some(mapping) = &cause.line {
                self.wrapped(&indent, self.lang.pick("The mapping mends it:", "Исправит маппинг:"), "");
                for line in mapping.to_string().lines() {
                    self.line(&format!("{indent}  {line}"), GREEN);
                }
            }
        }
        let further = summary.remedy.further_causes + (summary.causes.len() - causes.len()) as u64;
        if further > 0 {
            let line = self.lang.pick(
                format!("Further causes: {}; summary.json lists the first ones.", grouped(further)),
                format!("Других причин: {}; первые из них есть в summary.json.", grouped(further)),
            );
            self.wrapped("  ", &line, DIM);
        }
        if summary.remedy.is_approximate {
            let line = self.lang.pick(
                "There are so many different values that the rarest were counted together; the numbers of causes are at least these.",
                "Разных значений так много, что самые редкие посчитаны вместе; строк у причин не меньше, чем указано.",
            );
            self.wrapped("  ", line, DIM);
        }
    }

    fn files(&mut self, summary: &Summary) {
        self.heading(self.lang.pick("Report", "Отчёт"));
        self.line(&format!("  {}", summary.folder.display()), "");
        for file in &summary.files {
            let what = match file.name {
                "outcomes.csv" | "outcomes.jsonl" | "outcomes.parquet" => self.lang.pick("every row", "каждая строка"),
                "junit.xml" => {
                    self.lang.pick("rows that need attention, for build systems", "строки, требующие внимания, для систем сборки")
                }
                "faults.csv" => self.lang.pick("every fault", "каждое замечание"),
                "rejected.csv" => self.lang.pick("rows to mend, in your own columns", "строки для исправления, в ваших столбцах"),
                "crosswalk.csv" => self.lang.pick("old id to new id", "старый id → новый id"),
                // Its rows are a sample.
                "report.html" => {
                    let what = self.lang.pick("the page to read and to pass on", "страница, чтобы читать и пересылать");
                    self.line(&format!("  {:<14} {what}", file.name), "");
                    continue;
                }
                "outcomes.xlsx" | "outcomes.xlsm" => self.lang.pick("every row, in a workbook", "каждая строка, в книге"),
                other => other,
            };
            self.line(&format!("  {:<14} {} ({})", file.name, what, grouped(file.rows)), "");
            for note in &file.notes {
                self.wrapped("                 ", note, "");
            }
        }
        if !summary.seal.is_empty() {
            let what = self.lang.pick("hashes and sums, for `clientferry verify`", "хеши и суммы для `clientferry verify`");
            self.line(&format!("  certificate.json  {what}"), "");
        }
    }

    fn next_steps(&mut self, summary: &Summary) {
        self.heading(self.lang.pick("Next", "Что делать"));
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
fn left_out(lang: Lang, columns: &[String]) -> String {
    let shown: Vec<String> =
        columns.iter().take(COLUMNS_SHOWN).map(|column| format!("\"{}\"", shortened(column, COLUMN_WIDTH_MAX))).collect();
    let more = match columns.len().saturating_sub(COLUMNS_SHOWN) {
        0 => String::new(),
        more => lang.pick(format!(" and {more} more"), format!(" и ещё {more}")),
    };
    let noun = if columns.len() == 1 { ("column", "столбец") } else { ("columns", "столбцы") };
    let (start, noun) = lang.pick(("Not sent", noun.0), ("Не отправляются", noun.1));
    format!("{start}: {noun} {}{more}.", shown.join(", "))
}

#[cfg(test)]
mod tests;
