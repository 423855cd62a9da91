//! Everything that is to be said about one row, leading complaint first. Writes nothing.

use std::borrow::Cow;
use std::collections::HashMap;

use super::restore::scalar;
use crate::model::redact::restore;
use crate::model::{Body, Code, Fault, FieldName, Outcome, Prepared, Refusal, Settled};

/// Where a member of an operation's body comes from: by index of the operation and JSON pointer, the field and the source column.
pub type Members = HashMap<(u8, String), (FieldName, Option<u16>)>;

/// How a person settles what became of an operation's requests that got no answer, where the provider cannot be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByHand {
    /// JSON pointer to the value of the body by which a person finds the client at the provider.
    pub look_for: Option<Box<str>>,
}

impl ByHand {
    /// What has to be looked for, in this row.
    fn advice(&self, prepared: &Prepared) -> String {
        let value = self.look_for.as_deref().and_then(|pointer| {
            let value = scalar(&prepared.result.as_ref().ok()?.body.parse(), pointer)?;
            Some(format!("{} {value}", pointer.trim_start_matches('/').replace('/', ".")))
        });
        let what = value.as_deref().unwrap_or("the client");
        format!("look for {what} at the provider, which cannot be asked; then `clientferry resolve --answers FILE`")
    }
}

/// What is known about operations besides their rows.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) members: Members,
    /// By index of the operation; `None` where the provider can be asked.
    pub(super) by_hand: Vec<Option<ByHand>>,
}

/// One thing to be said about a row.
#[derive(Debug)]
pub(super) struct Complaint<'a> {
    pub(super) code: Code,
    pub(super) field: Cow<'a, str>,
    pub(super) column: Option<u16>,
    pub(super) found: Cow<'a, str>,
    pub(super) message: Cow<'a, str>,
    /// A reason of the run's for not sending the row, and no fault of the row's.
    pub(super) is_reason: bool,
}

impl<'a> Complaint<'a> {
    fn of_row(code: Code, message: impl Into<Cow<'a, str>>) -> Self {
        Self { code, field: Cow::Borrowed(""), column: None, found: Cow::Borrowed(""), message: message.into(), is_reason: false }
    }

    fn of_fault(fault: &'a Fault) -> Self {
        Self {
            code: fault.code,
            field: Cow::Borrowed(fault.field.map_or("", FieldName::as_str)),
            column: fault.column,
            found: Cow::Borrowed(fault.found.as_deref().unwrap_or("")),
            message: Cow::Borrowed(&fault.message),
            is_reason: false,
        }
    }
}

/// The complaints about a row: errors before warnings before mere information, and what decided the outcome before the rest.
/// A good row has none and costs no allocation.
pub(super) fn complaints<'a>(prepared: &'a Prepared, settled: &'a Settled, known: &Known) -> Vec<Complaint<'a>> {
    let mut all = Vec::new();
    all.extend(outcome_complaint(prepared, settled, known));
    let faults = match &prepared.result {
        Ok(_) => &[],
        Err(faults) => faults.as_slice(),
    };
    all.extend(faults.iter().map(Complaint::of_fault));
    // What the reader saw stands among the faults already; should it not, it is not lost here.
    let told = |fault: &&Fault| !faults.contains(fault) && !prepared.warnings.contains(fault);
    all.extend(prepared.row.faults.iter().filter(told).map(Complaint::of_fault));
    all.extend(prepared.warnings.iter().map(Complaint::of_fault));
    if all.len() > 1 {
        // Stable: within a severity the order above stays.
        all.sort_by_key(|complaint| std::cmp::Reverse(complaint.code.severity()));
    }
    all
}

/// What the outcome itself says.
fn outcome_complaint<'a>(prepared: &'a Prepared, settled: &'a Settled, known: &Known) -> Option<Complaint<'a>> {
    let (note, members) = (settled.note.as_deref(), &known.members);
    match settled.outcome {
        Outcome::Invalid => None,
        Outcome::Existing if note.is_some() => {
            note.map(|note| Complaint::of_row(Code::ClientChanged, with_note(Code::ClientChanged, note)))
        }
        Outcome::Created | Outcome::Existing => {
            settled.refusal.as_ref().map(|_| refused(Code::ProviderRemark, prepared, settled, members))
        }
        Outcome::Duplicate => Some(Complaint::of_row(Code::ClientTwice, with_note(Code::ClientTwice, note.unwrap_or("")))),
        Outcome::Rejected => Some(refused(Code::ProviderRejected, prepared, settled, members)),
        Outcome::Unknown => {
            let mut complaint = refused(Code::ProviderUnknown, prepared, settled, members);
            let operation = prepared.operation.map(usize::from);
            if let Some(by_hand) = operation.and_then(|index| known.by_hand.get(index)?.as_ref()) {
                let sentence = complaint.message.trim_end_matches('.');
                complaint.message = format!("{sentence}; {}", by_hand.advice(prepared)).into();
            }
            Some(complaint)
        }
        Outcome::NotSent => settled.not_sent.map(|reason| {
            let complaint = if settled.refusal.is_some() {
                refused(reason.code(), prepared, settled, members)
            } else {
                Complaint::of_row(reason.code(), reason.code().meaning())
            };
            Complaint { is_reason: true, ..complaint }
        }),
    }
}

/// A code's meaning followed by what is known in particular.
fn with_note(code: Code, note: &str) -> Cow<'static, str> {
    if note.is_empty() {
        Cow::Borrowed(code.meaning())
    } else {
        format!("{}: {note}", code.meaning().trim_end_matches('.')).into()
    }
}

/// What a provider said, in its own words, with its own code before them.
fn refused<'a>(code: Code, prepared: &'a Prepared, settled: &'a Settled, members: &Members) -> Complaint<'a> {
    let Some(refusal) = &settled.refusal else { return Complaint::of_row(code, code.meaning()) };
    let body = prepared.result.as_ref().ok().map(|parcel| &parcel.body);
    let mut complaint = Complaint::of_row(code, refusal_message(code, refusal, body));
    let Some(pointer) = refusal.pointer.as_deref() else { return complaint };
    let known = prepared.operation.and_then(|operation| members.get(&(operation, pointer.to_owned())));
    match known {
        Some(&(field, column)) => {
            complaint.field = Cow::Borrowed(field.as_str());
            complaint.column = column;
        }
        None => complaint.field = Cow::Borrowed(pointer),
    }
    complaint.found = match complaint.column {
        Some(column) => Cow::Borrowed(prepared.row.cells.text(usize::from(column))),
        // Without a source column the value as it was sent is the next best thing.
        None => body.and_then(|body| scalar(&body.parse(), pointer)).unwrap_or_default().into(),
    };
    complaint
}

/// The provider's code and words, with the body's values put back where there is one.
pub(super) fn refusal_message<'a>(code: Code, refusal: &'a Refusal, body: Option<&Body>) -> Cow<'a, str> {
    let words = match body {
        Some(body) => Cow::Owned(restore(&refusal.message, body)),
        None => Cow::Borrowed(&*refusal.message),
    };
    match (refusal.code.is_empty(), words.is_empty()) {
        (true, true) => Cow::Borrowed(code.meaning()),
        (true, false) => words,
        (false, true) => Cow::Borrowed(&refusal.code),
        (false, false) => format!("{}: {words}", refusal.code).into(),
    }
}
