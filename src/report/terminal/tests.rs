//! What the terminal shows, and that it keeps to its width.

use super::super::{Cause, FileSummary, Halt, MappingLine, Mode, Remedy, Requests, SourceSummary};
use super::steps::sentences;
use super::*;
use crate::model::{Code, NotSent, Settled, Tally};
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
        lang: Lang::En,
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
            line: Some(MappingLine::Value { field: "branch".into(), found: "Head Ofice".into(), known: "Head Office".into() }),
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

#[test]
fn everything_is_told_in_russian_too() {
    let mut summary = summary(Mode::Import, &[(Outcome::Unknown, 1), (Outcome::Invalid, 1_200)]);
    summary.lang = Lang::Ru;
    summary.causes = vec![cause(Code::PhoneTooShort, "Телефон", 1_100, 3)];
    summary.faults = [(Code::ClientChanged, 2)].into();
    let reasons = [NotSent::Halted, NotSent::OnlyChecked, NotSent::Limit].map(|reason| (reason.code(), 5));
    summary.not_sent_reasons = reasons.into();
    summary.ignored_columns = vec!["Примечание".into()];
    summary.test_stand = true;
    summary.clients_without_provider_id = 3;
    let text = render(&summary, 80, false);
    for english in ["rows", "Largest", "Next", "Report", "every", "Run ", " of ", "the "] {
        assert!(!text.contains(english), "{english}: {text}");
    }
    for russian in ["1,201", "не отправлено", "Исправить: 1,200 строк", "Главные причины", "В номере телефона слишком мало цифр."]
    {
        assert!(text.contains(russian), "{russian}: {text}");
    }
}
