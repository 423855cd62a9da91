//! clientferry carries a client base across: a spreadsheet of clients is read, normalized, validated and sent to a provider's
//! API, and every row gets an honest outcome. The rooms stand here in the order in which a row walks through them;
//! `ARCHITECTURE.md` tells who may import whom.

// Ground: the nouns, and what operations accept.
pub mod contract;
pub mod model;

// The rooms.
pub mod read;
// A row becomes a body.
pub mod prepare;
// A body becomes an answer.
pub mod submit;
// An answer becomes a line that somebody reads.
pub mod report;

// The walls: providers, memory, and a provider of our own.
pub mod journal;
pub mod provider;
pub mod sandbox;

// The corridor and the front of the house.
pub mod cli;
pub mod commands;
pub mod config;
pub mod failure;
pub mod harden;
pub mod logging;
pub mod notify;
pub mod pipeline;
pub mod terminal;
pub mod watch;
