//! Entries of a provider's reference book: an id as it stands, a name by the book. Asks no provider.

use super::{CellFault, Parsed, country, number, text};
use crate::model::{Book, BookEntry, Books, CellKind, Code, Message, Shelf, Wording};

/// The id of an entry, as a whole number. Without the book a number passes, and a name is left to whoever asks for the book.
pub fn parse(cell: &str, kind: CellKind, name: &str, books: &Books) -> Parsed<String> {
    if let Ok(id) = number::integer(cell, kind) {
        return if id.starts_with('-') || id == "0" { Err(unknown(Wording::NoId)) } else { Ok(id) };
    }
    let word = text::parse(cell)?;
    match books.shelf(name) {
        Shelf::Book(book) => in_book(&word, name, book),
        Shelf::Missing(why) => Err(unknown(Wording::BookMissing.with([name.into(), why.into()]))),
        Shelf::NotAsked => Err(CellFault::new(Code::ReferenceNotChecked, Wording::BookLater.with([name.into()]))),
    }
}

fn in_book(word: &str, name: &str, book: &Book) -> Parsed<String> {
    let nearest = match book.find(word) {
        BookEntry::Id(id) => return whole(id, name),
        BookEntry::Several(ids) => {
            return Err(unknown(Wording::BookSeveral.with([name.into(), ids.iter().map(|id| &**id).collect()])));
        }
        BookEntry::Nearest(nearest) => nearest,
    };
    // A country has many names; the book has one of them.
    if let Ok(wanted) = country::parse(word) {
        let same: Vec<&str> = book
            .entries
            .iter()
            .filter(|(_, known)| country::parse(known).is_ok_and(|code| code == wanted))
            .map(|(id, _)| id.as_str())
            .collect();
        if let [only] = same[..] {
            return whole(only, name);
        }
    }
    Err(unknown(match nearest[..] {
        [] => Wording::BookHasNone.with([name.into()]),
        _ => Wording::BookNearest.with([name.into(), nearest.iter().map(|near| &**near).collect()]),
    }))
}

fn whole(id: &str, name: &str) -> Parsed<String> {
    if id.bytes().all(|byte| byte.is_ascii_digit()) && id.len() <= 19 {
        return Ok(id.to_owned());
    }
    Err(unknown(Wording::BookOddId.with([name.into()])))
}

fn unknown(message: impl Into<Message>) -> CellFault {
    CellFault::new(Code::ReferenceUnknown, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books() -> Books {
        let entry = |id: &str, name: &str| (id.to_owned(), name.to_owned());
        let countries = Book { entries: vec![entry("101042", "Россия"), entry("101041", "Казахстан")] };
        let managers = Book {
            entries: vec![entry("1", "Ким Елена"), entry("2", "Ким Елена"), entry("3", "Орлов Денис Петрович")],
        };
        Books {
            known: [("countries".to_owned(), countries), ("managers".to_owned(), managers)].into(),
            missing: [("professions".to_owned(), "its place is not known".to_owned())].into(),
        }
    }

    #[test]
    fn ids_pass_and_names_are_looked_up() {
        let read = |cell, name| parse(cell, CellKind::Text, name, &books());
        assert_eq!(read("101331", "managers").unwrap(), "101331");
        assert_eq!(read(" орлов денис петрович ", "managers").unwrap(), "3");
        assert_eq!(read("РФ", "countries").unwrap(), "101042");
        assert_eq!(read("KZ", "countries").unwrap(), "101041");
        assert_eq!(read("0", "countries").unwrap_err().code, Code::ReferenceUnknown);
    }

    #[test]
    fn what_is_not_found_is_answered_with_what_could_be_meant() {
        let fault = |cell, name| parse(cell, CellKind::Text, name, &books()).unwrap_err();
        assert!(fault("Орлов Денис Петрвич", "managers").message.to_string().contains("the nearest: Орлов Денис Петрович"));
        assert!(fault("Ким Елена", "managers").message.to_string().contains("1, 2"));
        assert!(fault("Токарь", "professions").message.to_string().contains("its place is not known"));
        let not_asked = fault("Высшее", "education");
        assert_eq!(not_asked.code, Code::ReferenceNotChecked);
        assert_eq!(not_asked.code.severity(), crate::model::Severity::Info);
    }
}
