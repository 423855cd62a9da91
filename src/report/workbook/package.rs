//! The zip package of the user's workbook and the relations between its parts. Changes nothing and knows no sheet's cells.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use quick_xml::events::Event;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::xml;
use crate::model::{folded_part, related_part, relations_part};

/// Bytes of a part that is held in memory as a whole: styles, relations, comments, never a sheet.
const WHOLE_PART_BYTES_MAX: u64 = 64 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// Why a workbook cannot be given back as it is, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unkept(pub(super) String);

impl Unkept {
    pub(super) fn because(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// XML that ends too early, is no XML or not UTF-8.
    pub(super) fn broken(part: &str) -> Self {
        Self(format!("its part {part} is not as the format asks"))
    }
}

/// A relation between two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) id: String,
    /// The whole type.
    pub(super) kind: String,
    /// Full name of the part, or an address outside.
    pub(super) target: String,
}

impl Relation {
    /// The last word of the type.
    pub(super) fn word(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or("")
    }
}

/// An opened package.
#[derive(Debug)]
pub(super) struct Package {
    archive: ZipArchive<BufReader<File>>,
    /// By the name in the form in which names are compared.
    indexes: HashMap<String, usize>,
}

impl Package {
    pub(super) fn open(path: &Path) -> Result<Self, Unkept> {
        let file = File::open(path).map_err(|error| Unkept::because(format!("it cannot be opened again: {error}")))?;
        let archive = ZipArchive::new(BufReader::with_capacity(BUFFER_BYTES, file))
            .map_err(|_| Unkept::because("its zip archive is odd"))?;
        let mut indexes = HashMap::new();
        for index in 0..archive.len() {
            let Some(Ok(name)) = archive.name_for_index(index) else {
                return Err(Unkept::because("the name of one of its parts is no text"));
            };
            if indexes.insert(folded_part(&name), index).is_some() {
                return Err(Unkept::because("it holds a part twice"));
            }
        }
        Ok(Self { archive, indexes })
    }

    pub(super) fn len(&self) -> usize {
        self.archive.len()
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.indexes.get(&folded_part(name)).copied()
    }

    /// A part's name as the package writes it.
    pub(super) fn name(&self, index: usize) -> Option<String> {
        self.archive.name_for_index(index)?.ok().map(std::borrow::Cow::into_owned)
    }

    /// Whether a part's name begins so, in the form in which names are compared.
    pub(super) fn has_under(&self, folder: &str) -> bool {
        self.indexes.keys().any(|name| name.starts_with(folder))
    }

    /// A part as it lies there, packed.
    pub(super) fn packed(&mut self, index: usize) -> io::Result<ZipFile<'_, BufReader<File>>> {
        self.archive.by_index_raw(index).map_err(io::Error::other)
    }

    /// A part as a stream.
    pub(super) fn stream(&mut self, index: usize) -> io::Result<ZipFile<'_, BufReader<File>>> {
        self.archive.by_index(index).map_err(io::Error::other)
    }

    /// A small part as a whole, as UTF-8.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Unkept> {
        let Some(index) = self.index(name) else { return Ok(None) };
        let part = self.stream(index).map_err(|_| Unkept::broken(name))?;
        let mut bytes = Vec::new();
        part.take(WHOLE_PART_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|_| Unkept::broken(name))?;
        if bytes.len() as u64 > WHOLE_PART_BYTES_MAX {
            return Err(Unkept::because(format!("its part {name} is too large")));
        }
        let text = String::from_utf8(bytes).map_err(|_| Unkept::because(format!("its part {name} is not in UTF-8")))?;
        Ok(Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
    }

    /// The relations of a part; none where it has no table of them.
    pub(super) fn relations(&mut self, part: &str) -> Result<Vec<Relation>, Unkept> {
        match self.text(&relations_part(part))? {
            Some(text) => Ok(relations_in(&text, part)),
            None => Ok(Vec::new()),
        }
    }
}

fn relations_in(text: &str, part: &str) -> Vec<Relation> {
    let mut found = Vec::new();
    each_tag(text, &mut |tag| {
        if xml::local(tag) != "Relationship" {
            return;
        }
        let get = |name| xml::value(tag, name).map(xml::unescaped);
        if let (Some(id), Some(kind), Some(target)) = (get("Id"), get("Type"), get("Target")) {
            let is_outside = get("TargetMode").is_some_and(|mode| mode == "External");
            let target = if is_outside { target } else { related_part(part, &target) };
            found.push(Relation { id, kind, target });
        }
    });
    found
}

/// Shows every opening tag of a text without its brackets, until the XML ends or breaks.
pub(super) fn each_tag(text: &str, visit: &mut dyn FnMut(&str)) {
    let mut reader = xml::reader(text.as_bytes());
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag) | Event::Empty(tag)) => visit(&tag),
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
        buffer.clear();
    }
}

/// The texts of a workbook's table of texts at some numbers, without formatting.
pub(super) fn shared_texts(package: &mut Package, part: &str, wanted: &[usize]) -> Result<HashMap<usize, String>, Unkept> {
    let mut found = HashMap::new();
    let (Some(index), Some(&last)) = (package.index(part), wanted.iter().max()) else { return Ok(found) };
    let stream = package.stream(index).map_err(|_| Unkept::broken(part))?;
    let mut reader = xml::reader(BufReader::with_capacity(BUFFER_BYTES, stream));
    let (mut buffer, mut number, mut inside, mut is_text, mut skipped) = (Vec::new(), 0_usize, false, false, 0_usize);
    while number <= last {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|_| Unkept::broken(part))? {
            Event::Start(tag) => match xml::local(&tag) {
                "si" => {
                    inside = wanted.contains(&number);
                    if inside {
                        found.insert(number, String::new());
                    }
                }
                "rPh" => skipped += 1,
                "t" => is_text = true,
                _ => {}
            },
            Event::Empty(tag) if xml::local(&tag) == "si" => number += 1,
            Event::End(tag) => match xml::local(&tag) {
                "si" => {
                    number += 1;
                    inside = false;
                }
                "rPh" => skipped = skipped.saturating_sub(1),
                "t" => is_text = false,
                _ => {}
            },
            Event::Text(text) if inside && is_text && skipped == 0 => {
                if let Some(known) = found.get_mut(&number) {
                    known.push_str(&xml::unescaped(&text));
                }
            }
            Event::GeneralRef(name) if inside && is_text && skipped == 0 => {
                if let Some(known) = found.get_mut(&number) {
                    known.push_str(&xml::unescaped(&format!("&{};", &*name)));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_name_parts_from_the_root() {
        let text = r#"<Relationships xmlns="x"><Relationship Id="r1" Type="http://a/b/worksheet" Target="worksheets/s&amp;1.xml"/>
            <Relationship Id="r2" Type="t/comments" Target="/xl/c.xml"/><Relationship Id="r3" Type="t/hyperlink" Target="../x" TargetMode="External"/></Relationships>"#;
        let found = relations_in(text, "xl/workbook.xml");
        let seen: Vec<_> = found.iter().map(|relation| (&*relation.id, relation.word(), &*relation.target)).collect();
        assert_eq!(
            seen,
            [("r1", "worksheet", "xl/worksheets/s&1.xml"), ("r2", "comments", "xl/c.xml"), ("r3", "hyperlink", "../x")]
        );
    }
}
