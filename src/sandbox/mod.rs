//! A provider of our own: a local HTTP server that imitates the real ones from their contracts, keeps a ledger and can be told to fail.
