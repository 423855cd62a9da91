//! The built program, run in a folder of its own and read back as its users read it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder in which the program runs: its journal and reports are nobody else's.
pub(crate) struct Program {
    folder: TempDir,
}

/// A line of a report, by column.
pub(crate) type Line = BTreeMap<String, String>;

impl Program {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder for the test") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("the file can be written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clientferry"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CLIENTFERRY_")) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Runs the program on these bytes as standard input; it has to end well. What it printed.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> String {
        self.put("standard-input", input);
        let input = fs::File::open(self.path("standard-input")).expect("the file is there");
        let output = self.command(arguments).stdin(input).output().expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the output is text")
    }

    /// Runs the program and demands one of these exit codes.
    pub(crate) fn expect(&self, codes: &[i32], arguments: &[&str]) -> Output {
        let output = self.run(arguments);
        assert!(
            output.status.code().is_some_and(|code| codes.contains(&code)),
            "clientferry {} ended with {:?}\n{}{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    /// A CSV report.
    pub(crate) fn lines(&self, name: &str) -> Vec<Line> {
        read_csv(&self.path(name))
    }

    /// A JSON report.
    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).expect("the report is there")).expect("the report is JSON")
    }
}

fn read_csv(path: &Path) -> Vec<Line> {
    let mut reader = csv::Reader::from_path(path).expect("the report is there");
    reader.deserialize().map(|line| line.expect("the report is whole")).collect()
}
