//! The join of two reports on disk: rows go to files by the hash of what tells them, and file by file they are joined in memory.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::fs::File;
use std::hash::Hasher as _;
use std::io::{BufReader, BufWriter, Read, Seek as _, Write as _};

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::read::{Line, Report};
use super::{Change, CompareError, State};
use crate::model::{Code, Outcome};

/// Files for each side. A million rows make about 16,000 in each.
const BUCKETS: usize = 64;
/// Hash, ordinal, outcome, code.
const RECORD_BYTES: usize = 16 + 8 + 1 + 2;
const NO_CODE: u16 = u16::MAX;

/// A row as far as the join needs it.
#[derive(Clone, Copy, Debug)]
struct Record {
    hash: u128,
    ordinal: u64,
    outcome: Outcome,
    code: Option<Code>,
}

impl Record {
    fn state(self) -> State {
        State::of(self.outcome, self.code)
    }
}

/// What a row of the later report was before, or a row of the earlier one that is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) ordinal: u64,
    pub(super) change: Change,
    /// Outcome and leading code in the other report; of a row that is gone, its own.
    pub(super) before: Option<(Outcome, Option<Code>)>,
}

/// What changed, in files without names.
pub(super) struct JoinedRows {
    /// Of rows in the later report, by place.
    pub(super) later: Ordered,
    /// Of rows that only the earlier report has, by place.
    pub(super) gone: Ordered,
    pub(super) rows_earlier: u64,
    pub(super) rows_later: u64,
    pub(super) in_both: u64,
}

pub(super) fn join(before: &Report, now: &Report, by_place: bool) -> Result<JoinedRows, CompareError> {
    // Two passes: what the own id does not tell, the key or the place may.
    let mut earlier = Files::new()?;
    let mut rows_earlier = 0;
    for line in before.lines()? {
        earlier.put(&record(&line?, rows_earlier, by_place))?;
        rows_earlier += 1;
    }
    let mut later = Files::new()?;
    let mut rows_later = 0;
    for line in now.lines()? {
        later.put(&record(&line?, rows_later, by_place))?;
        rows_later += 1;
    }
    let mut joined =
        JoinedRows { later: Ordered::new(rows_later)?, gone: Ordered::new(rows_earlier)?, rows_earlier, rows_later, in_both: 0 };
    for (earlier, later) in earlier.into_records().zip(later.into_records()) {
        let mut known: HashMap<u128, VecDeque<Record>> = HashMap::new();
        for record in earlier? {
            known.entry(record.hash).or_default().push_back(record);
        }
        for record in later? {
            let other = known.get_mut(&record.hash).and_then(VecDeque::pop_front);
            joined.in_both += u64::from(other.is_some());
            if let Some(change) = Change::of(other.map(Record::state), record.state()) {
                let before = other.map(|other| (other.outcome, other.code));
                joined.later.put(Joined { ordinal: record.ordinal, change, before })?;
            }
        }
        for record in known.into_values().flatten().filter(|record| record.state() == State::Failing) {
            let before = Some((record.outcome, record.code));
            joined.gone.put(Joined { ordinal: record.ordinal, change: Change::Gone, before })?;
        }
    }
    Ok(joined)
}

fn record(line: &Line, ordinal: u64, by_place: bool) -> Record {
    let mut hasher = SipHasher13::new();
    let mut write = |kind: u8, parts: &[&str]| {
        hasher.write_u8(kind);
        for part in parts {
            hasher.write(part.as_bytes());
            hasher.write_u8(0xff);
        }
    };
    match (line.own_id(), by_place, line.key.is_empty(), line.content) {
        // Of one file, the place tells more than an id that may stand twice.
        (_, true, _, _) => write(0, &[&line.sheet, &line.line]),
        (Some(id), false, _, _) => write(1, &[id]),
        (None, false, false, _) => write(2, &[&line.key]),
        // Equal rows are joined in their order; which of them is which makes no difference.
        (None, false, true, Some(content)) => write(3, &[&content.to_string()]),
        // One blank row is like another.
        (None, false, true, None) if line.code() == Some(Code::RowBlank) => write(4, &[]),
        // Nothing tells which row of another file it is.
        (None, false, true, None) => write(5, &[&line.sheet, &line.line, &uuid::Uuid::new_v4().to_string()]),
    }
    Record { hash: hasher.finish128().as_u128(), ordinal, outcome: line.outcome().unwrap_or(Outcome::NotSent), code: line.code() }
}

fn number_of(code: Option<Code>) -> u16 {
    code.and_then(|code| Code::ALL.iter().position(|known| *known == code))
        .map_or(NO_CODE, |at| u16::try_from(at).unwrap_or(NO_CODE))
}

fn code_of(number: u16) -> Option<Code> {
    Code::ALL.get(usize::from(number)).copied()
}

fn outcome_of(number: u8) -> Outcome {
    Outcome::ALL.get(usize::from(number)).copied().unwrap_or(Outcome::NotSent)
}

/// The rows of one side.
struct Files(Vec<BufWriter<File>>);

impl Files {
    fn new() -> Result<Self, CompareError> {
        (0..BUCKETS).map(|_| temporary()).collect::<Result<_, _>>().map(Self)
    }

    fn put(&mut self, record: &Record) -> Result<(), CompareError> {
        let mut bytes = [0; RECORD_BYTES];
        bytes[..16].copy_from_slice(&record.hash.to_le_bytes());
        bytes[16..24].copy_from_slice(&record.ordinal.to_le_bytes());
        bytes[24] = record.outcome as u8;
        bytes[25..].copy_from_slice(&number_of(record.code).to_le_bytes());
        let bucket = usize::try_from(record.hash % BUCKETS as u128).unwrap_or(0);
        self.0[bucket].write_all(&bytes).map_err(CompareError::Temporary)
    }

    /// The records, file by file.
    fn into_records(self) -> impl Iterator<Item = Result<Vec<Record>, CompareError>> {
        self.0.into_iter().map(|file| {
            let bytes = content(file)?;
            Ok(bytes.chunks_exact(RECORD_BYTES).filter_map(read_record).collect())
        })
    }
}

fn read_record(bytes: &[u8]) -> Option<Record> {
    Some(Record {
        hash: u128::from_le_bytes(bytes.get(..16)?.try_into().ok()?),
        ordinal: u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?),
        outcome: outcome_of(*bytes.get(24)?),
        code: code_of(u16::from_le_bytes(bytes.get(25..27)?.try_into().ok()?)),
    })
}

/// Changes that are put in any order and come back in that of the rows.
pub(super) struct Ordered {
    files: Vec<BufWriter<File>>,
    rows_in_each: u64,
}

/// Ordinal, change, whether something is known of before, outcome, code.
const CHANGE_BYTES: usize = 8 + 1 + 1 + 1 + 2;

impl Ordered {
    fn new(rows: u64) -> Result<Self, CompareError> {
        let files = (0..BUCKETS).map(|_| temporary()).collect::<Result<_, _>>()?;
        Ok(Self { files, rows_in_each: rows / BUCKETS as u64 + 1 })
    }

    fn put(&mut self, joined: Joined) -> Result<(), CompareError> {
        let mut bytes = [0; CHANGE_BYTES];
        bytes[..8].copy_from_slice(&joined.ordinal.to_le_bytes());
        bytes[8] = joined.change as u8;
        if let Some((outcome, code)) = joined.before {
            bytes[9] = 1;
            bytes[10] = outcome as u8;
            bytes[11..].copy_from_slice(&number_of(code).to_le_bytes());
        }
        let bucket = usize::try_from(joined.ordinal / self.rows_in_each).unwrap_or(0);
        self.files[bucket].write_all(&bytes).map_err(CompareError::Temporary)
    }

    /// The changes in the order of the rows.
    pub(super) fn into_sorted(self) -> impl Iterator<Item = Result<Joined, CompareError>> {
        self.files.into_iter().flat_map(|file| match content(file) {
            Err(error) => vec![Err(error)],
            Ok(bytes) => {
                let mut all: Vec<Joined> = bytes.chunks_exact(CHANGE_BYTES).filter_map(read_change).collect();
                all.sort_unstable_by_key(|joined| joined.ordinal);
                all.into_iter().map(Ok).collect()
            }
        })
    }
}

fn read_change(bytes: &[u8]) -> Option<Joined> {
    let code = code_of(u16::from_le_bytes(bytes.get(11..13)?.try_into().ok()?));
    Some(Joined {
        ordinal: u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?),
        change: Change::ALL.into_iter().find(|change| Some(&(*change as u8)) == bytes.get(8))?,
        before: (*bytes.get(9)? == 1).then_some((outcome_of(*bytes.get(10)?), code)),
    })
}

fn temporary() -> Result<BufWriter<File>, CompareError> {
    tempfile::tempfile().map(|file| BufWriter::with_capacity(16 * 1024, file)).map_err(CompareError::Temporary)
}

fn content(file: BufWriter<File>) -> Result<Vec<u8>, CompareError> {
    let read = || {
        let mut file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        let mut bytes = Vec::new();
        BufReader::new(file).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(CompareError::Temporary)
}
