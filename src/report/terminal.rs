//! The end of a run on the terminal.
