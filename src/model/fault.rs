//! What is wrong with a cell or a row. Holds the found value: for reports, never for logs.

use super::{Code, FieldName, Message, Severity};

/// One thing that is wrong, with enough beside it to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The stable code.
    pub code: Code,
    /// The field that is concerned, where one is.
    pub field: Option<FieldName>,
    /// The source column that is concerned (index into [`super::Source::columns`]), where one is.
    pub column: Option<u16>,
    /// The value that was found, as it stands in the source; of text in a double encoding also what it would be. Personal data.
    pub found: Option<Box<str>>,
    /// What is wrong, in words that do not repeat the found value.
    pub message: Message,
}

impl Fault {
    /// A fault of a whole row.
    #[must_use]
    pub fn of_row(code: Code, message: impl Into<Message>) -> Self {
        Self { code, field: None, column: None, found: None, message: message.into() }
    }

    /// A fault of a cell.
    #[must_use]
    pub fn of_cell(code: Code, column: u16, found: &str, message: impl Into<Message>) -> Self {
        Self { code, field: None, column: Some(column), found: Some(found.into()), message: message.into() }
    }

    /// The same fault, with the field it concerns.
    #[must_use]
    pub fn at(mut self, field: FieldName) -> Self {
        self.field = Some(field);
        self
    }

    /// How grave it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}
