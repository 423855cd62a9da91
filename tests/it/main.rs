//! One integration binary: every file below drives the program through its public doors.

mod bless;
mod contracts;
mod golden;
mod journal;
mod mutual_tls;
mod program;
mod read;
mod report;
mod samples;
mod sandbox;
mod submit;
mod templates;
mod vectors;
