//! The front door: parse, run, tell, exit.

use std::process::ExitCode;

use clap::Parser as _;
use clientferry::cli::Cli;
use clientferry::{commands, terminal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::run(cli) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(failure) => {
            terminal::tell(&format!("error: {failure}\nhint: {}\n", failure.hint()));
            ExitCode::from(failure.exit() as u8)
        }
    }
}
