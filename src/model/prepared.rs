//! A row after room 2: ready to be sent, or faulty with all its faults.

use super::{Body, Fault, FieldDigests, FieldName, IdempotencyKey, Identities, Row};

/// A row after mapping, normalization and validation.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The row as it was read: reports quote it, `rejected.csv` gives it back.
    pub row: Row,
    /// What the user's own system calls the client, where a column says it.
    pub own_id: Option<Box<str>>,
    /// Index of the row's operation in the run's list of operations, where it could be told.
    pub operation: Option<u8>,
    /// What to send, or everything that stands against it. A blank row has neither faults nor parcel.
    pub result: Result<Parcel, Vec<Fault>>,
    /// What is odd about the row, but does not stand against sending it.
    pub warnings: Vec<Fault>,
    /// What normalization made of the cells.
    pub changes: Changes,
}

/// What is needed to send a client and to know it again.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The body, byte for byte.
    pub body: Body,
    /// The idempotency key.
    pub key: IdempotencyKey,
    /// Which client this is.
    pub identities: Identities,
    /// Digests of its fields.
    pub digests: FieldDigests,
}

/// Cells that are sent in another form than they were found, in one buffer: most cells of most rows are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    text: String,
    list: Vec<(u16, FieldName, u32)>,
}

impl Changes {
    /// Notes that the cell of a source column goes to a field as `to`.
    pub fn push(&mut self, column: u16, field: FieldName, to: &str) {
        self.text.push_str(to);
        // A row is bounded far below 4 GiB by the reader's limits.
        self.list.push((column, field, u32::try_from(self.text.len()).unwrap_or(u32::MAX)));
    }

    /// Source column, field, and the value as it is sent, in the order of the fields.
    pub fn iter(&self) -> impl Iterator<Item = (u16, FieldName, &str)> {
        let mut start = 0;
        self.list.iter().map(move |&(column, field, end)| {
            let to = self.text.get(start..end as usize).unwrap_or("");
            start = end as usize;
            (column, field, to)
        })
    }

    /// Whether every cell is sent as it stands.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
