//! FinLego's verdicts for whoever throws hostile answers at them ([`super::super::hostile`]). Not part of the program.

use std::time::SystemTime;

use super::verdicts::{Circumstances, Envelope, judge};
use crate::provider::http::{Lost, Reply};
use crate::provider::{Answer, Order};

pub(in crate::provider) fn answers(reply: &Result<Reply, Lost>, order: &Order<'_>, now: SystemTime) -> Vec<Answer> {
    let by = |envelope, core_503_throttled| {
        let circumstances =
            Circumstances { envelope, repeat_of_unknown: order.repeat_of_unknown, core_503_throttled, duplicates: &[], now };
        judge(reply, order.body, circumstances)
    };
    vec![by(Envelope::Plain, false), by(Envelope::Result, false), by(Envelope::Result, true)]
}
