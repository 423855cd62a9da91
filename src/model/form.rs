//! The form of a value: what it looks like, without what it says. For everything that shows values and may not.

/// Longest form, in characters; what is longer ends with an ellipsis.
pub const FORM_CHARS_MAX: usize = 24;

/// The form of a value without the value: `99.99.9999`, `Xxxx Xxxx`. Digits keep their number; words do not keep their length.
#[must_use]
pub fn form(text: &str) -> String {
    let mut form = String::new();
    let mut shown = 0;
    let mut chars = text.trim().chars().peekable();
    while let Some(first) = chars.next() {
        if shown >= FORM_CHARS_MAX {
            form.push('…');
            break;
        }
        if first.is_alphabetic() {
            let mut is_long = false;
            let mut is_upper = first.is_uppercase();
            while let Some(next) = chars.next_if(|next| next.is_alphabetic()) {
                is_long = true;
                is_upper &= next.is_uppercase();
            }
            let word = match (first.is_uppercase(), is_long, is_upper) {
                (true, true, true) => "XXXX",
                (true, true, false) => "Xxxx",
                (true, false, _) => "X",
                (false, true, _) => "xxxx",
                (false, false, _) => "x",
            };
            form.push_str(word);
            shown += word.len();
        } else {
            let shown_as = if first.is_numeric() {
                '9'
            } else if first.is_control() || first.is_whitespace() {
                ' '
            } else {
                first
            };
            form.push(shown_as);
            shown += 1;
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_show_no_value() {
        for (value, wanted) in [
            ("01.02.1980", "99.99.9999"),
            ("Образцова Анна", "Xxxx Xxxx"),
            ("+7 (900) 000-00-01", "+9 (999) 999-99-99"),
            ("client@example.org", "xxxx@xxxx.xxxx"),
            ("ООО «Пример», г. Тверь, ул. Мира", "XXXX «Xxxx», x. Xxxx, xxxx…"),
            ("I-АБ 500001", "X-XXXX 999999"),
        ] {
            assert_eq!(form(value), wanted, "{value}");
        }
    }
}
