//! The form of a value without the value: `9(2).9(2).9(4)`. Shows no letter and no digit of it.

/// Characters of a form that are kept; what goes on is told by `…`.
const CHARS_MAX: usize = 32;

/// Runs of digits become `9(length)`, words `A`, `a` or `Aa` whatever their length, blanks one blank; other signs stay.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::new();
    let mut chars = text.trim().chars().peekable();
    while let Some(first) = chars.next() {
        if pattern.len() >= CHARS_MAX {
            pattern.push('…');
            break;
        }
        if first.is_numeric() {
            let mut length = 1;
            while chars.next_if(|next| next.is_numeric()).is_some() {
                length += 1;
            }
            pattern.push_str(&if length == 1 { "9".to_owned() } else { format!("9({length})") });
        } else if first.is_alphabetic() {
            let (mut has_upper, mut has_lower) = (first.is_uppercase(), !first.is_uppercase());
            while let Some(next) = chars.next_if(|next| next.is_alphabetic()) {
                has_upper |= next.is_uppercase();
                has_lower |= !next.is_uppercase();
            }
            pattern.push_str(match (has_upper, has_lower) {
                (true, true) => "Aa",
                (true, false) => "A",
                (false, _) => "a",
            });
        } else if first.is_whitespace() || first.is_control() {
            while chars.next_if(|next| next.is_whitespace() || next.is_control()).is_some() {}
            pattern.push(' ');
        } else {
            pattern.push(first);
        }
    }
    pattern
}

/// Whether a value reads like the word of a list, and not like a number, an address or a text that belongs to somebody.
pub(super) fn is_word(text: &str) -> bool {
    const WORD_CHARS_MAX: usize = 60;
    const DIGITS_MAX: usize = 3;
    text.chars().count() <= WORD_CHARS_MAX
        && !text.contains(['@', '\n', '\r'])
        && text.chars().filter(|ch| ch.is_numeric()).count() <= DIGITS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_are_short_and_tell_what_matters() {
        for (value, wanted) in [
            ("01.02.80", "9(2).9(2).9(2)"),
            (" 770-01 ", "9(3)-9(2)"),
            ("+7 (900) 000-00-01", "+9 (9(3)) 9(3)-9(2)-9(2)"),
            ("Образцова  Анна2", "Aa Aa9"),
            ("client@example.org", "a@a.a"),
            ("I-АБ 500001", "A-A 9(6)"),
            ("", ""),
        ] {
            assert_eq!(pattern(value), wanted, "{value}");
        }
        assert!(is_word("Head Ofice") && is_word("Отдел 12") && !is_word("4512 345678") && !is_word("a@b"));
    }

    proptest! {
        #[test]
        fn no_run_of_letters_or_digits_survives(value in "[а-яё0-9 .-]{0,80}") {
            let form = pattern(&value);
            prop_assert!(form.chars().all(|ch| !ch.is_alphabetic() || ch == 'a'), "{}", form);
            prop_assert!(form.len() <= CHARS_MAX + 16, "{}", form);
        }
    }
}
