//! A provider's reference book: which id it has for which name. No I/O.

use std::collections::BTreeMap;

use super::text::fold;

/// Entries of a reference book.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Book {
    /// Ids with their names, as the provider tells them.
    pub entries: Vec<(String, String)>,
}

/// The reference books of a run, by the names that contracts give them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Books {
    /// Those that the provider showed.
    pub known: BTreeMap<String, Book>,
    /// Those that it did not show, with the reason.
    pub missing: BTreeMap<String, String>,
}

/// What is known of one book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf<'a> {
    /// The book.
    Book(&'a Book),
    /// It was asked for and cannot be had, for this reason.
    Missing(&'a str),
    /// Nobody asked for it.
    NotAsked,
}

impl Books {
    /// What is known of a book.
    #[must_use]
    pub fn shelf(&self, name: &str) -> Shelf<'_> {
        match (self.known.get(name), self.missing.get(name)) {
            (Some(book), _) => Shelf::Book(book),
            (None, Some(why)) => Shelf::Missing(why),
            (None, None) => Shelf::NotAsked,
        }
    }
}

/// What a book says of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// The one id of this name.
    Id(&'a str),
    /// Several entries have this name: their ids.
    Several(Vec<&'a str>),
    /// None has it: the nearest names, at most three, nearest first.
    Nearest(Vec<&'a str>),
}

impl Book {
    /// Looks up a name, without regard to case, ё and blanks at the ends. The id itself counts as a name of its entry.
    #[must_use]
    pub fn find(&self, name: &str) -> Entry<'_> {
        let wanted = fold(name);
        let named: Vec<&str> =
            self.entries.iter().filter(|(_, known)| fold(known) == wanted).map(|(id, _)| id.as_str()).collect();
        match named[..] {
            [only] => return Entry::Id(only),
            [] => {}
            _ => return Entry::Several(named),
        }
        if let Some((id, _)) = self.entries.iter().find(|(id, _)| id == name.trim()) {
            return Entry::Id(id);
        }
        let mut near: Vec<(f64, &str)> =
            self.entries.iter().map(|(_, known)| (strsim::jaro_winkler(&fold(known), &wanted), known.as_str())).collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        Entry::Nearest(near.into_iter().filter(|(likeness, _)| *likeness > 0.7).take(3).map(|(_, name)| name).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_people_write_them_and_slips_are_answered_with_the_nearest() {
        let entry = |id: &str, name: &str| (id.to_owned(), name.to_owned());
        let book = Book {
            entries: vec![
                entry("7", "Головной офис"),
                entry("8", "Семёнов П. П."),
                entry("9", "Двойник"),
                entry("10", "двойник"),
            ],
        };
        assert_eq!(book.find(" головной ОФИС "), Entry::Id("7"));
        assert_eq!(book.find("Семенов П. П."), Entry::Id("8"));
        assert_eq!(book.find("7"), Entry::Id("7"));
        assert_eq!(book.find("Двойник"), Entry::Several(vec!["9", "10"]));
        assert_eq!(book.find("Головной офес"), Entry::Nearest(vec!["Головной офис"]));
        assert_eq!(book.find("xyz"), Entry::Nearest(vec![]));
    }
}
