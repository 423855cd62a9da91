//! Everything that is to be said about one row, leading complaint first. Writes nothing.

use std::borrow::Cow;
use std::collections::HashMap;

use super::restore::scalar;
use crate::model::redact::restore;
use crate::model::{Body, Code, Fault, FieldName, Lang, Message, Note, Outcome, Part, Prepared, Refusal, Settled, Wording};

/// Where a member of an operation's body comes from: by index of the operation and JSON pointer, the field and the source column.
pub type Members = HashMap<(u8, String), (FieldName, Option<u16>)>;

/// How a person settles what became of an operation's requests that got no answer, where the provider cannot be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByHand {
    /// JSON pointer to the value of the body by which a person finds the client at the provider.
    pub look_for: Option<Box<str>>,
}

impl ByHand {
    /// What was said, followed by what has to be looked for in this row.
    fn with_advice(&self, said: &str, prepared: &Prepared) -> Message {
        let value = self.look_for.as_deref().and_then(|pointer| {
            let value = scalar(&prepared.result.as_ref().ok()?.body.parse(), pointer)?;
            Some(Wording::NamedValue.with([pointer.trim_start_matches('/').replace('/', ".").into(), value.into()]))
        });
        let what = value.unwrap_or_else(|| Wording::TheClient.into());
        Wording::ByHand.with([said.trim_end_matches('.').into(), what.into()])
    }
}

/// What is known about operations besides their rows.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) members: Members,
    /// By index of the operation; `None` where the provider can be asked.
    pub(super) by_hand: Vec<Option<ByHand>>,
    /// The language that people are told in.
    pub(super) lang: Lang,
}

/// One thing to be said about a row.
#[derive(Debug)]
pub(super) struct Complaint<'a> {
    pub(super) code: Code,
    pub(super) field: Cow<'a, str>,
    pub(super) column: Option<u16>,
    pub(super) found: Cow<'a, str>,
    pub(super) message: Cow<'a, str>,
    /// The language of the message and of the next step.
    pub(super) lang: Lang,
    /// A reason of the run's for not sending the row, and no fault of the row's.
    pub(super) is_reason: bool,
}

impl<'a> Complaint<'a> {
    fn of_row(code: Code, message: Cow<'a, str>, lang: Lang) -> Self {
        Self { code, field: Cow::Borrowed(""), column: None, found: Cow::Borrowed(""), message, lang, is_reason: false }
    }

    fn of_fault(fault: &'a Fault, lang: Lang) -> Self {
        Self {
            code: fault.code,
            field: Cow::Borrowed(fault.field.map_or("", FieldName::as_str)),
            column: fault.column,
            found: Cow::Borrowed(fault.found.as_deref().unwrap_or("")),
            message: fault.message.text(lang),
            lang,
            is_reason: false,
        }
    }

    /// What to do next.
    pub(super) fn next_step(&self) -> &'static str {
        self.code.next_step_in(self.lang)
    }
}

/// The complaints about a row: errors before warnings before mere information, and what decided the outcome before the rest.
/// A good row has none and costs no allocation.
pub(super) fn complaints<'a>(prepared: &'a Prepared, settled: &'a Settled, known: &Known) -> Vec<Complaint<'a>> {
    let of_fault = |fault: &'a Fault| Complaint::of_fault(fault, known.lang);
    let mut all = Vec::new();
    all.extend(outcome_complaint(prepared, settled, known));
    let faults = match &prepared.result {
        Ok(_) => &[],
        Err(faults) => faults.as_slice(),
    };
    all.extend(faults.iter().map(of_fault));
    // What the reader saw stands among the faults already; should it not, it is not lost here.
    let told = |fault: &&Fault| !faults.contains(fault) && !prepared.warnings.contains(fault);
    all.extend(prepared.row.faults.iter().filter(told).map(of_fault));
    all.extend(prepared.warnings.iter().map(of_fault));
    if all.len() > 1 {
        // Stable: within a severity the order above stays.
        all.sort_by_key(|complaint| std::cmp::Reverse(complaint.code.severity()));
    }
    all
}

/// What the outcome itself says.
fn outcome_complaint<'a>(prepared: &'a Prepared, settled: &'a Settled, known: &Known) -> Option<Complaint<'a>> {
    let refused = |code| refused(code, prepared, settled, known);
    match settled.outcome {
        Outcome::Invalid => None,
        Outcome::Created | Outcome::Existing => match &settled.note {
            Some(note) => Some(Complaint::of_row(note.code, with_note(note, known.lang), known.lang)),
            None => settled.refusal.as_ref().map(|_| refused(Code::ProviderRemark)),
        },
        Outcome::Duplicate => Some(match &settled.note {
            Some(note) => Complaint::of_row(note.code, with_note(note, known.lang), known.lang),
            None => of_code(Code::ClientTwice, known.lang),
        }),
        Outcome::Rejected => Some(refused(Code::ProviderRejected)),
        Outcome::Unknown => {
            let mut complaint = refused(Code::ProviderUnknown);
            let operation = prepared.operation.map(usize::from);
            if let Some(by_hand) = operation.and_then(|index| known.by_hand.get(index)?.as_ref()) {
                complaint.message = by_hand.with_advice(&complaint.message, prepared).text(known.lang);
            }
            Some(complaint)
        }
        Outcome::NotSent => settled.not_sent.map(|reason| {
            let complaint = if settled.refusal.is_some() { refused(reason.code()) } else { of_code(reason.code(), known.lang) };
            Complaint { is_reason: true, ..complaint }
        }),
    }
}

/// A code of which no more is known.
fn of_code<'a>(code: Code, lang: Lang) -> Complaint<'a> {
    Complaint::of_row(code, Cow::Borrowed(code.meaning_in(lang)), lang)
}

/// A code's meaning followed by what is known in particular.
fn with_note(note: &Note, lang: Lang) -> Cow<'static, str> {
    if note.message.is_empty() {
        Cow::Borrowed(note.code.meaning_in(lang))
    } else {
        Wording::MeaningWith.with([Part::Meaning(note.code), note.message.clone().into()]).text(lang)
    }
}

/// What a provider said, in its own words, with its own code before them.
fn refused<'a>(code: Code, prepared: &'a Prepared, settled: &'a Settled, known: &Known) -> Complaint<'a> {
    let Some(refusal) = &settled.refusal else { return of_code(code, known.lang) };
    let body = prepared.result.as_ref().ok().map(|parcel| &parcel.body);
    let mut complaint = Complaint::of_row(code, refusal_message(code, refusal, body, known.lang), known.lang);
    let Some(pointer) = refusal.pointer.as_deref() else { return complaint };
    let member = prepared.operation.and_then(|operation| known.members.get(&(operation, pointer.to_owned())));
    match member {
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

/// The provider's code and words, with the body's values put back where there is one. They stay in its language.
pub(super) fn refusal_message<'a>(code: Code, refusal: &'a Refusal, body: Option<&Body>, lang: Lang) -> Cow<'a, str> {
    let words = match body {
        Some(body) => restore(&refusal.message, body),
        None => refusal.message.to_string(),
    };
    let message = match (refusal.code.is_empty(), words.is_empty()) {
        (true, true) => return Cow::Borrowed(code.meaning_in(lang)),
        (true, false) => Wording::ProviderWords.with([words.into()]),
        (false, true) => Wording::ProviderCode.with([(&*refusal.code).into()]),
        (false, false) => Wording::ProviderCodeAndWords.with([(&*refusal.code).into(), words.into()]),
    };
    message.text(lang)
}
