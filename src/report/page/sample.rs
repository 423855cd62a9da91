//! A bounded, fair, repeatable sample of rows: every kind of trouble is in it, whichever comes how often and where.
//!
//! Rows are ranked by a hash of their number, and each kind keeps the lowest ranks it is given room for: the rows of a kind are
//! spread over the whole file, and the same file always gives the same rows. Knows nothing about what a row looks like.

use std::collections::{BTreeMap, BinaryHeap};

use crate::model::{Code, Outcome};

/// Kinds that are told apart; beyond, columns are not.
const KINDS_MAX: usize = 256;

/// What rows of a sample have in common: the outcome, and the leading complaint with its column.
pub(super) type Kind = (Outcome, Option<(Code, Option<u16>)>);

/// A sample of rows in the making.
#[derive(Debug)]
pub(super) struct Sample<T> {
    rows_max: usize,
    held: usize,
    kinds: BTreeMap<Kind, Kept<T>>,
}

/// A row's place in the sample, given by [`Sample::wants`].
#[derive(Debug)]
pub(super) struct Seat {
    kind: Kind,
    rank: u64,
}

#[derive(Debug)]
struct Kept<T> {
    rows: BinaryHeap<Ranked<T>>,
    /// Rows of this rank and above were put out for want of room; letting one in now would be unfair to them.
    below: u64,
    /// How soon this kind has to make room.
    weight: usize,
}

#[derive(Debug)]
struct Ranked<T> {
    rank: u64,
    row: T,
}

impl<T> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl<T> Eq for Ranked<T> {}

impl<T> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl<T> Sample<T> {
    pub(super) fn new(rows_max: usize) -> Self {
        Self { rows_max, held: 0, kinds: BTreeMap::new() }
    }

    /// A seat for the row of this number, where it gets one. To be asked once for each row.
    pub(super) fn wants(&self, kind: Kind, ordinal: u64) -> Option<Seat> {
        let kind = self.known(kind);
        let rank = scatter(ordinal);
        self.kinds.get(&kind).is_none_or(|kept| rank < kept.below).then_some(Seat { kind, rank })
    }

    /// Takes the row for which there is a seat; another one may have to leave.
    pub(super) fn put(&mut self, seat: Seat, row: T) {
        let kept = self.kinds.entry(seat.kind).or_insert_with(|| Kept {
            rows: BinaryHeap::new(),
            below: u64::MAX,
            weight: weight(seat.kind),
        });
        kept.rows.push(Ranked { rank: seat.rank, row });
        self.held += 1;
        if self.held <= self.rows_max {
            return;
        }
        // The kind that takes the most room for what it is worth makes some; its last row it keeps as long as it can.
        if let Some(largest) = self
            .kinds
            .values_mut()
            .filter(|kept| !kept.rows.is_empty())
            .max_by_key(|kept| kept.rows.len().saturating_sub(1) * kept.weight)
            && let Some(out) = largest.rows.pop()
        {
            largest.below = out.rank;
            self.held -= 1;
        }
    }

    /// The rows, kind by kind.
    pub(super) fn into_rows(self) -> Vec<T> {
        self.kinds.into_values().flat_map(|kept| kept.rows.into_sorted_vec()).map(|ranked| ranked.row).collect()
    }

    /// The kind itself, or a wider one when there are too many.
    fn known(&self, kind: Kind) -> Kind {
        if self.kinds.len() < KINDS_MAX || self.kinds.contains_key(&kind) {
            return kind;
        }
        (kind.0, kind.1.map(|(code, _)| (code, None)))
    }
}

/// Trouble keeps its rows longest, rows about which there is nothing to say leave first.
fn weight((outcome, complaint): Kind) -> usize {
    match outcome {
        Outcome::Invalid | Outcome::Rejected | Outcome::Unknown => 1,
        Outcome::Duplicate => 2,
        Outcome::Created | Outcome::Existing if complaint.is_some() => 2,
        Outcome::NotSent => 4,
        Outcome::Created | Outcome::Existing => 6,
    }
}

/// Spreads numbers evenly (the finalizer of SplitMix64): neighbours get ranks that have nothing to do with each other.
fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Kind = (Outcome::Created, None);
    const RARE: Kind = (Outcome::Rejected, Some((Code::ProviderRejected, None)));
    const COMMON: Kind = (Outcome::Invalid, Some((Code::PhoneTooShort, Some(3))));

    fn sampled(rows_max: usize, kinds: impl Iterator<Item = Kind>) -> Vec<(Kind, u64)> {
        let mut sample = Sample::new(rows_max);
        for (ordinal, kind) in (0..).zip(kinds) {
            if let Some(seat) = sample.wants(kind, ordinal) {
                sample.put(seat, (kind, ordinal));
            }
        }
        sample.into_rows()
    }

    #[test]
    fn a_rare_trouble_is_seen_among_a_hundred_thousand_good_rows() {
        let kind = |ordinal: u64| match ordinal {
            77_777 => RARE,
            _ if ordinal.is_multiple_of(3) => COMMON,
            _ => GOOD,
        };
        let rows = sampled(100, (0..100_000).map(kind));
        let of = |wanted| rows.iter().filter(|(kind, _)| *kind == wanted).map(|(_, ordinal)| *ordinal).collect::<Vec<_>>();
        assert_eq!(rows.len(), 100);
        assert_eq!(of(RARE), [77_777]);
        assert!(of(COMMON).len() > 80 && of(GOOD).len() > 10, "{} and {}", of(COMMON).len(), of(GOOD).len());
        // Spread over the file, not its beginning.
        let late = of(COMMON).iter().filter(|ordinal| **ordinal > 50_000).count();
        assert!((25..=60).contains(&late), "{late}");
    }

    #[test]
    fn each_kind_has_its_lowest_ranks_whatever_came_between() {
        let rows = sampled(40, (0..5_000).map(|ordinal| if ordinal % 7 == 0 { RARE } else { COMMON }));
        for wanted in [RARE, COMMON] {
            let mut all: Vec<u64> = (0..5_000).filter(|ordinal| (ordinal % 7 == 0) == (wanted == RARE)).collect();
            all.sort_by_key(|ordinal| scatter(*ordinal));
            let mut kept: Vec<u64> = rows.iter().filter(|(kind, _)| *kind == wanted).map(|(_, ordinal)| *ordinal).collect();
            assert_eq!(kept.len(), 20);
            kept.sort_by_key(|ordinal| scatter(*ordinal));
            assert_eq!(kept, all[..20]);
        }
    }

    #[test]
    fn kinds_without_end_stay_within_bounds() {
        let rows = sampled(50, (0..20_000).map(|ordinal| (Outcome::Invalid, Some((Code::ValueMissing, Some(ordinal))))));
        assert_eq!(rows.len(), 50);
        assert!(sampled(50, (0..3).map(|_| GOOD)).len() == 3);
    }
}
