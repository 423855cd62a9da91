//! The settler: what became of a row, told from triage and journal alone. Sends nothing, so the same source and journal give the same answer.

use std::collections::{HashMap, HashSet};
use std::io;

use super::triage::{EarlierRow, Triage};
use crate::journal::{Client, Journal, JournalError, RunId, State};
use crate::model::{
    Code, FieldDigests, Identity, Message, NotSent, Note, OWN_ID, Outcome, Parcel, Part, Prepared, Settled, Shape, Source,
    Wording,
};

/// Why a row cannot be settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The temporary files of triage cannot be written or read.
    #[error("a temporary file of the search for duplicates cannot be used: {0}")]
    Triage(#[from] io::Error),
}

/// What triage says of a row.
#[derive(Debug)]
pub enum Admission<'a> {
    /// It may be sent.
    Send(&'a Parcel),
    /// An earlier row is the same client.
    Duplicate(EarlierRow),
    /// It has faults.
    Invalid,
    /// It holds nothing.
    Blank,
}

/// Settles rows in source order.
pub struct Settler<'a> {
    triage: Triage,
    source: &'a Source,
    journal: Option<&'a Journal>,
    run: Option<&'a RunId>,
    /// Why good rows that the journal does not know were not sent.
    otherwise: NotSent,
    fields: Fields,
}

/// What digests of members' places mean.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// The field that people know a member by.
    pub names: HashMap<u32, String>,
    /// Members that identify a client: INN, passport number.
    pub identifying: HashSet<u32>,
}

impl<'a> Settler<'a> {
    /// A settler for one pass over the source.
    ///
    /// # Errors
    /// When no temporary file can be made.
    pub fn new(
        source: &'a Source,
        journal: Option<&'a Journal>,
        run: Option<&'a RunId>,
        otherwise: NotSent,
        fields: Fields,
    ) -> Result<Self, SettleError> {
        Ok(Self { triage: Triage::new()?, source, journal, run, otherwise, fields })
    }

    /// Whether a row may be sent, as far as the source alone tells.
    ///
    /// # Errors
    /// When the temporary files cannot be used.
    pub fn admit<'p>(&mut self, prepared: &'p Prepared) -> Result<Admission<'p>, SettleError> {
        match &prepared.result {
            Err(_) if prepared.row.shape == Shape::Blank => Ok(Admission::Blank),
            Err(_) => Ok(Admission::Invalid),
            Ok(parcel) => Ok(match self.triage.admit(prepared.row.place, parcel)? {
                None => Admission::Send(parcel),
                Some(earlier) => Admission::Duplicate(earlier),
            }),
        }
    }

    /// What became of a row.
    ///
    /// # Errors
    /// When the journal or the temporary files cannot be used.
    pub fn settle(&mut self, prepared: &Prepared) -> Result<Settled, SettleError> {
        match self.admit(prepared)? {
            Admission::Blank => Ok(Settled::not_sent(NotSent::Blank)),
            Admission::Invalid => Ok(Settled::plain(Outcome::Invalid)),
            Admission::Duplicate(earlier) => {
                Ok(Settled { note: Some(self.duplicate_note(prepared, &earlier)), ..Settled::plain(Outcome::Duplicate) })
            }
            Admission::Send(parcel) => {
                let identities: Vec<Identity> = parcel.identities.iter().map(|(identity, _)| *identity).collect();
                let client = match self.journal {
                    Some(journal) => journal.client(&identities)?,
                    None => None,
                };
                self.by_journal(parcel, client)
            }
        }
    }

    fn by_journal(&self, parcel: &Parcel, client: Option<Client>) -> Result<Settled, SettleError> {
        let unsent = Settled { key: Some(parcel.key), ..Settled::not_sent(self.otherwise) };
        let Some(client) = client else { return Ok(unsent) };
        let known = |outcome| Settled {
            remote_id: client.remote_id.clone(),
            key: Some(client.key),
            attempts: client.attempts,
            http_status: client.http_status,
            settled_at_ms: Some(client.changed_at_ms),
            ..Settled::plain(outcome)
        };
        let same = client.key == parcel.key || client.digests == parcel.digests;
        if !same && self.is_another(parcel, &client)? {
            let note = Note { code: Code::ClientOtherNumbers, message: self.names(&client.digests.differing(&parcel.digests)) };
            return Ok(Settled { note: Some(note), ..Settled::plain(Outcome::Duplicate) });
        }
        Ok(match client.state {
            State::Created if self.run == Some(&client.run) && same => {
                Settled { refusal: client.refusal.clone(), ..known(Outcome::Created) }
            }
            State::Created | State::Existing => Settled {
                refusal: client.refusal.clone(),
                note: (!same)
                    .then(|| Note { code: Code::ClientChanged, message: self.names(&client.digests.differing(&parcel.digests)) }),
                ..known(Outcome::Existing)
            },
            State::Rejected if client.key == parcel.key => {
                Settled { refusal: client.refusal.clone(), ..known(Outcome::Rejected) }
            }
            State::Sending | State::Resending | State::Unknown => {
                Settled { refusal: client.refusal.clone(), ..known(Outcome::Unknown) }
            }
            State::Idle if self.otherwise != NotSent::OnlyChecked && client.attempts > 0 && client.key == parcel.key => Settled {
                not_sent: Some(NotSent::after(client.refusal.as_ref(), self.otherwise)),
                refusal: client.refusal.clone(),
                ..known(Outcome::NotSent)
            },
            State::Idle | State::Rejected | State::New => unsent,
        })
    }

    /// Whether only the user's own id binds the row to a client that the provider has, while the numbers that identify a person
    /// or an organisation differ: two legacy bases often count from 1.
    fn is_another(&self, parcel: &Parcel, client: &Client) -> Result<bool, SettleError> {
        let (Some(journal), State::Created | State::Existing) = (self.journal, client.state) else { return Ok(false) };
        let natural: Vec<Identity> =
            parcel.identities.iter().filter(|(_, name)| *name != OWN_ID).map(|(identity, _)| *identity).collect();
        let own = natural.len() < parcel.identities.len();
        if !own || natural.is_empty() || journal.client(&natural)?.is_some_and(|found| found.id == client.id) {
            return Ok(false);
        }
        // A number that was not known before contradicts nothing; one that was, and is another now, does.
        let both = |digest: &u32| {
            let has = |digests: &FieldDigests| digests.0.iter().any(|(name, _)| name == digest);
            has(&client.digests) && has(&parcel.digests)
        };
        Ok(client
            .digests
            .differing(&parcel.digests)
            .iter()
            .any(|digest| self.fields.identifying.contains(digest) && both(digest)))
    }

    fn duplicate_note(&self, prepared: &Prepared, earlier: &EarlierRow) -> Note {
        let shared: Part = match earlier.shared {
            OWN_ID => Wording::OwnId.into(),
            name => name.into(),
        };
        let differing: Part = match &earlier.differing[..] {
            [] => Wording::DiffersNowhere.into(),
            digests => Wording::DiffersIn.with([self.names(digests).into()]).into(),
        };
        let line = earlier.line.into();
        let message = if earlier.sheet == prepared.row.place.sheet {
            Wording::SameClient.with([line, shared, differing])
        } else {
            let sheet = self.source.sheets.get(usize::from(earlier.sheet)).map_or("", |name| name);
            Wording::SameClientOfSheet.with([line, shared, differing, sheet.into()])
        };
        Note { code: Code::ClientTwice, message }
    }

    /// The fields that people know members by; nothing where there are none.
    fn names(&self, digests: &[u32]) -> Message {
        if digests.is_empty() {
            return Wording::Nothing.into();
        }
        let name = |digest| match self.fields.names.get(digest) {
            Some(name) => Part::from(name),
            None => Wording::AnotherField.into(),
        };
        Wording::Names.with([digests.iter().map(name).collect()])
    }
}
