//! A hook that is a program: the JSON on its standard input, an exit code of 0 in time. It sees few variables, and no secret of ours.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Variables that a program needs to find its way; everything else may hold a token.
const VARIABLES: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SYSTEMROOT",
    "TEMP",
    "PATHEXT",
    "MAILTO",
];
/// How often is looked whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Runs it. Its stdout goes nowhere, its stderr to ours.
pub(super) fn run(words: &[String], body: &str, timeout: Duration) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else { return Err("it names no program".to_owned()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit()).env_clear();
    command.envs(VARIABLES.iter().filter_map(|name| std::env::var_os(name).map(|value| (*name, value))));
    let mut child = command.spawn().map_err(|why| format!("`{program}` cannot be started: {why}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Shorter than a pipe holds, so this never waits; whoever does not read it does not want it.
        let _ = stdin.write_all(body.as_bytes());
    }
    let deadline = Instant::now() + timeout;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("`{program}` ended with {status}")),
            Ok(None) if Instant::now() >= deadline => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("`{program}` took longer than {} s and was ended", timeout.as_secs()));
            }
            Ok(None) => std::thread::sleep(LOOK_AGAIN),
            Err(why) => return Err(format!("`{program}` cannot be waited for: {why}")),
        }
    }
}
