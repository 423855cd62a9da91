//! clientferry carries a client base across: a spreadsheet of clients is read, normalized, validated and sent to a provider's
//! API, and every row gets an honest outcome. The rooms stand here in the order in which a row walks through them.

pub mod model;

pub mod contract;

pub mod read;

pub mod prepare;

pub mod submit;

pub mod report;

pub mod journal;
pub mod provider;
pub mod sandbox;
