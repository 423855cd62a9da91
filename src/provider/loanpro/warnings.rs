//! Transaction warnings: what they are about, whom they name, and what the user's policy makes of them. Sends nothing.
//!
//! <https://developers.loanpro.io/docs/transaction-warnings>. Only the text about phones is documented, so that what the words mean
//! stands in two tables. The name behind a customer's id is somebody's personal data and never leaves this module.

use std::collections::{BTreeMap, BTreeSet};

use super::PHRASES;
use super::options::{Duplicates, Policy};
use crate::model::{Body, Refusal};

/// What a warning is about, in the order in which the id of an existing customer is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Ssn,
    Email,
    Phone,
    PrimaryAddress,
    MailAddress,
    Other,
}

impl Kind {
    /// For people; the settings call it the same, with `_`.
    fn name(self) -> &'static str {
        match self {
            Self::Ssn => "ssn",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::PrimaryAddress => "primary address",
            Self::MailAddress => "mail address",
            Self::Other => "something else",
        }
    }
}

/// Label in the leading parentheses, without letter case and signs → what the warning is about.
const LABELS: &[(&str, Kind)] = &[
    ("phones", Kind::Phone),
    ("primaryaddress", Kind::PrimaryAddress),
    ("mailaddress", Kind::MailAddress),
    ("mailingaddress", Kind::MailAddress),
];

/// Words in a warning without such a label, first match wins. A blank on both sides: only as a word of its own.
const WORDS: &[(&str, Kind)] = &[
    ("ssn", Kind::Ssn),
    ("social", Kind::Ssn),
    (" sin ", Kind::Ssn),
    ("birth", Kind::Ssn),
    ("email", Kind::Email),
    ("e-mail", Kind::Email),
    ("phone", Kind::Phone),
    ("primary", Kind::PrimaryAddress),
    ("mail", Kind::MailAddress),
];

/// What stands before the id of the customer that is there.
const TAIL: &str = "(customer id ";

/// One warning, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Warning {
    pub(super) kind: Kind,
    /// The customers it names.
    pub(super) ids: BTreeSet<u64>,
    /// Its words without the customers.
    words: String,
}

impl Warning {
    pub(super) fn parse(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let mut ids = BTreeSet::new();
        for (at, _) in lower.match_indices(TAIL) {
            let digits: String =
                lower.get(at + TAIL.len()..).unwrap_or_default().trim_start().chars().take_while(char::is_ascii_digit).collect();
            ids.extend(digits.parse::<u64>());
        }
        let end = lower.find(TAIL).unwrap_or(text.len());
        let (words, lower) = (text.get(..end).unwrap_or_default(), lower.get(..end).unwrap_or_default());
        Self { kind: kind(lower), ids, words: words.trim().to_owned() }
    }

    /// A warning that names no customer says nothing about a duplicate: an e-mail address that is not valid, for example.
    fn policy(&self, policies: &Duplicates) -> Policy {
        if self.ids.is_empty() { Policy::Reject } else { policies.policy(self.kind) }
    }
}

fn kind(lower: &str) -> Kind {
    let (label, words) = match lower.trim_start().strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((label, words)) => (label, words),
        None => ("", lower),
    };
    let label: String = label.chars().filter(|ch| ch.is_alphanumeric()).collect();
    if let Some((_, kind)) = LABELS.iter().find(|(known, _)| *known == label) {
        return *kind;
    }
    // What stands in quotes is a value: an address may hold any word.
    let plain = without_quoted(words);
    let spaced: String =
        format!(" {plain} ").chars().map(|ch| if ch.is_alphanumeric() || ch == '-' { ch } else { ' ' }).collect();
    WORDS.iter().find(|(word, _)| spaced.contains(word)).map_or(Kind::Other, |(_, kind)| *kind)
}

/// The text without what stands in straight or typographic quotes.
fn without_quoted(text: &str) -> String {
    let mut plain = String::new();
    let mut closing = None;
    let mut before = ' ';
    for ch in text.chars() {
        match closing {
            Some(close) if ch == close => closing = None,
            Some(_) => {}
            None => match ch {
                '\u{2018}' => closing = Some('\u{2019}'),
                '\u{201c}' => closing = Some('\u{201d}'),
                '"' => closing = Some('"'),
                '\'' if !before.is_alphanumeric() => closing = Some('\''),
                _ => plain.push(ch),
            },
        }
        before = ch;
    }
    plain
}

/// What the policy makes of the warnings about one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The row is refused.
    Reject,
    /// It is there, under this id.
    Existing(u64),
    /// It is sent once more, the warnings ignored.
    Force,
}

/// The decision. A warning about customers that an `ssn` warning under `report` names as well is absorbed by it: it is the same
/// person. Of the rest any `reject` decides, then any `report`; only when all say so, it is forced.
pub(super) fn decide(warnings: &[Warning], policies: &Duplicates) -> Decision {
    let person: BTreeSet<u64> = warnings
        .iter()
        .filter(|warning| warning.kind == Kind::Ssn && warning.policy(policies) == Policy::Report)
        .flat_map(|warning| &warning.ids)
        .copied()
        .collect();
    let absorbed = |warning: &Warning| warning.kind != Kind::Ssn && !warning.ids.is_empty() && warning.ids.is_subset(&person);
    let mut decision = Decision::Force;
    for warning in warnings.iter().filter(|warning| !absorbed(warning)) {
        match warning.policy(policies) {
            Policy::Reject => return Decision::Reject,
            Policy::Report => {
                if let Some(id) = first_id(warnings, policies) {
                    decision = Decision::Existing(id);
                }
            }
            Policy::Force => {}
        }
    }
    if warnings.is_empty() { Decision::Reject } else { decision }
}

/// The customer that a reported row gets: the first by SSN, e-mail, phone, addresses.
fn first_id(warnings: &[Warning], policies: &Duplicates) -> Option<u64> {
    let reported = warnings.iter().filter(|warning| warning.policy(policies) == Policy::Report);
    reported.flat_map(|warning| warning.ids.iter().map(|id| (warning.kind, *id))).min().map(|(_, id)| id)
}

/// The customer that stays in the way although warnings were ignored.
pub(super) fn unliftable(warnings: &[Warning]) -> Option<u64> {
    warnings.iter().flat_map(|warning| warning.ids.iter().map(|id| (warning.kind, *id))).min().map(|(_, id)| id)
}

/// All ids that the warnings name.
pub(super) fn ids(warnings: &[Warning]) -> BTreeSet<u64> {
    warnings.iter().flat_map(|warning| &warning.ids).copied().collect()
}

/// `ssn of customer 7, phone of customers 7 and 9`, and the words of warnings that name nobody.
fn listed(warnings: &[Warning], sent: &Body) -> String {
    let mut by_kind: BTreeMap<Kind, BTreeSet<u64>> = BTreeMap::new();
    let mut words = Vec::new();
    for warning in warnings {
        if warning.ids.is_empty() {
            words.push(PHRASES.quote(&warning.words, sent));
        } else {
            by_kind.entry(warning.kind).or_default().extend(&warning.ids);
        }
    }
    let found = by_kind.iter().map(|(kind, ids)| {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        format!("{} of customer{} {}", kind.name(), if ids.len() == 1 { "" } else { "s" }, ids.join(" and "))
    });
    found.chain(words).collect::<Vec<_>>().join(", ")
}

/// Why a row was refused for its warnings.
pub(super) fn refusal(warnings: &[Warning], sent: &Body) -> Refusal {
    let message = if warnings.is_empty() {
        "the provider warns and does not say of what".to_owned()
    } else {
        format!("the provider warns: {}", listed(warnings, sent))
    };
    let code = if warnings.iter().any(|warning| !warning.ids.is_empty()) { "duplicate" } else { "transaction_warning" };
    Refusal { code: code.into(), message: message.into(), ..Refusal::default() }
}

/// What a report says of a customer that was there before.
pub(super) fn matched(warnings: &[Warning], sent: &Body, forced: bool) -> Refusal {
    let (code, also) = if forced { ("matched_unliftable", "; ignoring the warnings did not lift this") } else { ("matched", "") };
    Refusal {
        code: code.into(),
        message: format!("the same as that of a customer who was there: {}{also}", listed(warnings, sent)).into(),
        ..Refusal::default()
    }
}

/// How the remark on a customer begins that was created although there were warnings.
const CREATED: &str = "created although the provider warned: ";
/// The code of a customer that was sent in spite of warnings and got no answer, and what its words are made of.
const UNANSWERED: &str = "forced_unanswered";
const SENT: &str = "sent although the provider warned: ";
const NO_ANSWER: &str = "; the answer was lost: ";

/// What a report says of a customer that was created although there were warnings.
pub(super) fn overridden(warnings: &[Warning], sent: &Body) -> Refusal {
    remark(&listed(warnings, sent))
}

fn remark(listed: &str) -> Refusal {
    Refusal { code: "warnings_overridden".into(), message: format!("{CREATED}{listed}").into(), ..Refusal::default() }
}

/// Why nobody knows what became of a customer that was sent in spite of warnings: it keeps what was ignored.
pub(super) fn unanswered(warnings: &[Warning], sent: &Body, why: Refusal) -> Refusal {
    let message = format!("{SENT}{}{NO_ANSWER}{}", listed(warnings, sent), why.message);
    Refusal { code: UNANSWERED.into(), message: message.into(), ..why }
}

/// The remark on such a customer, once it is known that it was created.
pub(super) fn remark_of_doubt(why: &Refusal) -> Option<Refusal> {
    let told = why.message.strip_prefix(SENT).filter(|_| &*why.code == UNANSWERED)?;
    told.split_once(NO_ANSWER).map(|(listed, _)| remark(listed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policies(text: &str) -> Duplicates {
        toml::from_str(text).unwrap()
    }

    fn parse(texts: &[&str]) -> Vec<Warning> {
        texts.iter().map(|text| Warning::parse(text)).collect()
    }

    #[test]
    fn kinds_and_ids_are_told_in_every_dialect() {
        for (text, kind, ids) in [
            (
                "(Phones) Phone '4555555555' already found in the system (Customer ID 396: Johnny Test Doe).",
                Kind::Phone,
                &[396][..],
            ),
            ("(Phones) Phone ‘4555555555’ already found in the system (Customer ID 396: J).", Kind::Phone, &[396]),
            ("(PrimaryAddress) Address '1 Phone Ave' already found (Customer ID 5: A).", Kind::PrimaryAddress, &[5]),
            ("(MailAddress) Address 'x' already found (Customer ID 5: A) (Customer ID 6: B).", Kind::MailAddress, &[5, 6]),
            ("(Mailing Address) Address 'x' already found (customer id 5: A).", Kind::MailAddress, &[5]),
            ("(Customer) SSN already found in the system (Customer ID 7: Jane Roe).", Kind::Ssn, &[7]),
            ("Social Security Number and Birth Date (Customer ID 7: Jane Roe)", Kind::Ssn, &[7]),
            ("SIN already found (Customer ID 7: Jane Roe)", Kind::Ssn, &[7]),
            ("(Customer) Email 'phone@primary.example' already found in the system (Customer ID 7: Jane).", Kind::Email, &[7]),
            ("The e-mail address is not valid.", Kind::Email, &[]),
            ("Primary address already found (Customer ID 7: Ssn Phone).", Kind::PrimaryAddress, &[7]),
            ("Mailing address already found (Customer ID 7: x).", Kind::MailAddress, &[7]),
            ("Something using a since-unknown rule (Customer ID 7: x).", Kind::Other, &[7]),
            ("", Kind::Other, &[]),
        ] {
            let warning = Warning::parse(text);
            assert_eq!((warning.kind, warning.ids), (kind, ids.iter().copied().collect()), "{text}");
        }
    }

    #[test]
    fn the_policy_decides_in_the_order_of_the_page() {
        let ssn = "(Customer) SSN already found (Customer ID 7: Jane Roe).";
        let email7 = "(Customer) Email 'a@b.example' already found (Customer ID 7: Jane Roe).";
        let phone9 = "(Phones) Phone '1' already found (Customer ID 9: Bo Roe).";
        let phone3 = "(Phones) Phone '1' already found (Customer ID 3: Cy Roe).";
        let invalid = "The e-mail address is not valid.";
        let other = "Odd (Customer ID 1: X).";
        for (settings, texts, decision) in [
            ("", &[ssn][..], Decision::Existing(7)),
            ("", &[ssn, email7], Decision::Existing(7)),
            ("", &[ssn, email7, phone9], Decision::Reject),
            ("", &[email7], Decision::Reject),
            ("phone = \"report\"", &[phone9, phone3], Decision::Existing(3)),
            ("phone = \"report\"", &[ssn, phone3], Decision::Existing(7)),
            ("phone = \"force\"", &[phone9], Decision::Force),
            ("phone = \"force\"", &[ssn, phone9], Decision::Existing(7)),
            ("phone = \"force\"", &[phone9, email7], Decision::Reject),
            ("phone = \"force\"\nemail = \"report\"", &[phone9, email7], Decision::Existing(7)),
            ("phone = \"force\"\nemail = \"force\"\nssn = \"force\"", &[ssn, phone9, email7], Decision::Force),
            ("ssn = \"reject\"", &[ssn], Decision::Reject),
            ("email = \"force\"", &[invalid], Decision::Reject),
            ("email = \"report\"", &[invalid], Decision::Reject),
            ("phone = \"force\"", &[phone9, other], Decision::Reject),
            ("", &[], Decision::Reject),
        ] {
            assert_eq!(decide(&parse(texts), &policies(settings)), decision, "{settings} {texts:?}");
        }
    }

    #[test]
    fn nobodys_name_is_repeated() {
        let sent = Body::new(&json!({"email": "ada@example.com", "firstName": "Ada"}));
        let warnings = parse(&[
            "(Customer) Email 'ada@example.com' already found (Customer ID 1234567: Jane Roe).",
            "(Phones) Phone '3125550101' already found (Customer ID 9: Bo Roe).",
            "The e-mail 'ada@example.com' of Ada is not valid",
        ]);
        let shown = refusal(&warnings, &sent);
        assert_eq!(&*shown.code, "duplicate");
        assert_eq!(
            &*shown.message,
            "the provider warns: email of customer 1234567, phone of customer 9, The e-mail '{/email}' of {/email#1} is not valid"
        );
        for refusal in [shown, matched(&warnings, &sent, true), overridden(&warnings, &sent)] {
            for word in ["Roe", "Jane", "Bo ", "3125550101", "ada@example.com", "Ada"] {
                assert!(!refusal.message.contains(word), "{word}: {}", refusal.message);
            }
        }
    }
}
