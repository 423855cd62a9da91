//! A run's requests over time, in so many slices that a chart can show them. Holds counts only, whatever the journal's size.

use rusqlite::{Connection, params};

use super::RunId;

/// Slices of time that are enough for a chart.
const SLICES_MAX: i64 = 60;
/// Lengths of a slice that people can read, milliseconds; longer ones are whole days.
const LENGTHS_MS: [i64; 16] = [
    1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000,
    14_400_000, 43_200_000,
];
const DAY_MS: i64 = 86_400_000;
/// Clients by number that are remembered; a journal has no numbers beyond it unless it is damaged.
const CLIENTS_MAX: i64 = 1 << 32;

/// Requests of a run that were to create clients; questions to the provider have no events and are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// When the first slice begins, milliseconds since 1970 UTC.
    pub begins_at_ms: i64,
    /// How long each slice is, milliseconds.
    pub slice_ms: i64,
    /// From the first request to the last, empty ones between included.
    pub slices: Vec<Slice>,
}

/// One slice of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Requests that left.
    pub sent: u64,
    /// Of these, for clients that were asked for before.
    pub retried: u64,
    /// Answers that asked for a slower pace.
    pub throttled: u64,
}

/// The requests of a run, in one pass over the log.
pub(super) fn traffic(db: &Connection, run: &RunId) -> rusqlite::Result<Traffic> {
    let span = "SELECT min(at_ms), max(at_ms) FROM events WHERE kind = 'intended' AND run = ?1";
    let (first, last): (Option<i64>, Option<i64>) = db.query_row(span, params![&**run], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(first), Some(last)) = (first, last) else { return Ok(Traffic::default()) };
    let slice_ms = slice_ms(last.saturating_sub(first));
    let begins_at_ms = first - first.rem_euclid(slice_ms);
    let at = |at_ms: i64| usize::try_from((at_ms.saturating_sub(begins_at_ms)) / slice_ms).unwrap_or(0);
    let mut slices = vec![Slice::default(); at(last) + 1];
    let (mut seen, mut is_ours) = (Bits::default(), Bits::default());
    let mut statement = db.prepare_cached(
        "SELECT client, at_ms, kind = 'intended', run, coalesce(http_status = 429 OR refusal_code = 'throttled', 0) FROM events ORDER BY seq",
    )?;
    let mut lines = statement.query([])?;
    while let Some(row) = lines.next()? {
        let (client, at_ms): (i64, i64) = (row.get(0)?, row.get(1)?);
        let intended: bool = row.get(2)?;
        if intended {
            let ours = row.get_ref(3)?.as_str_or_null()?.is_some_and(|of| of == &**run);
            is_ours.set(client, ours);
            let repeated = seen.get(client);
            seen.set(client, true);
            if ours && let Some(slice) = slices.get_mut(at(at_ms)) {
                slice.sent += 1;
                slice.retried += u64::from(repeated);
            }
        } else if row.get::<_, bool>(4)? && is_ours.get(client) {
            // An answer may come after the last request left.
            let last = slices.len() - 1;
            if let Some(slice) = slices.get_mut(at(at_ms).min(last)) {
                slice.throttled += 1;
            }
        }
    }
    Ok(Traffic { begins_at_ms, slice_ms, slices })
}

/// The shortest length with which the span has few enough slices.
fn slice_ms(span_ms: i64) -> i64 {
    // One more, because the first slice begins on a round time.
    let enough = |length: i64| span_ms / length + 2 <= SLICES_MAX;
    LENGTHS_MS.into_iter().find(|&length| enough(length)).unwrap_or_else(|| (span_ms / (DAY_MS * (SLICES_MAX - 2)) + 1) * DAY_MS)
}

/// One bit for each client: their numbers have no gaps.
#[derive(Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    fn place(client: i64) -> Option<(usize, u64)> {
        let number = u64::try_from(client).ok().filter(|_| client < CLIENTS_MAX)?;
        Some((usize::try_from(number / 64).ok()?, 1 << (number % 64)))
    }

    pub(super) fn get(&self, client: i64) -> bool {
        Self::place(client).is_some_and(|(word, bit)| self.0.get(word).is_some_and(|bits| bits & bit != 0))
    }

    pub(super) fn set(&mut self, client: i64, to: bool) {
        let Some((word, bit)) = Self::place(client) else { return };
        if self.0.len() <= word {
            if !to {
                return;
            }
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits = if to { *bits | bit } else { *bits & !bit };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_round_and_few() {
        for (span_ms, wanted) in [
            (0, 1_000),
            (58_000, 1_000),
            (59_000, 2_000),
            (3_600_000, 120_000),
            (30 * DAY_MS, DAY_MS),
            (100 * DAY_MS, 2 * DAY_MS),
        ] {
            assert_eq!(slice_ms(span_ms), wanted, "{span_ms}");
            assert!(span_ms / wanted + 2 <= SLICES_MAX);
        }
        assert!(i64::MAX / slice_ms(i64::MAX) + 2 <= SLICES_MAX);
    }
}
