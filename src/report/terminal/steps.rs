//! What to do next, in sentences. Knows no width and no colour.

use super::super::words::{counted, counted_rows, grouped};
use super::super::{Mode, Summary};
use crate::model::{Code, Lang, NotSent, Outcome};

/// What to do next, the most urgent first.
pub(super) fn steps(summary: &Summary) -> Vec<String> {
    let lang = summary.lang;
    let rows = |count: u64| counted_rows(lang, count);
    let mut steps = Vec::new();
    if let Some(halt) = &summary.halt {
        steps.push(sentences(&halt.what, &halt.hint));
    }
    let unknown = summary.count(Outcome::Unknown);
    if unknown > 0 {
        let (count, run) = (rows(unknown), &summary.run);
        steps.push(lang.pick(
            format!(
                "Sent without a reliable answer: {count}. Run `clientferry resolve {run}`, or with --answers FILE where only a person \
                 can look; do not send them from elsewhere before."
            ),
            format!(
                "Отправлено без надёжного ответа: {count}. Запустите `clientferry resolve {run}` или, если посмотреть может только \
                 человек, с --answers ФАЙЛ; до этого не отправляйте их другим путём."
            ),
        ));
    }
    let mend = summary.count(Outcome::Invalid) + summary.count(Outcome::Duplicate) + summary.count(Outcome::Rejected);
    if mend > 0 {
        let verb = match summary.mode {
            Mode::Import => "import",
            Mode::Check | Mode::Plan => "check",
        };
        let count = rows(mend);
        // The second file holds items of clients who are not in `rejected.csv`.
        let orphans = match (summary.has_second_file, lang) {
            (false, _) => "",
            (true, Lang::En) => " and orphans = \"leave-out\" in its [items] section, beside the second file",
            (true, Lang::Ru) => " и с orphans = \"leave-out\" в его разделе [items], рядом со вторым файлом",
        };
        steps.push(lang.pick(
            format!("To mend: {count} in rejected.csv. Reasons stand in faults.csv; {verb} the mended file with the same mapping{orphans}."),
            format!("Исправить: {count} в rejected.csv. Причины — в faults.csv; исправленный файл подайте команде `{verb}` с тем же маппингом{orphans}."),
        ));
    }
    let left = |reason: NotSent| summary.not_sent_reasons.get(&reason.code()).copied().unwrap_or(0);
    let lines = summary.remedy.mapping_lines.len() as u64;
    if lines > 0 {
        let source = match summary.mode {
            Mode::Import => format!("clientferry report {}", summary.run),
            Mode::Check | Mode::Plan => lang.pick("the same command", "ту же команду").to_owned(),
        };
        let cleared = rows(summary.remedy.rows_cleared);
        steps.push(lang.pick(
            format!(
                "By the mapping alone: {} in it would clear {cleared}. Run {source} with --suggest-mapping FILE to have it written.",
                counted(lines, "line")
            ),
            format!(
                "Одним маппингом: строк в нём — {}, они исправят: {cleared}. Чтобы его записать, запустите {source} с --suggest-mapping \
                 ФАЙЛ.",
                grouped(lines)
            ),
        ));
    }
    let waiting = left(NotSent::Interrupted) + left(NotSent::Halted) + left(NotSent::Unreachable) + left(NotSent::Absent);
    if waiting > 0 {
        let count = rows(waiting);
        steps.push(lang.pick(
            format!("Still waiting: {count}. Run the same command again, it continues where it stopped."),
            format!("Ещё ждут: {count}. Повторите ту же команду, она продолжит с места остановки."),
        ));
    }
    let limited = left(NotSent::Limit);
    if limited > 0 {
        let count = rows(limited);
        steps.push(lang.pick(
            format!("Beyond --limit: {count}. Run the same command again without it, or with a higher one."),
            format!("Сверх --limit: {count}. Повторите ту же команду без него или с большим числом."),
        ));
    }
    let changed = summary.faults.get(&Code::ClientChanged).copied().unwrap_or(0);
    if changed > 0 {
        let (what, next) = (lang.pick("Different from what was created", "Отличаются от созданного"), Code::ClientChanged);
        steps.push(format!("{what}: {}. {}", rows(changed), next.next_step_in(lang)));
    }
    let good = left(NotSent::OnlyChecked);
    if good > 0 {
        let count = rows(good);
        steps.push(lang.pick(
            format!("Good: {count}. Run `clientferry import` to send them."),
            format!("Хороши: {count}. Чтобы отправить их, запустите `clientferry import`."),
        ));
    }
    if steps.is_empty() {
        let nothing = if summary.source.rows == 0 {
            lang.pick(
                "The source holds no rows; check that it is the right file and sheet.",
                "В источнике нет строк; проверьте, тот ли это файл и лист.",
            )
        } else {
            lang.pick("Nothing: no row needs attention.", "Ничего: ни одна строка не требует внимания.")
        };
        steps.push(nothing.to_owned());
    }
    steps
}

/// What happened, and what helps, as two sentences.
pub(super) fn sentences(what: &str, hint: &str) -> String {
    let mut hint = hint.chars();
    let first = hint.next().map(char::to_uppercase).into_iter().flatten();
    let text = format!("{}. {}{}", what.trim_end_matches('.'), first.collect::<String>(), hint.as_str());
    format!("{}.", text.trim_end_matches([' ', '.']))
}
