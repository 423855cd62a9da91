//! `check-profile`: everything that is wrong with a profile and its contracts, what nobody can settle with them, and a rehearsal of
//! one example client in the sandbox. Sends nothing to the provider.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::known::{self, Described};
use crate::cli::CheckProfileArgs;
use crate::config::SANDBOX_ACCOUNT;
use crate::contract::profile::{KeyPlace, OwnOperation, Problem, examples};
use crate::contract::{Level, Operation, OwnProfile};
use crate::failure::{Exit, Failure};
use crate::model::{Body, IdempotencyKey};
use crate::provider::{self, AccountSettings, Found, Order, Provider, Slot, Turn, Verdict, Wanted};
use crate::sandbox::{self, SandboxSettings};
use crate::submit::{Pace, Session};
use crate::terminal;

/// What was found.
#[derive(Default)]
struct Findings {
    wrong: Vec<Problem>,
    /// What is allowed and should be known.
    notes: Vec<String>,
    tried: Vec<String>,
}

impl Findings {
    fn wrong(&mut self, place: &str, what: impl Into<String>, hint: &str) {
        self.wrong.push(Problem { place: place.to_owned(), what: what.into(), hint: hint.to_owned() });
    }
}

pub(super) fn run(args: &CheckProfileArgs) -> Result<Exit, Failure> {
    let mut findings = Findings::default();
    let title = match known::describe(&args.file) {
        Err(problems) => {
            findings.wrong = problems;
            String::new()
        }
        Ok(Described { profile, operations }) => {
            notes(&profile, &mut findings.notes);
            address(&profile, &mut findings);
            let operations: Vec<Arc<Operation>> = operations.into_iter().map(Arc::new).collect();
            for operation in &operations {
                if let Some(written) = profile.operation(&operation.name) {
                    look_at(&profile, written, operation, &mut findings);
                }
            }
            if findings.wrong.is_empty() {
                rehearse(&profile, &operations, &mut findings)?;
            }
            format!(
                " ({}, {})",
                profile.title,
                operations.iter().map(|operation| &*operation.name).collect::<Vec<_>>().join(", ")
            )
        }
    };
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}{title}: {}", args.file.display(), counted(findings.wrong.len()));
    for problem in &findings.wrong {
        let _ = writeln!(text, "  wrong  {}: {}\n         {}", problem.place, problem.what, problem.hint);
    }
    for note in &findings.notes {
        let _ = writeln!(text, "  note   {note}");
    }
    for tried in &findings.tried {
        let _ = writeln!(text, "  tried  {tried}");
    }
    terminal::print(&text);
    Ok(if findings.wrong.is_empty() { Exit::Well } else { Exit::Usage })
}

fn counted(wrong: usize) -> String {
    match wrong {
        0 => "nothing is wrong".to_owned(),
        1 => "1 thing is wrong".to_owned(),
        more => format!("{more} things are wrong"),
    }
}

/// Whether the profile's own address and limits are such that an account could be made of them.
fn address(own: &Arc<OwnProfile>, findings: &mut Findings) {
    let account = AccountSettings::for_sandbox(SANDBOX_ACCOUNT, &own.name, Some(Arc::clone(own)), &own.base_url);
    if let Err(error) = provider::connect(&own.name, &account) {
        findings.wrong("base_url", error.to_string(), &error.hint());
    }
}

/// What the profile leaves to people.
fn notes(own: &OwnProfile, notes: &mut Vec<String>) {
    let replays = own.key.place != KeyPlace::None && own.key.remembered.is_some();
    match (replays, own.look_up.is_some()) {
        (false, false) => notes.push(
            "no key that is remembered and no look-up: a client whose answer is lost stays `unknown` until a person looks \
             (`resolve --answers FILE`)"
                .to_owned(),
        ),
        (true, false) => notes.push(format!(
            "no look-up: what repeats under the same key do not settle within {} s stays for a person",
            own.key.remembered.unwrap_or_default().as_secs()
        )),
        (_, true) => {}
    }
    if own.key.place != KeyPlace::None && own.key.remembered.is_none() {
        notes.push("[idempotency] remembered_s is not given, so no request is repeated to learn its outcome".to_owned());
    }
    if own.preflight.is_none() {
        notes.push("no [preflight]: a wrong address or secret shows with the first client only".to_owned());
    }
    if own.existing.is_none() {
        notes.push("no [existing]: a client that the provider had before is told as `rejected`".to_owned());
    }
    if own.documentation.is_empty() {
        notes.push("no `documentation`: nobody will find the provider's page".to_owned());
    }
}

/// Tries templates and pointers against the contract's examples.
fn look_at(own: &OwnProfile, written: &OwnOperation, operation: &Operation, findings: &mut Findings) {
    let place = format!("[operations.{}]", written.kind);
    let whole = operation.schema.get("examples").is_some();
    let bodies = examples(&operation.schema);
    if bodies.is_empty() {
        let what = "the contract has no example, neither of a client nor of its members";
        findings.wrong(
            &place,
            what,
            "add `examples` to the contract's root or to its members: they are shown to people and tried here",
        );
        return;
    }
    for body in &bodies {
        for violation in operation.violations(body, Level::Strict) {
            let pointer = if violation.pointer.is_empty() { "/" } else { &violation.pointer };
            let what = format!("the contract's own example breaks it at {pointer}: {}", violation.message);
            let hint = if whole { "mend the example or the rule" } else { "add examples to all members that are required" };
            findings.wrong(&place, what, hint);
        }
        let mut hole = |place: &str, filled: Result<(), String>| {
            if let Err(why) = filled {
                findings.wrong(
                    place,
                    format!("cannot be filled for {}: {why}", operation.name),
                    "mend the pointer, or the contract's example",
                );
            }
        };
        if let Some(path) = own.path_of(written) {
            hole(&format!("{place} path"), path.address(body).map(drop).map_err(|why| why.to_string()));
        }
        if let Some(look_up) = &own.look_up {
            hole("[look_up] path", look_up.path.address(body).map(drop).map_err(|why| why.to_string()));
            let json = look_up.body.as_ref().map_or(Ok(()), |json| json.fill(body).map(drop).map_err(|why| why.to_string()));
            hole("[look_up] body", json);
            let missing = look_up.same.iter().find(|(ours, _)| body.pointer(ours).is_none());
            hole("[look_up] same", missing.map_or(Ok(()), |(ours, _)| Err(format!("the body has nothing at {ours}"))));
        }
        for part in written.identity.iter().flatten().filter(|part| body.pointer(part).is_none()) {
            hole(&format!("{place} identity"), Err(format!("the body has nothing at {part}")));
        }
    }
    if let Some(look_up) = &own.look_up {
        let holes = look_up.path.pointers().map(str::to_owned).chain(look_up.body.iter().flat_map(|body| body.pointers()));
        for hole in holes.filter(|hole| !is_required(&operation.schema, hole)) {
            findings
                .notes
                .push(format!("{}: a row without {hole} cannot be looked up; the contract does not require it", operation.name));
        }
    }
    if let KeyPlace::Member(member) = &own.key.place
        && operation.schema.get("additionalProperties") == Some(&Value::Bool(false))
        && operation.schema.pointer(&format!("/properties/{member}")).is_none()
    {
        let what = format!("{} closes its body and has no member `{member}` for the key", operation.name);
        findings.wrong("[idempotency] member", what, "add the member to the contract's properties");
    }
}

fn is_required(schema: &Value, pointer: &str) -> bool {
    let mut node = schema;
    for step in pointer.split('/').skip(1) {
        let required = node.get("required").and_then(Value::as_array);
        if !required.is_some_and(|names| names.iter().any(|name| name == step)) {
            return false;
        }
        let Some(next) = node.get("properties").and_then(|properties| properties.get(step)) else { return true };
        node = next;
    }
    true
}

/// One example client of each operation, through the sandbox over real HTTP.
fn rehearse(own: &Arc<OwnProfile>, operations: &[Arc<Operation>], findings: &mut Findings) -> Result<(), Failure> {
    let session = Session::start().map_err(|why| Failure::Output { what: "threads for the rehearsal".to_owned(), why })?;
    let settings = SandboxSettings::new(&own.name, operations.to_vec()).with_own(Some(Arc::clone(own)));
    session.block_on(async {
        let running = sandbox::start(settings).await?;
        let account = AccountSettings::for_sandbox(SANDBOX_ACCOUNT, &own.name, Some(Arc::clone(own)), &running.base_url);
        let provider = provider::connect(&own.name, &account)?;
        if let Err(halt) = provider.preflight(&Pace::new(provider.profile())).await {
            findings.wrong("[preflight]", halt.what, &halt.hint);
        }
        for operation in operations {
            if let Some(body) = examples(&operation.schema).first() {
                let tried = rehearse_one(provider.as_ref(), own, &operation.name, &Body::new(body)).await;
                match tried {
                    Ok(tried) => findings.tried.push(format!("{}: {}", operation.name, tried.join(", "))),
                    Err((place, what)) => {
                        let what = format!("the rehearsal of {} fails: {what}", operation.name);
                        findings.wrong(place, what, "compare profile and contract; the sandbox answers by nothing else");
                    }
                }
            }
        }
        running.stop().await;
        Ok(())
    })
}

async fn rehearse_one(
    provider: &dyn Provider,
    own: &OwnProfile,
    operation: &str,
    body: &Body,
) -> Result<Vec<&'static str>, (&'static str, String)> {
    let key = IdempotencyKey::derive(operation, "check-profile", "example", body.as_str());
    let mut order = Order { operation, body, key, repeat_of_unknown: false };
    let created = |place: &'static str, verdict: Verdict| match verdict {
        Verdict::Created(id) => Ok(id),
        other => Err((place, said(&other))),
    };
    let mut tried = vec!["created"];
    let id = created("[success]", provider.submit(&order, &NoLimit).await.verdict)?;
    if own.key.place != KeyPlace::None {
        order.repeat_of_unknown = true;
        let again = created("[idempotency]", provider.submit(&order, &NoLimit).await.verdict)?;
        if again != id {
            return Err(("[idempotency]", "a repeat under the same key made a second client".to_owned()));
        }
        tried.push("repeated under its key");
    }
    if own.look_up.is_some() {
        let wanted = Wanted { operation: operation.into(), body: body.clone(), key, sent_at_ms: 0, unchanged: true };
        match provider.find(&[wanted], &|_, _| false, &NoLimit).await.into_iter().next() {
            Some(Found::There(found) | Found::ByUs(found)) if found == id => tried.push("looked up"),
            Some(Found::CannotAsk(why)) => return Err(("[look_up]", why.message.into())),
            Some(Found::Halt(halt)) => return Err(("[look_up]", halt.what)),
            Some(Found::Absent | Found::Several(_) | Found::There(_) | Found::ByUs(_) | Found::BeforeUs(_)) | None => {
                return Err(("[look_up]", "the client that was just created is not found under its id".to_owned()));
            }
        }
    }
    Ok(tried)
}

fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Created(_) => "created".to_owned(),
        Verdict::Existing(_) => "the client is told to be there before".to_owned(),
        Verdict::Rejected(why) | Verdict::Transient(why) | Verdict::Unknown { why, .. } | Verdict::RefusedOnRepeat(why) => {
            format!("{}: {}", why.code, why.message)
        }
        Verdict::Throttled { .. } => "too fast".to_owned(),
        Verdict::Halt(halt) | Verdict::HaltInDoubt(halt) => halt.what.clone(),
    }
}

/// A handful of requests to a sandbox of our own.
struct NoLimit;

#[async_trait]
impl Slot for NoLimit {
    async fn take(&self) -> Option<Box<dyn Turn>> {
        Some(Box::new(NoLimit))
    }

    fn slow_down(&self, _: Option<Duration>) {}
}

impl Turn for NoLimit {
    fn answered(self: Box<Self>, _: bool) {}
}
