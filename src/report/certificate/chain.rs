//! A hash chain over the lines of a file: each line is hashed together with the link before it. Knows no file and no format.
//!
//! The certificate keeps the link behind every so many lines, and so tells where a file was changed: a block whose lines do not lead
//! from the link before it to its own is not what was written, whatever happened to the others.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::super::partial::hex;

/// Lines of a block in a small file.
const BLOCK_LINES_MIN: u64 = 64;
/// Links that are kept; beyond, blocks become twice as long.
const LINKS_MAX: usize = 1024;
/// What the first line is hashed with.
const START: &[u8] = b"clientferry chain 1";

type Link = [u8; 32];

/// A chain in the making.
#[derive(Clone, Debug)]
pub(in crate::report) struct Chain {
    link: Link,
    /// A line whose end has not come yet.
    line: Option<Sha256>,
    lines: u64,
    block_lines: u64,
    links: Vec<Link>,
}

/// The chain of one file as the certificate keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainRecord {
    /// Name of the file in the report folder.
    pub file: String,
    /// Its lines, the header included, as a text editor counts them.
    pub lines: u64,
    /// Lines of a block; the last block may have fewer.
    pub block_lines: u64,
    /// The link behind each block, lower-case hex.
    pub links: Vec<String>,
}

fn start() -> Link {
    Sha256::digest(START).into()
}

impl Chain {
    pub(in crate::report) fn new() -> Self {
        Self { link: start(), line: None, lines: 0, block_lines: BLOCK_LINES_MIN, links: Vec::new() }
    }

    /// Takes the next bytes, cut anywhere.
    pub(in crate::report) fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let link = &self.link;
            let line = self.line.get_or_insert_with(|| Sha256::new_with_prefix(link));
            line.update(part);
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let Some(line) = self.line.take() else { return };
        self.link = line.finalize().into();
        self.lines += 1;
        if !self.lines.is_multiple_of(self.block_lines) {
            return;
        }
        self.links.push(self.link);
        if self.links.len() > LINKS_MAX {
            // The odd one out ends in the middle of a longer block.
            let mut number = 0_usize;
            self.links.retain(|_| {
                number += 1;
                number.is_multiple_of(2)
            });
            self.block_lines *= 2;
        }
    }

    /// The chain of the whole file.
    pub(in crate::report) fn end(mut self, file: &str) -> ChainRecord {
        self.end_line();
        if self.links.last() != Some(&self.link) && self.lines > 0 {
            self.links.push(self.link);
        }
        let links = self.links.iter().map(|link| hex(link)).collect();
        ChainRecord { file: file.to_owned(), lines: self.lines, block_lines: self.block_lines, links }
    }
}

/// A file as it was read again.
#[derive(Debug)]
pub(super) struct Reread {
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) lines: u64,
    /// First and last line of each stretch that is not what was written; bounded.
    pub(super) changed: Vec<(u64, u64)>,
}

/// Reads a file again and holds its blocks against the chain, where it has one.
pub(super) fn reread(mut file: impl Read, record: Option<&ChainRecord>) -> io::Result<Reread> {
    let mut whole = Sha256::new();
    let mut blocks = record.map(Blocks::new);
    let mut buffer = vec![0; 256 << 10];
    let mut bytes = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let part = buffer.get(..read).unwrap_or(&[]);
        bytes += read as u64;
        whole.update(part);
        if let Some(blocks) = &mut blocks {
            blocks.take(part);
        }
    }
    let (lines, changed) = blocks.map_or((0, Vec::new()), Blocks::end);
    Ok(Reread { bytes, sha256: hex(&whole.finalize()), lines, changed })
}

/// Holds blocks of lines against the links of a record, each from the recorded link before it.
struct Blocks<'a> {
    record: &'a ChainRecord,
    /// The chain of the present block alone.
    link: Link,
    line: Option<Sha256>,
    lines: u64,
    changed: Vec<(u64, u64)>,
}

impl<'a> Blocks<'a> {
    fn new(record: &'a ChainRecord) -> Self {
        Self { record, link: start(), line: None, lines: 0, changed: Vec::new() }
    }

    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let link = &self.link;
            self.line.get_or_insert_with(|| Sha256::new_with_prefix(link)).update(part);
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let Some(line) = self.line.take() else { return };
        self.link = line.finalize().into();
        self.lines += 1;
        let block_lines = self.record.block_lines.max(1);
        if self.lines.is_multiple_of(block_lines) || self.lines == self.record.lines {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        let block_lines = self.record.block_lines.max(1);
        let block = (self.lines.saturating_sub(1)) / block_lines;
        let recorded = usize::try_from(block).ok().and_then(|block| self.record.links.get(block)).and_then(|link| unhex(link));
        if recorded != Some(self.link) {
            let first = block * block_lines + 1;
            let has_room = self.changed.len() < LINKS_MAX;
            match self.changed.last_mut() {
                Some((_, last)) if *last + 1 >= first => *last = self.lines,
                Some(_) | None if has_room => self.changed.push((first, self.lines)),
                Some(_) | None => {}
            }
        }
        if self.lines.is_multiple_of(block_lines)
            && let Some(link) = recorded
        {
            self.link = link;
        }
    }

    fn end(mut self) -> (u64, Vec<(u64, u64)>) {
        self.end_line();
        let block_lines = self.record.block_lines.max(1);
        if self.lines != self.record.lines && !self.lines.is_multiple_of(block_lines) {
            self.end_block();
        }
        (self.lines, self.changed)
    }
}

/// The bytes of a link.
fn unhex(text: &str) -> Option<Link> {
    let mut link = Link::default();
    if text.len() != 2 * link.len() || !text.is_ascii() {
        return None;
    }
    for (at, byte) in link.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(bytes: &[u8]) -> ChainRecord {
        let mut chain = Chain::new();
        chain.take(bytes);
        chain.end("f")
    }

    fn text(lines: usize) -> Vec<u8> {
        (0..lines).flat_map(|line| format!("line {line}\n").into_bytes()).collect()
    }

    #[test]
    fn links_stay_few_and_blocks_even() {
        for lines in [0, 1, 63, 64, 65, 1000, 64 * 1024, 64 * 1024 + 1, 64 * 1025, 200_000] {
            let text = text(lines);
            let record = record(&text);
            assert_eq!(record.lines, lines as u64);
            assert!(record.links.len() <= LINKS_MAX + 1, "{}", record.links.len());
            assert_eq!(record.links.len() as u64, record.lines.div_ceil(record.block_lines), "{lines}");
            let again = reread(&text[..], Some(&record)).unwrap();
            assert_eq!((again.changed, again.lines, again.bytes), (vec![], lines as u64, text.len() as u64));
        }
    }

    #[test]
    fn a_changed_line_is_found_in_its_block_alone() {
        let whole = text(1000);
        let record = record(&whole);
        let mut changed = whole.clone();
        let at = whole.windows(8).position(|window| window == b"line 500").unwrap();
        changed[at] ^= 1;
        // Lines are counted from 1, so line 500 is the 501st.
        assert_eq!(reread(&changed[..], Some(&record)).unwrap().changed, [(449, 512)]);
        changed[at] ^= 1;
        changed.truncate(at);
        assert_eq!(reread(&changed[..], Some(&record)).unwrap().changed, [(449, 500)]);
        let longer = [&whole[..], b"line 1000\n"].concat();
        assert_eq!(reread(&longer[..], Some(&record)).unwrap().changed, [(961, 1001)]);
    }

    proptest! {
        #[test]
        fn the_chain_does_not_depend_on_how_bytes_arrive(lines in 0_usize..200, cuts in prop::collection::vec(0_usize..2000, 0..8), whole in any::<bool>()) {
            let mut text = text(lines);
            if !whole {
                text.extend_from_slice(b"no end");
            }
            let mut chain = Chain::new();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            for pair in cuts.windows(2) {
                chain.take(&text[pair[0]..pair[1]]);
            }
            prop_assert_eq!(chain.end("f"), record(&text));
        }

        #[test]
        fn any_flipped_bit_of_a_line_is_found(lines in 1_usize..300, at in 0_usize..4000, bit in 0_u8..8) {
            let mut text = text(lines);
            let record = record(&text);
            let at = at % text.len();
            text[at] ^= 1 << bit;
            let again = reread(&text[..], Some(&record)).unwrap();
            prop_assert!(!again.changed.is_empty());
        }
    }
}
