//! One integration binary: every file below drives the program through its public doors.

mod contracts;
mod journal;
mod report;
mod sandbox;
