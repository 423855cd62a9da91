//! Hooks: a command or a webhook, at the end of each run or when an account's status changes. What they do changes no exit code.

use std::path::Path;
use std::time::Duration;

use super::webhook::Webhook;
use super::{Memory, RunEnd, command, memory_of};

/// `event` of what is told at every end.
pub(super) const FINISH: &str = "finish";
/// `event` of what is told when the status changed.
pub(super) const CHANGE: &str = "change";

/// Who is told.
#[derive(Clone, Debug)]
pub enum Hook {
    /// A program and its arguments; gets the JSON on standard input.
    Command(Vec<String>),
    /// An address; gets the JSON as a POST.
    Webhook(Box<Webhook>),
}

/// Who is told when.
#[derive(Clone, Debug, Default)]
pub struct Hooks {
    /// At the end of each run.
    pub on_finish: Option<Hook>,
    /// When the status of an operation's account is another than after the run before.
    pub on_change: Option<Hook>,
    /// How long each may take.
    pub timeout: Duration,
}

impl Hook {
    fn call(&self, body: &str, timeout: Duration) -> Result<(), String> {
        match self {
            Self::Command(words) => command::run(words, body, timeout),
            Self::Webhook(webhook) => webhook.post(body, timeout),
        }
    }
}

/// Tells whom it concerns. What went wrong comes back, for people to read.
#[must_use]
pub fn tell(hooks: &Hooks, end: &RunEnd) -> Vec<String> {
    let mut troubles = Vec::new();
    let mut call = |name: &str, hook: &Hook, body: String| {
        let called = hook.call(&body, hooks.timeout);
        if let Err(why) = &called {
            troubles.push(format!("the hook {name} failed: {why}"));
        }
        called.is_ok()
    };
    if let Some(hook) = &hooks.on_finish {
        call("on_finish", hook, end.as_json(FINISH, None).to_string());
    }
    let Some(hook) = hooks.on_change.as_ref().filter(|_| end.status.is_verdict()) else { return troubles };
    let mut change = |previous| end.changes(previous).then(|| call("on_change", hook, end.as_json(CHANGE, previous).to_string()));
    let Some(memory) = end.journal.as_deref().map(memory_of).filter(|path| path.parent().is_some_and(Path::is_dir)) else {
        // A mistake before the first run leaves nothing on the disk, so nothing can be remembered there either.
        _ = change(None);
        return troubles;
    };
    let noted = Memory::open(&memory).and_then(|mut memory| {
        // A change that nobody heard of is told again after the next run.
        match change(memory.status(&end.operation, &end.account)) {
            Some(false) => Ok(()),
            Some(true) | None => memory.remember(end),
        }
    });
    if let Err(why) = noted {
        troubles.push(format!("the status of the account cannot be remembered beside the journal: {why}"));
    }
    troubles
}

impl RunEnd {
    /// Whether the status is news. Before the first run all was well.
    fn changes(&self, previous: Option<super::Status>) -> bool {
        self.status != previous.unwrap_or(super::Status::Well)
    }
}
