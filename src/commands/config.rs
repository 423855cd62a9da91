//! `config`: what is in force and from where; the schema of the file.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::CommandFactory as _;
use serde_json::{Value, json};

use crate::cli::{Cli, ConfigArgs, ConfigCommand, ConfigShowArgs};
use crate::config::{Config, Origin, SCHEMA, Section};
use crate::failure::{Exit, Failure};
use crate::model::text::nearest;
use crate::terminal;

/// Longer values are cut on the screen; `--json` has them whole.
const VALUE_CHARS_MAX: usize = 60;
/// What variables of ours begin with.
const OURS: &str = "CLIENTFERRY_";

pub(super) fn run(config: &Config, args: &ConfigArgs) -> Result<Exit, Failure> {
    match &args.command {
        ConfigCommand::Show(args) => show(config, args),
        ConfigCommand::Schema => {
            terminal::print(SCHEMA);
            Ok(Exit::Well)
        }
    }
}

fn show(config: &Config, args: &ConfigShowArgs) -> Result<Exit, Failure> {
    if let Some(name) = &args.account
        && !config.has_account(name)
    {
        return Err(Failure::settings(format!("there is no account `{name}`"), "`clientferry config show` lists them"));
    }
    let sections = config.in_force(args.account.as_deref());
    let strangers = strangers(config);
    if args.json {
        terminal::print(&format!("{:#}\n", as_json(config, &sections, &strangers)));
        return Ok(Exit::Well);
    }
    let file = config.file().map_or_else(|| "none (no clientferry.toml here)".to_owned(), |path| path.display().to_string());
    let mut text = format!("configuration  {file}\n");
    for section in &sections {
        // Writing to a String cannot fail.
        let _ = if section.name.is_empty() { writeln!(text) } else { writeln!(text, "\n[{}]", section.name) };
        for setting in &section.settings {
            let value = setting.value.as_ref().map_or_else(|| "-".to_owned(), shown);
            let line = format!("  {:<28} {value:<32} {}", setting.key, setting.origin);
            let _ = writeln!(text, "{}", line.trim_end());
            if let Some(problem) = &setting.problem {
                let _ = writeln!(text, "  {:<28} ! {problem}", "");
            }
        }
    }
    for stranger in &strangers {
        let _ = writeln!(text, "\n! {stranger}");
    }
    terminal::print(&text);
    Ok(Exit::Well)
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= VALUE_CHARS_MAX { text } else { text.chars().take(VALUE_CHARS_MAX).chain(['…']).collect() }
}

fn as_json(config: &Config, sections: &[Section], strangers: &[String]) -> Value {
    let settings = sections.iter().flat_map(|section| {
        section.settings.iter().map(|setting| {
            let key = if section.name.is_empty() { setting.key.clone() } else { format!("{}.{}", section.name, setting.key) };
            let (from, variable) = match &setting.origin {
                Origin::Default => ("default", None),
                Origin::File => ("file", None),
                Origin::Variable(name) => ("variable", Some(name)),
            };
            json!({"key": key, "value": setting.value, "from": from, "variable": variable, "about": setting.about, "problem": setting.problem})
        })
    });
    json!({"file": config.file(), "settings": settings.collect::<Vec<_>>(), "unknown_variables": strangers})
}

/// Variables that look like ours and mean nothing: most often a slip.
fn strangers(config: &Config) -> Vec<String> {
    let mut known: BTreeSet<String> = config.variables();
    let command = Cli::command();
    let mut commands = vec![&command];
    while let Some(command) = commands.pop() {
        known.extend(
            command.get_arguments().filter_map(|argument| argument.get_env()).map(|name| name.to_string_lossy().into_owned()),
        );
        commands.extend(command.get_subcommands());
    }
    let set = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let mut strangers: Vec<String> = set.filter(|name| name.starts_with(OURS) && !known.contains(name)).collect();
    strangers.sort();
    let told = |name: String| match nearest(&name, known.iter().map(String::as_str)) {
        Some(meant) => format!("the variable {name} is set and means nothing; did you mean {meant}?"),
        None => format!("the variable {name} is set and means nothing"),
    };
    strangers.into_iter().map(told).collect()
}
