use super::*;
use crate::model::Place;
use chrono::NaiveDateTime;
use proptest::prelude::*;

const DMY: Option<Order> = Some(Order::DayMonthYear);
const MDY: Option<Order> = Some(Order::MonthDayYear);
const YMD: Option<Order> = Some(Order::YearMonthDay);

fn read(text: &str, order: Option<Order>) -> Result<String, Code> {
    let format = order.map_or(DateFormat::UNPROVEN, DateFormat::of_order);
    parse(text, CellKind::Text, &format).map(|date| date.to_string()).map_err(|fault| fault.code)
}

fn number(number: f64) -> Result<String, Code> {
    let format = DateFormat::of_order(Order::DayMonthYear);
    parse(&number.to_string(), CellKind::Number(number), &format).map(|date| date.to_string()).map_err(|fault| fault.code)
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day")
}

/// Lines are counted from the first cell of a column here.
fn at(line: u64) -> Place {
    Place { sheet: 0, line, ordinal: line }
}

fn evidence<'a>(cells: impl IntoIterator<Item = &'a str>) -> ColumnEvidence {
    let mut evidence = ColumnEvidence::default();
    (1..).zip(cells).for_each(|(line, cell)| evidence.observe(at(line), cell, CellKind::Text));
    evidence
}

#[test]
fn forms_people_write() {
    for text in [
        "01.02.1980",
        "1.2.1980",
        "01/02/1980",
        "01-02-1980",
        "01 02 1980",
        "01. 02. 1980",
        " 01.02.1980 ",
        "01.02.1980 0:00",
        "01.02.1980 00:00:00",
        "01.02.1980 г.",
        "01.02.1980г.",
        "01–02–1980",
        "1980-02-01",
        "1980.02.01",
        "1980-2-1",
        "1980-02-01T00:00:00",
        "1980-02-01T00:00:00.000Z",
        "1980-02-01 00:00:00+03:00",
        "2/1/1980x",
        "19800201",
        "1 февраля 1980 г.",
        "1 февраля 1980 года",
        "1 ФЕВРАЛЯ 1980",
        "01-фев-1980",
        "01 фев. 1980",
        "01.фев.1980",
        "«01» февраля 1980 г.",
        "\"01\" февраля 1980",
        "1 Feb 1980",
        "1st February 1980",
        "Feb 1, 1980",
        "February 1st, 1980",
        "FEB-01-1980",
        "\u{feff}01.02.1980\u{a0}",
    ] {
        let wanted = if text.ends_with('x') { Err(Code::DateUnreadable) } else { Ok("1980-02-01".to_owned()) };
        assert_eq!(read(text, DMY), wanted, "{text}");
    }
    assert_eq!(read("02/01/1980 12:00:00 AM", MDY).as_deref(), Ok("1980-02-01"));
    assert_eq!(read("5 мая 2000", None).as_deref(), Ok("2000-05-05"));
    assert_eq!(read("30 Sept 1999", None).as_deref(), Ok("1999-09-30"));
    assert_eq!(read("29.02.2000", DMY).as_deref(), Ok("2000-02-29"));
}

#[test]
fn forms_that_are_refused() {
    for (text, code) in [
        ("", Code::ValueMissing),
        ("\u{a0}", Code::ValueMissing),
        ("30.02.1980", Code::DateNoSuchDay),
        ("29.02.1900", Code::DateNoSuchDay),
        ("00.00.0000", Code::DateNoSuchDay),
        ("32.01.1980", Code::DateNoSuchDay),
        ("25.13.1980", Code::DateNoSuchDay),
        ("1980-25-03", Code::DateNoSuchDay),
        ("31 июня 1980", Code::DateNoSuchDay),
        ("20021980", Code::DateNoSuchDay),
        ("03/25/1990", Code::DateOrderConflict),
        ("01.02.80", Code::DateTwoDigitYear),
        ("01-фев-80", Code::DateTwoDigitYear),
        ("01.02.1980 12:30", Code::DateHasTime),
        ("1980-02-01T21:00:00.000Z", Code::DateHasTime),
        ("01.02.1980 12:00", Code::DateHasTime),
        ("01.02.1980 12:00 PM", Code::DateHasTime),
        ("01.02.198О", Code::DateUnreadable),
        ("01.02.198", Code::DateUnreadable),
        ("01.02.19801", Code::DateUnreadable),
        ("001.02.1980", Code::DateUnreadable),
        ("01.02/1980", Code::DateUnreadable),
        ("01.02", Code::DateUnreadable),
        ("1980", Code::DateUnreadable),
        ("32994", Code::DateUnreadable),
        ("01021980", Code::DateUnreadable),
        ("123456789", Code::DateUnreadable),
        ("1 мартобря 1980", Code::DateUnreadable),
        ("нет", Code::DateUnreadable),
        ("01.02.1980 или 1981", Code::DateUnreadable),
        ("1 ма 1980", Code::DateUnreadable),
    ] {
        assert_eq!(read(text, DMY), Err(code), "{text}");
    }
}

#[test]
fn the_order_of_the_column_rules() {
    assert_eq!(read("03/04/1990", DMY).as_deref(), Ok("1990-04-03"));
    assert_eq!(read("03/04/1990", MDY).as_deref(), Ok("1990-03-04"));
    assert_eq!(read("25/03/1990", MDY), Err(Code::DateOrderConflict));
    assert_eq!(read("03/04/1990", YMD), Err(Code::DateOrderConflict));
    assert_eq!(read("1990-04-03", MDY).as_deref(), Ok("1990-04-03"));
    // Without an order only what proves itself is read.
    assert_eq!(read("03/04/1990", None), Err(Code::DateUnreadable));
    assert_eq!(read("03.04.1990", None), Err(Code::DateUnreadable));
    assert_eq!(read("04/04/1990", None).as_deref(), Ok("1990-04-04"));
    assert_eq!(read("25/03/1990", None).as_deref(), Ok("1990-03-25"));
    assert_eq!(read("03/25/1990", None).as_deref(), Ok("1990-03-25"));
}

#[test]
fn spreadsheet_numbers_and_dates() {
    assert_eq!(number(32_994.0).as_deref(), Ok("1990-05-01"));
    assert_eq!(number(1.0).as_deref(), Ok("1900-01-01"));
    assert_eq!(number(59.0).as_deref(), Ok("1900-02-28"));
    assert_eq!(number(61.0).as_deref(), Ok("1900-03-01"));
    assert_eq!(number(73_050.0).as_deref(), Ok("2099-12-31"));
    assert_eq!(number(19_800_201.0).as_deref(), Ok("1980-02-01"));
    for (value, code) in [
        (60.0, Code::DateNoSuchDay),
        (32_994.5, Code::DateHasTime),
        (1.02, Code::DateUnreadable),
        (1985.0, Code::DateUnreadable),
        (73_051.0, Code::DateUnreadable),
        (0.0, Code::DateUnreadable),
        (-5.0, Code::DateUnreadable),
        (f64::NAN, Code::DateUnreadable),
        (f64::INFINITY, Code::DateUnreadable),
    ] {
        assert_eq!(number(value), Err(code), "{value}");
    }
    let format = DateFormat::UNPROVEN;
    let midnight = day(1980, 2, 1).and_time(NaiveTime::MIN);
    assert_eq!(parse("1980-02-01", CellKind::Date(midnight), &format), Ok(day(1980, 2, 1)));
    let noon: NaiveDateTime = midnight + chrono::TimeDelta::hours(12);
    assert_eq!(parse("1980-02-01", CellKind::Date(noon), &format).unwrap_err().code, Code::DateHasTime);
    assert_eq!(parse("#REF!", CellKind::Error, &format).unwrap_err().code, Code::CellError);
    assert_eq!(parse("TRUE", CellKind::Bool(true), &format).unwrap_err().code, Code::DateUnreadable);
}

#[test]
fn years_of_two_digits_lie_in_the_past() {
    let today = day(2026, 3, 10);
    let format = parse_pattern("DD.MM.YY", TwoDigitYear::Past { today }).unwrap();
    for (text, wanted) in [
        ("05.06.45", day(1945, 6, 5)),
        ("10.03.26", today),
        ("11.03.26", day(1926, 3, 11)),
        ("01.01.00", day(2000, 1, 1)),
        ("01-фев-80", day(1980, 2, 1)),
        ("01.02.1980", day(1980, 2, 1)),
    ] {
        assert_eq!(parse(text, CellKind::Text, &format), Ok(wanted), "{text}");
    }
    let year_first = parse_pattern("YY-MM-DD", TwoDigitYear::Past { today }).unwrap();
    assert_eq!(parse("80-02-01", CellKind::Text, &year_first), Ok(day(1980, 2, 1)));
    assert_eq!(parse("03.25.80", CellKind::Text, &format).unwrap_err().code, Code::DateOrderConflict);
}

#[test]
fn patterns_of_the_mapping() {
    let past = TwoDigitYear::Past { today: day(2026, 3, 10) };
    for (pattern, order) in [
        ("DD.MM.YYYY", Order::DayMonthYear),
        ("d.m.yyyy", Order::DayMonthYear),
        ("ДД.ММ.ГГГГ", Order::DayMonthYear),
        ("MM/DD/YYYY", Order::MonthDayYear),
        ("YYYY-MM-DD", Order::YearMonthDay),
        ("YYYYMMDD", Order::YearMonthDay),
    ] {
        assert_eq!(parse_pattern(pattern, past), Ok(DateFormat::of_order(order)), "{pattern}");
    }
    for pattern in [
        "",
        "DD.MM",
        "YYYY-DD-MM",
        "DD.MM.YYY",
        "DDD.MM.YYYY",
        "%d.%m.%Y",
        "DD.MM.YY.YY",
        "D D.MM.YYYY",
        "DD/MM/YYYY | MM/DD/YYYY",
        "DD.MM.YYYY |",
        "EXCEL 2000",
    ] {
        assert!(parse_pattern(pattern, past).unwrap_err().to_string().contains("DD.MM.YYYY"), "{pattern}");
    }
}

#[test]
fn a_mapping_may_name_a_form_for_each_separator() {
    let past = TwoDigitYear::Past { today: day(2026, 3, 10) };
    let mixed = parse_pattern("DD. MM. YYYY | MM/DD/YY | EXCEL", past).unwrap();
    for (text, wanted) in [
        ("03.04.1990", Ok(day(1990, 4, 3))),
        ("03/04/1990", Ok(day(1990, 3, 4))),
        ("03/04/90", Ok(day(1990, 3, 4))),
        ("32994", Ok(day(1990, 5, 1))),
        ("03-04-1990", Err(Code::DateUnreadable)),
        ("25/03/1990", Err(Code::DateOrderConflict)),
    ] {
        assert_eq!(parse(text, CellKind::Text, &mixed).map_err(|fault| fault.code), wanted, "{text}");
    }
    let macintosh = parse_pattern("EXCEL 1904", past).unwrap();
    assert_eq!(parse("31532", CellKind::Text, &macintosh), Ok(day(1990, 5, 1)));
}

fn group(separator: Separator, decision: Decision) -> Proof {
    Proof { groups: vec![GroupProof { separator, decision }] }
}

#[test]
fn a_column_proves_its_order() {
    let proven = |order, dates, first| group(Separator::Slash, Decision::Proven { order, dates, first: Some(at(first)) });
    assert_eq!(evidence(["25/03/1990", "03/04/1990"]).decide(), proven(Order::DayMonthYear, 1, 1));
    assert_eq!(evidence(["03/04/1990", "03/25/1990"]).decide(), proven(Order::MonthDayYear, 1, 2));
    assert_eq!(evidence(["1990-04-03", "5 мая 1990", "04/04/1990", ""]).decide(), Proof::default());
    assert_eq!(evidence([]).decide(), Proof::default());
    let open = |fits: &[Order], dates, first| Decision::Open { fits: fits.to_vec(), dates, first: Some(at(first)) };
    let both = [Order::DayMonthYear, Order::MonthDayYear];
    let ambiguous = evidence(["", "03/04/1990", "05/06/1990", "07/07/1990"]).decide();
    assert_eq!((ambiguous.is_open(), ambiguous), (true, group(Separator::Slash, open(&both, 2, 2))));
    // A year of two digits may stand in front, unless a year of four digits stands behind elsewhere.
    let short = evidence(["25-03-12", "xx"]);
    let day_or_year = [Order::DayMonthYear, Order::YearMonthDay];
    assert_eq!(short.decide(), group(Separator::Dash, open(&day_or_year, 1, 1)));
    assert_eq!((short.two_digit_years(), short.unreadable()), (1, 1));
    assert_eq!(evidence(["25-03-12", "03-04-1990"]).decide().orders().of(Separator::Dash), DMY);
    assert_eq!(evidence(["25-03-98", "03-04-05"]).decide().orders().of(Separator::Dash), DMY);
    assert_eq!(evidence(["98-03-25", "03-04-05"]).decide().orders().of(Separator::Dash), YMD);
    assert_eq!(evidence(["01-фев-80"]).two_digit_years(), 1);
    assert_eq!(evidence(["32994", "32995"]).day_counts(), (2, Some(at(1))));
}

#[test]
fn dots_prove_nothing_until_the_file_says_who_writes_them() {
    let column = ["03.04.1990", "05.05.1990", ""];
    let fits = vec![Order::DayMonthYear, Order::MonthDayYear];
    let open = Decision::Open { fits, dates: 1, first: Some(at(1)) };
    assert_eq!(evidence(column).decide(), group(Separator::Dot, open));
    for by in [Dotted::Cyrillic, Dotted::Column("Выдан".into())] {
        let mut told = evidence(column);
        told.note_dotted(by.clone());
        assert_eq!(told.decide(), group(Separator::Dot, Decision::ByDots { by: by.clone(), dates: 1, first: Some(at(1)) }));
        assert_eq!(told.decide().orders().of(Separator::Dot), DMY);
        // What the column itself shows goes over it.
        let mut other = evidence(["03.25.1990", "03.04.1990"]);
        other.note_dotted(by);
        assert_eq!(other.decide().orders().of(Separator::Dot), MDY);
    }
}

#[test]
fn one_separator_proves_nothing_for_another() {
    let mixed = evidence(["25.03.1990", "03.04.1990", "03/25/1990", "03/04/1990"]).decide();
    assert!(!mixed.is_open());
    assert_eq!((mixed.orders().of(Separator::Dot), mixed.orders().of(Separator::Slash)), (DMY, MDY));
    assert!(evidence(["25.03.1990", "03/04/1990"]).decide().is_open());
    assert!(evidence(["03.04.1990", "25/03/1990"]).decide().is_open());
    // What the file says about dots ends where the column shows another habit.
    let beside = |cells: [&'static str; 2]| {
        let mut column = evidence(cells);
        column.note_dotted(Dotted::Cyrillic);
        column.decide().is_open()
    };
    assert_eq!((beside(["03.04.1990", "25/03/1990"]), beside(["03/25/1990", "03.04.1990"])), (false, true));
}

#[test]
fn contradictions_are_told_with_their_rows() {
    let against = vec![
        Against { order: Order::DayMonthYear, dates: 2, first: Some(at(3)) },
        Against { order: Order::MonthDayYear, dates: 1, first: Some(at(2)) },
    ];
    let conflict = group(Separator::Slash, Decision::Contradiction(against));
    assert_eq!(evidence(["", "25/03/1990", "03/25/1990", "03/26/1990"]).decide(), conflict);
}

#[test]
fn dates_that_a_spreadsheet_swapped_are_suspected() {
    let mut column = evidence(["25/03/1990", "17/08/1991"]);
    column.observe(at(3), "1990-03-04", CellKind::Date(day(1990, 3, 4).and_time(NaiveTime::MIN)));
    assert!(column.looks_swapped());
    let mut whole = column.clone();
    whole.observe(at(4), "03/04/1990", CellKind::Text);
    assert!(!whole.looks_swapped());
    column.observe(at(3), "1990-03-14", CellKind::Date(day(1990, 3, 14).and_time(NaiveTime::MIN)));
    assert!(!column.looks_swapped());
}

proptest! {
    #[test]
    fn every_day_comes_back_from_every_spelling(serial in 61u32..73_000) {
        let date = day(1899, 12, 30) + chrono::Days::new(u64::from(serial));
        for (pattern, order) in [("%d.%m.%Y", DMY), ("%-d/%-m/%Y", DMY), ("%m/%d/%Y", MDY), ("%Y-%m-%d", None), ("%Y%m%d", DMY), ("%d %b %Y", None), ("%B %-d, %Y", MDY)] {
            let text = date.format(pattern).to_string();
            prop_assert_eq!(read(&text, order), Ok(date.to_string()), "{}", text);
        }
        if !(1900..=2100).contains(&serial) {
            prop_assert_eq!(number(f64::from(serial)), Ok(date.to_string()));
        }
    }

    #[test]
    fn chunks_prove_what_the_whole_proves(cells in proptest::collection::vec("([0-2][0-9][./][01][0-9][./]19[0-9]{2}|)", 0..12), cut in 0usize..12) {
        let whole = evidence(cells.iter().map(String::as_str));
        let (before, after) = cells.split_at(cut.min(cells.len()));
        let mut merged = evidence(before.iter().map(String::as_str));
        let mut later = ColumnEvidence::default();
        let lines = before.len() as u64 + 1..;
        lines.zip(after).for_each(|(line, cell)| later.observe(at(line), cell, CellKind::Text));
        merged.merge(&later);
        prop_assert_eq!(merged, whole);
    }
}
