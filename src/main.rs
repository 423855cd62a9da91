//! The front door: parse, run, tell, exit.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser as _;
use clientferry::cli::Cli;
use clientferry::failure::Exit;
use clientferry::{commands, harden, terminal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    harden::keep_memory_private();
    let cli = Cli::parse();
    // Nothing of the work is looked at after a panic.
    match terminal::fenced(AssertUnwindSafe(|| commands::run(cli))) {
        Ok(Ok(exit)) => ExitCode::from(exit as u8),
        Ok(Err(failure)) => {
            terminal::tell(&format!("error: {failure}\nhint: {}\n", failure.hint()));
            ExitCode::from(failure.exit() as u8)
        }
        Err(defect) => {
            terminal::tell(&defect);
            ExitCode::from(Exit::Defect as u8)
        }
    }
}
