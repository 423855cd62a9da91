//! LoanPro's verdicts for whoever throws hostile answers at them ([`super::super::hostile`]). Not part of the program.

use std::time::SystemTime;

use super::verdicts::{Meaning, judge};
use super::warnings;
use crate::provider::http::{Lost, Reply};
use crate::provider::{Answer, Order, Verdict};

pub(in crate::provider) fn answers(reply: &Result<Reply, Lost>, order: &Order<'_>, now: SystemTime) -> Vec<Answer> {
    match judge(reply, order.body, now) {
        Meaning::Clear(answer) => vec![answer],
        Meaning::Warned(warned, answer) => {
            let remarks = [
                warnings::matched(&warned, order.body, false),
                warnings::overridden(&warned, order.body),
                warnings::refusal(&warned, order.body),
            ];
            remarks.into_iter().map(|why| Answer::of(Verdict::Rejected(why))).chain([answer]).collect()
        }
    }
}
