//! What became of a row, and the sums over all of them.

use std::collections::BTreeMap;
use std::fmt;

use super::{Code, IdempotencyKey, Message};

/// The code of what a person found out, where the provider could not tell.
pub const BY_PERSON: &str = "person";
/// The code of what look-ups proved: that a client was not created.
pub const NOT_FOUND: &str = "not_found";
/// The code of an answer that stopped the run.
pub const HALT: &str = "halt";
/// The code of a request that never left, because the run stopped.
pub const STOPPED: &str = "not_sent";

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The provider created the client for this run.
    Created,
    /// The client was there before: created by an earlier run, or the provider says so.
    Existing,
    /// The row has faults; it was not sent.
    Invalid,
    /// An earlier row of the source is the same client; this one was not sent.
    Duplicate,
    /// The provider refused it.
    Rejected,
    /// It was sent and no reliable answer came.
    Unknown,
    /// It was not sent, for a reason that is not its own.
    NotSent,
}

impl Outcome {
    /// Every outcome, in the order of reports.
    pub const ALL: [Self; 7] =
        [Self::Created, Self::Existing, Self::Invalid, Self::Duplicate, Self::Rejected, Self::Unknown, Self::NotSent];

    /// The word that reports and scripts use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Existing => "existing",
            Self::Invalid => "invalid",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::NotSent => "not_sent",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a row was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// `check` and `plan` send nothing.
    OnlyChecked,
    /// The row holds nothing.
    Blank,
    /// The run was interrupted before its turn came.
    Interrupted,
    /// The provider stopped the run before its turn came.
    Halted,
    /// The user's limit on rows was reached.
    Limit,
    /// Attempts were made, none reached the provider; the row may be sent again.
    Unreachable,
    /// It was sent once, and it was found out that the provider has not got it; it may be sent again.
    Absent,
}

impl NotSent {
    /// Why a row is not sent that was on its way before: by the code of what was learned last, and by how the run ended else.
    #[must_use]
    pub fn after(learned: Option<&Refusal>, otherwise: Self) -> Self {
        match learned.map_or("", |refusal| &*refusal.code) {
            BY_PERSON | NOT_FOUND => Self::Absent,
            HALT | STOPPED => otherwise,
            _ if otherwise == Self::Interrupted => otherwise,
            _ => Self::Unreachable,
        }
    }

    /// The code that stands in the report.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::OnlyChecked => Code::SendOnlyChecked,
            Self::Blank => Code::RowBlank,
            Self::Interrupted => Code::SendInterrupted,
            Self::Halted => Code::SendHalted,
            Self::Limit => Code::SendLimit,
            Self::Unreachable => Code::SendUnreachable,
            Self::Absent => Code::SendAbsent,
        }
    }
}

/// Why a provider refused a client, or why its answer is not reliable.
/// `message` is a template: values of the body are replaced by `{/json/pointer}`, so that it can be kept without client data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The provider's own code.
    pub code: Box<str>,
    /// The provider's words, with the client's data taken out.
    pub message: Box<str>,
    /// JSON pointer into the body, where the provider names the member.
    pub pointer: Option<Box<str>>,
    /// The provider's id of the request, which its support asks for.
    pub request_id: Option<Box<str>>,
}

/// Why a row is a duplicate, or what is to be known about an existing client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is.
    pub code: Code,
    /// In particular, beside what the code means: lines and names of fields, never values. May say nothing.
    pub message: Message,
}

/// A row's outcome with what is known about it: a function of the source and the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What became of it.
    pub outcome: Outcome,
    /// The provider's id of the client.
    pub remote_id: Option<Box<str>>,
    /// Why it was not sent, where it was not.
    pub not_sent: Option<NotSent>,
    /// What the provider said, where it refused or left us in doubt.
    pub refusal: Option<Refusal>,
    /// For a duplicate: which row is the same client, and which fields differ.
    /// For an existing client: which fields differ from what was created.
    pub note: Option<Note>,
    /// The key it was or would be sent under.
    pub key: Option<IdempotencyKey>,
    /// Requests made for it, over all runs.
    pub attempts: u32,
    /// HTTP status of the last answer.
    pub http_status: Option<u16>,
    /// When the provider's last answer came, milliseconds since 1970 UTC.
    pub settled_at_ms: Option<i64>,
}

impl Settled {
    /// An outcome about which no more is known.
    #[must_use]
    pub fn plain(outcome: Outcome) -> Self {
        Self {
            outcome,
            remote_id: None,
            not_sent: None,
            refusal: None,
            note: None,
            key: None,
            attempts: 0,
            http_status: None,
            settled_at_ms: None,
        }
    }

    /// A row that was not sent.
    #[must_use]
    pub fn not_sent(reason: NotSent) -> Self {
        Self { not_sent: Some(reason), ..Self::plain(Outcome::NotSent) }
    }

    /// Whether somebody has to look at the row. Rows that hold nothing, or that `check` only looked at, ask for nobody.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        match self.outcome {
            Outcome::Created | Outcome::Existing => false,
            Outcome::Invalid | Outcome::Duplicate | Outcome::Rejected | Outcome::Unknown => true,
            Outcome::NotSent => match self.not_sent {
                Some(NotSent::OnlyChecked | NotSent::Blank) => false,
                Some(NotSent::Interrupted | NotSent::Halted | NotSent::Limit | NotSent::Unreachable | NotSent::Absent) | None => {
                    true
                }
            },
        }
    }
}

/// Sums over outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [u64; 7],
    /// Rows whose outcome asks for somebody's attention.
    pub needing_attention: u64,
    /// How often each code stands in the report.
    pub codes: BTreeMap<Code, u64>,
}

impl Tally {
    /// Counts one row.
    pub fn add(&mut self, settled: &Settled) {
        self.counts[settled.outcome as usize] += 1;
        self.needing_attention += u64::from(settled.needs_attention());
    }

    /// Counts one code.
    pub fn add_code(&mut self, code: Code) {
        *self.codes.entry(code).or_default() += 1;
    }

    /// Rows with this outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.counts[outcome as usize]
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_row_was_not_sent_is_what_was_learned_last() {
        let after = |code: &str, otherwise| NotSent::after(Some(&Refusal { code: code.into(), ..Refusal::default() }), otherwise);
        for otherwise in [NotSent::Unreachable, NotSent::Halted, NotSent::Interrupted] {
            assert_eq!([BY_PERSON, NOT_FOUND].map(|code| after(code, otherwise)), [NotSent::Absent; 2]);
            assert_eq!([HALT, STOPPED].map(|code| after(code, otherwise)), [otherwise; 2]);
        }
        assert_eq!(after("not_connected", NotSent::Halted), NotSent::Unreachable);
        assert_eq!(after("not_connected", NotSent::Interrupted), NotSent::Interrupted);
        assert_eq!(NotSent::after(None, NotSent::Limit), NotSent::Unreachable);
    }
}
