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
    pub changes: Vec<Change>,
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

/// One cell that is sent in another form than it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The source column.
    pub column: u16,
    /// The field it went to.
    pub field: FieldName,
    /// The value as it is sent.
    pub to: Box<str>,
}
