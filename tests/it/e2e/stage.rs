//! A stage for one test: a working folder, the program started in it, a sandbox beside it. Judges nothing.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clientferry::sandbox::generate;
use serde_json::Value;
use tempfile::TempDir;

/// No run of these tests may take longer.
const RUN_MAX: Duration = Duration::from_secs(180);

const PROGRAM: &str = env!("CARGO_BIN_EXE_clientferry");

/// A working folder and the environment of the program in it.
pub(super) struct Stage {
    folder: TempDir,
    variables: Vec<(String, String)>,
    runs: AtomicUsize,
}

impl Stage {
    /// An empty folder, nothing of the caller's environment.
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new(), runs: AtomicUsize::new(0) }
            .with("CLIENTFERRY_LOOK_UP_GAP_S", "0")
    }

    /// One more variable.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a variable for the runs to come.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Lets the program send to this sandbox as fast as it takes it.
    pub(super) fn to(self, sandbox: &SandboxProcess) -> Self {
        self.with("CLIENTFERRY_BASE_URL", &sandbox.url)
            .with("CLIENTFERRY_TOKEN", "a-token-for-tests")
            .with("CLIENTFERRY_REQUESTS_PER_SECOND", "500")
    }

    /// A path in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Writes a file of invented clients.
    pub(super) fn write_clients(&self, name: &str, rows: u64, seed: u64, messy_percent: u8) {
        let mut bytes = Vec::new();
        generate::generate(rows, seed, messy_percent, &mut bytes).unwrap();
        self.write(name, bytes);
    }

    /// The program with these arguments, not started yet.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the program; its output goes to files, so that nothing ever waits for a reader.
    pub(super) fn start(&self, arguments: &[&str]) -> Started {
        self.start_command(self.command(arguments))
    }

    /// The same for a command that was changed.
    pub(super) fn start_command(&self, mut command: Command) -> Started {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let outputs = tempfile::tempdir().unwrap();
        let stdout = outputs.path().join(format!("stdout-{number}"));
        let stderr = outputs.path().join(format!("stderr-{number}"));
        let child = command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap()).spawn().unwrap();
        Started { child, stdout, stderr, _outputs: outputs }
    }

    /// Runs the program to its end.
    pub(super) fn run(&self, arguments: &[&str]) -> Finished {
        self.start(arguments).finish()
    }

    /// Runs the program with this on standard input.
    pub(super) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Finished {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        let mut started = self.start_command(command);
        let mut stdin = started.child.stdin.take().unwrap();
        // The program may have seen enough before the end.
        let _ = stdin.write_all(input);
        drop(stdin);
        started.finish()
    }

    /// Every file below the folder.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(self.folder.path(), &mut found);
        found.sort();
        found
    }

    /// The one report folder below `reports`.
    pub(super) fn only_report(&self) -> PathBuf {
        let folders: Vec<PathBuf> = std::fs::read_dir(self.path("reports")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(folders.len(), 1, "{folders:?}");
        folders[0].clone()
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// The program at work. Dropped, it is killed.
pub(super) struct Started {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    _outputs: TempDir,
}

impl Started {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it has said on stderr until now.
    pub(super) fn stderr(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.stderr).unwrap()).into_owned()
    }

    /// SIGKILL. Whether it came before the program's own end.
    pub(super) fn kill(mut self) -> bool {
        self.child.kill().unwrap();
        self.child.wait().unwrap().code().is_none()
    }

    /// Sends a signal by its name, `INT` or `TERM`.
    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status().unwrap();
        assert!(sent.success(), "no {name} for {}", self.id());
    }

    /// Waits for its end.
    pub(super) fn finish(mut self) -> Finished {
        let deadline = Instant::now() + RUN_MAX;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the program does not end; stderr: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        };
        let stdout = String::from_utf8_lossy(&std::fs::read(&self.stdout).unwrap()).into_owned();
        let stderr = self.stderr();
        assert!(!stderr.contains("panicked") && !stdout.contains("panicked"), "{stdout}\n{stderr}");
        Finished { code: status.code(), stdout, stderr }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the program left: exit code (`None` after a signal) and output.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Finished {
    /// Fails unless the exit code is this one.
    #[track_caller]
    pub(super) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// A sandbox as a process of its own. Dropped, it is killed; its ledger stays until then.
pub(super) struct SandboxProcess {
    child: Child,
    folder: TempDir,
    pub(super) url: String,
}

impl SandboxProcess {
    /// No limit, no latency, these faults.
    pub(super) fn with_faults(faults: &[&str]) -> Self {
        let mut arguments = vec!["--rate", "none"];
        arguments.extend(faults.iter().flat_map(|fault| ["--fault", fault]));
        Self::start(&arguments)
    }

    pub(super) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    pub(super) fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["sandbox", "--ledger", "ledger.jsonl"]).args(arguments).current_dir(folder.path());
        command.env_clear().envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Self { child, folder, url }
    }

    /// The process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.jsonl")
    }

    /// Clients created until now.
    pub(super) fn created(&self) -> usize {
        lines(&self.ledger())
    }

    /// Waits until so many clients are created.
    pub(super) fn wait_for_clients(&self, clients: usize) {
        wait_for_lines(&self.ledger(), clients);
    }

    /// The log of requests.
    pub(super) fn requests(&self) -> Value {
        self.control("GET", "requests", "")
    }

    /// Requests that asked for a creation.
    pub(super) fn creations_asked(&self) -> usize {
        let log = self.requests();
        log["requests"].as_array().unwrap().iter().filter(|request| request["method"] == "POST").count()
    }

    /// From now on only these faults.
    pub(super) fn set_faults(&self, faults: &[&str]) {
        let body = serde_json::to_string(faults).unwrap();
        assert!(self.control("POST", "faults", &body)["faults"].is_array());
    }

    fn control(&self, method: &str, what: &str, body: &str) -> Value {
        let address = self.url.trim_start_matches("http://").split('/').next().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} /__sandbox/{what} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for SandboxProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whole lines of a file; none while there is no file.
pub(super) fn lines(path: &Path) -> usize {
    std::fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
}

/// Waits until a file has so many lines.
pub(super) fn wait_for_lines(path: &Path, wanted: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while lines(path) < wanted {
        assert!(Instant::now() < deadline, "{} has {} lines, {wanted} were waited for", path.display(), lines(path));
        std::thread::sleep(Duration::from_millis(1));
    }
}
