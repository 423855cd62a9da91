//! The container of old Office documents: a file system of sectors in one file. Streams are read sector by sector; no chain is
//! longer than the file, however its links loop. Does not know what the streams say.

use std::io::{self, Read, Seek, SeekFrom};

use super::super::damaged;
use crate::read::ReadError;
use crate::read::source::{Pass, SourceFile};

const HEADER_BYTES: usize = 512;
const FIRST_FAT_SECTORS: usize = 109;
const ENTRY_BYTES: usize = 128;
const MINI_SECTOR_BYTES: usize = 64;
/// Sector numbers from here on are marks: end of chain, free, part of a table.
const MARKS_FROM: u32 = 0xffff_fffa;
/// Entries of a directory; a workbook has a dozen, one with macros some hundred.
const ENTRIES_MAX: usize = 65_536;

/// An opened container.
pub(super) struct Ole<'a> {
    source: &'a SourceFile,
    file: Pass,
    sector_bytes: usize,
    sectors: usize,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    mini_cutoff: u64,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    is_stream: bool,
    is_root: bool,
    start: u32,
    bytes: u64,
}

impl<'a> Ole<'a> {
    pub(super) fn open(source: &'a SourceFile) -> Result<Self, ReadError> {
        let mut file = source.open()?;
        let header = read_at(&mut file, 0, HEADER_BYTES).map_err(|error| source.failed(error))?;
        let sector_bytes = match u16_at(&header, 30) {
            Some(9) => 512,
            Some(12) => 4096,
            Some(_) | None => return Err(broken(source)),
        };
        let sectors = usize::try_from(source.bytes()).unwrap_or(usize::MAX) / sector_bytes + 1;
        let mut ole = Self {
            source,
            file,
            sector_bytes,
            sectors,
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini_cutoff: u64::from(u32_at(&header, 56).unwrap_or(4096)),
            entries: Vec::new(),
        };
        ole.read_fat(&header)?;
        let directory_start = u32_at(&header, 48).ok_or_else(|| broken(source))?;
        let chain = ole.chain(directory_start, ENTRIES_MAX * ENTRY_BYTES / sector_bytes)?;
        let directory = ole.read_sectors(&chain)?;
        let is_short = sector_bytes == 512;
        ole.entries = directory.chunks_exact(ENTRY_BYTES).filter_map(|bytes| entry(bytes, is_short)).collect();
        if let Some(start) = u32_at(&header, 60).filter(|&start| start < MARKS_FROM) {
            let chain = ole.chain(start, ole.sectors)?;
            ole.mini_fat = ole.read_sectors(&chain)?.chunks_exact(4).filter_map(|bytes| u32_at(bytes, 0)).collect();
        }
        Ok(ole)
    }

    /// Whether there is a stream of this name; case does not count.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is_stream && entry.name.to_lowercase() == name.to_lowercase())
    }

    /// Opens a stream for reading.
    pub(super) fn stream(mut self, name: &str) -> Result<Option<Stream>, ReadError> {
        let Some(&Entry { start, bytes, .. }) = self.find(name) else { return Ok(None) };
        if bytes >= self.mini_cutoff {
            let wanted = usize::try_from(bytes.div_ceil(self.sector_bytes as u64)).unwrap_or(usize::MAX);
            let chain = self.chain(start, wanted.min(self.sectors))?;
            return Ok(Some(Stream { file: self.file, sectors: Some((chain, self.sector_bytes)), bytes, at: 0, held: None }));
        }
        let root = self.entries.iter().find(|entry| entry.is_root).map_or(MARKS_FROM, |root| root.start);
        let chain = self.chain(root, self.sectors)?;
        let mini = self.read_sectors(&chain)?;
        let mut held = Vec::new();
        let mut at = start;
        while (held.len() as u64) < bytes && at < MARKS_FROM {
            let from = (at as usize).saturating_mul(MINI_SECTOR_BYTES);
            let Some(sector) = mini.get(from..from.saturating_add(MINI_SECTOR_BYTES)) else { break };
            held.extend_from_slice(sector);
            at = self.mini_fat.get(at as usize).copied().unwrap_or(MARKS_FROM);
        }
        held.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        let bytes = held.len() as u64;
        Ok(Some(Stream { file: self.file, sectors: None, bytes, at: 0, held: Some(held) }))
    }

    /// The table of sectors: its own sectors are listed in the header, and in a chain of lists behind it.
    fn read_fat(&mut self, header: &[u8]) -> Result<(), ReadError> {
        let per_sector = self.sector_bytes / 4;
        let needed = self.sectors.div_ceil(per_sector);
        let mut listed: Vec<u32> = (0..FIRST_FAT_SECTORS).filter_map(|index| u32_at(header, 76 + index * 4)).collect();
        let mut next = u32_at(header, 68).unwrap_or(MARKS_FROM);
        let mut lists = 0;
        while next < MARKS_FROM && lists <= needed {
            let list = self.read_sectors(&[next])?;
            let numbers: Vec<u32> = list.chunks_exact(4).filter_map(|bytes| u32_at(bytes, 0)).collect();
            let Some((last, numbers)) = numbers.split_last() else { break };
            listed.extend_from_slice(numbers);
            next = *last;
            lists += 1;
        }
        listed.retain(|&sector| sector < MARKS_FROM);
        // A table longer than the file tells of sectors that are not there.
        listed.truncate(needed);
        for sector in listed {
            let table = self.read_sectors(&[sector])?;
            self.fat.extend(table.chunks_exact(4).filter_map(|bytes| u32_at(bytes, 0)));
        }
        Ok(())
    }

    /// The sectors of a chain, at most `sectors_max`. One that comes back to itself would be longer than the file.
    fn chain(&self, start: u32, sectors_max: usize) -> Result<Vec<u32>, ReadError> {
        let mut chain = Vec::new();
        let mut at = start;
        while at < MARKS_FROM && chain.len() < sectors_max.min(self.sectors) {
            if at as usize >= self.sectors {
                return Err(broken(self.source));
            }
            chain.push(at);
            at = self.fat.get(at as usize).copied().unwrap_or(MARKS_FROM);
        }
        let mut seen = chain.clone();
        seen.sort_unstable();
        if seen.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(damaged(self.source, "the chain of its sectors comes back to itself".to_owned()));
        }
        Ok(chain)
    }

    fn read_sectors(&mut self, sectors: &[u32]) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        for &sector in sectors {
            let at = (u64::from(sector) + 1) * self.sector_bytes as u64;
            let read = read_at(&mut self.file, at, self.sector_bytes).map_err(|error| self.source.failed(error))?;
            bytes.extend_from_slice(&read);
        }
        Ok(bytes)
    }
}

fn entry(bytes: &[u8], is_short: bool) -> Option<Entry> {
    let name_bytes = usize::from(u16_at(bytes, 64)?).min(64).saturating_sub(2);
    let units: Vec<u16> = bytes.get(..name_bytes)?.chunks_exact(2).filter_map(|unit| u16_at(unit, 0)).collect();
    let kind = *bytes.get(66)?;
    let low = u64::from(u32_at(bytes, 120)?);
    let high = u64::from(u32_at(bytes, 124)?);
    Some(Entry {
        name: String::from_utf16_lossy(&units),
        is_stream: kind == 2,
        is_root: kind == 5,
        start: u32_at(bytes, 116)?,
        // Containers with short sectors leave anything in the upper half.
        bytes: if is_short { low } else { low | high << 32 },
    })
}

/// One stream of a container, or a file that is nothing but this stream.
pub(super) struct Stream {
    file: Pass,
    /// Sectors in their order and the bytes of each; none where the file is the stream.
    sectors: Option<(Vec<u32>, usize)>,
    bytes: u64,
    at: u64,
    /// A short stream, as a whole.
    held: Option<Vec<u8>>,
}

impl Stream {
    /// A workbook's stream that lies in the file without a container.
    pub(super) fn bare(source: &SourceFile) -> Result<Self, ReadError> {
        Ok(Self { file: source.open()?, sectors: None, bytes: source.bytes(), at: 0, held: None })
    }

    /// Goes to a place in the stream.
    pub(super) fn go(&mut self, at: u64) {
        self.at = at;
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.bytes.saturating_sub(self.at);
        let mut wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let read = match (&self.held, &self.sectors) {
            (Some(held), _) => {
                let from = usize::try_from(self.at).unwrap_or(usize::MAX);
                let bytes = held.get(from..).unwrap_or(&[]);
                let bytes = &bytes[..bytes.len().min(wanted)];
                buffer[..bytes.len()].copy_from_slice(bytes);
                bytes.len()
            }
            (None, Some((sectors, sector_bytes))) => {
                let size = *sector_bytes as u64;
                let index = usize::try_from(self.at / size).unwrap_or(usize::MAX);
                let Some(&sector) = sectors.get(index) else { return Ok(0) };
                // Sectors that follow one another in the file are read in one go.
                let mut run = 1;
                while (run * *sector_bytes) < wanted && sectors.get(index + run) == Some(&(sector + run as u32)) {
                    run += 1;
                }
                let within = self.at % size;
                wanted = wanted.min(run * *sector_bytes - usize::try_from(within).unwrap_or(0));
                self.file.seek(SeekFrom::Start((u64::from(sector) + 1) * size + within))?;
                self.file.read(&mut buffer[..wanted])?
            }
            (None, None) => {
                self.file.seek(SeekFrom::Start(self.at))?;
                self.file.read(&mut buffer[..wanted])?
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

fn broken(source: &SourceFile) -> ReadError {
    damaged(source, "the table of its sectors is broken or cut off".to_owned())
}

fn read_at(file: &mut Pass, at: u64, bytes: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut read = Vec::new();
    file.take(bytes as u64).read_to_end(&mut read)?;
    Ok(read)
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

pub(super) fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    bytes.get(at..)?.first_chunk().map(|bytes| f64::from_le_bytes(*bytes))
}
