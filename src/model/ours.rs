//! What our own reports add to a user's table, so that a corrected report can be imported again: names of columns and sheets,
//! and how they are known. Reads and writes nothing.

use super::text::fold;

/// The columns that `outcomes.xlsx` adds at the right of the user's own. They are the same in every language.
pub const OUR_COLUMNS: [&str; 5] =
    ["clientferry outcome", "clientferry new id", "clientferry code", "clientferry message", "clientferry next step"];

/// The sheet of sums that `outcomes.xlsx` adds behind the user's own. It is the same in every language.
pub const OUR_SHEET: &str = "clientferry summary";

/// The columns of `outcomes.csv`.
pub const OUTCOME_COLUMNS: [&str; 18] = [
    "sheet",
    "line",
    "row_id",
    "outcome",
    "provider_id",
    "code",
    "field",
    "column",
    "found",
    "message",
    "next_step",
    "attempts",
    "http_status",
    "idempotency_key",
    "operation",
    "changes",
    "provider_code",
    "request_id",
];

/// What our columns and sheets begin with, whatever follows.
const OURS: &str = "clientferry ";
/// Neighbours of `outcomes.csv` that must stand together before they are taken for ours: one alone may be the user's.
const NEIGHBOURS_MIN: usize = 4;

/// Whether a column is one that our reports add.
#[must_use]
pub fn is_our_column(header: &str) -> bool {
    // Hardly any header is: the letter is a quick look.
    header.trim_start().starts_with(['c', 'C']) && format!("{} ", fold(header)).starts_with(OURS)
}

/// Whether a sheet is one that our reports add.
#[must_use]
pub fn is_our_sheet(name: &str) -> bool {
    is_our_column(name)
}

/// Positions of our columns in a row of headers: those of `outcomes.xlsx`, and those of `outcomes.csv` that somebody put beside
/// the clients, four or more in their order with the outcome among them.
#[must_use]
pub fn our_columns(headers: &[impl AsRef<str>]) -> Vec<usize> {
    let mut found: Vec<usize> = (0..headers.len()).filter(|&at| is_our_column(headers[at].as_ref())).collect();
    let mut start = 0;
    while start < headers.len() {
        let length = neighbours(headers.get(start..).unwrap_or(&[]));
        found.extend(start..start + length);
        start += length.max(1);
    }
    found.sort_unstable();
    found
}

/// How many of the first headers stand in the order of `outcomes.csv`; 0 where they may as well be the user's.
fn neighbours(headers: &[impl AsRef<str>]) -> usize {
    let is = |header: &str, name: &str| header.trim().trim_start_matches('\u{feff}').eq_ignore_ascii_case(name);
    let Some(first) = headers.first().and_then(|header| OUTCOME_COLUMNS.iter().position(|name| is(header.as_ref(), name))) else {
        return 0;
    };
    let names = OUTCOME_COLUMNS.iter().skip(first);
    let length = headers.iter().zip(names).take_while(|(header, name)| is(header.as_ref(), name)).count();
    let has_outcome = OUTCOME_COLUMNS.iter().skip(first).take(length).any(|name| *name == "outcome");
    if length >= NEIGHBOURS_MIN && has_outcome { length } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_columns_are_known_wherever_they_stand() {
        assert!(OUR_COLUMNS.iter().all(|name| is_our_column(name)));
        for header in ["clientferry итог", " Clientferry  Outcome (2)", "CLIENTFERRY", "clientferry_new_id"] {
            assert!(is_our_column(header), "{header}");
        }
        for header in ["", "client", "clientferryman", "outcome", "code", "client ferry outcome", "Клиент"] {
            assert!(!is_our_column(header), "{header}");
        }
        assert!(is_our_sheet(OUR_SHEET) && !is_our_sheet("Summary"));
        assert_eq!(our_columns(&["a", "clientferry outcome", "b", "Clientferry code"]), [1, 3]);
    }

    #[test]
    fn columns_of_the_outcomes_are_known_by_their_neighbours() {
        assert_eq!(our_columns(&OUTCOME_COLUMNS), (0..OUTCOME_COLUMNS.len()).collect::<Vec<_>>());
        assert_eq!(our_columns(&["name", "outcome", "provider_id", "code", "field", "sheet"]), [1, 2, 3, 4]);
        // Words that a user may well have.
        assert_eq!(our_columns(&["code", "field", "column", "found", "message"]), [0; 0]);
        assert_eq!(our_columns(&["outcome", "code", "message"]), [0; 0]);
        assert_eq!(our_columns(&["sheet", "line", "row_id", "outcome"]), [0, 1, 2, 3]);
    }
}
