//! What of a row may stand on the page. Without leave, values stand there by their form only, but for words that many rows share
//! in columns of no personal class.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::complaint::{Complaint, refusal_message};
use crate::model::{Code, Prepared, Refusal, Settled, form};

/// Characters of a value that the page shows, where it may.
const VALUE_CHARS_MAX: usize = 80;
/// Characters of a message.
const MESSAGE_CHARS_MAX: usize = 240;
/// Rows that have to share a value of an open column before it is shown: one row's value may be there by a slip, such as a cell
/// too many that moved all others to the right.
const SHARED_ROWS_MIN: u32 = 5;
/// Digits one after another that no shown value has: longer numbers are somebody's.
const DIGITS_MAX: usize = 3;
/// Values of open columns that are counted.
const SHARED_MAX: usize = 4096;
/// Shorter pieces of a row are words of the language as likely as they are data.
const PIECE_CHARS_MIN: usize = 3;

/// A value as a row of the sample keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// As it will stand there.
    Always(Box<str>),
    /// In clear when enough rows share it, else by its form.
    WhenShared { clear: Box<str>, column: u16 },
}

/// Decides what may be shown.
#[derive(Debug)]
pub(super) struct Mask {
    unmask: bool,
    /// Columns that go to members of no personal class only.
    open_columns: BTreeSet<u16>,
    /// How many rows share a value of an open column, by column and hash.
    shared: HashMap<(u16, u64), u32>,
}

impl Mask {
    pub(super) fn new(unmask: bool, open_columns: BTreeSet<u16>) -> Self {
        Self { unmask, open_columns, shared: HashMap::new() }
    }

    /// Whether personal data may be shown.
    pub(super) fn unmasks(&self) -> bool {
        self.unmask
    }

    /// Whether a value of an open column may be shown that so many rows share.
    pub(super) fn may_show(&self, value: &str, rows: u64) -> bool {
        self.unmask || rows >= u64::from(SHARED_ROWS_MIN) && !has_long_number(value)
    }

    /// Learns that one more row complains about this value.
    pub(super) fn observe(&mut self, complaint: &Complaint<'_>) {
        let Some(column) = complaint.column.filter(|column| !self.unmask && self.open_columns.contains(column)) else { return };
        if complaint.found.is_empty() {
            return;
        }
        let key = (column, hash(&complaint.found));
        if self.shared.len() < SHARED_MAX || self.shared.contains_key(&key) {
            let rows = self.shared.entry(key).or_default();
            *rows = rows.saturating_add(1);
        }
    }

    /// The value that was found.
    pub(super) fn found(&self, complaint: &Complaint<'_>) -> Option<Shown> {
        let found = &*complaint.found;
        if found.is_empty() {
            return None;
        }
        if self.unmask {
            return Some(Shown::Always(clip(found, VALUE_CHARS_MAX).into()));
        }
        match complaint.column.filter(|column| self.open_columns.contains(column)) {
            Some(column) if found.chars().count() <= VALUE_CHARS_MAX && !has_long_number(found) => {
                Some(Shown::WhenShared { clear: found.into(), column })
            }
            Some(_) | None => Some(Shown::Always(form(found).into())),
        }
    }

    /// The value as it stands on the page, now that all rows were seen.
    pub(super) fn settle(&self, shown: &Shown) -> String {
        match shown {
            Shown::Always(text) => text.to_string(),
            Shown::WhenShared { clear, column } => {
                let rows = self.shared.get(&(*column, hash(clear))).copied().unwrap_or(0);
                if rows >= SHARED_ROWS_MIN { visible(clear) } else { form(clear) }
            }
        }
    }

    /// A value before or after normalization.
    pub(super) fn example(&self, value: &str) -> String {
        if self.unmask { clip(&visible(value), VALUE_CHARS_MAX) } else { form_with_edges(value) }
    }

    /// What is wrong, in words. A provider's words are taken as the journal keeps them, with names of members for their values.
    pub(super) fn message(&self, complaint: &Complaint<'_>, prepared: &Prepared, settled: &Settled) -> String {
        if self.unmask {
            return clip(&complaint.message, MESSAGE_CHARS_MAX);
        }
        let text = match settled.refusal.as_ref().filter(|_| speaks_of_refusal(complaint)) {
            Some(refusal) => without_holes(complaint, refusal),
            None => complaint.message.to_string(),
        };
        // Messages of ours name no value; should one come to do so, it ends here.
        clip(&without_pieces(text, &complaint.found, prepared), MESSAGE_CHARS_MAX)
    }
}

/// Whether the complaint is what the provider said.
fn speaks_of_refusal(complaint: &Complaint<'_>) -> bool {
    complaint.is_reason || matches!(complaint.code, Code::ProviderRejected | Code::ProviderRemark | Code::ProviderUnknown)
}

/// `{/documents/0/number}` of a template as `‹documents.0.number›`.
fn without_holes(complaint: &Complaint<'_>, refusal: &Refusal) -> String {
    let template = refusal_message(complaint.code, refusal, None, complaint.lang);
    let mut text = String::with_capacity(template.len());
    let mut rest = &*template;
    while let Some((before, hole)) = rest.split_once("{/") {
        text.push_str(before);
        let Some((name, after)) = hole.split_once('}') else {
            rest = hole;
            break;
        };
        text.push('‹');
        text.push_str(&name.split('#').next().unwrap_or(name).replace('/', "."));
        text.push('›');
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The text with every piece of the row in it replaced by its form.
fn without_pieces(mut text: String, found: &str, prepared: &Prepared) -> String {
    for piece in std::iter::once(found).chain(prepared.row.cells.iter()).map(str::trim) {
        if piece.chars().count() >= PIECE_CHARS_MIN && piece.chars().any(char::is_numeric) && text.contains(piece)
            || piece.chars().count() > 2 * PIECE_CHARS_MIN && text.contains(piece)
        {
            text = text.replace(piece, &form(piece));
        }
    }
    text
}

/// The form with blanks at its edges to be seen: often they are all that was changed.
fn form_with_edges(value: &str) -> String {
    let start = value.len() - value.trim_start().len();
    let end = value.trim_end().len().max(start);
    let blanks = |text: &str| "␣".repeat(text.chars().count().min(3));
    format!("{}{}{}", blanks(&value[..start]), form(value), blanks(&value[end..]))
}

/// Blanks at the edges and control characters to be seen.
fn visible(value: &str) -> String {
    let start = value.len() - value.trim_start().len();
    let end = value.trim_end().len().max(start);
    value
        .char_indices()
        .map(|(at, ch)| match ch {
            ' ' if at < start || at >= end => '␣',
            _ if ch.is_control() => '\u{fffd}',
            _ => ch,
        })
        .collect()
}

fn has_long_number(text: &str) -> bool {
    let mut digits = 0;
    text.chars().any(|ch| {
        digits = if ch.is_numeric() { digits + 1 } else { 0 };
        digits > DIGITS_MAX
    })
}

/// The beginning of a text, with marks that could show it in another order than it has made visible.
pub(super) fn clip(text: &str, chars_max: usize) -> String {
    let steers =
        |ch: char| ch.is_control() || matches!(ch, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut chars = text.chars().map(|ch| if steers(ch) { '\u{fffd}' } else { ch });
    let mut clipped: String = chars.by_ref().take(chars_max).collect();
    if chars.next().is_some() {
        clipped.pop();
        clipped.push('…');
    }
    clipped
}

fn hash(text: &str) -> u64 {
    // Always the same within one build: only equality matters.
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
