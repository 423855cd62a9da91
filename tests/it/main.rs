//! One integration binary: every file below drives the program through its public doors.

mod contracts;
mod e2e;
mod journal;
mod mutual_tls;
mod read;
mod report;
mod sandbox;
mod submit;
