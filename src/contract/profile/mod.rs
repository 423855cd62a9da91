//! A provider of the user's own, as its profile TOML describes it: where to send, what answers mean, how to look up.
//! Pure: reads no file and speaks to nobody; `docs/adding-a-provider.md` is its manual.

mod operation;
mod parse;
mod reader;
mod statuses;
mod template;

use std::time::Duration;

use serde_json::Value;

use crate::model::RateLimit;

pub use operation::{OwnOperation, examples};
pub use reader::Problem;
pub use statuses::Statuses;
pub use template::{JsonTemplate, Template, Unfilled, scalar};

/// A provider of the user's own.
#[derive(Clone, Debug)]
pub struct OwnProfile {
    /// What stands before the slash of its operations.
    pub name: String,
    /// What it is, for people.
    pub title: String,
    /// The provider's page about it.
    pub documentation: String,
    /// Where the API lives.
    pub base_url: String,
    /// Alpha-2 code of the country of phone numbers that do not say theirs.
    pub phone_region: Option<String>,
    /// The method of HTTP that creates a client.
    pub method: String,
    /// The path that creates one, for operations that name none of their own.
    pub path: Option<Template>,
    /// Headers of every request.
    pub headers: Vec<(String, HeaderText)>,
    /// What the account proves itself with.
    pub auth: Auth,
    /// How fast and how patiently is sent.
    pub limits: OwnLimits,
    /// Where the key goes and what it is worth.
    pub key: KeyRules,
    /// Which answers say that the client was created.
    pub success: Success,
    /// Which answers say that the client was there before.
    pub existing: Option<Existing>,
    /// What the other statuses mean.
    pub meanings: Meanings,
    /// Where a refusal says what is wrong.
    pub error: ErrorPlaces,
    /// How the provider is asked whether it has a client.
    pub look_up: Option<LookUp>,
    /// A harmless request that proves address and secrets.
    pub preflight: Option<String>,
    /// What can be asked of it.
    pub operations: Vec<OwnOperation>,
}

/// What a header holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderText {
    /// The same for everybody.
    Fixed(String),
    /// The account's secret of this name.
    Secret(String),
}

/// What an account proves itself with. The names are those of the account's secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Nothing.
    None,
    /// `Authorization: Bearer SECRET`.
    Bearer {
        /// The secret.
        secret: String,
    },
    /// A header of the provider's own.
    Header {
        /// The header.
        header: String,
        /// What stands in front of the secret.
        prefix: String,
        /// The secret.
        secret: String,
    },
    /// `Authorization: Basic …`.
    Basic {
        /// The secret that holds the user's name.
        user: String,
        /// The secret that holds the password.
        password: String,
    },
    /// A token for client id and client secret (RFC 6749, section 4.4), sent as `Authorization: Bearer`.
    Oauth {
        /// Where tokens are given out: a path behind `base_url`, or a whole address.
        token_url: String,
        /// The scope to ask for.
        scope: Option<String>,
        /// The secret that holds the client id.
        client_id: String,
        /// The secret that holds the client secret.
        client_secret: String,
    },
}

/// How fast and how patiently is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnLimits {
    /// Requests in any sliding window.
    pub requests: u32,
    /// The window.
    pub window: Duration,
    /// Windows that hold besides: per minute, per day.
    pub further: Vec<RateLimit>,
    /// Requests at the same time.
    pub in_flight: usize,
    /// Longest wait for a whole answer; the account's own setting where the profile says nothing.
    pub timeout: Option<Duration>,
}

/// Where the idempotency key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// Nowhere: the provider knows no keys.
    None,
    /// This header.
    Header(String),
    /// This member of the body's root.
    Member(String),
}

/// Where the key goes and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRules {
    /// Where it goes.
    pub place: KeyPlace,
    /// How long the provider remembers it; not known when `None`, and then no request is repeated to learn its outcome.
    pub remembered: Option<Duration>,
    /// Statuses of success that only a repeat is answered with.
    pub replay_statuses: Statuses,
    /// What a repeat returns, in words.
    pub replay: String,
}

/// Where an answer tells the provider's id of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdPlace {
    /// A JSON pointer into its body.
    Pointer(String),
    /// The last step of the address in this header.
    Header(String),
}

/// Which answers say that the client was created.
#[derive(Clone, Debug, PartialEq)]
pub struct Success {
    /// Their statuses.
    pub statuses: Statuses,
    /// Where the id stands.
    pub id: IdPlace,
    /// Whether ids are JSON numbers.
    pub id_is_number: bool,
    /// The member that tells success from failure where the status does not, and its value in a success.
    pub ok: Option<(String, Value)>,
}

/// Which answers say that the client was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// Their statuses.
    pub statuses: Statuses,
    /// Their error codes; any when empty.
    pub codes: Vec<String>,
    /// Where the id stands.
    pub id: Option<String>,
}

/// What statuses mean that are neither success nor "was there before", where the profile differs from the house.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meanings {
    /// The client is refused.
    pub rejected: Statuses,
    /// Too fast; nothing was done.
    pub throttled: Statuses,
    /// It may have been done.
    pub unknown: Statuses,
    /// The run cannot go on.
    pub halt: Statuses,
}

/// What a status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The client is refused.
    Rejected,
    /// Too fast; nothing was done.
    Throttled,
    /// It may have been done.
    Unknown,
    /// The run cannot go on.
    Halt,
}

impl Meanings {
    /// What a status means: the profile's word first, then the custom of the house.
    #[must_use]
    pub fn of(&self, status: u16) -> Meaning {
        let written = [
            (&self.halt, Meaning::Halt),
            (&self.throttled, Meaning::Throttled),
            (&self.unknown, Meaning::Unknown),
            (&self.rejected, Meaning::Rejected),
        ];
        if let Some((_, meaning)) = written.into_iter().find(|(statuses, _)| statuses.contains(status)) {
            return meaning;
        }
        match status {
            429 => Meaning::Throttled,
            408 | 425 => Meaning::Unknown,
            // They speak of the account or the address, not of a client.
            300..=399 | 401..=407 | 410 | 411 | 415 | 421 | 426 | 431 | 451 => Meaning::Halt,
            400..=499 => Meaning::Rejected,
            // Nothing that is documented: 1xx, a success that the profile does not list, trouble of the server.
            _ => Meaning::Unknown,
        }
    }
}

/// Where a refusal says what is wrong. Pointers into the answer, or into each entry of its list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorPlaces {
    /// The provider's code.
    pub code: Option<String>,
    /// Its words.
    pub message: Option<String>,
    /// The list of what is wrong.
    pub list: Option<String>,
    /// The member that is wrong, within an entry of the list, else within the answer.
    pub field: Option<String>,
    /// The words about it, within an entry of the list.
    pub text: Option<String>,
}

/// How the provider is asked whether it has a client.
#[derive(Clone, Debug, PartialEq)]
pub struct LookUp {
    /// The method of HTTP.
    pub method: String,
    /// Path and query.
    pub path: Template,
    /// The request's body.
    pub body: Option<JsonTemplate>,
    /// Where the found clients stand; empty: the answer is the list, or the one client.
    pub items: String,
    /// Where the answer says how many there are, of which it may show a part only.
    pub total: Option<String>,
    /// Where the id stands in each.
    pub id: String,
    /// A client is ours when these members of its body have the values of these members of the found one.
    pub same: Vec<(String, String)>,
    /// When it was created, in each.
    pub created: Option<String>,
    /// Statuses that say that there is none.
    pub absent: Statuses,
    /// How long to wait before each look-up; two at least. Empty: the user's own gap, twice.
    pub delays: Vec<Duration>,
    /// What may be done with a client that was not found.
    pub when_absent: WhenAbsent,
}

/// What may be done with a client that no look-up found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenAbsent {
    /// It is sent again at once.
    Resend,
    /// It is sent again by the next run, when that does not find it either.
    ResendNextRun,
    /// A person decides.
    Nothing,
}

impl OwnProfile {
    /// Reads a profile. The contracts that its operations name are read by whoever knows where they lie.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        parse::profile(text)
    }

    /// The operation of this name, `provider/kind`.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&OwnOperation> {
        let (_, kind) = name.split_once('/')?;
        self.operations.iter().find(|operation| operation.kind == kind)
    }

    /// The names of all secrets that an account needs, each once.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        let mut names: Vec<&str> = match &self.auth {
            Auth::None => Vec::new(),
            Auth::Bearer { secret } | Auth::Header { secret, .. } => vec![secret],
            Auth::Basic { user, password } => vec![user, password],
            Auth::Oauth { client_id, client_secret, .. } => vec![client_id, client_secret],
        };
        for (_, text) in &self.headers {
            if let HeaderText::Secret(secret) = text
                && !names.contains(&secret.as_str())
            {
                names.push(secret);
            }
        }
        names
    }

    /// The path behind `base_url` where tokens are given out; a whole address's own path.
    #[must_use]
    pub fn token_path(&self) -> Option<&str> {
        match &self.auth {
            Auth::Oauth { token_url, .. } => Some(match token_url.split_once("://") {
                Some((_, rest)) => rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/"),
                None => token_url,
            }),
            Auth::None | Auth::Bearer { .. } | Auth::Header { .. } | Auth::Basic { .. } => None,
        }
    }
}
