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
    best.map(|(index, _, _)| index).or_else(|| rows.iter().position(|row| looks_like_header(row, typical_width(rows))))
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

fn looks_like_header(row: &Candidate, width: usize) -> bool {
    let filled: Vec<&str> = row.cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
    let unique: HashSet<&str> = filled.iter().copied().collect();
    // A title above the table fills one cell or two; a header fills most of them.
    !filled.is_empty()
        && filled.len() * 2 >= width
        && (width < 2 || filled.len() >= 2)
        && filled.iter().all(|cell| cell.chars().any(char::is_alphabetic))
        && unique.len() * 5 >= filled.len() * 4
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
    fn names_are_unique_and_addressable() {
        let made = names(["Имя", " Имя ", "", "Имя (2)", "Моб.\r\n телефон", "column 3"]);
        let made: Vec<&str> = made.iter().map(|name| &**name).collect();
        assert_eq!(made, ["Имя", "Имя (3)", "column 3 (2)", "Имя (2)", "Моб. телефон", "column 3"]);
        assert_eq!(&*names(["a", "", "c"])[1], "column 2");
    }
}
