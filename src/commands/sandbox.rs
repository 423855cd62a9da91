//! `sandbox`: the local imitation of a provider, and invented clients to try it with.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use crate::cli::{SandboxArgs, SandboxCommand};
use crate::config::Config;
use crate::contract::Registry;
use crate::failure::{Exit, Failure};
use crate::sandbox::{self, SandboxError, SandboxSettings};
use crate::submit::Session;
use crate::terminal;

pub(super) fn run(config: &Config, registry: &Registry, args: &SandboxArgs) -> Result<Exit, Failure> {
    match &args.other {
        Some(SandboxCommand::Generate { rows, seed, messy, output }) => generate(*rows, *seed, *messy, output.as_deref()),
        None => serve(config, registry, args),
    }
}

fn serve(config: &Config, registry: &Registry, args: &SandboxArgs) -> Result<Exit, Failure> {
    let provider = &args.provider;
    let own = config.own(provider);
    if own.is_none() && !sandbox::imitated_providers().any(|known| known == provider) {
        return Err(SandboxError::UnknownProvider(provider.clone()).into());
    }
    let mut settings = SandboxSettings::new(provider, registry.find(provider)?).with_own(own);
    settings.listen = args.listen;
    settings.ledger.clone_from(&args.ledger);
    settings.latency = Duration::from_millis(args.latency_ms);
    settings.seed = args.seed;
    if let Some(rate) = &args.rate {
        settings.rate = match rate.trim_end_matches("/s") {
            "none" => None,
            number => Some(
                number
                    .parse()
                    .map_err(|_| Failure::settings(format!("`{rate}` is not a rate"), "write for example `20/s`, or `none`"))?,
            ),
        };
    }
    if let Some(variable) = &args.token_env {
        let token = std::env::var(variable)
            .map_err(|_| Failure::settings(format!("the variable {variable} is not set"), "set it, or leave --token-env out"))?;
        settings.token = Some(token);
    }
    for switch in &args.switch {
        settings.set_switch(switch)?;
    }
    for spec in &args.fault {
        settings.faults.push(spec.parse()?);
    }
    let session = Session::start().map_err(|why| Failure::Output { what: "threads for the sandbox".to_owned(), why })?;
    let running = session.block_on(sandbox::start(settings))?;
    terminal::print(&format!("{}\n", running.base_url));
    session.wait_for_stop();
    session.block_on(running.stop());
    Ok(Exit::Well)
}

fn generate(rows: u64, seed: u64, messy: u8, output: Option<&std::path::Path>) -> Result<Exit, Failure> {
    let what = output.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    let write = || -> io::Result<()> {
        let out: Box<dyn Write> = match output {
            Some(path) => Box::new(File::create(path)?),
            None => Box::new(io::stdout().lock()),
        };
        let mut out = BufWriter::with_capacity(1 << 18, out);
        sandbox::generate::generate(rows, seed, messy, &mut out)?;
        out.flush()
    };
    match write() {
        Ok(()) => Ok(Exit::Well),
        // Whoever read it has enough.
        Err(why) if output.is_none() && why.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Well),
        Err(why) => Err(Failure::Output { what, why }),
    }
}
