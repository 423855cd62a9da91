//! Triage: which rows may be sent, told in file order before anything is sent. The first row of a client goes, later ones are
//! duplicates. Memory does not grow with the file: what was seen lies on disk, behind a filter of fixed size.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

use crate::model::{FieldDigests, Identity, Parcel, Place};

/// Why the row is not the first of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierRow {
    /// Sheet and line of the first row.
    pub sheet: u16,
    /// Line of the first row.
    pub line: u64,
    /// What both rows share: `INN`, `passport`.
    pub shared: &'static str,
    /// Digests of the names of the fields that differ.
    pub differing: Vec<u32>,
}

/// Everything seen so far.
#[derive(Debug)]
pub struct Triage {
    filter: Filter,
    recent: HashMap<Identity, Seen, BuildHasherDefault<OwnBits>>,
    recent_max: usize,
    runs: Vec<SortedRun>,
    /// Sorted runs of what was seen, one after the other.
    seen: File,
    seen_bytes: u64,
    /// Digests of the first rows' fields.
    digests: BufWriter<File>,
    digests_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    sheet: u16,
    line: u64,
    /// Where the row's digests begin.
    digests_at: u64,
    digests_len: u16,
}

/// Bytes of one record: identity, sheet, digests' length, line, digests' place.
const RECORD_BYTES: usize = 16 + 2 + 2 + 8 + 8;
/// Every so many records one is kept in memory, so that a look-up reads one block.
const BLOCK_RECORDS: usize = 128;
/// Identities held in memory before they are sorted and written: about 4 MiB.
const RECENT_MAX: usize = 1 << 16;

impl Triage {
    /// Nothing seen yet. Spills to unnamed files in the system's folder for temporary files; they hold keyed hashes only.
    ///
    /// # Errors
    /// When no temporary file can be made.
    pub fn new() -> io::Result<Self> {
        Self::with_recent_max(RECENT_MAX)
    }

    fn with_recent_max(recent_max: usize) -> io::Result<Self> {
        Ok(Self {
            filter: Filter::new(),
            recent: HashMap::with_capacity_and_hasher(recent_max, BuildHasherDefault::default()),
            recent_max,
            runs: Vec::new(),
            seen: tempfile::tempfile()?,
            seen_bytes: 0,
            digests: BufWriter::with_capacity(1 << 17, tempfile::tempfile()?),
            digests_bytes: 0,
        })
    }

    /// Takes note of a row that is fit to be sent. `None`: it is the first of its client and may go.
    ///
    /// # Errors
    /// When the temporary files cannot be written or read.
    pub fn admit(&mut self, place: Place, parcel: &Parcel) -> io::Result<Option<EarlierRow>> {
        for &(identity, shared) in &parcel.identities {
            if let Some(seen) = self.find(identity)? {
                // What this row adds to the client's identities counts for the rows after it.
                self.remember(parcel, seen)?;
                let before = self.read_digests(seen)?;
                let differing = before.differing(&parcel.digests);
                return Ok(Some(EarlierRow { sheet: seen.sheet, line: seen.line, shared, differing }));
            }
        }
        let digests_at = self.digests_bytes;
        for (name, value) in &parcel.digests.0 {
            self.digests.write_all(&name.to_le_bytes())?;
            self.digests.write_all(&value.to_le_bytes())?;
        }
        self.digests_bytes += parcel.digests.0.len() as u64 * 8;
        let digests_len = u16::try_from(parcel.digests.0.len()).unwrap_or(u16::MAX);
        let seen = Seen { sheet: place.sheet, line: place.line, digests_at, digests_len };
        self.remember(parcel, seen)?;
        Ok(None)
    }

    fn remember(&mut self, parcel: &Parcel, seen: Seen) -> io::Result<()> {
        for &(identity, _) in &parcel.identities {
            if self.find(identity)?.is_none() {
                self.filter.insert(identity);
                self.recent.insert(identity, seen);
            }
        }
        if self.recent.len() + parcel.identities.len() > self.recent_max { self.spill() } else { Ok(()) }
    }

    fn find(&mut self, identity: Identity) -> io::Result<Option<Seen>> {
        if !self.filter.may_hold(identity) {
            return Ok(None);
        }
        if let Some(seen) = self.recent.get(&identity) {
            return Ok(Some(*seen));
        }
        let mut block = [0; RECORD_BYTES * BLOCK_RECORDS];
        for run in &self.runs {
            let Some(index) = run.firsts.partition_point(|first| *first <= identity).checked_sub(1) else { continue };
            let records = (run.records - index * BLOCK_RECORDS).min(BLOCK_RECORDS);
            let bytes = &mut block[..records * RECORD_BYTES];
            self.seen.seek(SeekFrom::Start(run.start + (index * BLOCK_RECORDS * RECORD_BYTES) as u64))?;
            self.seen.read_exact(bytes)?;
            let (chunks, _) = bytes.as_chunks::<RECORD_BYTES>();
            if let Ok(found) = chunks.binary_search_by(|record| record[..16].cmp(&identity.0)) {
                return Ok(Some(decode(&chunks[found])));
            }
        }
        Ok(None)
    }

    /// Sorts what is in memory and writes it behind the earlier runs.
    fn spill(&mut self) -> io::Result<()> {
        let mut records: Vec<(Identity, Seen)> = self.recent.drain().collect();
        records.sort_unstable_by_key(|(identity, _)| *identity);
        self.seen.seek(SeekFrom::Start(self.seen_bytes))?;
        let mut writer = BufWriter::with_capacity(1 << 17, &self.seen);
        let mut firsts = Vec::with_capacity(records.len() / BLOCK_RECORDS + 1);
        for (index, (identity, seen)) in records.iter().enumerate() {
            if index % BLOCK_RECORDS == 0 {
                firsts.push(*identity);
            }
            writer.write_all(&encode(*identity, *seen))?;
        }
        writer.flush()?;
        drop(writer);
        self.runs.push(SortedRun { start: self.seen_bytes, records: records.len(), firsts });
        self.seen_bytes += (records.len() * RECORD_BYTES) as u64;
        Ok(())
    }

    fn read_digests(&mut self, seen: Seen) -> io::Result<FieldDigests> {
        self.digests.flush()?;
        let file = self.digests.get_mut();
        let mut bytes = vec![0; usize::from(seen.digests_len) * 8];
        file.seek(SeekFrom::Start(seen.digests_at))?;
        file.read_exact(&mut bytes)?;
        file.seek(SeekFrom::Start(self.digests_bytes))?;
        Ok(FieldDigests::from_bytes(&bytes))
    }
}

/// Identities are keyed hashes: their own bits are as good as any hash of them.
#[derive(Default)]
struct OwnBits(u64);

impl Hasher for OwnBits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for (place, byte) in bytes.iter().enumerate().skip(bytes.len().saturating_sub(8)) {
            self.0 ^= u64::from(*byte) << (place % 8 * 8);
        }
    }

    // The array's length, which says nothing.
    fn write_usize(&mut self, _: usize) {}
}

#[derive(Debug)]
struct SortedRun {
    start: u64,
    records: usize,
    /// The first identity of every block.
    firsts: Vec<Identity>,
}

fn encode(identity: Identity, seen: Seen) -> [u8; RECORD_BYTES] {
    let mut record = [0; RECORD_BYTES];
    record[..16].copy_from_slice(&identity.0);
    record[16..18].copy_from_slice(&seen.sheet.to_le_bytes());
    record[18..20].copy_from_slice(&seen.digests_len.to_le_bytes());
    record[20..28].copy_from_slice(&seen.line.to_le_bytes());
    record[28..].copy_from_slice(&seen.digests_at.to_le_bytes());
    record
}

fn decode(record: &[u8; RECORD_BYTES]) -> Seen {
    let number = |from: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&record[from..from + 8]);
        u64::from_le_bytes(bytes)
    };
    Seen {
        sheet: u16::from_le_bytes([record[16], record[17]]),
        digests_len: u16::from_le_bytes([record[18], record[19]]),
        line: number(20),
        digests_at: number(28),
    }
}

/// A blocked Bloom filter of fixed size: an identity that it does not hold was certainly not seen.
#[derive(Debug)]
struct Filter {
    blocks: Vec<[u64; 8]>,
}

/// 64 bytes a block, 16 MiB: one wrong guess in 10,000 at a million rows of three identities, one in ten at ten million.
const FILTER_BLOCKS: usize = 1 << 18;

impl Filter {
    fn new() -> Self {
        Self { blocks: vec![[0; 8]; FILTER_BLOCKS] }
    }

    /// The block and the four bits of an identity; identities are keyed hashes, so their own bytes are random.
    fn bits(identity: Identity) -> (usize, [(usize, u64); 4]) {
        let half = |from: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&identity.0[from..from + 8]);
            u64::from_le_bytes(bytes)
        };
        let (place, bits) = (half(0), half(8));
        let bit = |shift: u32| {
            let bit = (bits >> shift) & 511;
            ((bit / 64) as usize, 1 << (bit % 64))
        };
        ((place as usize) & (FILTER_BLOCKS - 1), [bit(0), bit(9), bit(18), bit(27)])
    }

    fn insert(&mut self, identity: Identity) {
        let (block, bits) = Self::bits(identity);
        for (word, bit) in bits {
            self.blocks[block][word] |= bit;
        }
    }

    fn may_hold(&self, identity: Identity) -> bool {
        let (block, bits) = Self::bits(identity);
        bits.into_iter().all(|(word, bit)| self.blocks[block][word] & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, IdempotencyKey, Identities};
    use proptest::prelude::*;
    use serde_json::json;

    fn identity(number: u64) -> Identity {
        use sha2::{Digest as _, Sha256};
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Sha256::digest(number.to_le_bytes())[..16]);
        Identity(bytes)
    }

    fn parcel(identities: &[u64], value: u32) -> Parcel {
        let body = Body::new(&json!({}));
        Parcel {
            key: IdempotencyKey::derive("o", "a", "i", body.as_str()),
            body,
            identities: identities.iter().map(|number| (identity(*number), "INN")).collect::<Identities>(),
            digests: FieldDigests(vec![(1, 1), (2, value)]),
        }
    }

    fn place(line: u64) -> Place {
        Place { sheet: 0, line, ordinal: line }
    }

    #[test]
    fn a_second_row_of_a_client_is_a_duplicate_and_tells_what_differs() {
        let mut triage = Triage::new().unwrap();
        assert_eq!(triage.admit(place(2), &parcel(&[1, 10], 5)).unwrap(), None);
        assert_eq!(triage.admit(place(3), &parcel(&[2, 20], 5)).unwrap(), None);
        let earlier = triage.admit(place(4), &parcel(&[3, 10], 6)).unwrap().unwrap();
        assert_eq!((earlier.line, earlier.differing), (2, vec![2]));
        // A duplicate's other identities are the first row's too: line 5 is the same person by way of line 4.
        assert_eq!(triage.admit(place(5), &parcel(&[3], 6)).unwrap().map(|earlier| earlier.line), Some(2));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// Against a plain map, with a memory so small that nearly everything is on disk.
        #[test]
        fn it_finds_what_a_map_finds(rows in prop::collection::vec(prop::collection::vec(0_u64..60, 1..4), 0..300)) {
            let mut triage = Triage::with_recent_max(7).unwrap();
            let mut known: HashMap<u64, u64> = HashMap::new();
            for (line, identities) in rows.iter().enumerate() {
                let line = line as u64;
                let expected = identities.iter().find_map(|identity| known.get(identity).copied());
                let found = triage.admit(place(line), &parcel(identities, 0)).unwrap().map(|earlier| earlier.line);
                prop_assert_eq!(found, expected);
                for identity in identities {
                    known.entry(*identity).or_insert(expected.unwrap_or(line));
                }
            }
        }
    }
}
