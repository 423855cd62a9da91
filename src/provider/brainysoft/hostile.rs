//! BrainySoft's verdicts for whoever throws hostile answers at them ([`super::super::hostile`]). Not part of the program.

use std::time::SystemTime;

use super::verdicts::{Created, Init, Read, Token, create, init, read, token};
use crate::provider::http::{Lost, Reply};
use crate::provider::{Answer, Order, Verdict};

/// What creation, init, a question and the token's address make of it.
pub(in crate::provider) fn answers(reply: &Result<Reply, Lost>, order: &Order<'_>, now: SystemTime) -> Vec<Answer> {
    let created = match create(reply, order.body, now) {
        Created::Verdict(verdict) => Some(verdict),
        Created::TokenRefused => None,
        Created::Error { refusal, .. } => Some(Verdict::Rejected(refusal)),
    };
    let begun = match init(reply, now) {
        Init::Verdict(verdict) => Some(verdict),
        Init::Error(halt) => Some(Verdict::Halt(halt)),
        Init::Object(_) | Init::TokenRefused => None,
    };
    let told = match read(reply, now) {
        Read::Error(why) | Read::Again(why) | Read::Off(why) => Some(Verdict::Rejected(why)),
        Read::Halt(halt) => Some(Verdict::Halt(halt)),
        Read::Throttled(retry_after) => Some(Verdict::Throttled { retry_after }),
        Read::Data(_) | Read::TokenRefused => None,
    };
    let passed = match token(reply, now) {
        Token::Verdict(verdict) => Some(verdict),
        Token::Fresh(..) => None,
    };
    [created, begun, told, passed].into_iter().flatten().map(Answer::of).collect()
}
