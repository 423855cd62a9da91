//! Whether the provider refuses too much: the first clients are judged before the others follow, and a budget of refusals ends the
//! run. Counts by cause; stops nothing itself.

use std::collections::BTreeMap;

use crate::model::Refusal;
use crate::provider::Halt;
use crate::submit::RejectedMax;

/// Of the first clients, more refused than this is a systematic mistake where the user says nothing else.
const CANARY_PERCENT: f64 = 50.0;
/// A share says nothing about fewer.
const JUDGED_MIN: u64 = 20;
/// Causes that are told apart.
const CAUSES_MAX: usize = 1000;
/// Causes that are shown.
const CAUSES_SHOWN: usize = 3;

#[derive(Debug)]
pub(super) struct Refusals {
    canary: u64,
    max: RejectedMax,
    /// First clients that are on their way.
    open: u64,
    judged: bool,
    accepted: u64,
    rejected: u64,
    causes: BTreeMap<String, u64>,
}

impl Refusals {
    pub(super) fn new(canary: u64, max: RejectedMax) -> Self {
        Self { canary, max, open: 0, judged: canary == 0, accepted: 0, rejected: 0, causes: BTreeMap::new() }
    }

    /// Whether the next new client, after so many, is one of the first.
    pub(super) fn is_canary(&self, sent: u64) -> bool {
        !self.judged && sent < self.canary
    }

    /// One of the first goes.
    pub(super) fn canary_goes(&mut self) {
        self.open += 1;
    }

    /// One of the first has its answer, or is in doubt.
    pub(super) fn canary_is_back(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Whether the client after so many has to wait for the verdict on the first ones.
    pub(super) fn holds(&self, sent: u64) -> bool {
        !self.judged && sent >= self.canary && self.open > 0
    }

    /// The verdict on the first ones, once, when the client after them is at hand.
    pub(super) fn verdict(&mut self, sent: u64) -> Option<Halt> {
        if self.judged || sent < self.canary || self.open > 0 {
            return None;
        }
        self.judged = true;
        let most = match self.max {
            RejectedMax::Percent(most) => most,
            RejectedMax::Never | RejectedMax::Clients(_) => CANARY_PERCENT,
        };
        (self.percent() > most)
            .then(|| self.halt("so many of the first are a mistake of the mapping or the account, not of the clients"))
    }

    pub(super) fn accepted(&mut self) {
        self.accepted += 1;
    }

    /// The halt, when this refusal is one too many.
    pub(super) fn rejected(&mut self, refusal: &Refusal) -> Option<Halt> {
        self.rejected += 1;
        let pointer = refusal.pointer.as_deref().map_or_else(String::new, |pointer| format!(" at {pointer}"));
        let cause = format!("{}{pointer}", refusal.code);
        if self.causes.len() < CAUSES_MAX || self.causes.contains_key(&cause) {
            *self.causes.entry(cause).or_default() += 1;
        }
        let too_many = match self.max {
            RejectedMax::Never => false,
            RejectedMax::Clients(most) => self.rejected > most,
            RejectedMax::Percent(most) => self.accepted + self.rejected >= JUDGED_MIN.max(self.canary) && self.percent() > most,
        };
        too_many.then(|| self.halt("that is more than --max-rejected allows"))
    }

    #[allow(clippy::cast_precision_loss, reason = "rows are counted in millions")]
    fn percent(&self) -> f64 {
        self.rejected as f64 * 100.0 / (self.accepted + self.rejected).max(1) as f64
    }

    fn halt(&self, why: &str) -> Halt {
        let mut causes: Vec<(&String, &u64)> = self.causes.iter().collect();
        causes.sort_by_key(|(cause, count)| (std::cmp::Reverse(**count), *cause));
        let shown: Vec<String> = causes.iter().take(CAUSES_SHOWN).map(|(cause, count)| format!("{count} {cause}")).collect();
        Halt {
            what: format!(
                "the provider refused {} of {} clients ({}); {why}",
                self.rejected,
                self.accepted + self.rejected,
                shown.join(", ")
            ),
            hint:
                "look at the refused rows in the report and mend the mapping, the rows or the account; the same command goes on. \
                   To send the others all the same, raise --max-rejected"
                    .into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str) -> Refusal {
        Refusal { code: code.into(), pointer: Some("/inn".into()), ..Refusal::default() }
    }

    /// Sends `rows` clients of which the given ones are refused; how many went before the stop, and its words.
    fn send(canary: u64, max: RejectedMax, rows: u64, refused: impl Fn(u64) -> bool) -> (u64, String) {
        let mut it = Refusals::new(canary, max);
        for sent in 0..rows {
            if let Some(halt) = it.verdict(sent) {
                return (sent, halt.what);
            }
            let canary = it.is_canary(sent);
            if canary {
                it.canary_goes();
                it.canary_is_back();
            }
            if !refused(sent) {
                it.accepted();
            } else if let Some(halt) = it.rejected(&refusal(if sent.is_multiple_of(3) { "A" } else { "B" })) {
                return (sent + 1, halt.what);
            }
        }
        (rows, String::new())
    }

    #[test]
    fn a_systematic_mistake_costs_the_first_clients_only() {
        let (sent, what) = send(20, RejectedMax::Never, 100_000, |row| row != 7);
        assert_eq!(sent, 20);
        assert!(what.contains("19 of 20 clients (12 B at /inn, 7 A at /inn)"), "{what}");
        assert_eq!(send(20, RejectedMax::Never, 1000, |row| row % 2 == 0).0, 1000, "every second one is no system");
        assert_eq!(send(20, RejectedMax::Percent(5.0), 1000, |row| row < 2).0, 20, "the user's own bound holds for the first");
        assert_eq!(send(0, RejectedMax::Never, 1000, |_| true).0, 1000, "without a canary nothing is held back");
        assert_eq!(send(20, RejectedMax::Never, 20, |_| true).0, 20, "a file of so many has no others to save");
    }

    #[test]
    fn the_budget_of_refusals_is_exact() {
        assert_eq!(send(0, RejectedMax::Clients(10), 1000, |row| row % 5 == 0).0, 51);
        assert_eq!(send(0, RejectedMax::Clients(0), 1000, |row| row == 500).0, 501);
        assert_eq!(send(20, RejectedMax::Percent(5.0), 10_000, |row| row % 21 == 20).0, 10_000);
        let (sent, what) = send(20, RejectedMax::Percent(5.0), 10_000, |row| row > 1000);
        assert!((1050..1060).contains(&sent), "{sent}");
        assert!(what.contains("--max-rejected"), "{what}");
    }

    #[test]
    fn while_the_first_are_on_their_way_the_next_one_waits() {
        let mut it = Refusals::new(2, RejectedMax::Never);
        assert!(it.is_canary(0) && it.is_canary(1) && !it.is_canary(2));
        it.canary_goes();
        it.canary_goes();
        it.canary_is_back();
        assert!(it.holds(2));
        it.canary_is_back();
        assert!(!it.holds(2));
        assert_eq!(it.verdict(2), None);
    }

    #[test]
    fn bounds_are_read_in_their_forms() {
        assert_eq!("5%".parse(), Ok(RejectedMax::Percent(5.0)));
        assert_eq!("0.5 %".parse(), Ok(RejectedMax::Percent(0.5)));
        assert_eq!("100".parse(), Ok(RejectedMax::Clients(100)));
        assert_eq!("never".parse(), Ok(RejectedMax::Never));
        for text in ["", "%", "-1", "101%", "five"] {
            assert!(text.parse::<RejectedMax>().unwrap_err().contains("5%"), "{text}");
        }
    }
}
