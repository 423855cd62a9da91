//! The sandbox over real HTTP: what a client of it meets.

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use clientferry::contract::Operation;
use clientferry::sandbox::{self, RequestOutcome, Running, SandboxError, SandboxSettings};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

const PATH: &str = "/api/v1/nominal-accounts/beneficiaries";

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another test of this binary may have been faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let builder = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.retry(reqwest::retry::never()).timeout(Duration::from_secs(5)).build().unwrap()
}

fn operations() -> Vec<Arc<Operation>> {
    clientferry::contract::Registry::built_in().find("tbank/fl-resident").unwrap()
}

fn settings(faults: &[&str]) -> SandboxSettings {
    let mut settings = SandboxSettings::new("tbank", operations());
    settings.rate = None;
    settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    settings
}

async fn start(faults: &[&str]) -> Running {
    sandbox::start(settings(faults)).await.unwrap()
}

fn person(last_name: &str) -> Value {
    let mut body: Value = serde_json::from_str(include_str!("../vectors/tbank/valid/fl-resident--minimal.json")).unwrap();
    body["lastName"] = json!(last_name);
    body["inn"] = json!("990000000115");
    body
}

fn post(client: &Client, sandbox: &Running, key: Uuid, body: &Value) -> RequestBuilder {
    let request = client.post(format!("{}{PATH}", sandbox.base_url)).bearer_auth("any-token");
    request.header("Idempotency-Key", key.to_string()).json(body)
}

async fn create(client: &Client, sandbox: &Running, key: u128) -> reqwest::Result<Response> {
    post(client, sandbox, Uuid::from_u128(key), &person("Образцова")).send().await
}

async fn get(client: &Client, sandbox: &Running, path: &str) -> (StatusCode, Value) {
    let response = client.get(format!("{}{path}", sandbox.base_url)).bearer_auth("any-token").send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

async fn refusal(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    assert!(Uuid::try_parse(response.headers()["x-request-id"].to_str().unwrap()).is_ok());
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    assert!(body["errorId"].as_str().unwrap().len() <= 50 && body["errorMessage"].as_str().unwrap().len() <= 400);
    (status, body)
}

#[tokio::test]
async fn a_client_is_created_listed_and_found() {
    let (client, sandbox) = (client(), start(&[]).await);
    let response = create(&client, &sandbox, 1).await.unwrap();
    assert_eq!(response.status(), 201);
    let created: Value = response.json().await.unwrap();
    let id = created["beneficiaryId"].as_str().unwrap();
    assert_eq!(created["lastName"], "Образцова");
    assert_eq!(get(&client, &sandbox, &format!("{PATH}/{id}")).await, (StatusCode::OK, created.clone()));
    assert_eq!(get(&client, &sandbox, &format!("{PATH}/{}", Uuid::nil())).await.0, 404);
    create(&client, &sandbox, 2).await.unwrap();
    let (_, page) = get(&client, &sandbox, &format!("{PATH}?offset=1&limit=1")).await;
    assert_eq!((&page["offset"], &page["limit"], &page["size"], &page["total"]), (&json!(1), &json!(1), &json!(1), &json!(2)));
    let (_, beyond) = get(&client, &sandbox, &format!("{PATH}?offset=2")).await;
    assert!(beyond.get("results").is_none());
    for query in ["limit=0", "limit=101", "offset=-1", "limit=ten"] {
        assert_eq!(get(&client, &sandbox, &format!("{PATH}?{query}")).await.0, 400, "{query}");
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn requests_are_refused_in_the_order_of_checks() {
    let mut settings = settings(&[]);
    settings.token = Some("secret".to_owned());
    settings.switches.token_without_scope = Some("narrow".to_owned());
    let (client, sandbox) = (client(), sandbox::start(settings).await.unwrap());
    let url = format!("{}{PATH}", sandbox.base_url);
    let bare = |token: &str| client.post(&url).bearer_auth(token);
    let keyed = || bare("secret").header("Idempotency-Key", Uuid::from_u128(1).to_string());
    assert_eq!(refusal(client.post(format!("{url}/x/y"))).await.0, 404);
    assert_eq!(refusal(client.post(&url)).await.0, 401);
    assert_eq!(refusal(bare("other")).await.1["errorCode"], "UNAUTHORIZED");
    assert_eq!(refusal(bare("narrow")).await.1["errorCode"], "FORBIDDEN");
    let (status, body) = refusal(bare("secret").json(&person("А"))).await;
    assert_eq!((status, &body["errorCode"]), (400, &json!("INVALID_DATA")));
    assert!(body["errorDetails"]["Idempotency-Key"].is_string());
    assert!(refusal(bare("secret").header("Idempotency-Key", "42")).await.1["errorDetails"]["Idempotency-Key"].is_string());
    assert!(refusal(keyed().body("{}")).await.1["errorDetails"]["Content-Type"].is_string());
    assert_eq!(refusal(keyed().header("content-type", "application/json").body("{")).await.0, 400);
    assert_eq!(
        refusal(keyed().json(&json!({"lastName": "А"}))).await.1["errorDetails"]["body"],
        "missing required member at [ROOT].type"
    );
    assert_eq!(refusal(keyed().json(&json!({"type": "CAT"}))).await.0, 400);
    assert_eq!(refusal(keyed().json(&json!([]))).await.0, 400);
    // None of these used up the key.
    assert_eq!(keyed().json(&person("А")).send().await.unwrap().status(), 201);
    assert_eq!(sandbox.ledger_len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_repeat_gets_the_same_bytes_and_another_body_a_conflict() {
    let (client, sandbox) = (client(), start(&[]).await);
    let first = create(&client, &sandbox, 1).await.unwrap().bytes().await.unwrap();
    let again = create(&client, &sandbox, 1).await.unwrap();
    assert_eq!(again.status(), 201);
    assert_eq!(again.bytes().await.unwrap(), first);
    let (status, body) = refusal(post(&client, &sandbox, Uuid::from_u128(1), &person("Другая"))).await;
    assert_eq!((status, &body["errorCode"]), (422, &json!("IDEMPOTENCY_CONFLICT")));
    let other = create(&client, &sandbox, 2).await.unwrap().bytes().await.unwrap();
    assert_ne!(other, first, "the same person under another key is a second beneficiary");
    assert_eq!(sandbox.ledger_len(), 2);
    sandbox.stop().await;
}

#[tokio::test]
async fn equal_keys_in_flight_together_create_one_client() {
    let mut settings = settings(&[]);
    settings.latency = Duration::from_millis(150);
    let (client, sandbox) = (client(), sandbox::start(settings).await.unwrap());
    let (first, second) = tokio::join!(create(&client, &sandbox, 1), create(&client, &sandbox, 1));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.status(), second.status()), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(first.bytes().await.unwrap(), second.bytes().await.unwrap());
    assert_eq!(sandbox.ledger_len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn thirty_quick_requests_fit_the_window() {
    let mut settings = settings(&[]);
    settings.rate = Some(10);
    let (client, sandbox) = (client(), sandbox::start(settings).await.unwrap());
    let began = Instant::now();
    let mut key = 0;
    // Two bursts of 15 with a pause: the second meets a window that is partly free.
    for _ in 0..2 {
        for _ in 0..15 {
            key += 1;
            let status = create(&client, &sandbox, key).await.unwrap().status().as_u16();
            assert!(status == 201 || status == 429);
        }
        tokio::time::sleep(Duration::from_secs(1).saturating_sub(began.elapsed())).await;
    }
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 30);
    let admitted: Vec<Duration> = requests.iter().filter(|request| request.admitted).map(|request| request.at).collect();
    if requests[14].at < requests[0].at + Duration::from_secs(1) {
        assert_eq!(requests.iter().take(15).filter(|request| request.admitted).count(), 10);
    }
    assert_eq!(sandbox.ledger_len(), admitted.len());
    for first in &admitted {
        let within = admitted.iter().filter(|at| **at >= *first && **at - *first < Duration::from_secs(1)).count();
        assert!(within <= 10, "{within} requests within a second");
    }
    let refused = requests.iter().filter(|request| !request.admitted);
    assert!(refused.clone().count() > 0 && refused.clone().all(|request| request.outcome == RequestOutcome::Answered(429)));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_ledger_outlives_the_sandbox_and_a_torn_line_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let with_ledger = |path: &Path| SandboxSettings { ledger: Some(path.to_owned()), ..settings(&[]) };
    let (client, first) = (client(), sandbox::start(with_ledger(&ledger)).await.unwrap());
    let answered = create(&client, &first, 1).await.unwrap().bytes().await.unwrap();
    let line: Value = serde_json::from_str(std::fs::read_to_string(&ledger).unwrap().trim_end()).unwrap();
    let members: HashSet<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, HashSet::from(["time", "operation", "key", "id", "body"]));
    assert_eq!((&line["operation"], &line["body"]), (&json!("tbank/fl-resident"), &person("Образцова")));
    assert!(matches!(sandbox::start(with_ledger(&ledger)).await, Err(SandboxError::LedgerInUse(_))));
    first.stop().await;

    let whole = std::fs::read_to_string(&ledger).unwrap();
    std::fs::write(&ledger, format!("{whole}{{\"time\":\"20")).unwrap();
    let second = sandbox::start(with_ledger(&ledger)).await.unwrap();
    assert_eq!(std::fs::read_to_string(&ledger).unwrap(), whole);
    assert_eq!(create(&client, &second, 1).await.unwrap().bytes().await.unwrap(), answered);
    assert_eq!(refusal(post(&client, &second, Uuid::from_u128(1), &person("Другая"))).await.0, 422);
    create(&client, &second, 2).await.unwrap();
    assert_eq!(get(&client, &second, PATH).await.1["total"], 2);
    assert_eq!(std::fs::read_to_string(&ledger).unwrap().lines().count(), 2);
    second.stop().await;

    let line = whole.replace("tbank/", "acme/");
    std::fs::write(&ledger, line).unwrap();
    let foreign = sandbox::start(with_ledger(&ledger)).await.unwrap_err().to_string();
    assert!(foreign.contains("acme/fl-resident") && foreign.contains("another file"), "{foreign}");
}

/// Sends one request under the fault, then repeats it without: what was the first answer, how many were stored before and after?
async fn under(fault: &str) -> (reqwest::Result<(u16, String, String)>, usize, usize) {
    let (client, sandbox) = (client(), start(&[&format!("{fault}@#1")]).await);
    let request = post(&client, &sandbox, Uuid::from_u128(1), &person("Образцова")).timeout(Duration::from_millis(500));
    let answer = async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        Ok((status, retry_after, response.text().await?))
    }
    .await;
    let stored = sandbox.ledger_len();
    let repeated = create(&client, &sandbox, 1).await.unwrap();
    assert_eq!(repeated.status(), 201, "{fault}");
    let repeated: Value = repeated.json().await.unwrap();
    assert!(Uuid::try_parse(repeated["beneficiaryId"].as_str().unwrap()).is_ok());
    assert_eq!(sandbox.requests()[0].fault, fault.split('=').next());
    let total = sandbox.ledger_len();
    sandbox.stop().await;
    (answer, stored, total)
}

#[tokio::test]
async fn faults_before_the_commit_store_nothing() {
    let (dropped, stored, total) = under("drop_before_commit").await;
    assert!(!dropped.unwrap_err().is_timeout());
    assert_eq!((stored, total), (0, 1));
    for (fault, status, retry_after) in [
        ("500_before_commit", 500, ""),
        ("502_html", 502, ""),
        ("503", 503, ""),
        ("503=7", 503, "7"),
        ("429=none", 429, ""),
        ("429=7", 429, "7"),
        ("403_html", 403, ""),
        ("409_once", 409, ""),
        ("redirect", 302, ""),
        ("error_200", 200, ""),
    ] {
        let (answer, stored, total) = under(fault).await;
        let answer = answer.unwrap();
        assert_eq!((answer.0, answer.1.as_str(), stored, total), (status, retry_after, 0, 1), "{fault}");
        assert_eq!(answer.2.starts_with("<html"), fault.ends_with("_html"), "{fault}");
    }
    let (hung, stored, total) = under("hang=before").await;
    assert!(hung.unwrap_err().is_timeout());
    assert_eq!((stored, total), (0, 1));
    let date = under("503=date+9").await.0.unwrap().1;
    assert!(httpdate::parse_http_date(&date).is_ok(), "{date}");
}

#[tokio::test]
async fn faults_after_the_commit_store_once_and_the_repeat_tells_it() {
    for fault in ["drop_after_commit", "hang", "201_cut"] {
        let (answer, stored, total) = under(fault).await;
        let error = answer.unwrap_err();
        assert_eq!(error.is_timeout(), fault == "hang", "{fault}: {error:?}");
        assert_eq!(error.is_decode() || error.is_body(), fault == "201_cut", "{fault}: {error:?}");
        assert_eq!((stored, total), (1, 1), "{fault}");
    }
    for (fault, status) in [
        ("500_after_commit", 500),
        ("502_html=after", 502),
        ("201_empty", 201),
        ("201_text", 201),
        ("201_no_id", 201),
        ("200_ok", 200),
        ("wrong_type", 201),
        ("error_200=after", 200),
    ] {
        let (answer, stored, total) = under(fault).await;
        let (found, _, body) = answer.unwrap();
        assert_eq!((found, stored, total), (status, 1, 1), "{fault}");
        let json: Option<Value> = serde_json::from_str(&body).ok();
        assert_eq!(json.is_none(), ["502_html=after", "201_empty", "201_text"].contains(&fault), "{fault}");
        let has_id = json.as_ref().is_some_and(|json| json["beneficiaryId"].is_string());
        assert_eq!(has_id, ["200_ok", "wrong_type"].contains(&fault), "{fault}");
        assert_eq!(
            json.as_ref().is_some_and(|json| json["errorCode"] == "INTERNAL_ERROR"),
            status == 500 || fault == "error_200=after"
        );
        assert_eq!(json.is_some_and(|json| json["type"] == "UL_RESIDENT"), fault == "wrong_type");
    }
}

#[tokio::test]
async fn faults_of_keys_ids_tokens_and_time() {
    let client = client();
    let sandbox = start(&["ignore_keys"]).await;
    create(&client, &sandbox, 1).await.unwrap();
    create(&client, &sandbox, 1).await.unwrap();
    assert_eq!(sandbox.ledger_len(), 2);

    sandbox.set_faults(vec!["canned".parse().unwrap(), "latency=120".parse().unwrap()]).unwrap();
    let mut ids = HashSet::new();
    for key in 10..12 {
        let began = Instant::now();
        let created: Value = create(&client, &sandbox, key).await.unwrap().json().await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(120));
        ids.insert(created["beneficiaryId"].as_str().unwrap().to_owned());
    }
    assert_eq!((ids.len(), sandbox.ledger_len()), (1, 4));

    sandbox.set_faults(vec!["401_after_n=1".parse().unwrap()]).unwrap();
    assert_eq!(create(&client, &sandbox, 20).await.unwrap().status(), 201);
    assert_eq!(create(&client, &sandbox, 21).await.unwrap().status(), 401);
    assert_eq!(get(&client, &sandbox, PATH).await.0, 401);

    sandbox.set_faults(vec!["500_after_commit@name:Проба".parse().unwrap()]).unwrap();
    assert_eq!(create(&client, &sandbox, 30).await.unwrap().status(), 201);
    assert_eq!(post(&client, &sandbox, Uuid::from_u128(31), &person("Проба")).send().await.unwrap().status(), 500);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_token_dies_in_mid_run_and_a_new_one_works() {
    let (client, sandbox) = (client(), start(&["dead_token@#2"]).await);
    let send = |token: &'static str, key: u128| {
        let request = client.post(format!("{}{PATH}", sandbox.base_url)).bearer_auth(token);
        request.header("Idempotency-Key", Uuid::from_u128(key).to_string()).json(&person("Образцова")).send()
    };
    let mut statuses = Vec::new();
    for (token, key) in [("old", 1), ("old", 2), ("old", 3), ("new", 2), ("old", 4), ("new", 3)] {
        statuses.push(send(token, key).await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [201, 401, 401, 201, 401, 201]);
    assert_eq!(sandbox.requests()[1].fault, Some("dead_token"));
    // Other faults bring it back.
    sandbox.set_faults(Vec::new()).unwrap();
    assert_eq!(send("old", 4).await.unwrap().status(), 201);
    sandbox.set_faults(vec!["dead_token@name:Образцова".parse().unwrap()]).unwrap();
    assert_eq!(send("old", 5).await.unwrap().status(), 401);
    sandbox.set_faults(vec!["dead_token@read".parse().unwrap()]).unwrap();
    assert_eq!(get(&client, &sandbox, PATH).await.0, 401);
    assert_eq!(send("any-token", 6).await.unwrap().status(), 401);
    assert_eq!(sandbox.ledger_len(), 4);
    sandbox.stop().await;
}

#[tokio::test]
async fn faults_meet_reads_when_they_are_told_to() {
    let (client, sandbox) = (client(), start(&["503@read:list#2", "error_200@read:one", "latency=120@read#3"]).await);
    assert_eq!(create(&client, &sandbox, 1).await.unwrap().status(), 201);
    assert_eq!(get(&client, &sandbox, PATH).await.0, 200);
    assert_eq!(get(&client, &sandbox, PATH).await.0, 503);
    let began = Instant::now();
    assert_eq!(get(&client, &sandbox, PATH).await.1["total"], 1);
    assert!(began.elapsed() >= Duration::from_millis(120));
    let one = get(&client, &sandbox, &format!("{PATH}/{}", Uuid::nil())).await;
    assert_eq!((one.0.as_u16(), &one.1["errorCode"]), (200, &json!("INTERNAL_ERROR")));
    let calls: Vec<(&str, Option<&str>)> = sandbox.requests().iter().map(|request| (request.call, request.fault)).collect();
    let expected =
        [("create", None), ("list", None), ("list", Some("503")), ("list", Some("latency")), ("one", Some("error_200"))];
    assert_eq!(calls, expected);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_client_who_hangs_up_is_stored_all_the_same() {
    let (client, sandbox) = (client(), start(&["latency=300"]).await);
    let request = post(&client, &sandbox, Uuid::from_u128(1), &person("Образцова")).timeout(Duration::from_millis(100));
    assert!(request.send().await.unwrap_err().is_timeout());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(sandbox.ledger_len(), 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn switches_change_what_the_provider_leaves_open() {
    let mut settings = settings(&[]);
    for switch in ["echo=required", "conflict_status=409", "duplicates=422", "key_versions=4", "list_lag_ms=60000"] {
        settings.set_switch(switch).unwrap();
    }
    let (client, sandbox) = (client(), sandbox::start(settings).await.unwrap());
    let (key, other) = (Uuid::new_v4(), Uuid::new_v4());
    let created: Value = post(&client, &sandbox, key, &person("А")).send().await.unwrap().json().await.unwrap();
    assert!(created.get("inn").is_none() && created.get("birthDate").is_some());
    assert_eq!(refusal(post(&client, &sandbox, key, &person("Б"))).await.0, 409);
    assert_eq!(refusal(post(&client, &sandbox, other, &person("А"))).await.1["errorCode"], "BENEFICIARY_EXISTS");
    assert_eq!(refusal(post(&client, &sandbox, Uuid::from_u128(1), &person("В"))).await.0, 400);
    assert_eq!(get(&client, &sandbox, PATH).await.1["total"], 0);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_control_plane_needs_no_token() {
    let (client, sandbox) = (client(), start(&[]).await);
    let control = |word: &str| format!("{}/__sandbox/{word}", sandbox.base_url);
    let set = client.post(control("faults")).json(&json!(["503=2@#2"])).send().await.unwrap();
    assert_eq!(set.json::<Value>().await.unwrap(), json!({"faults": ["503=2@#2"]}));
    let wrong = client.post(control("faults")).json(&json!(["5o3"])).send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    create(&client, &sandbox, 1).await.unwrap();
    assert_eq!(create(&client, &sandbox, 2).await.unwrap().status(), 503);
    let requests = get(&client, &sandbox, "/__sandbox/requests").await.1;
    assert_eq!((&requests["requests"][1]["fault"], &requests["requests"][1]["status"]), (&json!("503"), &json!(503)));
    let clients = get(&client, &sandbox, "/__sandbox/beneficiaries").await.1;
    assert_eq!((&clients["total"], &clients["beneficiaries"][0]["body"]["lastName"]), (&json!(1), &json!("Образцова")));
    assert_eq!(get(&client, &sandbox, "/__sandbox/clients").await.1["clients"], clients["beneficiaries"]);
    assert_eq!(get(&client, &sandbox, "/__sandbox/extra/nothing").await.0, 404);
    assert_eq!(get(&client, &sandbox, "/__sandbox/keys").await.1["keys"][0]["key"], json!(Uuid::from_u128(1)));
    assert_eq!(client.post(control("reset")).send().await.unwrap().status(), 200);
    assert_eq!((sandbox.ledger_len(), sandbox.requests().len()), (0, 0));
    assert_eq!(create(&client, &sandbox, 1).await.unwrap().status(), 201);
    sandbox.stop().await;
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let told = |settings| async { sandbox::start(settings).await.unwrap_err().to_string() };
    let listen = |address: &str| SandboxSettings { listen: address.parse().unwrap(), ..settings(&[]) };
    assert!(told(listen("0.0.0.0:0")).await.contains("loopback"));
    let unknown = told(SandboxSettings { provider: "acme".to_owned(), ..settings(&[]) }).await;
    for known in sandbox::imitated_providers().chain(["acme"]) {
        assert!(unknown.contains(known), "{unknown}");
    }
    let told_switch = |switch: &str| settings(&[]).set_switch(switch).unwrap_err().to_string();
    assert!(told_switch("ekho=full").contains("echo=full or required") && told_switch("ekho").contains("list_lag_ms"));
    assert!(told_switch("prose_status=500").contains("422 or 400"));
    assert!(told(SandboxSettings { rate: Some(0), ..settings(&[]) }).await.contains("rate"));
    assert!(told(SandboxSettings { operations: Vec::new(), ..settings(&[]) }).await.contains("operation"));
    let first = start(&[]).await;
    assert!(told(listen(first.base_url.strip_prefix("http://").unwrap())).await.contains("another port"));
}

#[tokio::test]
async fn stopping_ends_what_hangs_and_frees_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let with_ledger =
        || SandboxSettings { ledger: Some(folder.path().join("ledger.jsonl")), ..settings(&["hang@#1", "latency=60s@#2"]) };
    let (client, first) = (client(), sandbox::start(with_ledger()).await.unwrap());
    for key in 1..3 {
        let request = post(&client, &first, Uuid::from_u128(key), &person("Образцова")).timeout(Duration::from_millis(200));
        assert!(request.send().await.unwrap_err().is_timeout());
    }
    let began = Instant::now();
    first.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let second = sandbox::start(with_ledger()).await.unwrap();
    assert_eq!(second.ledger_len(), 1, "what hangs is stored, what was still worked on is not");
    second.stop().await;
}
