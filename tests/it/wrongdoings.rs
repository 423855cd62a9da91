//! What other senders are known to do wrong: take a success for a failure or a failure for a success, and send again. Here a tiny
//! server gives each of these answers to the first request for every client, and the program has to create three clients of three
//! rows and tell the truth about them.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy's leave for tests does not reach their helpers

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response};
use uuid::Uuid;

use super::program::Program;

/// How the first request for a client is answered.
struct Wrong {
    name: &'static str,
    stores: bool,
    status: u16,
    headers: fn() -> Vec<(&'static str, String)>,
    /// `None`: no answer within the time that the program waits.
    body: Option<&'static str>,
    /// The provider's own answer to a creation stands here.
    answers_well: bool,
    /// Requests that create, and what becomes of every row.
    posts: usize,
    outcome: &'static str,
}

impl Wrong {
    fn new(name: &'static str, stores: bool, status: u16, body: &'static str) -> Self {
        Self { name, stores, status, headers: Vec::new, body: Some(body), answers_well: false, posts: 6, outcome: "created" }
    }
}

fn wrongdoings() -> Vec<Wrong> {
    vec![
        Wrong {
            headers: || vec![("ratelimit-limit", "10".into())],
            answers_well: true,
            posts: 3,
            ..Wrong::new("success with RateLimit-Limit", true, 201, "")
        },
        Wrong::new("201 with an empty body", true, 201, ""),
        Wrong::new("201 with a text", true, 201, "created"),
        Wrong { posts: 3, outcome: "rejected", ..Wrong::new("400", false, 400, r#"{"errorCode":"INVALID_DATA"}"#) },
        Wrong::new("409", false, 409, r#"{"errorCode":"CONFLICT"}"#),
        Wrong::new("503 without a header", false, 503, ""),
        Wrong {
            headers: || {
                let policy = ("ratelimit-policy", r#""default";q=10;w=1"#.into());
                vec![("ratelimit", r#""default";r=0;t=1"#.into()), policy]
            },
            ..Wrong::new("429 with a structured RateLimit", false, 429, "")
        },
        Wrong {
            headers: || {
                let at = std::time::SystemTime::now() + Duration::from_secs(2);
                vec![("retry-after", httpdate::fmt_http_date(at))]
            },
            ..Wrong::new("429 with a date in Retry-After", false, 429, "")
        },
        Wrong { body: None, ..Wrong::new("commit, then a timeout", true, 201, "") },
    ]
}

#[derive(Default)]
struct Ledger {
    /// Key to id.
    clients: BTreeMap<String, String>,
    posts: Vec<(String, Instant)>,
}

struct Server {
    wrong: Wrong,
    ledger: Mutex<Ledger>,
}

async fn serve(State(server): State<Arc<Server>>, method: Method, headers: HeaderMap, _body: Bytes) -> Response<Body> {
    if method == Method::GET {
        let page = r#"{"offset":0,"limit":1,"size":0,"total":0}"#;
        return Response::builder().header("content-type", "application/json").body(Body::from(page)).unwrap();
    }
    let key = headers.get("idempotency-key").unwrap().to_str().unwrap().to_owned();
    let wrong = &server.wrong;
    let (first, id) = {
        let mut ledger = server.ledger.lock().unwrap();
        let first = !ledger.posts.iter().any(|(known, _)| *known == key);
        ledger.posts.push((key.clone(), Instant::now()));
        let id = if !first || wrong.stores {
            Some(ledger.clients.entry(key).or_insert_with(|| Uuid::new_v4().to_string()).clone())
        } else {
            None
        };
        (first, id)
    };
    let created = format!(r#"{{"beneficiaryId":"{}"}}"#, id.unwrap_or_default());
    if !first {
        return Response::builder().status(201).body(Body::from(created)).unwrap();
    }
    let Some(body) = wrong.body else {
        tokio::time::sleep(Duration::from_secs(30)).await;
        return Response::new(Body::empty());
    };
    let mut answer = Response::builder().status(wrong.status);
    for (name, value) in (wrong.headers)() {
        answer = answer.header(name, value);
    }
    answer.body(if wrong.answers_well { Body::from(created) } else { Body::from(body) }).unwrap()
}

fn import(wrong: Wrong) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = Arc::new(Server { wrong, ledger: Mutex::default() });
    let address = {
        let app = Router::new().fallback(serve).with_state(Arc::clone(&server));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await });
        address
    };
    let program = Program::new();
    program.expect(&[0], &["sandbox", "generate", "--rows", "3", "--messy", "0", "-o", "three.csv"]);
    program.put("token", b"any");
    let config = format!(
        "secret_files = \"any\"\n[sending]\nlook_up_gap_s = 1\n[accounts.main]\nprovider = \"tbank\"\nbase_url = \"http://{address}\"\ntoken_file = \"token\"\ntimeout_s = 2\n"
    );
    program.put("clientferry.toml", config.as_bytes());
    let name = server.wrong.name;
    program.expect(&[0, 1], &["import", "three.csv", "--to", "tbank/fl-resident", "--out", "report"]);
    let lines = program.lines("report/outcomes.csv");
    let ledger = server.ledger.lock().unwrap();
    assert_eq!(lines.len(), 3, "{name}");
    assert!(lines.iter().all(|line| line["outcome"] == server.wrong.outcome), "{name}: {lines:?}");
    let created = if server.wrong.outcome == "created" { 3 } else { 0 };
    let told: BTreeSet<&str> = lines.iter().map(|line| line["provider_id"].as_str()).filter(|id| !id.is_empty()).collect();
    let there: BTreeSet<&str> = ledger.clients.values().map(String::as_str).collect();
    assert_eq!((there.len(), &told), (created, &there), "{name}: the ids of the report are those of the clients");
    assert_eq!(ledger.posts.len(), server.wrong.posts, "{name}");
    // Once told to wait, nothing comes before.
    if server.wrong.status == 429 {
        let first = ledger.posts[0].1;
        let early =
            ledger.posts.iter().filter(|(_, at)| *at - first > Duration::from_millis(400)).map(|(_, at)| *at - first).min();
        assert!(early.is_some_and(|early| early >= Duration::from_millis(900)), "{name}: {early:?}");
    }
    runtime.shutdown_background();
}

#[test]
fn three_rows_make_three_clients_whatever_the_first_answers_are() {
    std::thread::scope(|scope| {
        let running: Vec<_> = wrongdoings().into_iter().map(|wrong| scope.spawn(move || import(wrong))).collect();
        for run in running {
            if let Err(panic) = run.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}
