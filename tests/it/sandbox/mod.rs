//! The sandbox over real HTTP: what a client of it meets.
#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

mod control;
mod faults;
mod orderly;

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
    let mut body: Value = serde_json::from_str(include_str!("../../vectors/tbank/valid/fl-resident--minimal.json")).unwrap();
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
