//! Small rules about text that more than one room needs: how headers are compared, how cells are made inert.

use std::borrow::Cow;

/// Likeness above which a name was probably meant.
const ALIKE: f64 = 0.75;

/// The known name that was probably meant by one that is none, whatever the case.
#[must_use]
pub fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = wanted.trim().to_lowercase();
    known
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// A header, a word of a value list or an alias in the form in which they are compared:
/// case folded, ё as е, without `№ . , : ; ( ) * _ - / "` and with single blanks.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut blank = false;
    for ch in text.chars() {
        if ch.is_whitespace()
            || matches!(
                ch,
                '№' | '.'
                    | ','
                    | ':'
                    | ';'
                    | '('
                    | ')'
                    | '*'
                    | '_'
                    | '-'
                    | '–'
                    | '—'
                    | '/'
                    | '\\'
                    | '"'
                    | '\''
                    | '«'
                    | '»'
                    | '#'
                    | '\u{feff}'
                    | '\u{200b}'
                    | '\u{ad}'
            )
        {
            blank = true;
            continue;
        }
        if blank && !folded.is_empty() {
            folded.push(' ');
        }
        blank = false;
        for lower in ch.to_lowercase() {
            folded.push(if lower == 'ё' { 'е' } else { lower });
        }
    }
    folded
}

/// Stands before a cell of `rejected.csv` whose damage plain text cannot show; a row with such a cell is not sent.
pub const MEND_MARK: &str = "#MEND!";

/// Whether a spreadsheet program could take the cell for a formula, once apostrophes in front are gone.
fn is_active(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The cell with an apostrophe in front where a spreadsheet program would calculate it. [`disarm`] takes it off again.
#[must_use]
pub fn arm(text: &str) -> Cow<'_, str> {
    if is_active(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The cell without the apostrophe that [`arm`], or a spreadsheet user, put before a would-be formula.
#[must_use]
pub fn disarm(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_active(rest) => rest,
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_compare_as_people_read_them() {
        assert_eq!(fold("  Отчество (при наличии) "), "отчество при наличии");
        assert_eq!(fold("Паспорт №"), "паспорт");
        assert_eq!(fold("LAST_NAME"), "last name");
        assert_eq!(fold("Моб.\nтелефон"), "моб телефон");
        assert_eq!(fold("Учётная"), "учетная");
    }

    #[test]
    fn armed_cells_are_inert_and_come_back() {
        for cell in ["=1+1", "+79001234567", "-5", "@x", "\tx", "'=x", "''+1", "plain", "'quoted", "", "О'Нил"] {
            let armed = arm(cell);
            assert!(!armed.starts_with(['=', '+', '-', '@', '\t', '\r']), "{armed}");
            assert_eq!(disarm(&armed), cell);
        }
    }
}
