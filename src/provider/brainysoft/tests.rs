//! The account before a scripted server: which requests leave, in which order, and what comes of their answers.

mod asking;
mod creation;

use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::model::{Body, IdempotencyKey};

/// A request as it arrived.
#[derive(Clone, Debug)]
struct Seen {
    call: String,
    bsauth: Option<String>,
    body: String,
}

type Answers = Box<dyn Fn(usize, &Seen) -> (u16, Value) + Send + Sync>;

struct Server {
    base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers the n-th request of a call (counted from 0) by `answers`.
    async fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/bs-core", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = read(&mut socket).await;
                let number = {
                    let mut log = log.lock().unwrap();
                    let number = log.iter().filter(|seen: &&Seen| seen.call == request.call).count();
                    log.push(request.clone());
                    number
                };
                let (status, body) = answers(number, &request);
                // Status 0: the connection is closed without an answer.
                if status > 0 {
                    let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
                    let head =
                        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
                    let _ = socket.write_all(head.as_bytes()).await;
                }
            }
        });
        Self { base, seen }
    }

    fn calls(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|seen| seen.call.clone()).collect()
    }

    fn last(&self) -> Seen {
        self.seen.lock().unwrap().last().unwrap().clone()
    }
}

async fn read(socket: &mut TcpStream) -> Seen {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| {
                head.lines().find_map(|line| {
                    let (known, value) = line.split_once(':')?;
                    known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
                })
            };
            let wanted: usize = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            if body.len() >= wanted {
                let call: Vec<&str> = head.lines().next().unwrap().split(' ').take(2).collect();
                return Seen { call: call.join(" "), bsauth: header("bsauth"), body: body.to_owned() };
            }
        }
        match socket.read(&mut buffer).await {
            Ok(0) | Err(_) => return Seen { call: "cut".into(), bsauth: None, body: String::new() },
            Ok(count) => bytes.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// Slots for everybody; counts them.
#[derive(Default)]
struct Free(AtomicU64);

#[async_trait]
impl Slot for Free {
    async fn take(&self) -> Option<Box<dyn crate::provider::Turn>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(Box::new(Uncounted))
    }

    fn slow_down(&self, _: Option<Duration>) {}
}

fn account(base: &str, options: &str) -> BrainySoft {
    let mut settings = AccountSettings::for_sandbox("test", "brainysoft", None, base);
    settings.options = toml::from_str(options).unwrap();
    let mut account = BrainySoft::connect(&settings).unwrap();
    account.pause = Duration::ZERO;
    account
}

fn part() -> Value {
    json!({"naturalPerson": true, "businessman": false, "lastName": "Образцова", "firstName": "Анна", "birthDate": "1990-05-01",
        "passport": {"seria": "4510", "no": "654321"}})
}

fn init() -> Value {
    json!({"status": "ok", "timestamp": 1, "data": {"naturalPerson": true, "businessman": false, "lastName": "", "firstName": "",
        "birthDate": null, "passport": {"id": null, "seria": "", "no": ""}, "opaque": 9_007_199_254_740_993_u64, "id": null}})
}

fn ok(data: Value) -> (u16, Value) {
    (200, json!({"status": "ok", "timestamp": 1, "data": data}))
}

fn error(code: &str, message: &str) -> Value {
    json!({"status": "error", "timestamp": 1, "data": {"code": code, "message": message}})
}

fn stored(id: u64) -> Value {
    let mut whole = part();
    whole["id"] = id.into();
    whole["creationDate"] = "2026-11-21".into();
    whole
}

/// A provider in good order, but for what `odd` says of a call.
fn orderly(odd: impl Fn(usize, &str) -> Option<(u16, Value)> + Send + Sync + 'static) -> Answers {
    Box::new(move |number, seen| {
        if let Some(answer) = odd(number, &seen.call) {
            return answer;
        }
        match seen.call.as_str() {
            "POST /oauth/token" => (200, json!({"access_token": format!("token-{number}"), "expires_in": 1800})),
            "GET /bs-core/utils/session/whoami" => ok(json!({"userId": 1})),
            "GET /bs-core/main/clients/init" => (200, init()),
            "POST /bs-core/main/clients" => ok(json!({"id": 101_320_001})),
            "GET /bs-core/main/clients/101320001" => ok(stored(101_320_001)),
            _ => (404, Value::Null),
        }
    })
}

async fn submit(account: &BrainySoft, slots: &Free) -> Answer {
    let body = Body::new(&part());
    let order = Order {
        operation: "brainysoft/individual",
        body: &body,
        key: IdempotencyKey::derive("", "", "", ""),
        repeat_of_unknown: false,
    };
    account.submit(&order, slots).await
}

/// A turn that nobody counts.
struct Uncounted;

impl crate::provider::Turn for Uncounted {
    fn answered(self: Box<Self>, _: bool) {}
}
