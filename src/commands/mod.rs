//! One file for each word that the user types.

mod annex;
mod books;
mod catalogue;
mod check;
mod check_profile;
mod compare;
mod config;
mod evidence;
mod explain;
mod facts;
mod forecast;
mod import;
mod inspect;
mod job;
mod known;
mod map;
mod mapping_text;
mod observed;
mod page;
mod report;
mod resolve;
mod runs;
mod sandbox;
mod suggest;
mod target;
mod template;
mod verify;
mod watch;

use clap::CommandFactory as _;

use self::observed::Facts;
use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal;

/// Does what the command line says.
///
/// # Errors
/// When it cannot go on.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    if let Command::CheckProfile(args) = &cli.command {
        // Before any profile is asked for its operations: this one may be wrong.
        return check_profile::run(args);
    }
    if let Command::Verify(args) = &cli.command {
        // Whoever verifies a report may have nothing but its folder.
        return verify::run(args);
    }
    if let Command::Explain(args) = &cli.command {
        // What a code means depends on no setting that may be wrong.
        return explain::run(args);
    }
    if let Command::Import(args) = &cli.command {
        return observed::run("import", &args.observing, import::facts(args), |facts| work(&cli, facts));
    }
    if let Command::Resolve(args) = &cli.command {
        return observed::run("resolve", &args.observing, Facts::default(), |facts| work(&cli, facts));
    }
    if let Command::Watch(args) = &cli.command {
        // Imports are told of one by one, by themselves.
        observed::start_log(&args.import.observing)?;
    }
    work(&cli, &mut Facts::default())
}

fn work(cli: &Cli, facts: &mut Facts) -> Result<Exit, Failure> {
    let mut config = Config::load(cli.config.as_deref())?;
    // Whoever comes second is turned away before anything else is looked at.
    let opened = if let Command::Import(args) = &cli.command { import::open(&config, args, facts)? } else { None };
    let registry = known::registry(&mut config, cli.profile.as_deref())?;
    let config = config;
    match &cli.command {
        Command::Import(args) => import::run(&config, &registry, args, opened, facts),
        Command::Watch(args) => watch::run(&config, &registry, args),
        Command::Resolve(args) => resolve::run(&config, &registry, args, facts),
        Command::CheckProfile(args) => check_profile::run(args),
        Command::Check(args) => check::run(&config, &registry, &args.source, None, args.suggest_mapping.as_deref()),
        Command::Plan(args) => check::run(&config, &registry, &args.source, Some(&args.pace), None),
        Command::Inspect(args) => inspect::run(&registry, args),
        Command::Map(args) => map::run(&registry, args),
        Command::Template(args) => template::run(&registry, args),
        Command::Fields(args) => catalogue::fields(&registry, args),
        Command::Operations(args) => catalogue::operations(&config, &registry, args),
        Command::Report(args) => report::run(&config, &registry, args),
        Command::Verify(args) => verify::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Runs(args) => runs::run(&config, args),
        Command::Config(args) => config::run(&config, args),
        Command::Sandbox(args) => sandbox::run(&config, &registry, args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "clientferry", &mut script);
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
