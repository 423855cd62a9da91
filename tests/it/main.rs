//! One integration binary: every file below drives the program through its public doors.

mod contracts;
mod defect;
mod imports;
mod journal;
mod mutual_tls;
mod read;
mod readme;
mod report;
mod sandbox;
mod submit;
