//! FinLego's imitation over real HTTP: what a client of it meets.

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::sync::Once;
use std::time::Duration;

use clientferry::contract::{Level, Registry};
use clientferry::sandbox::{self, Running, SandboxSettings};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use uuid::Uuid;

const INDIVIDUALS: &str = "/onboarding/integration/clients/individuals";
const COMPANIES: &str = "/onboarding/integration/clients/companies";
const CORE: &str = "/core/internal/Clients";

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another test of this binary may have been faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let builder = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.retry(reqwest::retry::never()).timeout(Duration::from_secs(5)).build().unwrap()
}

fn settings(switches: &[&str], faults: &[&str]) -> SandboxSettings {
    let mut settings = SandboxSettings::new("finlego", Registry::built_in().find("finlego").unwrap());
    settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    switches.iter().for_each(|switch| settings.set_switch(switch).unwrap());
    settings
}

async fn start(switches: &[&str], faults: &[&str]) -> Running {
    sandbox::start(settings(switches, faults)).await.unwrap()
}

fn vector(name: &str) -> Value {
    let path = format!("{}/tests/vectors/finlego/valid/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn person(external_id: &str) -> Value {
    let mut body = vector("onboarding-individual--full");
    body["externalId"] = json!(external_id);
    body
}

/// A company as its bytes: `type` first, as the house's own maps do not keep it.
fn company(onboarding_id: &str) -> String {
    let mut body = vector("core-company--required-only");
    body["onboardingId"] = json!(onboarding_id);
    let members = body.as_object_mut().unwrap();
    members.remove("type");
    format!("{{\"type\":\"company\",{}", &body.to_string()[1..])
}

fn case(number: u128) -> String {
    Uuid::from_u128(0xf4fc_e315_0000_4000_8000_0000_0000_0000 + number).to_string()
}

async fn send(client: &Client, sandbox: &Running, path: &str, body: impl Into<String>) -> reqwest::Result<Response> {
    let request = client.post(format!("{}{path}", sandbox.base_url)).header("authorization", "any");
    request.header("content-type", "application/json").body(body.into()).send().await
}

async fn sent(client: &Client, sandbox: &Running, path: &str, body: impl Into<String>) -> (u16, Value) {
    let response = send(client, sandbox, path, body).await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
}

async fn created(client: &Client, sandbox: &Running) -> usize {
    let url = format!("{}/__sandbox/clients", sandbox.base_url);
    let clients: Value = client.get(url).send().await.unwrap().json().await.unwrap();
    clients.as_array().or_else(|| clients["clients"].as_array()).unwrap().len()
}

#[tokio::test]
async fn each_service_answers_in_its_own_envelope() {
    let (client, sandbox) = (client(), start(&[], &[]).await);
    let (status, answer) = sent(&client, &sandbox, INDIVIDUALS, person("A-1").to_string()).await;
    assert_eq!((status, &answer["externalId"]), (200, &json!("A-1")));
    assert!(Uuid::try_parse(answer["clientId"].as_str().unwrap()).is_ok());
    let (status, answer) = sent(&client, &sandbox, CORE, company(&case(1))).await;
    assert_eq!((status, &answer["isSuccess"], &answer["isFailed"]), (200, &json!(true), &json!(false)));
    assert_eq!(answer["value"]["id"], answer["valueOrDefault"]["id"]);
    let starter = vector("onboarding-company--required-only");
    assert_eq!(sent(&client, &sandbox, COMPANIES, starter.to_string()).await.0, 200);
    let mut elsewhere = starter;
    elsewhere["externalId"] = json!("ORG-2");
    assert_eq!(sent(&client, &sandbox, "/onboarding/v2/companies", elsewhere.to_string()).await.0, 200);
    let individual = format!(
        "{{\"type\":\"individual\",{}",
        &{
            let mut body = vector("core-individual--passed-through");
            body.as_object_mut().unwrap().remove("type");
            body.to_string()
        }[1..]
    );
    assert_eq!(sent(&client, &sandbox, CORE, individual).await.0, 200, "unknown members are kept");
    sandbox.stop().await;
}

#[tokio::test]
async fn an_external_id_is_taken_once_and_an_onboarding_id_as_often_as_asked() {
    for (switch, body) in [("empty", Value::Null), ("problem", json!(409)), ("id", Value::Null)] {
        let (client, sandbox) = (client(), start(&[&format!("conflict_body={switch}")], &[]).await);
        let (_, first) = sent(&client, &sandbox, INDIVIDUALS, person("A-1").to_string()).await;
        let mut other = person("A-1");
        other["lastName"] = json!("Sidorov");
        let (status, answer) = sent(&client, &sandbox, INDIVIDUALS, other.to_string()).await;
        assert_eq!((status, answer.get("status").cloned().unwrap_or(Value::Null)), (409, body));
        if switch == "id" {
            assert_eq!(answer["clientId"], first["clientId"]);
        }
        assert_eq!(sent(&client, &sandbox, INDIVIDUALS, person("a-1").to_string()).await.0, 200, "case counts");
        assert_eq!(created(&client, &sandbox).await, 2);
        sandbox.stop().await;
    }
    for (switch, second, clients) in
        [("allow", (200, json!(true)), 2), ("result", (200, json!(false)), 1), ("500", (500, json!(false)), 1)]
    {
        let (client, sandbox) = (client(), start(&[&format!("core_duplicates={switch}")], &[]).await);
        assert_eq!(sent(&client, &sandbox, CORE, company(&case(1))).await.0, 200);
        let (status, answer) = sent(&client, &sandbox, CORE, company(&case(1))).await;
        assert_eq!((status, answer["isSuccess"].clone()), second, "{switch}");
        assert_eq!(created(&client, &sandbox).await, clients, "{switch}");
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn core_refuses_under_200() {
    let no_case = "00000000-5e50-4642-9024-474d9434e5a4";
    for (switch, status, in_errors) in [
        ("result", 200, json!("Onboarding not found")),
        ("reasons", 200, Value::Null),
        ("500", 500, json!("Onboarding not found")),
    ] {
        let (client, sandbox) = (client(), start(&[&format!("core_refusals={switch}")], &[]).await);
        let (found, answer) = sent(&client, &sandbox, CORE, company(no_case)).await;
        assert_eq!((found, &answer["isFailed"], &answer["errors"][0]["message"]), (status, &json!(true), &in_errors));
        assert_eq!(answer["reasons"][0]["message"], "Onboarding not found");
        assert_eq!(created(&client, &sandbox).await, 0);
        sandbox.stop().await;
    }
}

#[tokio::test]
async fn bodies_are_judged_as_strictly_as_the_document_and_by_the_order_of_members() {
    let (client, sandbox) = (client(), start(&[], &[]).await);
    let mut body = person("A-1");
    body["address"]["city"] = json!("Москва");
    let (status, answer) = sent(&client, &sandbox, INDIVIDUALS, body.to_string()).await;
    assert_eq!((status, answer["errors"]["address.city"].is_array()), (400, true), "{answer}");
    let twice = person("A-1").to_string().replacen('{', "{\"riskLevel\":\"low\",", 1);
    assert_eq!(sent(&client, &sandbox, INDIVIDUALS, twice).await.0, 400, "a member stands twice");
    let sorted = vector("core-company--required-only").to_string();
    assert!(!sorted.starts_with("{\"type\""));
    let (status, answer) = sent(&client, &sandbox, CORE, sorted.clone()).await;
    assert_eq!((status, answer["errors"]["type"].is_array()), (400, true));
    assert_eq!(sent(&client, &sandbox, CORE, "{\"type\":\"bank\"}").await.0, 400);
    let text = client.post(format!("{}{INDIVIDUALS}", sandbox.base_url)).header("authorization", "any").body("{}");
    assert_eq!(text.send().await.unwrap().status(), 415);
    sandbox.stop().await;

    let lenient = start(&["type_first=off"], &[]).await;
    assert_eq!(sent(&client, &lenient, CORE, sorted).await.0, 200);
    lenient.stop().await;

    // FinLego's own example holds what our full view refuses.
    let mut documented = settings(&[], &[]);
    documented.level = Level::Documented;
    let documented = sandbox::start(documented).await.unwrap();
    let mut example = person("A-1");
    example["phoneNumber"] = json!("string");
    assert_eq!(sent(&client, &documented, INDIVIDUALS, example.to_string()).await.0, 200);
    documented.stop().await;
}

#[tokio::test]
async fn who_proves_nothing_is_refused_without_a_word() {
    let mut settings = settings(&[], &[]);
    settings.token = Some("s3cret".to_owned());
    let (client, sandbox) = (client(), sandbox::start(settings).await.unwrap());
    let with = |value: Option<&str>| {
        let request = client.post(format!("{}{INDIVIDUALS}", sandbox.base_url)).json(&person("A-1"));
        value.map_or(request.try_clone().unwrap(), |value| request.header("authorization", value))
    };
    for (value, status) in [(None, 401), (Some("other"), 403), (Some("s3cret"), 200), (Some("Bearer s3cret"), 409)] {
        let response = with(value).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{value:?}");
        assert!(status == 200 || response.bytes().await.unwrap().is_empty());
    }
    let get = |path: &str| client.get(format!("{}{path}", sandbox.base_url)).header("authorization", "s3cret").send();
    assert_eq!((get(CORE).await.unwrap().status().as_u16(), get(INDIVIDUALS).await.unwrap().status().as_u16()), (404, 405));
    assert_eq!(get("/core/internal/Clients/1/block").await.unwrap().status().as_u16(), 404);
    sandbox.stop().await;
}

#[tokio::test]
async fn odd_answers_come_for_clients_that_are_stored() {
    let odd = [
        "odd=other_external_id@#1",
        "odd=other_envelope@#2",
        "drop_after_commit@#3",
        "odd=both_flags@#4",
        "odd=failed_with_id@#5",
        "odd=two_ids@#6",
        "201_no_id@#7",
        "201_empty@#8",
        "500_after_commit@#9",
    ];
    let (client, sandbox) = (client(), start(&[], &odd).await);
    let plain = |id: &'static str| (INDIVIDUALS, person(id).to_string());
    let (path, body) = plain("A-1");
    assert_eq!(sent(&client, &sandbox, path, body).await.1["externalId"], "SOMEBODY-ELSE");
    let (path, body) = plain("A-2");
    assert_eq!(sent(&client, &sandbox, path, body).await.1["isSuccess"], true);
    let (path, body) = plain("A-3");
    assert!(send(&client, &sandbox, path, body).await.is_err());
    let mut answers = Vec::new();
    for number in 4..=9 {
        answers.push(sent(&client, &sandbox, CORE, company(&case(number))).await);
    }
    let [both, failed, two, no_id, empty, error] = &answers[..] else { panic!("six answers") };
    assert_eq!((&both.1["isFailed"], &both.1["isSuccess"]), (&json!(true), &json!(true)));
    assert_eq!((&failed.1["isFailed"], failed.1["value"]["id"].is_string()), (&json!(true), true));
    assert_ne!(two.1["value"]["id"], two.1["valueOrDefault"]["id"]);
    assert_eq!((no_id.1["value"].get("id"), empty.1.is_null(), error.0), (None, true, 500));
    assert_eq!(created(&client, &sandbox).await, 9, "every one of them was created");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_restart_knows_whom_the_ledger_holds() {
    let folder = tempfile::tempdir().unwrap();
    let client = client();
    for status in [200, 409] {
        let mut settings = settings(&[], &[]);
        settings.ledger = Some(folder.path().join("ledger.jsonl"));
        let sandbox = sandbox::start(settings).await.unwrap();
        assert_eq!(sent(&client, &sandbox, INDIVIDUALS, person("A-1").to_string()).await.0, status);
        sandbox.stop().await;
    }
}
