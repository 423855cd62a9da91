//! Ground: the nouns that every room shares. No I/O, no clock, no threads.

mod body;
mod book;
mod code;
mod fault;
mod field;
mod form;
mod identity;
mod lang;
mod ours;
mod outcome;
mod part;
mod place;
mod prepared;
mod rate;
pub mod redact;
mod row;
pub mod text;
mod wording;

pub use body::{Body, FieldDigests};
pub use book::{Book, Books, Entry as BookEntry, Shelf};
pub use code::{Code, Example, Severity};
pub use fault::Fault;
pub use field::FieldName;
pub use form::{FORM_CHARS_MAX, form};
pub use identity::{IdempotencyKey, Identities, Identity, OWN_ID};
pub use lang::Lang;
pub use ours::{OUR_COLUMNS, OUR_SHEET, OUTCOME_COLUMNS, is_our_column, is_our_sheet, our_columns};
pub use outcome::{BY_PERSON, HALT, NOT_FOUND, NotSent, Note, Outcome, Refusal, STOPPED, Settled, Tally};
pub use part::{folded_part, related_part, relations_part};
pub use place::{Place, SheetName, Source, Workbook, WorkbookKind};
pub use prepared::{Changes, Parcel, Prepared};
pub use rate::RateLimit;
pub use row::{CellKind, Cells, Row, Shape};
pub use wording::{Message, Part, Wording};
