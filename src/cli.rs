//! The command line: words, flags and their variables. Does nothing itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// Carries a client base across: a spreadsheet of clients into a provider's API, and the truth about every row.
#[derive(Debug, Parser)]
#[command(name = "clientferry", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 all rows well · 1 some rows need attention · 2 command line or settings · 3 input unreadable · \
4 stopped by the provider, resumable · 5 journal unusable · 6 report not written · 7 another run holds the lock · 8 verify: the report was changed · 9 verify: made from something else · 10 its time window or budget of requests ended, resumable · 70 a defect of clientferry · 130 interrupted, resumable"
)]
pub struct Cli {
    /// Configuration file (clientferry.toml when it is there).
    #[arg(long, global = true, value_name = "FILE", env = "CLIENTFERRY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Profile of a provider of your own, besides those that the configuration names.
    #[arg(long, global = true, value_name = "FILE", env = "CLIENTFERRY_PROFILE")]
    pub profile: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send every good row; starts a run or continues it.
    Import(ImportArgs),
    /// Import complete files of a folder, one after the other, and put them aside; runs until it is stopped.
    #[command(mut_arg("file", |file| file.value_name("DIR").help("Folder into which spreadsheets of clients are put")))]
    Watch(WatchArgs),
    /// Everything but sending; writes the same report.
    Check(CheckArgs),
    /// Check, and tell how many calls the import would take and how long.
    Plan(PlanArgs),
    /// Tell what a file is: encoding, delimiter, sheets, header row, columns.
    Inspect(InspectArgs),
    /// Propose a mapping of a file's columns.
    Map(MapArgs),
    /// Write a blank spreadsheet for an operation.
    Template(TemplateArgs),
    /// List the fields that an operation takes.
    Fields(FieldsArgs),
    /// List the operations.
    Operations(JsonArgs),
    /// Tell what is wrong with the profile of a provider of your own, and rehearse one client with it.
    CheckProfile(CheckProfileArgs),
    /// Ask the provider about clients whose requests had no reliable answer.
    Resolve(ResolveArgs),
    /// Write a run's report again.
    Report(ReportArgs),
    /// Tell whether a report is as it was written, byte for byte, and its sums hold.
    Verify(VerifyArgs),
    /// Tell what a fault code means and what to do about it.
    Explain(ExplainArgs),
    /// List the runs in the journal.
    Runs(RunsArgs),
    /// Tell what is configured, and from where.
    Config(ConfigArgs),
    /// A local imitation of a provider, for rehearsals and tests.
    Sandbox(SandboxArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// The source and what it is to become.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// Spreadsheet of clients: CSV, XLSX, XLSM, XLSB, XLS or ODS, also packed; `-` for standard input.
    pub file: PathBuf,
    /// Operation `provider/kind`, or the provider alone when a column tells the kind of each row.
    #[arg(long, value_name = "OP", env = "CLIENTFERRY_TO")]
    pub to: String,
    /// Mapping file; without one the program maps by itself where headers leave no doubt.
    #[arg(long, value_name = "FILE", env = "CLIENTFERRY_MAPPING")]
    pub mapping: Option<PathBuf>,
    /// Account of the configuration.
    #[arg(long, value_name = "NAME", env = "CLIENTFERRY_ACCOUNT")]
    pub account: Option<String>,
    /// Journal file.
    #[arg(long, value_name = "FILE", env = "CLIENTFERRY_JOURNAL")]
    pub journal: Option<PathBuf>,
    /// Report folder (reports/RUN when not given).
    #[arg(long, value_name = "DIR", env = "CLIENTFERRY_OUT")]
    pub out: Option<PathBuf>,
    /// Transliterate Russian names and addresses where the provider takes Latin letters only; `check` shows how.
    #[arg(long, env = "CLIENTFERRY_APPROVE_TRANSLITERATION", value_parser = FalseyValueParser::new())]
    pub approve_transliteration: bool,
    /// What the report is to be like.
    #[command(flatten)]
    pub reporting: ReportingArgs,
    /// How the file is to be read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// What a report is to be like.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportingArgs {
    /// Files to write besides outcomes.csv, faults.csv, rejected.csv, crosswalk.csv, certificate.json and summary.json; `csv` for
    /// these alone.
    #[arg(
        long,
        value_name = "FORMATS",
        env = "CLIENTFERRY_FORMATS",
        value_delimiter = ',',
        default_value = "xlsx,jsonl,junit,html",
        hide_env_values = true
    )]
    pub formats: Vec<ReportFormat>,
    /// Column whose numbers the certificate adds up, exactly and by what became of the rows; may be given several times.
    #[arg(long, value_name = "COLUMN", env = "CLIENTFERRY_CONTROL_SUM", value_delimiter = ';')]
    pub control_sum: Vec<String>,
    /// Language of messages, next steps and report.html: en or ru (en when neither this nor the configuration says it).
    #[arg(long, value_name = "LANG", env = "CLIENTFERRY_LANG")]
    pub lang: Option<String>,
    /// Show clients' values in report.html in clear instead of their forms. The page and summary.json say so.
    #[arg(long)]
    pub unmask: bool,
}

/// A file, or several, of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// The CSV files, which are always written.
    Csv,
    /// outcomes.xlsx
    Xlsx,
    /// outcomes.jsonl
    Jsonl,
    /// junit.xml
    Junit,
    /// report.html
    Html,
    /// outcomes.parquet
    #[cfg(feature = "parquet")]
    Parquet,
}

/// Where the reader's own findings are wrong.
#[derive(Clone, Debug, Args, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[command(next_help_heading = "Reading")]
pub struct ReadingArgs {
    /// Sheet by name or number from 1; `all` reads all visible sheets that share one header.
    #[arg(long, value_name = "NAME", env = "CLIENTFERRY_SHEET")]
    pub sheet: Option<String>,
    /// Line of the header row, from 1; 0 for a text without one.
    #[arg(long, value_name = "LINE", env = "CLIENTFERRY_HEADER_ROW")]
    pub header_row: Option<u64>,
    /// Delimiter: one character, or `tab`.
    #[arg(long, value_name = "CHAR", env = "CLIENTFERRY_DELIMITER", value_parser = delimiter)]
    pub delimiter: Option<char>,
    /// Encoding by its WHATWG name, for example windows-1251.
    #[arg(long, value_name = "NAME", env = "CLIENTFERRY_ENCODING")]
    pub encoding: Option<String>,
    /// Bytes that a packed file or the parts of a workbook may have when unpacked.
    #[arg(long, value_name = "BYTES", env = "CLIENTFERRY_UNPACKED_BYTES_MAX")]
    pub unpacked_bytes_max: Option<u64>,
    /// How many times larger something packed may become; what stays below 64 MB is exempt.
    #[arg(long, value_name = "TIMES", env = "CLIENTFERRY_UNPACK_RATIO_MAX")]
    pub unpack_ratio_max: Option<u64>,
}

/// When may be sent, and how much.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Pace")]
pub struct PaceArgs {
    /// Send only at this time of day, for example 22:00-06:00; outside of it the run ends with exit code 10 and can be continued.
    #[arg(long, value_name = "FROM-TO", env = "CLIENTFERRY_WINDOW")]
    pub window: Option<String>,
    /// Time zone of the window, for example Europe/Moscow (this machine's when not given).
    #[arg(long, value_name = "ZONE", env = "CLIENTFERRY_TZ")]
    pub tz: Option<String>,
    /// Make at most so many requests of any kind in this run; then it ends with exit code 10 and can be continued.
    #[arg(long, value_name = "N", env = "CLIENTFERRY_MAX_REQUESTS", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_requests: Option<u64>,
    /// Wait in this process where the window is shut or a long limit is used up, instead of ending the run.
    #[arg(long, env = "CLIENTFERRY_WAIT", value_parser = FalseyValueParser::new())]
    pub wait: bool,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
    /// When may be sent.
    #[command(flatten)]
    pub pace: PaceArgs,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Write the mapping with the lines that would clear rows, tried out before; never over an existing file.
    #[arg(long, value_name = "FILE")]
    pub suggest_mapping: Option<PathBuf>,
}

/// Who is told of a run, besides those who see its terminal. Nothing of it holds a client's data.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Being told")]
pub struct ObservingArgs {
    /// Write a log, as lines for people or as JSON, to --log-file or stderr.
    #[arg(long, value_name = "FORM", env = "CLIENTFERRY_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Write the log to the end of this file (as JSON unless --log-format says text).
    #[arg(long, value_name = "FILE", env = "CLIENTFERRY_LOG_FILE")]
    pub log_file: Option<PathBuf>,
    /// Write the run's sums for Prometheus' textfile collector, whatever its end.
    #[arg(long, value_name = "FILE", env = "CLIENTFERRY_METRICS_FILE")]
    pub metrics_file: Option<PathBuf>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object for each event.
    Json,
}

/// `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The source.
    #[command(flatten)]
    pub source: SourceArgs,
    /// When may be sent.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// Stop when the provider refuses more clients than this: a number, or a share such as 5%.
    #[arg(long, value_name = "N|P%", env = "CLIENTFERRY_MAX_REJECTED")]
    pub max_rejected: Option<String>,
    /// Send so many new clients first and judge the answers before the others follow; 0 sends all at once (20).
    #[arg(long, value_name = "N", env = "CLIENTFERRY_CANARY")]
    pub canary: Option<u64>,
    /// Rehearse: start the provider's local imitation in this process and send to it over real HTTP.
    #[arg(long, env = "CLIENTFERRY_SANDBOX", value_parser = FalseyValueParser::new())]
    pub sandbox: bool,
    /// With --sandbox: ledger of the clients it created (kept beside the journal when not given).
    #[arg(long, value_name = "FILE", requires = "sandbox", env = "CLIENTFERRY_LEDGER")]
    pub ledger: Option<PathBuf>,
    /// With --sandbox: something that is to go wrong, for example `drop_after_commit@5%`; may be given several times.
    #[arg(long, value_name = "SPEC", requires = "sandbox", env = "CLIENTFERRY_FAULT", value_delimiter = ',')]
    pub fault: Vec<String>,
    /// Send at most so many new clients.
    #[arg(long, value_name = "N", env = "CLIENTFERRY_LIMIT")]
    pub limit: Option<u64>,
    /// Do not ask before sending to a real provider.
    #[arg(long, short, env = "CLIENTFERRY_YES", value_parser = FalseyValueParser::new())]
    pub yes: bool,
    /// Who is told.
    #[command(flatten)]
    pub observing: ObservingArgs,
}

/// `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// What `import` takes, `file` being the folder.
    #[command(flatten)]
    pub import: ImportArgs,
    /// Seconds for which a file must not have changed before it is taken.
    #[arg(long, value_name = "SECONDS", env = "CLIENTFERRY_SETTLE", default_value_t = 10)]
    #[arg(help_heading = "Watching")]
    pub settle: u64,
    /// Take a file only when one of its name and this ending, such as `.ready`, lies beside it.
    #[arg(long, value_name = "ENDING", env = "CLIENTFERRY_MARKER", help_heading = "Watching")]
    pub marker: Option<String>,
    /// Seconds before a file that was not finished is tried again, doubling up to an hour.
    #[arg(long, value_name = "SECONDS", env = "CLIENTFERRY_RETRY", default_value_t = 300, help_heading = "Watching")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub retry: u64,
}

/// `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Spreadsheet of clients.
    pub file: PathBuf,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Operation or provider to which it shall go: columns are read as its fields, and what is missing is told.
    #[arg(long, value_name = "OP", env = "CLIENTFERRY_TO")]
    pub to: Option<String>,
    /// Show some values of each column instead of their forms. They are personal data.
    #[arg(long)]
    pub values: bool,
    /// How the file is to be read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// `map`.
#[derive(Debug, Args)]
pub struct MapArgs {
    /// Spreadsheet of clients.
    pub file: PathBuf,
    /// Operation or provider.
    #[arg(long, value_name = "OP", env = "CLIENTFERRY_TO")]
    pub to: String,
    /// Where to write the mapping (standard output when not given); never over an existing file.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How the file is to be read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// `template`.
#[derive(Debug, Args)]
pub struct TemplateArgs {
    /// Operation.
    pub operation: String,
    /// Where to write: `.csv` or `.xlsx` (CSV on standard output when not given).
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `fields`.
#[derive(Debug, Args)]
pub struct FieldsArgs {
    /// Operation.
    pub operation: String,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// As a page of documentation.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

/// `check-profile`.
#[derive(Debug, Args)]
pub struct CheckProfileArgs {
    /// The profile.
    pub file: PathBuf,
}

/// A command whose only choice is JSON.
#[derive(Debug, Args)]
pub struct JsonArgs {
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `resolve`.
#[derive(Debug, Args)]
pub struct ResolveArgs {
    /// The run; the last one when not given.
    pub run: Option<String>,
    /// What a person found out about rows that are `unknown`: CSV with sheet,line,outcome,provider_id, outcome being created,
    /// existing or absent. The provider is not asked.
    #[arg(long, value_name = "FILE", env = "CLIENTFERRY_ANSWERS")]
    pub answers: Option<PathBuf>,
    /// Do not ask before sending to a real provider: what had no reliable answer is sent again under its old key.
    #[arg(long, short, env = "CLIENTFERRY_YES", value_parser = FalseyValueParser::new())]
    pub yes: bool,
    /// When may be asked.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// Journal file.
    #[arg(long, value_name = "FILE", env = "CLIENTFERRY_JOURNAL")]
    pub journal: Option<PathBuf>,
    /// What the report is to be like.
    #[command(flatten)]
    pub reporting: ReportingArgs,
    /// Who is told.
    #[command(flatten)]
    pub observing: ObservingArgs,
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The run; the last one when not given.
    pub run: Option<String>,
    /// Report folder (the run's own when not given).
    #[arg(long, value_name = "DIR", env = "CLIENTFERRY_OUT")]
    pub out: Option<PathBuf>,
    /// Write the run's mapping with the lines that would clear rows, tried out before; never over an existing file.
    #[arg(long, value_name = "FILE")]
    pub suggest_mapping: Option<PathBuf>,
    /// An earlier run or the folder of an earlier report: tell what changed since, also as changes.csv and changes.json.
    #[arg(long, value_name = "RUN")]
    pub against: Option<PathBuf>,
    /// Journal file.
    #[arg(long, value_name = "FILE", env = "CLIENTFERRY_JOURNAL")]
    pub journal: Option<PathBuf>,
    /// What the report is to be like.
    #[command(flatten)]
    pub reporting: ReportingArgs,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The report folder.
    pub folder: PathBuf,
    /// The file that the report speaks of: it must be the one that was read.
    #[arg(long, value_name = "FILE")]
    pub source: Option<PathBuf>,
    /// The mapping file: it must be the one that was used.
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// The journal: the run's events must be those that the report was made from.
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// The seal that was noted when the report was written: the certificate must still have it.
    #[arg(long, value_name = "HEX")]
    pub seal: Option<String>,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code, for example `phone.too_short`.
    #[arg(required_unless_present = "all")]
    pub code: Option<String>,
    /// List all codes.
    #[arg(long, conflicts_with = "code")]
    pub all: bool,
    /// Language: en or ru (English when not given).
    #[arg(long, value_name = "LANG", env = "CLIENTFERRY_LANG", default_value = "en")]
    pub lang: String,
}

/// `runs`.
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Journal file.
    #[arg(long, value_name = "FILE", env = "CLIENTFERRY_JOURNAL")]
    pub journal: Option<PathBuf>,
}

/// `config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What about it.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What is told of the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Everything in force and where it comes from; secrets by their places only.
    Show(ConfigShowArgs),
    /// The JSON Schema of clientferry.toml, for editors.
    Schema,
}

/// `config show`.
#[derive(Debug, Args)]
pub struct ConfigShowArgs {
    /// This account alone.
    #[arg(long, value_name = "NAME", env = "CLIENTFERRY_ACCOUNT")]
    pub account: Option<String>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `sandbox`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SandboxArgs {
    /// Something else than serving.
    #[command(subcommand)]
    pub other: Option<SandboxCommand>,
    /// Whose imitation (an unknown name is answered with the known ones).
    #[arg(long, value_name = "NAME", default_value = "tbank")]
    pub provider: String,
    /// Loopback address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Ledger: one line for each created client; read again at the next start.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Requests in any sliding second, `20/s`; `none` for no limit (the provider's own limit when not given).
    #[arg(long, value_name = "N/s")]
    pub rate: Option<String>,
    /// Milliseconds of work on each request.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency_ms: u64,
    /// Something that is to go wrong, KIND[=ARG]@WHEN, for example `503=2@5%`, `drop_after_commit@#10-20`; may be given several times.
    #[arg(long, value_name = "SPEC")]
    pub fault: Vec<String>,
    /// Behaviour that the provider leaves open, NAME=VALUE; may be given several times (an unknown name is answered with the known ones).
    #[arg(long, value_name = "NAME=VALUE")]
    pub switch: Vec<String>,
    /// The one token that it accepts, from this variable (any token when not given).
    #[arg(long, value_name = "VARIABLE")]
    pub token_env: Option<String>,
    /// Decides which requests a fault with a percentage meets.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

/// What the sandbox does besides serving.
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Write a CSV of invented clients.
    Generate {
        /// How many rows.
        #[arg(long, value_name = "N", default_value_t = 1000)]
        rows: u64,
        /// The same number gives the same file.
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
        /// Percentage of rows that carry a fault.
        #[arg(long, value_name = "PERCENT", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
        messy: u8,
        /// Where to write (standard output when not given).
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

fn delimiter(text: &str) -> Result<char, String> {
    let mut chars = text.chars();
    match (text, chars.next(), chars.next()) {
        ("tab" | "\\t", _, _) => Ok('\t'),
        (_, Some(only), None) => Ok(only),
        (_, _, _) => Err("give one character, or `tab`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
