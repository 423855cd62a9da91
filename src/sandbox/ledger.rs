//! The ledger: one JSON line for each created client, in a file or in memory. Written before the answer; judges nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::SandboxError;

/// A line of the ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// When it was created, RFC 3339.
    pub(super) time: chrono::DateTime<chrono::Utc>,
    /// `provider/kind`.
    pub(super) operation: String,
    /// Its idempotency key; null where the provider takes none.
    pub(super) key: Option<Uuid>,
    /// The id given to it, as the provider's answers write it.
    pub(super) id: String,
    /// The request's body.
    pub(super) body: Value,
}

/// Where a line is kept.
#[derive(Debug)]
pub(super) enum Line {
    /// Here.
    Memory(Box<str>),
    /// In the file, at this byte, this many bytes long without the line feed.
    File { offset: u64, bytes: usize },
}

/// An open ledger.
#[derive(Debug)]
pub(super) struct Ledger {
    file: Option<File>,
    length: u64,
}

impl Ledger {
    /// Opens the file (or memory), hands every entry in it to `take` and cuts off a last line that was not finished.
    pub(super) fn open(path: Option<&Path>, mut take: impl FnMut(Entry, Line)) -> Result<Self, SandboxError> {
        let Some(path) = path else { return Ok(Self { file: None, length: 0 }) };
        let unusable = |source| SandboxError::Ledger { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        // It holds whole bodies.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SandboxError::LedgerInUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let mut length = 0_u64;
        let mut number = 0_u64;
        let mut line = Vec::new();
        let mut reader = BufReader::new(&file);
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).map_err(unusable)?;
            // A line without its end was being written when the process died, so it was never answered.
            if read == 0 || line.last() != Some(&b'\n') {
                break;
            }
            number = number.saturating_add(1);
            line.pop();
            let entry =
                serde_json::from_slice(&line).map_err(|_| SandboxError::LedgerLine { path: path.to_owned(), line: number })?;
            take(entry, Line::File { offset: length, bytes: line.len() });
            length = length.saturating_add(read as u64);
        }
        file.set_len(length).map_err(unusable)?;
        Ok(Self { file: Some(file), length })
    }

    /// Writes a line with its end at once; after an error the file is as before.
    pub(super) fn append(&mut self, entry: &Entry) -> io::Result<Line> {
        let mut line = serde_json::to_string(entry)?;
        let Some(file) = &mut self.file else { return Ok(Line::Memory(line.into_boxed_str())) };
        let place = Line::File { offset: self.length, bytes: line.len() };
        line.push('\n');
        if let Err(error) = file.write_all(line.as_bytes()).and_then(|()| file.flush()) {
            file.set_len(self.length)?;
            return Err(error);
        }
        self.length = self.length.saturating_add(line.len() as u64);
        Ok(place)
    }

    /// Reads a line back.
    pub(super) fn read(&mut self, line: &Line) -> io::Result<Entry> {
        match (line, &mut self.file) {
            (Line::Memory(text), _) => Ok(serde_json::from_str(text)?),
            (Line::File { offset, bytes }, Some(file)) => {
                let mut text = vec![0; *bytes];
                file.seek(SeekFrom::Start(*offset))?;
                file.read_exact(&mut text)?;
                Ok(serde_json::from_slice(&text)?)
            }
            (Line::File { .. }, None) => Err(io::Error::other("the ledger has no file")),
        }
    }

    /// Removes every line.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.set_len(0)?;
        }
        self.length = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u128) -> Entry {
        Entry {
            time: chrono::DateTime::UNIX_EPOCH,
            operation: "tbank/lite-contact".to_owned(),
            key: Some(Uuid::from_u128(number)),
            id: Uuid::from_u128(number + 100).to_string(),
            body: serde_json::json!({"type": "LITE_CONTACT"}),
        }
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_the_rest_survives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let mut ledger = Ledger::open(Some(&path), |_, _| panic!("a new ledger is empty")).unwrap();
        ledger.append(&entry(1)).unwrap();
        ledger.append(&entry(2)).unwrap();
        drop(ledger);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], &br#"{"time":"2026-"#[..]].concat()).unwrap();
        let mut seen = Vec::new();
        let mut ledger = Ledger::open(Some(&path), |entry, line| seen.push((entry.key, line))).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        assert_eq!(ledger.read(&seen[1].1).unwrap().id, entry(2).id);
        ledger.append(&entry(3)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
        assert!(matches!(Ledger::open(Some(&path), |_, _| ()), Err(SandboxError::LedgerInUse(_))));
    }

    #[test]
    fn ids_are_texts_keys_may_be_missing_and_old_lines_still_load() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let id = Uuid::from_u128(7).to_string();
        let key = Uuid::from_u128(8);
        let old = format!(
            "{{\"time\":\"2026-01-02T03:04:05.006Z\",\"operation\":\"tbank/lite-contact\",\"key\":\"{key}\",\"id\":\"{id}\",\"body\":{{}}}}\n"
        );
        std::fs::write(&path, old).unwrap();
        let mut seen = Vec::new();
        let mut ledger = Ledger::open(Some(&path), |entry, _| seen.push((entry.key, entry.id))).unwrap();
        assert_eq!(seen, [(Some(key), id)]);
        let line = ledger.append(&Entry { key: None, id: "101320001".to_owned(), ..entry(1) }).unwrap();
        assert_eq!(ledger.read(&line).unwrap().id, "101320001");
        assert!(std::fs::read_to_string(&path).unwrap().contains("\"key\":null"));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_a_new_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        Ledger::open(Some(&path), |_, _| ()).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_spoilt_line_in_the_middle_is_an_error_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        std::fs::write(&path, "{\"time\":1}\n").unwrap();
        let error = Ledger::open(Some(&path), |_, _| ()).unwrap_err();
        assert!(matches!(error, SandboxError::LedgerLine { line: 1, .. }), "{error}");
    }
}
