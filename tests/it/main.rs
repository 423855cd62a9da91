//! One integration binary: every file below drives the program through its public doors.

mod read;
