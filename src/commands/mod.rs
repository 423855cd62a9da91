//! One file for each word that the user types.

mod catalogue;
mod check;
mod import;
mod inspect;
mod job;
mod map;
mod report;
mod resolve;
mod runs;
mod sandbox;
mod target;
mod template;

use clap::CommandFactory as _;

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::{report as room, terminal};

/// Does what the command line says.
///
/// # Errors
/// When it cannot go on.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    let config = Config::load(cli.config.as_deref())?;
    match cli.command {
        Command::Import(args) => import::run(&config, &args),
        Command::Check(args) => check::run(&config, &args, room::Mode::Check),
        Command::Plan(args) => check::run(&config, &args, room::Mode::Plan),
        Command::Inspect(args) => inspect::run(&args),
        Command::Map(args) => map::run(&args),
        Command::Template(args) => template::run(&args),
        Command::Fields(args) => catalogue::fields(&args),
        Command::Operations(args) => catalogue::operations(&args),
        Command::Resolve(args) => resolve::run(&config, &args),
        Command::Report(args) => report::run(&config, &args),
        Command::Runs(args) => runs::run(&config, &args),
        Command::Sandbox(args) => sandbox::run(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "clientferry", &mut script);
            terminal::print(&String::from_utf8_lossy(&script));
            Ok(Exit::Well)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(|why| Failure::Output { what: "the manual page".to_owned(), why })?;
            terminal::print(&String::from_utf8_lossy(&page));
            Ok(Exit::Well)
        }
    }
}
