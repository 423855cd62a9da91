//! Answers that are all alike say something about the run and not about its rows. Counts; stops nothing itself.

use crate::model::Refusal;
use crate::provider::Halt;

type Sort = (Box<str>, Option<Box<str>>);

/// Counts of answers that are alike.
#[derive(Debug)]
pub(super) struct Streaks {
    same_rejection_stop: u32,
    no_answer_stop: u32,
    /// Refusals since the first row, while they are all of one sort; `None` as soon as there was any other answer.
    first_rejections: Option<(Option<Sort>, u32)>,
    unanswered: u32,
}

impl Streaks {
    /// 0 means: never.
    pub(super) fn new(same_rejection_stop: u32, no_answer_stop: u32) -> Self {
        Self { same_rejection_stop, no_answer_stop, first_rejections: Some((None, 0)), unanswered: 0 }
    }

    pub(super) fn accepted(&mut self) {
        self.first_rejections = None;
        self.unanswered = 0;
    }

    /// The halt, when every row so far was refused for the same reason.
    pub(super) fn rejected(&mut self, refusal: &Refusal) -> Option<Halt> {
        self.unanswered = 0;
        let sort = (refusal.code.clone(), refusal.pointer.clone());
        let (known, count) = self.first_rejections.take()?;
        if known.is_some_and(|known| known != sort) {
            return None;
        }
        let count = count + 1;
        let (code, pointer) = &sort;
        let halt = (self.same_rejection_stop > 0 && count >= self.same_rejection_stop).then(|| Halt {
            what: format!(
                "the provider refused the first {count} clients alike: {code}{}",
                pointer.as_ref().map_or_else(String::new, |pointer| format!(" at {pointer}"))
            ),
            hint:
                "look at the refused rows in the report: so many alike are a mistake of the mapping or the account, not of the \
                   clients; mend it and run the same command again, or raise same_rejection_stop"
                    .into(),
        });
        self.first_rejections = Some((Some(sort), count));
        halt
    }

    /// The halt, when too many rows in a row got no answer although every try was made.
    pub(super) fn unanswered(&mut self, what: &str) -> Option<Halt> {
        self.unanswered += 1;
        (self.no_answer_stop > 0 && self.unanswered >= self.no_answer_stop).then(|| Halt {
            what: format!("the provider {what} ({} clients in a row, all tries used up)", self.unanswered),
            hint: "check network, VPN and proxy, and the provider's status page; then run the same command again".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str, pointer: &str) -> Refusal {
        Refusal { code: code.into(), pointer: Some(pointer.into()), ..Refusal::default() }
    }

    #[test]
    fn only_refusals_alike_from_the_first_row_on_stop_the_run() {
        let mut streaks = Streaks::new(3, 0);
        assert_eq!(streaks.rejected(&refusal("A", "/inn")), None);
        assert_eq!(streaks.rejected(&refusal("A", "/inn")), None);
        assert!(streaks.rejected(&refusal("A", "/inn")).is_some_and(|halt| halt.what.contains("A at /inn")));

        let mut streaks = Streaks::new(3, 0);
        streaks.rejected(&refusal("A", "/inn"));
        streaks.rejected(&refusal("A", "/name"));
        assert!((0..9).all(|_| streaks.rejected(&refusal("A", "/inn")).is_none()));

        let mut streaks = Streaks::new(3, 0);
        streaks.accepted();
        assert!((0..9).all(|_| streaks.rejected(&refusal("A", "/inn")).is_none()));

        let mut never = Streaks::new(0, 0);
        assert!((0..99).all(|_| never.rejected(&refusal("A", "/inn")).is_none()));
    }

    #[test]
    fn only_silence_in_a_row_stops_the_run() {
        let mut streaks = Streaks::new(0, 3);
        assert_eq!(streaks.unanswered("x"), None);
        assert_eq!(streaks.unanswered("x"), None);
        streaks.accepted();
        assert_eq!(streaks.unanswered("x"), None);
        assert_eq!(streaks.unanswered("x"), None);
        assert!(streaks.unanswered("x").is_some());
    }
}
