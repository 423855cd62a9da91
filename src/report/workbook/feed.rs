//! The rows of a report on their way to the thread that writes the workbook. Writes nothing.

use std::io;
use std::sync::mpsc::Receiver;

use super::row::RowNote;
use super::summary::Facts;

/// What the report sends to the thread.
pub(super) enum Message {
    Rows(Vec<RowNote>),
    /// All rows were sent; what the sheet of sums says.
    End(Box<Facts>),
}

/// Rows in the order of the report, one ahead.
pub(super) struct Feed {
    messages: Option<Receiver<Message>>,
    rows: std::vec::IntoIter<RowNote>,
    next: Option<RowNote>,
    facts: Option<Box<Facts>>,
}

impl Feed {
    pub(super) fn new(messages: Receiver<Message>) -> Self {
        Self { messages: Some(messages), rows: Vec::new().into_iter(), next: None, facts: None }
    }

    /// The next row, where it stands on this sheet.
    pub(super) fn peek_on(&mut self, sheet: u16) -> io::Result<Option<&RowNote>> {
        Ok(self.peek()?.filter(|row| row.sheet == sheet))
    }

    /// The next row; `None` at the end.
    pub(super) fn peek(&mut self) -> io::Result<Option<&RowNote>> {
        if self.next.is_none() {
            self.next = self.pull()?;
        }
        Ok(self.next.as_ref())
    }

    /// Rows that have arrived already, for a look at their widths.
    pub(super) fn arrived(&self) -> impl Iterator<Item = &RowNote> {
        self.next.iter().chain(self.rows.as_slice())
    }

    /// Takes the row that was seen.
    pub(super) fn take(&mut self) -> Option<RowNote> {
        self.next.take()
    }

    /// What is to be said at the end.
    pub(super) fn facts(&mut self) -> io::Result<Box<Facts>> {
        match self.peek()? {
            None => self.facts.take().ok_or_else(given_up),
            Some(row) => Err(io::Error::other(format!("row {} of the report stands on no sheet of the workbook", row.line))),
        }
    }

    fn pull(&mut self) -> io::Result<Option<RowNote>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            let Some(messages) = &self.messages else { return Ok(None) };
            match messages.recv() {
                Ok(Message::Rows(rows)) => self.rows = rows.into_iter(),
                Ok(Message::End(facts)) => {
                    self.facts = Some(facts);
                    self.messages = None;
                }
                Err(_) => return Err(given_up()),
            }
        }
    }
}

/// The report was given up before its end: nobody asks for the workbook any more.
fn given_up() -> io::Error {
    io::Error::other("the report was given up")
}

#[cfg(test)]
impl Feed {
    /// These rows and this end.
    pub(super) fn of(rows: Vec<RowNote>, facts: Facts) -> Self {
        Self { messages: None, rows: rows.into_iter(), next: None, facts: Some(Box::new(facts)) }
    }
}
