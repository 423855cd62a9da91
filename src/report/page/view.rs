//! The gathered statistics as the template's texts: counted, named, clipped, in the page's language. Writes no HTML itself.

mod lines;
mod proof;
mod sentence;

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};

use super::super::{Ended, Mode, Summary};
use super::mask::clip;
use super::say::{counted, duration, machine_time, number, share, size, time};
use super::words::{self, Words, words};
use super::{Statistics, Timeline, chart, csp};
use crate::model::{Code, Lang, Outcome, Severity};
use lines::{CauseLine, ChangeLines, ColumnLines, RowLines};
use sentence::Sentence;

/// Characters of a name from outside: of a column, sheet, file.
pub(super) const NAME_CHARS_MAX: usize = 80;
/// Characters of a sentence from outside.
const SENTENCE_CHARS_MAX: usize = 400;
/// Sheets that have a line of their own.
const SHEETS_MAX: usize = 40;
/// Names of columns that were not sent.
const IGNORED_MAX: usize = 20;

/// The whole page.
#[derive(Template)]
#[template(path = "report/page.html")]
pub(super) struct View {
    lang: &'static str,
    csp: String,
    style: String,
    script: String,
    w: &'static Words,
    sections: Vec<(&'static str, &'static str)>,
    head: Head,
    totals: Totals,
    outcomes: Outcomes,
    timeline: Option<TimelineView>,
    no_timeline: &'static str,
    causes: Vec<CauseLine>,
    columns: ColumnLines,
    changes: ChangeLines,
    rows: RowLines,
    catalogue: Vec<CodeLine>,
    files: Vec<FileLine>,
    certificate_intro: Sentence,
    certificate: Vec<(String, String)>,
    run: RunView,
}

struct Head {
    title: String,
    kind: &'static str,
    run: String,
    source: String,
    operation: String,
    version: String,
    lead: String,
    unmasked: bool,
    halt: Option<String>,
}

struct Totals {
    rows_read: String,
    sum: String,
    attention: String,
    requests: String,
    outcome_names: Vec<&'static str>,
    sheets: Vec<SheetLine>,
    all: Option<SheetLine>,
    notes: Vec<String>,
}

struct SheetLine {
    name: String,
    rows: String,
    counts: Vec<String>,
}

struct Outcomes {
    parts: Vec<Part>,
    lines: Vec<OutcomeLine>,
    reasons: Vec<Reason>,
}

struct Part {
    class: &'static str,
    x: String,
    width: String,
    title: String,
}

struct OutcomeLine {
    class: &'static str,
    name: &'static str,
    count: String,
    share: String,
    meaning: Sentence,
}

struct Reason {
    code: &'static str,
    count: String,
    meaning: Sentence,
}

struct TimelineView {
    caption: String,
    bars: Vec<chart::Rect>,
    ticks: Vec<String>,
    slices: Vec<SliceLine>,
}

struct SliceLine {
    from: String,
    machine: String,
    sent: String,
    retried: String,
    throttled: String,
}

struct CodeLine {
    code: &'static str,
    severity: &'static str,
    count: String,
    meaning: Sentence,
    next_step: Sentence,
}

struct FileLine {
    name: &'static str,
    holds: &'static str,
    rows: String,
    size: String,
}

struct RunView {
    finished: String,
    finished_machine: String,
    facts: Vec<(&'static str, String)>,
}

/// What a code means, and what to do about it, in a language.
fn explained(lang: Lang, code: Code) -> (Sentence, Sentence) {
    (Sentence::new(code.meaning_in(lang)), Sentence::new(code.next_step_in(lang)))
}

/// The page of these statistics.
pub(super) fn view(page: Statistics, summary: &Summary) -> View {
    let (lang, w) = (page.lang, words(page.lang));
    // A checkout may have other line ends, which browsers read as these: the hash is of what they read.
    let style = include_str!("../../../templates/report/page.css").replace('\r', "");
    let script = include_str!("../../../templates/report/page.js").replace('\r', "");
    let unmasked = page.mask.unmasks();
    let causes = lines::causes(lang, &page.mask, summary);
    let columns = lines::columns(lang, &page);
    let changes = lines::changes(lang, &page);
    let timeline = summary.timeline.as_ref().filter(|line| !line.slices.is_empty()).map(|line| over_time(lang, line));
    let no_timeline = match summary.mode {
        Mode::Import => w.timeline_none,
        Mode::Check | Mode::Plan => w.timeline_none_check,
    };
    let catalogue = catalogue(lang, summary);
    let mut sections = vec![("totals", w.totals), ("outcomes", w.outcomes), ("timeline", w.timeline), ("causes", w.causes)];
    sections.extend((!columns.lines.is_empty()).then_some(("by-column", w.by_column)));
    sections.extend([("changes", w.changes), ("rows", w.rows)]);
    sections.extend((!catalogue.is_empty()).then_some(("catalogue", w.catalogue)));
    sections.extend([("files", w.files), ("certificate", w.certificate), ("run", w.run)]);
    let rows = lines::rows(lang, page, summary);
    View {
        lang: lang.as_str(),
        csp: csp::policy(&style, &script),
        style,
        script,
        w,
        sections,
        head: head(lang, w, summary, unmasked),
        totals: totals(lang, w, summary),
        outcomes: outcomes(lang, summary),
        timeline,
        no_timeline,
        causes,
        columns,
        changes,
        rows,
        catalogue,
        files: files(lang, summary),
        certificate_intro: Sentence::new(w.certificate_intro),
        certificate: proof::certificate(lang, w, summary),
        run: run(lang, w, summary),
    }
}

fn head(lang: Lang, w: &Words, summary: &Summary, unmasked: bool) -> Head {
    let source = clip(&summary.source.name, NAME_CHARS_MAX);
    let operation = clip(&summary.operation, NAME_CHARS_MAX);
    Head {
        title: format!("{source} → {operation} · clientferry"),
        kind: match summary.mode {
            Mode::Import => w.kind_import,
            Mode::Check => w.kind_check,
            Mode::Plan => w.kind_plan,
        },
        run: clip(&summary.run, NAME_CHARS_MAX),
        lead: lead(lang, summary),
        version: summary.version.clone(),
        halt: summary.halt.as_ref().map(|halt| clip(&format!("{} {}", halt.what, halt.hint), SENTENCE_CHARS_MAX)),
        source,
        operation,
        unmasked,
    }
}

/// What became of the rows in two sentences.
fn lead(lang: Lang, summary: &Summary) -> String {
    let rows = |count: u64| counted(lang, count, words::rows(lang));
    let read = lang.pick(format!("{} read.", rows(summary.source.rows)), format!("Прочитано: {}.", rows(summary.source.rows)));
    let good = summary.not_sent_reasons.get(&Code::SendOnlyChecked).copied().unwrap_or(0);
    let mut told = Vec::new();
    let mut tell = |count: u64, english: &str, russian: &str| {
        if count > 0 {
            told.push(lang.pick(format!("{} {english}", number(lang, count)), format!("{russian} {}", number(lang, count))));
        }
    };
    tell(summary.count(Outcome::Created), "created", "создано");
    tell(summary.count(Outcome::Existing), "there before", "уже было");
    tell(good, "good to be sent", "готово к отправке");
    tell(summary.needing_attention, "need attention", "требуют внимания");
    let nobody = match summary.needing_attention {
        0 => lang.pick(" Nobody has to do anything.", " Вмешательство не требуется."),
        _ => "",
    };
    if told.is_empty() {
        return format!("{read}{nobody}");
    }
    let mut told = told.join(", ");
    if let Some(first) = told.chars().next() {
        told.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
    }
    format!("{read} {told}.{nobody}")
}

fn totals(lang: Lang, w: &Words, summary: &Summary) -> Totals {
    let line = |name: String, rows: u64, counts: &dyn Fn(Outcome) -> u64| SheetLine {
        name,
        rows: number(lang, rows),
        counts: Outcome::ALL.iter().map(|&outcome| number(lang, counts(outcome))).collect(),
    };
    let sheets = &summary.source.sheets;
    let (shown, rest) = sheets.split_at_checked(SHEETS_MAX).unwrap_or((sheets, &[]));
    let name = |name: &str| if name.is_empty() { w.whole_file.to_owned() } else { clip(name, NAME_CHARS_MAX) };
    let mut lines: Vec<SheetLine> =
        shown.iter().map(|sheet| line(name(&sheet.name), sheet.rows, &|outcome| sheet.outcomes.count(outcome))).collect();
    if !rest.is_empty() {
        let rows = rest.iter().map(|sheet| sheet.rows).sum();
        let counts = |outcome: Outcome| rest.iter().map(|sheet| sheet.outcomes.count(outcome)).sum();
        lines.push(line(format!("{} ({})", w.more_sheets, rest.len()), rows, &counts));
    }
    let mut notes = Vec::new();
    if summary.blank_trailing_rows > 0 {
        notes.push(format!("{}: {}.", w.blank_behind, number(lang, summary.blank_trailing_rows)));
    }
    if summary.clients_without_provider_id > 0 {
        notes.push(format!("{}: {}.", w.without_id, number(lang, summary.clients_without_provider_id)));
    }
    if summary.test_stand {
        notes.push(w.test_stand.to_owned());
    }
    Totals {
        rows_read: number(lang, summary.source.rows),
        sum: number(lang, summary.outcomes.rows()),
        attention: number(lang, summary.needing_attention),
        requests: number(lang, summary.requests.sent),
        outcome_names: Outcome::ALL.iter().map(|&outcome| words::outcome(lang, outcome).0).collect(),
        all: (lines.len() > 1).then(|| line(String::new(), summary.source.rows, &|outcome| summary.count(outcome))),
        sheets: lines,
        notes,
    }
}

fn outcomes(lang: Lang, summary: &Summary) -> Outcomes {
    let counts = Outcome::ALL.map(|outcome| summary.count(outcome));
    let all = summary.outcomes.rows();
    let parts = Outcome::ALL.iter().zip(counts).zip(chart::parts(&counts)).filter(|((_, count), _)| *count > 0);
    let parts = parts.map(|((&outcome, count), (x, width))| Part {
        class: outcome.as_str(),
        x,
        width,
        title: format!("{}: {}, {}", words::outcome(lang, outcome).0, number(lang, count), share(lang, count, all)),
    });
    let lines = Outcome::ALL.iter().zip(counts).map(|(&outcome, count)| {
        let (name, meaning) = words::outcome(lang, outcome);
        OutcomeLine {
            class: outcome.as_str(),
            name,
            count: number(lang, count),
            share: share(lang, count, all),
            meaning: Sentence::new(meaning),
        }
    });
    let reasons = summary.not_sent_reasons.iter().map(|(&code, &count)| Reason {
        code: code.as_str(),
        count: number(lang, count),
        meaning: explained(lang, code).0,
    });
    Outcomes { parts: parts.collect(), lines: lines.collect(), reasons: reasons.collect() }
}

fn over_time(lang: Lang, line: &Timeline) -> TimelineView {
    let w = words(lang);
    let at = |index: usize| -> DateTime<Utc> {
        let ms = i64::try_from(index).unwrap_or(i64::MAX).saturating_mul(line.slice_ms);
        TimeDelta::try_milliseconds(ms).and_then(|span| line.begins.checked_add_signed(span)).unwrap_or(line.begins)
    };
    let is_one_day = line.begins.date_naive() == at(line.slices.len()).date_naive();
    let form = match (is_one_day, lang) {
        (true, _) => "%H:%M:%S",
        (false, Lang::En) => "%Y-%m-%d %H:%M",
        (false, Lang::Ru) => "%d.%m.%Y %H:%M",
    };
    let told = |time: DateTime<Utc>| time.format(form).to_string();
    let slice_s = u64::try_from(line.slice_ms / 1000).unwrap_or(1);
    let sum = |of: fn(&super::TimelineSlice) -> u64| line.slices.iter().map(of).sum::<u64>();
    let highest = line.slices.iter().map(|slice| slice.sent).max().unwrap_or(0);
    let (sent, retried, throttled) = (sum(|slice| slice.sent), sum(|slice| slice.retried), sum(|slice| slice.throttled));
    let lower = |text: &str| text.to_lowercase();
    let caption = format!(
        "{}; {} {}; {} {}. {}: {} {} {}.",
        counted(lang, sent, words::requests(lang)),
        lower(w.repeats),
        number(lang, retried),
        lower(w.throttled),
        number(lang, throttled),
        w.peak,
        number(lang, highest),
        w.per_slice,
        duration(lang, slice_s)
    );
    let counts: Vec<(u64, u64, u64)> = line.slices.iter().map(|slice| (slice.sent, slice.retried, slice.throttled)).collect();
    let slices = line.slices.iter().enumerate().map(|(index, slice)| SliceLine {
        from: told(at(index)),
        machine: machine_time(at(index)),
        sent: number(lang, slice.sent),
        retried: number(lang, slice.retried),
        throttled: number(lang, slice.throttled),
    });
    let ticks = [0, line.slices.len() / 2, line.slices.len()].map(|index| told(at(index)));
    TimelineView { caption, bars: chart::timeline(&counts), ticks: ticks.to_vec(), slices: slices.collect() }
}

fn catalogue(lang: Lang, summary: &Summary) -> Vec<CodeLine> {
    let mut codes: Vec<(Code, u64)> =
        summary.faults.iter().chain(&summary.not_sent_reasons).map(|(&code, &count)| (code, count)).collect();
    codes.sort_by_key(|&(code, count)| (std::cmp::Reverse(code.severity()), std::cmp::Reverse(count), code));
    codes.dedup_by_key(|(code, _)| *code);
    let line = |(code, count): (Code, u64)| {
        let (meaning, next_step) = explained(lang, code);
        CodeLine {
            code: code.as_str(),
            severity: severity(code.severity()),
            count: counted(lang, count, words::rows(lang)),
            meaning,
            next_step,
        }
    };
    codes.into_iter().map(line).collect()
}

fn severity(severity: Severity) -> &'static str {
    severity.as_str()
}

fn files(lang: Lang, summary: &Summary) -> Vec<FileLine> {
    let line = |file: &super::super::FileSummary| FileLine {
        name: file.name,
        holds: words::file(lang, file.name),
        rows: number(lang, file.rows),
        size: size(lang, file.bytes),
    };
    summary.files.iter().map(line).collect()
}

fn run(lang: Lang, w: &'static Words, summary: &Summary) -> RunView {
    let took = u64::try_from((summary.finished - summary.started).num_seconds()).unwrap_or(0);
    let ended = match summary.ended {
        Ended::Finished => w.ended_finished,
        Ended::Interrupted => w.ended_interrupted,
        Ended::Halted => w.ended_halted,
    };
    let mut operations = summary.operations.iter().map(|name| clip(name, NAME_CHARS_MAX)).collect::<Vec<_>>().join(", ");
    if operations.is_empty() {
        operations = clip(&summary.operation, NAME_CHARS_MAX);
    }
    let mut facts = vec![
        (w.run_name, clip(&summary.run, NAME_CHARS_MAX)),
        (w.source, clip(&summary.source.name, NAME_CHARS_MAX)),
        (w.operation, clip(&operations, SENTENCE_CHARS_MAX)),
        (w.account, clip(&summary.account, NAME_CHARS_MAX)),
        (w.how_ended, ended.to_owned()),
        (w.started, time(lang, summary.started)),
        (w.finished, time(lang, summary.finished)),
        (w.took, duration(lang, took)),
        (w.version, format!("clientferry {}", summary.version)),
    ];
    if !summary.ignored_columns.is_empty() {
        let ignored = &summary.ignored_columns;
        let mut names = ignored.iter().take(IGNORED_MAX).map(|name| clip(name, NAME_CHARS_MAX)).collect::<Vec<_>>().join(", ");
        if let Some(more) = ignored.len().checked_sub(IGNORED_MAX).filter(|more| *more > 0) {
            names.push_str(&format!(" {} {more}", w.and_more));
        }
        facts.push((w.ignored, names));
    }
    RunView { finished: time(lang, summary.finished), finished_machine: machine_time(summary.finished), facts }
}
