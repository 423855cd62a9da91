//! T-Bank's verdicts for whoever throws hostile answers at them ([`super::super::hostile`]). Not part of the program.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::verdicts::{Circumstances, judge};
use crate::provider::http::{Lost, Reply};
use crate::provider::{Answer, CodeMeaning, Order};

pub(in crate::provider) fn answers(reply: &Result<Reply, Lost>, order: &Order<'_>, now: SystemTime) -> Vec<Answer> {
    let codes = BTreeMap::from([("KNOWN".to_owned(), CodeMeaning::Existing), ("STOP".to_owned(), CodeMeaning::Halt)]);
    let by = |test_stand| {
        let circumstances = Circumstances { repeat_of_unknown: order.repeat_of_unknown, test_stand, error_code_map: &codes, now };
        judge(reply, order.body, circumstances)
    };
    vec![by(false), by(true)]
}
