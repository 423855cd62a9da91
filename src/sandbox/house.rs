//! The house tried with an imitation that has what the first one has not: a base path, log-ins, tokens in a header of their own, ids
//! in numbers, no keys. Tests only.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{Method, Request, Response, StatusCode};
use chrono::{SubsecRound, Utc};
use serde_json::{Value, json};

use crate::contract::Registry;

use super::fault::FaultKind;
use super::ledger::Entry;
use super::reply::{self, Answer, Success};
use super::settings::SandboxSettings;
use super::toolbox::{remove, strict_json};
use super::world::{Admitted, Complaint, Credential, Imitation, Known, NotCreated, Route, World};
use super::{SandboxError, imitated_providers};

/// Calls itself like a real one, whose operations it borrows.
fn provider() -> &'static str {
    imitated_providers().next().unwrap()
}

fn kiosk() -> &'static Known {
    Box::leak(Box::new(Known {
        provider: provider(),
        rate_per_second: None,
        switches: &[],
        odd_answers: &["upside_down"],
        reads: &["token", "count"],
        open: |setup| {
            assert!(!setup.operations.is_empty());
            Ok(Box::new(Kiosk::default()))
        },
    }))
}

#[derive(Default)]
struct Kiosk {
    tokens: Mutex<HashSet<String>>,
    emails: Mutex<HashSet<String>>,
}

fn email(body: &Value) -> String {
    body["email"].as_str().unwrap_or_default().to_owned()
}

#[async_trait]
impl Imitation for Kiosk {
    fn base_path(&self) -> &str {
        "/kiosk/v1"
    }

    fn route(&self, method: &Method, path: &str) -> Route {
        match (method, path.strip_prefix(self.base_path()).unwrap_or_default()) {
            (&Method::POST, "/clients") => Route::Create,
            (_, "/clients") => Route::WrongMethod,
            (&Method::POST, "/token") => Route::Open("token"),
            (&Method::GET, "/count") => Route::Read("count"),
            _ => Route::Unknown,
        }
    }

    fn credential(&self, head: &Parts) -> Option<String> {
        Some(head.headers.get("bsauth")?.to_str().ok()?.to_owned())
    }

    fn judge_credential(&self, credential: &str, _wanted: Option<&str>) -> Credential {
        match credential {
            "guest" => Credential::Forbidden,
            other if self.tokens.lock().unwrap().contains(other) => Credential::Good,
            _ => Credential::Unknown,
        }
    }

    fn names<'body>(&self, body: &'body Value) -> Vec<&'body str> {
        body["email"].as_str().into_iter().collect()
    }

    fn refuse(&self, complaint: Complaint) -> Response<Body> {
        let status = match complaint {
            Complaint::NotFound => 404,
            Complaint::WrongMethod => 405,
            Complaint::Unauthorized => 401,
            Complaint::Forbidden => 403,
            Complaint::TooManyRequests => 429,
            Complaint::TooLong => 413,
            Complaint::TryAgain => 409,
            Complaint::Internal => 500,
            Complaint::Unavailable => 503,
        };
        reply::json(StatusCode::from_u16(status).unwrap(), &json!({"status": "error"}))
    }

    fn remove_id(&self, answer: &mut Value) {
        remove(answer, "/data/id");
    }

    fn odd(&self, name: &'static str, success: Success) -> Answer {
        Success { body: json!({name: success.body}), ..success }.into()
    }

    fn remember(&self, _at: usize, entry: &Entry) {
        self.emails.lock().unwrap().insert(email(&entry.body));
    }

    fn forget(&self) {
        self.emails.lock().unwrap().clear();
    }

    fn extra(&self, name: &str) -> Option<Value> {
        (name == "emails").then(|| json!(self.emails.lock().unwrap().len()))
    }

    async fn answer(&self, world: &World, request: Admitted) -> Answer {
        match request.arrival.route {
            Route::Open(_) => {
                let mut tokens = self.tokens.lock().unwrap();
                let token = format!("token-{}", tokens.len());
                tokens.insert(token.clone());
                reply::json(StatusCode::OK, &json!({"access_token": token})).into()
            }
            Route::Create => {
                let Ok(body) = strict_json(&request.body) else {
                    return reply::problem(StatusCode::BAD_REQUEST, "Bad", &[("body".to_owned(), "is no JSON".to_owned())])
                        .into();
                };
                let mut hits = request.arrival.hits.clone();
                if let Some(answer) = world.named(&request.arrival, &body, &mut hits).await {
                    return answer;
                }
                let made = world.create(request.arrival.token, |store| {
                    if self.emails.lock().unwrap().contains(&email(&body)) {
                        return Err(Complaint::TryAgain);
                    }
                    let id = (101 + store.len()).to_string();
                    Ok(Entry { time: Utc::now().trunc_subsecs(3), operation: format!("{}/x", provider()), key: None, id, body })
                });
                match made {
                    Ok(entry) => {
                        let body = json!({"status": "ok", "data": {"id": entry.id}});
                        world.created(&hits, Success { status: StatusCode::OK, body })
                    }
                    Err(NotCreated::Refused(complaint)) => self.refuse(complaint).into(),
                    Err(NotCreated::Ledger) => self.refuse(Complaint::Internal).into(),
                }
            }
            Route::Read(_) => {
                let count = world.state().store.in_order(world.listed_until_ms()).count();
                reply::json(StatusCode::OK, &json!(count)).into()
            }
            Route::WrongMethod | Route::Unknown => self.refuse(Complaint::NotFound).into(),
        }
    }
}

fn world(faults: &[&str], ledger: Option<&std::path::Path>) -> Result<World, SandboxError> {
    let mut settings = SandboxSettings::new(provider(), Registry::built_in().find(provider()).unwrap());
    settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    settings.ledger = ledger.map(std::path::Path::to_owned);
    World::of(kiosk(), settings)
}

async fn call(world: &Arc<World>, method: &str, path: &str, token: &str, body: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(format!("/kiosk/v1{path}")).header("bsauth", token).body(()).unwrap();
    let (head, ()) = request.into_parts();
    let arrival = world.arrive(&head);
    match world.answer(head, arrival, Some(Bytes::from(body.to_owned()))).await {
        Answer::Respond(response) => {
            let status = response.status().as_u16();
            let bytes = to_bytes(response.into_body(), 10_000).await.unwrap();
            (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
        }
        Answer::Drop | Answer::Hang => (0, Value::Null),
    }
}

#[tokio::test]
async fn log_ins_need_no_token_and_the_rest_does() {
    let world = Arc::new(world(&["dead_token@#2", "503@read#4"], None).unwrap());
    let create = |token: &'static str, email: &str| {
        let (world, body) = (Arc::clone(&world), json!({"email": email}).to_string());
        async move { call(&world, "POST", "/clients", token, &body).await }
    };
    assert_eq!(create("token-0", "a@example.org").await.0, 401);
    assert_eq!(call(&world, "POST", "/token", "", "").await.1["access_token"], "token-0");
    assert_eq!(call(&world, "GET", "/count", "guest", "").await.0, 403);
    assert_eq!(create("token-0", "a@example.org").await.0, 401, "the second creation kills its token");
    assert_eq!(call(&world, "GET", "/count", "token-0", "").await.0, 401);
    assert_eq!(call(&world, "POST", "/token", "", "").await.0, 503);
    assert_eq!(call(&world, "POST", "/token", "token-0", "").await.1["access_token"], "token-1");
    assert_eq!(create("token-1", "a@example.org").await, (200, json!({"status": "ok", "data": {"id": "101"}})));
    assert_eq!(call(&world, "GET", "/count", "token-1", "").await, (200, json!(1)));
    assert_eq!(call(&world, "GET", "/clients", "token-1", "").await.0, 405);
    assert_eq!(call(&world, "GET", "/none", "token-1", "").await.0, 404);
    assert_eq!(call(&world, "POST", "/clients", "token-1", r#"{"a":1,"a":2}"#).await.1["errors"]["body"][0], "is no JSON");
}

#[tokio::test]
async fn an_imitation_remembers_what_the_ledger_holds_and_forgets_on_reset() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    for (emails, created) in [(["a", "b"], 2), (["b", "c"], 3)] {
        let world = Arc::new(world(&["201_no_id@#1", "hang=before@name:z"], Some(&ledger)).unwrap());
        assert_eq!(call(&world, "POST", "/token", "", "").await.0, 200);
        for email in emails {
            call(&world, "POST", "/clients", "token-0", &json!({"email": email}).to_string()).await;
        }
        assert_eq!(call(&world, "POST", "/clients", "token-0", r#"{"email":"z"}"#).await.0, 0);
        assert_eq!((world.state().store.len(), world.imitation.extra("emails")), (created, Some(json!(created))));
        assert!(world.state().store.find("102").is_some() && world.state().store.keys().is_empty());
        if created == 3 {
            world.reset().unwrap();
            assert_eq!((world.state().store.len(), world.imitation.extra("emails")), (0, Some(json!(0))));
        }
    }
}

#[test]
fn faults_of_another_imitation_are_told() {
    let told = |fault: &str| world(&[fault], None).unwrap_err().to_string();
    let foreign = FaultKind::Odd(super::registry::all()[0].odd_answers[0]);
    assert!(told(&format!("odd={}", foreign.name())).contains("it knows: upside_down"));
    assert!(told("503@read:list").contains("it knows: token, count"));
}
