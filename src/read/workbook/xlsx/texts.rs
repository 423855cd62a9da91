//! The workbook's table of texts, the only part of it that is held in memory: packed, about four bytes for a text besides its own.

use std::io::Read;

use memchr::memchr;

use super::markup::{Markup, Piece};
use super::text::{append_decoded, append_item, append_unescaped, is_plain, trimmed};
use crate::read::ReadError;

/// Texts that share one buffer.
const GROUP_TEXTS: usize = 1024;

/// Texts by their number.
#[derive(Debug, Default)]
pub(super) struct Texts {
    groups: Vec<Group>,
    last: Group,
}

#[derive(Debug, Default)]
struct Group {
    text: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Reads the table from its part.
    pub(super) fn read(markup: &mut Markup<'_, impl Read>) -> Result<Self, ReadError> {
        let mut texts = Self::default();
        let mut scratch = String::new();
        loop {
            while let Some(item) = plain_item(markup) {
                let length = item.bytes;
                texts.push_item(&item, &mut scratch).ok_or_else(|| markup.broken())?;
                markup.consume(length);
            }
            match markup.next()? {
                Piece::Open(tag) => match tag.name {
                    b"si" => {
                        append_item(markup, &mut texts.last.text, b"si")?;
                        texts.close().ok_or_else(|| markup.damaged("its texts are too long"))?;
                    }
                    b"sst" => {}
                    b"extLst" => markup.skip()?,
                    // Whatever it is, the texts behind it would have other numbers.
                    _ => return Err(markup.damaged("its table of texts holds something else")),
                },
                Piece::Close(_) | Piece::Text(_) | Piece::Verbatim(_) => {}
                Piece::End => return Ok(texts),
            }
        }
    }

    fn push_item(&mut self, item: &PlainItem<'_>, scratch: &mut String) -> Option<()> {
        let blanks = |text| if item.keeps_blanks { text } else { trimmed(text) };
        if is_plain(item.raw) {
            self.last.text.push_str(blanks(std::str::from_utf8(item.raw).ok()?));
        } else {
            scratch.clear();
            append_decoded(scratch, item.raw)?;
            append_unescaped(&mut self.last.text, blanks(scratch));
        }
        self.close()
    }

    /// Ends the text that was appended to the last group; `None` when the group is longer than its numbers can tell.
    fn close(&mut self) -> Option<()> {
        self.last.ends.push(u32::try_from(self.last.text.len()).ok()?);
        if self.last.ends.len() == GROUP_TEXTS {
            let mut full = std::mem::take(&mut self.last);
            full.text.shrink_to_fit();
            self.groups.push(full);
            self.last.ends.reserve_exact(GROUP_TEXTS);
        }
        Some(())
    }

    /// A text by its number, from 0.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let group =
            self.groups.get(index / GROUP_TEXTS).or_else(|| (index / GROUP_TEXTS == self.groups.len()).then_some(&self.last))?;
        let within = index % GROUP_TEXTS;
        let end = *group.ends.get(within)?;
        let start = within.checked_sub(1).and_then(|before| group.ends.get(before)).copied().unwrap_or(0);
        group.text.get(start as usize..end as usize)
    }
}

/// An item of one run, as nearly all are.
struct PlainItem<'a> {
    raw: &'a [u8],
    keeps_blanks: bool,
    bytes: usize,
}

fn plain_item<'m>(markup: &'m Markup<'_, impl Read>) -> Option<PlainItem<'m>> {
    let window = markup.window();
    let (inside, keeps_blanks) = match window.strip_prefix(b"<si><t>") {
        Some(inside) => (inside, false),
        None => (window.strip_prefix(b"<si><t xml:space=\"preserve\">")?, true),
    };
    let (raw, behind) = inside.split_at_checked(memchr(b'<', inside)?)?;
    let rest = behind.strip_prefix(b"</t></si>")?;
    (!markup.is_between()).then_some(PlainItem { raw, keeps_blanks, bytes: window.len() - rest.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::ReadSettings;
    use crate::read::source::SourceFile;

    fn read(xml: &str) -> Result<Texts, String> {
        let source = SourceFile::spool(&mut &b"x"[..], 1).unwrap();
        let settings = ReadSettings::default();
        let mut markup = Markup::new(&source, &settings, xml.as_bytes()).unwrap();
        Texts::read(&mut markup).map_err(|error| error.to_string())
    }

    #[test]
    fn texts_are_found_by_their_number() {
        let items = "<si><t> a&amp;b </t></si><si><t xml:space=\"preserve\"> c_x000A_</t></si><si/><si><t/></si>\n\
             <x:si><x:r><x:rPr><x:b/></x:rPr><x:t>Ив</x:t></x:r><x:r><x:t>анов</x:t></x:r><x:rPh sb=\"0\"><x:t>ива</x:t></x:rPh></x:si>";
        let many: String = (0..3000).map(|number| format!("<si><t>{number}</t></si>")).collect();
        let texts = read(&format!("<sst count=\"1\">{items}{many}<extLst><ext/></extLst></sst>")).unwrap();
        let first: Vec<&str> = (0..5).filter_map(|index| texts.get(index)).collect();
        assert_eq!(first, ["a&b", " c\n", "", "", "Иванов"]);
        for number in [0, 1018, 1019, 1020, 2999] {
            assert_eq!(texts.get(number + 5), Some(number.to_string().as_str()));
        }
        assert_eq!((texts.get(3005), texts.get(usize::MAX)), (None, None));
        assert_eq!(read("<sst/>").unwrap().get(0), None);
    }

    #[test]
    fn a_table_whose_numbers_would_not_hold_is_damaged() {
        for xml in ["<sst><sj><t>a</t></sj></sst>", "<sst><si><t>&b;</t></si></sst>", "<sst><si><t>a</si></sst>", "<sst><si>"] {
            assert!(read(xml).is_err(), "{xml}");
        }
    }
}
