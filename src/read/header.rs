//! Finds the header row and makes its names addressable. Whether a word is a known header is asked of the caller.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Rows among which the header is looked for.
pub(super) const HEADER_ROWS_MAX: usize = 30;

/// A row near the beginning, as the header search sees it.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Line or sheet row, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

/// Index of the header row among the first rows that are not blank.
pub(super) fn find(rows: &[Candidate], is_header_word: &dyn Fn(&str) -> bool) -> Option<usize> {
    let best = rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let filled = row.cells.iter().filter(|cell| !cell.trim().is_empty()).count();
            (index, known_words(&row.cells, is_header_word), filled)
        })
        .filter(|&(_, known, filled)| known >= 2 || (known >= 1 && known * 2 >= filled))
        // Of equals the first one: a second header further down is data.
        .max_by_key(|&(index, known, _)| (known, std::cmp::Reverse(index)));
    let width = typical_width(rows);
    let by_looks =
        || rows.iter().enumerate().position(|(index, row)| looks_like_header(row, width, rows.get(index + 1..).unwrap_or(&[])));
    best.map(|(index, _, _)| index).or_else(by_looks)
}

/// How many cells of a row are known header words.
pub(super) fn known_words(cells: &[String], is_header_word: &dyn Fn(&str) -> bool) -> usize {
    cells.iter().filter(|cell| !cell.trim().is_empty() && is_header_word(cell.trim())).count()
}

/// The most frequent number of filled cells.
fn typical_width(rows: &[Candidate]) -> usize {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for row in rows {
        *counts.entry(row.cells.iter().filter(|cell| !cell.trim().is_empty()).count()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(width, count)| (count, width)).map_or(0, |(width, _)| width)
}

fn looks_like_header(row: &Candidate, width: usize, below: &[Candidate]) -> bool {
    let filled: Vec<&str> = row.cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
    let unique: HashSet<&str> = filled.iter().copied().collect();
    // A title above the table fills one cell or two; a header fills most of them.
    !filled.is_empty()
        && filled.len() * 2 >= width
        && (width < 2 || filled.len() >= 2)
        && filled.iter().all(|cell| cell.chars().any(char::is_alphabetic))
        // Names may stand twice where numbers below show that these are names.
        && (unique.len() * 5 >= filled.len() * 4 || (unique.len() >= 2 && stands_above_numbers(row, below)))
}

/// Whether a header that no known word proves may as well be a client: one of its cells stands again in its column.
pub(super) fn is_doubtful(rows: &[Candidate], index: usize, is_header_word: &dyn Fn(&str) -> bool) -> bool {
    let Some(header) = rows.get(index).filter(|row| known_words(&row.cells, is_header_word) == 0) else { return false };
    let below = rows.get(index + 1..).unwrap_or(&[]);
    if stands_above_numbers(header, below) {
        return false;
    }
    let differs = |row: &&Candidate| row.cells != header.cells;
    below
        .iter()
        .filter(differs)
        .any(|row| row.cells.iter().zip(&header.cells).any(|(cell, name)| !name.trim().is_empty() && cell.trim() == name.trim()))
}

/// A header of two rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TwoRows {
    /// Index of the upper row; the lower one is the next.
    pub(super) upper: usize,
    /// The joined cells.
    pub(super) cells: Vec<String>,
}

/// The header with the row above or below it, where the two make the names together: `Паспорт`, blank over `Серия`, `Номер`.
/// `index` is the row that was found to be the header.
pub(super) fn two_rows(rows: &[Candidate], index: usize, is_header_word: &dyn Fn(&str) -> bool) -> Option<TwoRows> {
    [index.checked_sub(1), Some(index)].into_iter().flatten().find_map(|upper| {
        let (groups, parts) = (rows.get(upper)?, rows.get(upper + 1)?);
        if parts.line != groups.line + 1 || groups.cells.len() != parts.cells.len() {
            return None;
        }
        let cells = joined(&groups.cells, &parts.cells, upper == index, is_header_word)?;
        Some(TwoRows { upper, cells })
    })
}

fn joined(groups: &[String], parts: &[String], strict: bool, is_header_word: &dyn Fn(&str) -> bool) -> Option<Vec<String>> {
    let is_name = |cell: &str| cell.chars().any(char::is_alphabetic);
    let filled = |cells: &[String]| cells.iter().filter(|cell| !cell.trim().is_empty()).count();
    let all_names = |cells: &[String]| cells.iter().all(|cell| cell.trim().is_empty() || is_name(cell));
    // A title fills one cell; one row of parts below one name is data.
    if filled(groups) < 2 || filled(parts) < 2 || !all_names(groups) || !all_names(parts) {
        return None;
    }
    let group_at = |index: usize| groups.get(index).map_or("", |cell| cell.trim());
    let part_at = |index: usize| parts.get(index).map_or("", |cell| cell.trim());
    let spans = |index: usize| {
        !group_at(index).is_empty()
            && !part_at(index).is_empty()
            && group_at(index + 1).is_empty()
            && !part_at(index + 1).is_empty()
    };
    let unique = |part: &str| parts.iter().filter(|other| other.trim() == part).count() == 1;
    let (mut wide, mut tall, mut proven) = (0, 0, 0);
    let mut group = "";
    let mut names = Vec::with_capacity(parts.len());
    for index in 0..parts.len() {
        let (own, part) = (group_at(index), part_at(index));
        if !own.is_empty() {
            group = own;
        }
        wide += usize::from(spans(index));
        tall += usize::from(!own.is_empty() && part.is_empty());
        if strict && !own.is_empty() && !part.is_empty() && !spans(index) {
            return None;
        }
        if part.is_empty() {
            names.push(own.to_owned());
            group = "";
            continue;
        }
        let both = if group.is_empty() { part.to_owned() } else { format!("{group} {part}") };
        let both_known = is_header_word(&both);
        proven += usize::from((both_known && !group.is_empty()) || !unique(part));
        // A part that is known by itself keeps its name, where no other has it.
        let keeps = !both_known && is_header_word(part) && unique(part);
        names.push(if keeps { part.to_owned() } else { both });
    }
    // A title of two cells above the header looks like one wide group: something more has to speak for it.
    (wide > 0 && (tall > 0 || proven > 0 || wide > 1)).then_some(names)
}

/// Whether a column has a word at its top and no letters below it.
fn stands_above_numbers(header: &Candidate, below: &[Candidate]) -> bool {
    let letters = |cell: &str| cell.chars().any(char::is_alphabetic);
    (0..header.cells.len()).filter(|&column| header.cells.get(column).is_some_and(|name| letters(name))).any(|column| {
        let mut filled = below.iter().filter_map(|row| row.cells.get(column)).filter(|cell| !cell.trim().is_empty()).peekable();
        filled.peek().is_some() && filled.all(|cell| !letters(cell))
    })
}

/// Names by which columns are addressed: trimmed, line breaks as blanks, doubles numbered, empty ones named by position.
pub(super) fn names<'a>(cells: impl IntoIterator<Item = &'a str>) -> Vec<Arc<str>> {
    let mut taken: HashSet<String> = HashSet::new();
    let plain: Vec<String> = cells.into_iter().map(one_line).collect();
    let written: HashSet<String> = plain.iter().cloned().collect();
    plain
        .into_iter()
        .enumerate()
        .map(|(index, name)| {
            let base = if name.is_empty() { format!("column {}", index + 1) } else { name.clone() };
            let mut unique = base.clone();
            let mut number = 2;
            // A made-up name must not take one that another column really has.
            while taken.contains(&unique) || (unique != name && written.contains(&unique)) {
                unique = format!("{base} ({number})");
                number += 1;
            }
            taken.insert(unique.clone());
            unique.into()
        })
        .collect()
}

fn one_line(cell: &str) -> String {
    let cell = cell.trim_matches(|ch: char| ch.is_whitespace() || ch == '\u{feff}');
    if !cell.contains(['\n', '\r']) {
        return cell.to_owned();
    }
    cell.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Candidate> {
        (1..).zip(rows).map(|(line, cells)| Candidate { line, cells: cells.iter().map(|&cell| cell.into()).collect() }).collect()
    }

    fn known(cell: &str) -> bool {
        ["фамилия", "имя", "инн"].contains(&cell.to_lowercase().as_str())
    }

    #[test]
    fn known_words_win_over_position() {
        let rows = rows(&[&["Список клиентов", "", ""], &["A", "B", "C"], &["Фамилия", "Имя", "x"], &["Имя", "Инн", ""]]);
        assert_eq!(find(&rows, &known), Some(2));
    }

    #[test]
    fn without_known_words_the_first_full_row_of_text_is_the_header() {
        let titled =
            rows(&[&["Список", "", ""], &["на 01.01.2026", "", ""], &["a", "b", "c"], &["1", "2", "3"], &["4", "5", "6"]]);
        assert_eq!(find(&titled, &|_| false), Some(2));
        assert_eq!(find(&rows(&[&["1", "2"], &["3", "4"]]), &|_| false), None);
        assert_eq!(find(&rows(&[&["a", "a", "a"], &["1", "2", "3"]]), &|_| false), None);
        assert_eq!(find(&rows(&[&["инн"], &["1"]]), &|_| false), Some(0));
        assert_eq!(find(&[], &|_| false), None);
    }

    #[test]
    fn a_header_in_two_rows_is_joined() {
        let spanning = rows(&[
            &["Фамилия", "Паспорт", "", "Адрес", "", "Инн"],
            &["", "Серия", "Номер", "Город", "Улица", ""],
            &["А", "4500", "1", "Б", "В", "2"],
        ]);
        let found = two_rows(&spanning, 0, &known).unwrap();
        assert_eq!(
            (found.upper, &*found.cells.join(",")),
            (0, "Фамилия,Паспорт Серия,Паспорт Номер,Адрес Город,Адрес Улица,Инн")
        );
        let above = rows(&[&["Клиент", "", "Адрес", "", "Факт", ""], &["Фамилия", "Имя", "Город", "Дом", "Город", "Дом"]]);
        let found = two_rows(&above, 1, &known).unwrap();
        assert_eq!((found.upper, &*found.cells.join(",")), (0, "Фамилия,Имя,Адрес Город,Адрес Дом,Факт Город,Факт Дом"));
    }

    #[test]
    fn titles_and_clients_are_no_second_row_of_a_header() {
        for other in [
            [&["Список", "", ""], &["Фамилия", "Имя", "x"]],
            [&["Отчёт", "за март", ""], &["Фамилия", "Имя", "x"]],
            [&["Фамилия", "", "Имя"], &["А", "Б", "В"]],
            [&["Фамилия", "Имя", ""], &["А", "Б", "В"]],
        ] {
            let rows = rows(&[other[0], other[1]]);
            let index = find(&rows, &known).unwrap();
            assert_eq!(two_rows(&rows, index, &known), None, "{other:?}");
        }
    }

    #[test]
    fn a_row_whose_words_stand_again_below_may_be_a_client() {
        let clients = rows(&[&["Щукин", "Тверь"], &["Пробин", "Тверь"]]);
        assert!(is_doubtful(&clients, 0, &known));
        assert!(!is_doubtful(&rows(&[&["a", "b"], &["1", "2"], &["a", "b"]]), 0, &known));
        assert!(!is_doubtful(&rows(&[&["Имя", "Тверь"], &["А", "Тверь"]]), 0, &known));
    }

    #[test]
    fn names_are_unique_and_addressable() {
        let made = names(["Имя", " Имя ", "", "Имя (2)", "Моб.\r\n телефон", "column 3"]);
        let made: Vec<&str> = made.iter().map(|name| &**name).collect();
        assert_eq!(made, ["Имя", "Имя (3)", "column 3 (2)", "Имя (2)", "Моб. телефон", "column 3"]);
        assert_eq!(&*names(["a", "", "c"])[1], "column 2");
    }
}
