//! One integration binary: every file below drives the program through its public doors.

mod commands;
mod contracts;
mod journal;
mod mutual_tls;
mod read;
mod report;
mod sandbox;
mod submit;
