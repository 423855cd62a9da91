//! Columns of generated dates, their days known: never a wrong one, and a question exactly where the values cannot decide.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate};
use clientferry::model::{CellKind, Place};
use clientferry::prepare::date_question;
use clientferry::prepare::normalize::date::{ColumnEvidence, DateFormat, DayCount, Dotted, TwoDigitYear, parse, parse_pattern};
use proptest::prelude::*;

use crate::program::Program;

/// How a person or a program writes dates.
#[derive(Clone, Copy, Debug)]
struct Hand {
    pattern: &'static str,
    separator: &'static str,
}

const LONG: [Hand; 7] = [
    Hand { pattern: "%d/%m/%Y", separator: "/" },
    Hand { pattern: "%m/%d/%Y", separator: "/" },
    Hand { pattern: "%-d-%-m-%Y", separator: "-" },
    Hand { pattern: "%m-%d-%Y", separator: "-" },
    Hand { pattern: "%d %m %Y", separator: " " },
    Hand { pattern: "%d.%m.%Y", separator: "." },
    Hand { pattern: "%m.%d.%Y", separator: "." },
];
const SHORT: [Hand; 6] = [
    Hand { pattern: "%d/%m/%y", separator: "/" },
    Hand { pattern: "%m/%d/%y", separator: "/" },
    Hand { pattern: "%y-%m-%d", separator: "-" },
    Hand { pattern: "%d-%m-%y", separator: "-" },
    Hand { pattern: "%d.%m.%y", separator: "." },
    Hand { pattern: "%y.%m.%d", separator: "." },
];
/// Nothing is open in these.
const CLEAR: [Hand; 4] = [
    Hand { pattern: "%Y-%m-%d", separator: "" },
    Hand { pattern: "%Y%m%d", separator: "" },
    Hand { pattern: "%d-%b-%y", separator: "" },
    Hand { pattern: "%-d %B %Y", separator: "" },
];

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 10).expect("a day")
}

/// Days on which clients of 14 to 99 years were born; all of them on one of the first twelve of a month, or on any.
fn days() -> impl Strategy<Value = Vec<NaiveDate>> {
    let day = (0_u64..31_000).prop_map(|days| today() - Days::new(5_200 + days));
    let early = day.clone().prop_map(|day| day.with_day(1 + day.day() % 12).expect("a day"));
    prop_oneof![proptest::collection::vec(day, 1..12), proptest::collection::vec(early, 1..12)]
}

fn hand() -> impl Strategy<Value = Hand> {
    prop_oneof![
        proptest::sample::select(LONG.to_vec()),
        proptest::sample::select(SHORT.to_vec()),
        proptest::sample::select(CLEAR.to_vec())
    ]
}

/// The format that the program would read the column with; `None` where it asks.
fn settle(cells: &[String]) -> Option<DateFormat> {
    settle_in(cells, Dotted::Unsaid)
}

/// The same in a file that says something about dates with dots.
fn settle_in(cells: &[String], dotted: Dotted) -> Option<DateFormat> {
    let mut evidence = ColumnEvidence::default();
    for (ordinal, cell) in (0..).zip(cells) {
        evidence.observe(Place { sheet: 0, line: ordinal + 2, ordinal }, cell, CellKind::Text);
    }
    evidence.note_dotted(dotted);
    date_question("birth_date", &evidence).is_none().then(|| DateFormat {
        orders: evidence.decide().orders(),
        two_digit_year: TwoDigitYear::Birth { today: today() },
        day_count: DayCount::Refused,
    })
}

/// The days that a text may mean, by trying: one for each order that gives a day of a client.
fn readings(texts: &[&str]) -> BTreeSet<Vec<Option<NaiveDate>>> {
    let read = |text: &str, pattern: &str| {
        let format = parse_pattern(pattern, TwoDigitYear::Near { today: today() }).expect("a pattern");
        parse(text, CellKind::Text, &format).ok()
    };
    let has_long_year =
        texts.iter().any(|text| text.trim_end().len() > 4 && text.split(['/', '-', ' ', '.']).any(|part| part.len() == 4));
    let mut patterns = vec!["DD/MM/YY", "MM/DD/YY"];
    if !has_long_year {
        patterns.push("YY/MM/DD");
    }
    let columns = patterns.into_iter().map(|pattern| texts.iter().map(|text| read(text, pattern)).collect::<Vec<_>>());
    columns.filter(|days| days.iter().all(Option::is_some)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_column_of_one_hand_is_read_rightly_or_asked_about(days in days(), hand in hand()) {
        let cells: Vec<String> = days.iter().map(|day| day.format(hand.pattern).to_string()).collect();
        let format = settle(&cells);
        let texts: Vec<&str> = cells.iter().map(String::as_str).collect();
        let asks = !hand.separator.is_empty() && readings(&texts).len() > 1;
        prop_assert_eq!(format.is_none(), asks, "{:?}", cells);
        if let Some(format) = format {
            for (cell, day) in cells.iter().zip(&days) {
                prop_assert_eq!(parse(cell, CellKind::Text, &format), Ok(*day), "{} of {:?}", cell, cells);
            }
        }
    }

    /// Whoever gives columns Cyrillic names puts the day first in dates with dots: nothing is asked there, and nothing is wrong.
    #[test]
    fn dots_in_a_cyrillic_file_mean_day_first(days in days(), short in any::<bool>()) {
        let pattern = if short { "%d.%m.%y" } else { "%d.%m.%Y" };
        let cells: Vec<String> = days.iter().map(|day| day.format(pattern).to_string()).collect();
        let format = settle_in(&cells, Dotted::Cyrillic);
        prop_assert!(format.is_some(), "{:?}", cells);
        for (cell, day) in cells.iter().zip(&days) {
            prop_assert_eq!(format.map(|format| parse(cell, CellKind::Text, &format)), Some(Ok(*day)), "{} of {:?}", cell, cells);
        }
    }

    #[test]
    fn a_mixed_column_is_never_read_wrongly(
        written in proptest::collection::vec((days(), hand()), 1..4).prop_filter("one hand for a separator", |written| {
            let separators: Vec<&str> = written.iter().map(|(_, hand)| hand.separator).filter(|sign| !sign.is_empty()).collect();
            separators.iter().collect::<BTreeSet<_>>().len() == separators.len()
        })
    ) {
        let days: Vec<NaiveDate> = written.iter().flat_map(|(days, _)| days.clone()).collect();
        let cells: Vec<String> =
            written.iter().flat_map(|(days, hand)| days.iter().map(|day| day.format(hand.pattern).to_string())).collect();
        let open = written.iter().any(|(days, hand)| {
            let cells: Vec<String> = days.iter().map(|day| day.format(hand.pattern).to_string()).collect();
            !hand.separator.is_empty() && settle(&cells).is_none()
        });
        let format = settle(&cells);
        // Nothing that is open alone is settled by its neighbours; dots alone may come to be asked about.
        prop_assert!(!open || format.is_none(), "{:?}", cells);
        if let Some(format) = format {
            for (cell, day) in cells.iter().zip(&days) {
                prop_assert_eq!(parse(cell, CellKind::Text, &format), Ok(*day), "{} of {:?}", cell, cells);
            }
        }
    }

    #[test]
    fn hands_that_contradict_each_other_are_asked_about(days in days(), firsts in proptest::collection::vec(any::<bool>(), 12)) {
        let cells: Vec<String> = days
            .iter()
            .zip(firsts.iter().cycle())
            .map(|(day, day_first)| day.format(if *day_first { "%d/%m/%Y" } else { "%m/%d/%Y" }).to_string())
            .collect();
        let late = |wanted: bool| days.iter().zip(firsts.iter().cycle()).any(|(day, first)| *first == wanted && day.day() > 12);
        prop_assert!(!(late(true) && late(false)) || settle(&cells).is_none(), "{:?}", cells);
    }
}

const HEADER: &str = "ID;Фамилия;Имя;Дата рождения;Гражданство;Телефон;Самозанятый;Серия паспорта;Номер паспорта;Дата выдачи;Код подразделения;Кем выдан;Адрес регистрации";

fn rows(births: &[&str], issues: &[&str]) -> String {
    let rows = births.iter().zip(issues).enumerate().map(|(number, (born, issued))| {
        format!(
            "{number};Образцов;Иван;{born};РФ;8900000{number:04};нет;4509;{number:06};{issued};770-001;ОВД;г. Тверь\n",
            number = number + 1
        )
    });
    format!("{HEADER}\n{}", rows.collect::<String>())
}

#[test]
fn a_run_stops_with_the_line_that_settles_it_and_goes_on_with_it() {
    let program = Program::new();
    program.put("clients.csv", rows(&["03/04/1988", "05/06/1987"], &["2012-04-05", "2013-04-05"]).as_bytes());
    let check = ["check", "clients.csv", "--to", "tbank/fl-resident", "--out", "report"];
    let told = String::from_utf8(program.expect(&[2], &check).stderr).unwrap();
    let line = r#""birth_date" = "DD/MM/YYYY"   # or "MM/DD/YYYY""#;
    assert!(told.contains(line) && told.contains("first in line 2"), "{told}");

    program.expect(&[0, 1], &["map", "clients.csv", "--to", "tbank/fl-resident", "-o", "mapping.toml"]);
    let mapping = std::fs::read_to_string(program.path("mapping.toml")).unwrap();
    for (pattern, day) in [("DD/MM/YYYY", "1988-04-03"), ("MM/DD/YYYY", "1988-03-04")] {
        let settled = format!("{mapping}\n[formats]\n{}", line.replace("DD/MM/YYYY\"   # or \"MM/DD/YYYY", pattern));
        program.put("settled.toml", settled.as_bytes());
        let with = [&check[..], &["--mapping", "settled.toml"]].concat();
        program.expect(&[0], &with);
        let outcomes = std::fs::read_to_string(program.path("report/outcomes.csv")).unwrap();
        assert!(outcomes.contains(day), "{outcomes}");
    }
}

/// Rows are counted as an editor does, whatever stands between them; in workbooks as the sheet does.
#[test]
fn questions_name_the_line_of_the_file() {
    let program = Program::new();
    let table = rows(&["2001-02-03", "03/04/1988"], &["2012-04-05", "2013-04-05"]);
    let (first, second) = table.split_once("\n2;").unwrap();
    program.put("clients.csv", format!("Выгрузка\n\n{first}\n;;\nкоротко;x\n\n2;{second}").as_bytes());
    let told = String::from_utf8(program.expect(&[2], &["check", "clients.csv", "--to", "tbank/fl-resident"]).stderr).unwrap();
    assert!(told.contains("first in line 8"), "{told}");
}

/// Dates with dots, all of days that could be months: settled by what the file says, and asked about where it says nothing.
#[test]
fn dates_with_dots_are_settled_by_the_file_or_asked_about() {
    let program = Program::new();
    let check = ["check", "clients.csv", "--to", "tbank/fl-resident", "--out", "report"];
    let russian = rows(&["03.04.1988", "05.06.1987"], &["04.05.2012", "04.05.2013"]);
    program.put("clients.csv", russian.as_bytes());
    program.expect(&[0], &check);
    let outcomes = std::fs::read_to_string(program.path("report/outcomes.csv")).unwrap();
    assert!(outcomes.contains("1988-04-03"), "{outcomes}");
    let shown = String::from_utf8(program.expect(&[0], &["inspect", "clients.csv"]).stdout).unwrap();
    assert!(
        shown.contains("2 of the dates with dots could be read otherwise (first in line 2), but the columns have Cyrillic names")
    );

    let english = "external_id;last_name;first_name;birth_date;citizenship;phone;self_employed;passport_series;passport_number;\
                   issue_date;division_code;issued_by;registration_address";
    let named = |table: &str| table.replace(HEADER, english);
    program.put("clients.csv", named(&russian).as_bytes());
    let shown = String::from_utf8(program.expect(&[0], &["inspect", "clients.csv"]).stdout).unwrap();
    assert!(shown.contains(r#""birth_date" = "DD.MM.YYYY"   # or "MM.DD.YYYY""#), "{shown}");
    program.expect(&[2], &check);

    let proven = rows(&["03.04.1988", "05.06.1987"], &["04.05.2012", "24.05.2013"]);
    program.put("clients.csv", named(&proven).as_bytes());
    let shown = String::from_utf8(program.expect(&[0], &["inspect", "clients.csv"]).stdout).unwrap();
    assert!(shown.contains("`issue_date` of the same file proves it"), "{shown}");

    // Whoever writes the month first somewhere does not mean day first elsewhere.
    let other = rows(&["03.04.1988", "05.06.1987"], &["04.05.2012", "05.24.2013"]);
    program.put("clients.csv", other.as_bytes());
    program.expect(&[2], &check);
}

#[test]
fn births_with_short_years_are_settled_and_other_dates_are_asked_about() {
    let program = Program::new();
    let check = ["check", "clients.csv", "--to", "tbank/fl-resident", "--out", "report"];
    program.put("clients.csv", rows(&["25.04.88", "05-мар-61"], &["2012-04-05", "2013-04-05"]).as_bytes());
    program.expect(&[0, 1], &check);
    let outcomes = std::fs::read_to_string(program.path("report/outcomes.csv")).unwrap();
    assert!(outcomes.contains("1988-04-25") && outcomes.contains("1961-03-05"), "{outcomes}");

    program.put("clients.csv", rows(&["25.04.1988", "05.03.1961"], &["25.04.12", "03.05.13"]).as_bytes());
    let told = String::from_utf8(program.expect(&[2], &check).stderr).unwrap();
    assert!(told.contains(r#""documents[0].issue_date" = "DD.MM.YY""#) && told.contains("century"), "{told}");

    program.put("clients.csv", rows(&["25.04.1988", "05.03.1961"], &["41025", "41500"]).as_bytes());
    let told = String::from_utf8(program.expect(&[2], &check).stderr).unwrap();
    assert!(told.contains(r#"= "EXCEL"   # or "EXCEL 1904""#), "{told}");
}
