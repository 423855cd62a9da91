//! What a person sees while the program works: progress on stderr, silent when that is no terminal. Shows counts, never data.

use std::io::IsTerminal as _;
use std::panic::{self, UnwindSafe};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::submit::Progress;

/// Width of the terminal's text where it cannot be asked.
const WIDTH: usize = 100;

/// A bar for a stage whose rows are counted.
#[must_use]
pub fn bar(stage: &'static str, rows: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(rows, ProgressDrawTarget::stderr_with_hz(8));
    let template = match rows {
        Some(_) => "{msg:11} {wide_bar} {human_pos}/{human_len} rows · {per_sec} · {eta} left",
        None => "{msg:11} {spinner} {human_pos} rows · {per_sec}",
    };
    // A template that does not parse leaves the library's own style.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(stage);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The bar of sending. It moves by rows of the source, of which many may never go: they are invalid, double or there already. What
/// went is told in words.
#[derive(Clone, Debug)]
pub struct SendingBar {
    bar: ProgressBar,
    begun: Arc<OnceLock<Instant>>,
}

impl SendingBar {
    /// Shows the bar.
    #[must_use]
    pub fn new(stage: &'static str, rows: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template("{prefix:11} {wide_bar} row {human_pos}/{human_len} · {msg} · {eta} left")
        {
            bar.set_style(style);
        }
        bar.set_prefix(stage);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, begun: Arc::default() }
    }

    /// How many rows of the source are behind.
    pub fn pass(&self, rows: u64) {
        self.bar.set_position(rows);
    }

    /// What was done by now.
    pub fn show(&self, progress: Progress) {
        if progress.requests > 0 {
            let running = self.begun.get_or_init(Instant::now).elapsed();
            self.bar.set_message(sending(progress, running));
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// `120 created · 3 rejected · 9.8/s`.
fn sending(progress: Progress, running: Duration) -> String {
    let mut text = format!("{} created", progress.created);
    if progress.rejected > 0 {
        text.push_str(&format!(" · {} rejected", progress.rejected));
    }
    if progress.waiting > 0 {
        text.push_str(&format!(" · {} waiting", progress.waiting));
    }
    match progress.paused_for {
        Some(pause) => text.push_str(&format!(" · paused {} s", pause.as_secs().max(1))),
        // The first second tells no rate.
        None if running.as_secs() == 0 => {}
        None => {
            let per_second = Duration::from_secs(progress.requests).as_secs_f64() / running.as_secs_f64();
            text.push_str(&format!(" · {per_second:.1}/s"));
        }
    }
    text
}

/// Whether text on stdout may be coloured.
#[must_use]
pub fn color() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Columns for text on stdout.
#[must_use]
pub fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns >= 40).unwrap_or(WIDTH)
}

/// Asks a question on the terminal; `None` when there is nobody to ask.
#[must_use]
pub fn confirm(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    tell(&format!("{question} [y/N] "));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).ok()?;
    Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "д" | "да"))
}

/// Writes text for people to stderr; a closed stderr is no reason to stop.
pub fn tell(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Writes data to stdout; a closed pipe is no failure.
pub fn print(text: &str) {
    use std::io::Write as _;
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Where the last panic began. Its payload is not kept: it may quote a client.
static PANICKED_AT: Mutex<Option<String>> = Mutex::new(None);

/// Does the program's work. A panic, which is a defect of ours, becomes a message of one line instead of the usual text; one that
/// somebody inside catches, as the reading of damaged workbooks does, says nothing at all.
///
/// # Errors
/// The message, when the work panicked.
pub fn fenced<T>(work: impl FnOnce() -> T + UnwindSafe) -> Result<T, String> {
    panic::set_hook(Box::new(|panic| {
        let mut place = PANICKED_AT.lock().unwrap_or_else(PoisonError::into_inner);
        match panic.location() {
            // The standard library only passes on what another thread began.
            Some(location) if location.file().starts_with("/rustc/") && place.is_some() => {}
            Some(location) => *place = Some(format!("{}:{}", location.file(), location.line())),
            None => {}
        }
    }));
    panic::catch_unwind(work).map_err(|_payload| {
        let place = PANICKED_AT.lock().unwrap_or_else(PoisonError::into_inner).take();
        format!(
            "error: a defect in clientferry at {} (please report); nothing was half-written\n\
             hint: rows that were sent are in the journal; run the same command again to continue\n",
            place.as_deref().unwrap_or("an unknown place")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sending_is_told_in_words() {
        let mut progress = Progress { requests: 98, created: 95, rejected: 3, waiting: 1, ..Progress::default() };
        assert_eq!(sending(progress, Duration::from_secs(10)), "95 created · 3 rejected · 1 waiting · 9.8/s");
        progress = Progress { paused_for: Some(Duration::from_millis(10)), ..Progress::default() };
        assert_eq!(sending(progress, Duration::ZERO), "0 created · paused 1 s");
    }
}
