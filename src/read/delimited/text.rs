//! The file as text: decoded while it streams, in a window of bounded size. Knows where bytes did not fit, not what a row is.

use std::collections::VecDeque;
use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use wide::u8x16;

use super::lanes::{LANES, lanes};
use crate::read::source::Pass;

const READ_BYTES: usize = 256 << 10;
/// What is decoded ahead of the parser.
const AHEAD_BYTES: usize = 256 << 10;

/// A window of decoded text that moves over a stream.
pub(super) struct TextReader<R> {
    input: R,
    raw: Box<[u8]>,
    raw_range: std::ops::Range<usize>,
    decoder: Decoder,
    /// Whether the encoding leaves bytes open, which the decoder makes control characters of. Unicode has such characters itself.
    leaves_open: bool,
    window: String,
    /// Offset of the window's first byte in the whole decoded text.
    offset: u64,
    /// Offsets in the whole decoded text of what no text has: U+FFFD (bytes that did not fit, or were replaced before the file came
    /// to us), control characters beyond ASCII (bytes that the encoding leaves open), NUL.
    bad: VecDeque<u64>,
    /// Offsets of pairs that text in a double encoding is full of, and other text hardly ever has.
    twice: VecDeque<u64>,
    input_ended: bool,
    ended: bool,
}

impl<R: Read> TextReader<R> {
    /// Decodes a stream that stands behind its byte order mark.
    pub(super) fn new(input: R, encoding: &'static Encoding) -> Self {
        Self {
            input,
            raw: vec![0; READ_BYTES].into_boxed_slice(),
            raw_range: 0..0,
            decoder: encoding.new_decoder_without_bom_handling(),
            leaves_open: ![UTF_8, UTF_16LE, UTF_16BE].contains(&encoding),
            window: String::new(),
            offset: 0,
            bad: VecDeque::new(),
            twice: VecDeque::new(),
            input_ended: false,
            ended: false,
        }
    }

    /// What is decoded and not consumed.
    pub(super) fn window(&self) -> &str {
        &self.window
    }

    /// Whether the window reaches to the end of the text.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// The stream itself.
    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// Whether something that no text has stands in the window between these offsets. Forgets what stands before `start`.
    pub(super) fn is_bad(&mut self, start: usize, end: usize) -> bool {
        any_between(&mut self.bad, self.offset + start as u64, self.offset + end as u64)
    }

    /// Whether a sign of double encoding stands in the window between these offsets. Forgets what stands before `start`.
    pub(super) fn is_twice(&mut self, start: usize, end: usize) -> bool {
        any_between(&mut self.twice, self.offset + start as u64, self.offset + end as u64)
    }

    /// Drops the first `consumed` bytes of the window and decodes more behind its end.
    pub(super) fn advance(&mut self, consumed: usize) -> io::Result<()> {
        self.window.drain(..consumed);
        self.offset += consumed as u64;
        let decoded_from = self.window.len();
        let wanted = decoded_from + AHEAD_BYTES;
        self.window.reserve(AHEAD_BYTES + 16);
        while !self.ended && self.window.len() < wanted {
            if self.raw_range.is_empty() && !self.input_ended {
                self.read()?;
            }
            let raw = &self.raw[self.raw_range.clone()];
            let (result, read) = self.decoder.decode_to_string_without_replacement(raw, &mut self.window, self.input_ended);
            self.raw_range.start += read;
            match result {
                DecoderResult::InputEmpty => self.ended = self.input_ended,
                DecoderResult::OutputFull => {
                    if self.window.len() + 16 >= wanted {
                        break;
                    }
                    self.window.reserve(AHEAD_BYTES);
                }
                DecoderResult::Malformed(_, _) => self.window.push(char::REPLACEMENT_CHARACTER),
            }
        }
        if self.ended && self.window.ends_with('\u{1a}') {
            // DOS programs end a text with ^Z; it is no part of the last row.
            self.window.pop();
        }
        self.note_bad(decoded_from);
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        let read = loop {
            match self.input.read(&mut self.raw) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.raw_range = 0..read;
        self.input_ended = read == 0;
        Ok(())
    }

    /// Notes what is odd in the window from here on.
    fn note_bad(&mut self, from: usize) {
        let (text, base) = (self.window.as_bytes(), self.offset);
        // A sign of two characters may be cut where the window ended before; the first has two bytes.
        if let Some(cut) = from.checked_sub(2).filter(|&cut| is_sign_of_twice(text.get(cut..).unwrap_or(&[]))) {
            self.twice.push_back(base + cut as u64);
        }
        let mut at = from;
        while at < text.len() {
            let mut candidates = candidates(text, at);
            while candidates != 0 {
                let candidate = at + candidates.trailing_zeros() as usize;
                candidates &= candidates - 1;
                let here = text.get(candidate..).unwrap_or(&[]);
                if is_no_text(here, self.leaves_open) {
                    self.bad.push_back(base + candidate as u64);
                }
                if is_sign_of_twice(here) {
                    self.twice.push_back(base + candidate as u64);
                }
            }
            at += LANES;
        }
    }
}

/// Which of the sixteen bytes from `at` on may begin what [`is_no_text`] or [`is_sign_of_twice`] know: NUL, the first bytes of
/// accents, typographic signs and U+FFFD, `Р` and `С`. Few characters of tables do. The lowest bit stands for the first byte.
#[inline]
fn candidates(text: &[u8], at: usize) -> u32 {
    let (Some(here), Some(next)) = (lanes(text, at), lanes(text, at + 1)) else {
        // Near the end each byte may.
        return (1 << text.len().saturating_sub(at).min(LANES)) - 1;
    };
    let all_but_last_bit = u8x16::splat(0xfe);
    let rare = here.simd_eq(u8x16::ZERO)
        | (here & all_but_last_bit).simd_eq(u8x16::splat(0xc2))
        | here.simd_eq(u8x16::splat(0xe2))
        | here.simd_eq(u8x16::splat(0xef));
    let er_or_es = here.simd_eq(u8x16::splat(0xd0)) & (next & all_but_last_bit).simd_eq(u8x16::splat(0xa0));
    (rare | er_or_es).to_bitmask()
}

/// Whether one of the offsets lies between these two. Forgets those before `start`.
fn any_between(offsets: &mut VecDeque<u64>, start: u64, end: u64) -> bool {
    while offsets.front().is_some_and(|&offset| offset < start) {
        offsets.pop_front();
    }
    offsets.front().is_some_and(|&offset| offset < end)
}

/// Whether NUL, U+FFFD or a control character that an open byte was made to begins here.
fn is_no_text(bytes: &[u8], leaves_open: bool) -> bool {
    match bytes {
        [0, ..] | [0xef, 0xbf, 0xbd, ..] => true,
        [0xc2, 0x80..=0x9f, ..] => leaves_open,
        _ => false,
    }
}

/// Whether a pair begins here that text in a double encoding is full of: `Р` or `С` and no Russian letter, `Ã`, `Â`, `Ð` or `Ñ` and
/// no letter of ASCII, two capitals with accents or more, `╨` or `╤`.
fn is_sign_of_twice(bytes: &[u8]) -> bool {
    match bytes {
        [0xd0, 0xa0 | 0xa1, 0xd0, 0x90..=0xbf, ..] | [0xd0, 0xa0 | 0xa1, 0xd1, 0x80..=0x8f, ..] => false,
        [0xd0, 0xa0 | 0xa1, 0x80..=0xff, ..] | [0xc3, 0x82 | 0x83 | 0x90 | 0x91, 0x80..=0xff, ..] => true,
        [0xc3, 0x80..=0xbf, 0xc3, ..] | [0xe2, 0x95, 0xa8 | 0xa4, ..] => true,
        _ => false,
    }
}

impl TextReader<Pass> {
    /// The open file.
    pub(super) fn file(&self) -> &Pass {
        self.input()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::WINDOWS_1251;

    /// Gives few bytes at a time, as pipes and network drives do.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn whole(bytes: &[u8], encoding: &'static Encoding, step: usize) -> (String, Vec<u64>) {
        let mut reader = TextReader::new(Dribble(bytes, step), encoding);
        let mut text = String::new();
        loop {
            let consumed = reader.window().len();
            text.push_str(reader.window());
            if reader.ended() {
                break;
            }
            reader.advance(consumed).unwrap();
        }
        (text, reader.bad.into())
    }

    #[test]
    fn characters_cut_between_reads_are_whole() {
        let text = "Пётр;«ёлка»;𝒳\r\n".repeat(400);
        let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for step in [1, 3, 7, 1000] {
            assert_eq!(whole(text.as_bytes(), UTF_8, step), (text.clone(), vec![]));
            assert_eq!(whole(&utf_16, UTF_16LE, step), (text.clone(), vec![]));
        }
        let russian = "Пётр;Ёлкин\n".repeat(100_000);
        assert_eq!(whole(&WINDOWS_1251.encode(&russian).0, WINDOWS_1251, 65_000).0, russian);
    }

    #[test]
    fn places_of_bad_bytes_are_known() {
        assert_eq!(whole(b"ab\xffc\xd0", UTF_8, 2), ("ab\u{fffd}c\u{fffd}".into(), vec![2, 6]));
        assert_eq!(whole("a\u{fffd}".as_bytes(), UTF_8, 9).1, [1]);
        assert_eq!(whole(b"a\x1a", UTF_8, 9).0, "a");
    }
}
