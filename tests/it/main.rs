//! One integration binary: every file below drives the program through its public doors.
// The lints spare test functions, not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bless;
mod causes;
mod certificate;
mod commands;
mod contracts;
mod corpora;
mod damage;
mod damage_seeded;
mod dates;
mod defect;
mod dialects;
mod e2e;
mod encodings;
mod formats;
mod golden;
mod idempotency;
mod imports;
mod inspect;
mod journal;
mod loanpro;
mod machine_formats;
mod mutual_tls;
mod nightly;
mod own;
mod pacing;
mod page;
mod program;
mod read;
mod readme;
mod report;
mod samples;
mod sandbox;
mod sandbox_brainysoft;
mod sandbox_finlego;
mod sandbox_loanpro;
mod simulate;
mod submit;
mod templates;
mod vectors;
mod vectors_finlego;
mod workbook;
mod wrongdoings;
