//! One integration binary: every file below drives the program through its public doors.

mod journal;
mod mutual_tls;
mod sandbox;
mod submit;
