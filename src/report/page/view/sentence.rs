//! Sentences in which commands and files stand between backticks, as the program's texts have them, as HTML.

use std::fmt;

use askama::filters::HtmlSafe;

/// A sentence; what stands between backticks is shown as code, everything is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Sentence(String);

impl Sentence {
    pub(in super::super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(in super::super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl HtmlSafe for Sentence {}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.split('`').enumerate() {
            let is_code = index % 2 == 1;
            if is_code {
                f.write_str("<code>")?;
            }
            for ch in part.chars() {
                match ch {
                    '&' => f.write_str("&amp;")?,
                    '<' => f.write_str("&lt;")?,
                    '>' => f.write_str("&gt;")?,
                    '"' => f.write_str("&quot;")?,
                    '\'' => f.write_str("&#39;")?,
                    _ => fmt::Write::write_char(f, ch)?,
                }
            }
            if is_code {
                f.write_str("</code>")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_backticks_make_elements() {
        for (text, html) in [
            ("Run `clientferry resolve`.", "Run <code>clientferry resolve</code>."),
            ("a < b & `<i>`", "a &lt; b &amp; <code>&lt;i&gt;</code>"),
            ("never `closed", "never <code>closed</code>"),
        ] {
            assert_eq!(Sentence::new(text).to_string(), html);
        }
    }
}
