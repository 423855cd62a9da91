//! Settings, addresses and headers of an account.

use super::*;
use crate::model::{Body, IdempotencyKey};
use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const INDIVIDUAL: &str = "finlego/onboarding-individual";

fn settings(options: &str) -> AccountSettings {
    AccountSettings { options: toml::from_str(options).unwrap(), ..AccountSettings::new("test", SecretString::from("s3cret")) }
}

fn refused(options: &str) -> String {
    FinLego::connect(&settings(options)).unwrap_err().to_string()
}

struct NoSlot;

#[async_trait]
impl Slot for NoSlot {
    async fn take(&self) -> Option<Box<dyn super::super::Turn>> {
        None
    }

    fn slow_down(&self, _retry_after: Option<Duration>) {}
}

#[test]
fn both_services_live_below_one_address_or_each_at_its_own() {
    let one = FinLego::connect(&AccountSettings { base_url: Some("http://127.0.0.1:1/".into()), ..settings("") }).unwrap();
    assert_eq!(one.method(INDIVIDUAL).unwrap().http.base(), "http://127.0.0.1:1/onboarding");
    assert_eq!(one.method("finlego/core-company").unwrap().http.base(), "http://127.0.0.1:1/core");
    assert_eq!(one.base_url(), "http://127.0.0.1:1");
    assert!(one.is_loopback());

    let onboarding = FinLego::connect(&settings("onboarding_base_url = \"https://on.example/api\"")).unwrap();
    assert_eq!(onboarding.base_url(), "https://on.example/api");
    assert!(onboarding.accepts(INDIVIDUAL).is_ok());
    assert!(onboarding.accepts("finlego/core-company").unwrap_err().to_string().contains("core_base_url"));
    assert!(refused("").contains("onboarding_base_url"));
    assert!(FinLego::connect(&settings("core_base_url = \"http://core.example\"")).is_err(), "only HTTPS leaves this machine");
}

#[test]
fn slips_in_settings_are_told_without_the_secret() {
    let with = |more: &str| refused(&format!("core_base_url = \"https://core.example\"\n{more}"));
    assert!(with("idempotency_header = \"a b\"").contains("idempotency_header"));
    assert!(with("auth_header = \"\"").contains("auth_header"));
    assert!(with("extra_headers = { authorization = \"x\" }").contains("a second time"));
    assert!(with("duplicate_patterns = [\"(\"]").contains("no regular expression"));
    assert!(with("resend_unknown = \"always\"").contains("once-same-external-id"));
    assert!(with("editor_user_id = \"x\"").contains("editor_user_id"));
    assert!(!with("extra_headers = { \"x\\n\" = \"x\" }").contains("s3cret"));
}

#[test]
fn a_starter_contract_is_not_used_in_earnest_unless_the_user_says_so() {
    let company = |base: &str, more: &str| {
        FinLego::connect(&settings(&format!("onboarding_base_url = \"{base}\"\n{more}"))).unwrap().accepts(ONBOARDING_COMPANY)
    };
    assert!(company("https://on.example", "").unwrap_err().to_string().contains("company_contract"));
    assert!(company("https://on.example", "accept_starter_contract = true").is_ok());
    assert!(company("https://on.example", "company_contract = \"company.json\"").is_ok());
    assert!(company("http://127.0.0.1:1", "").is_ok());
    let written = toml::from_str("company_contract = \"a/company.json\"").unwrap();
    assert_eq!(contracts(&written), [("finlego/onboarding-company", "a/company.json".into())]);
}

#[test]
fn only_onboarding_is_repeated_and_only_when_wanted() {
    let account = |more: &str| {
        FinLego::connect(&AccountSettings { base_url: Some("https://api.example".into()), ..settings(more) }).unwrap()
    };
    let never = account("");
    assert!(!never.may_repeat(INDIVIDUAL) && never.profile().replay_window.is_none());
    let once = account("resend_unknown = \"once-same-external-id\"");
    assert!(once.may_repeat(INDIVIDUAL) && once.may_repeat(ONBOARDING_COMPANY));
    assert!(!once.may_repeat("finlego/core-company") && !once.may_repeat("finlego/core-individual"));
    assert_eq!(once.profile().replays_max, 1);
    assert_eq!((once.profile().limits[0].requests, once.profile().in_flight_max), (2, 1));
    assert_eq!(once.profile().absence, Absence::Nothing);
}

/// Answers one request and gives what was asked.
async fn asked(options: &str, operation: &str, path: &str, answer: &str) -> (String, Answer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}", answer.len());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !request.ends_with(b"}") {
            let count = stream.read(&mut buffer).await.unwrap();
            request.extend_from_slice(&buffer[..count]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    });
    let provider = FinLego::connect(&AccountSettings { base_url: Some(base), ..settings(options) }).unwrap();
    let body = Body::new(&json!({"externalId": "A-1", "onboardingId": "f4fce315-9b7c-4302-989a-521be9ec9bca"}));
    let key = IdempotencyKey::derive("o", "a", "i", "b");
    let order = Order { operation, body: &body, key, repeat_of_unknown: false };
    let answer = provider.submit(&order, &NoSlot).await;
    let request = server.await.unwrap();
    assert!(request.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{request}");
    (request, answer)
}

#[tokio::test]
async fn each_operation_goes_to_its_service_with_the_users_headers() {
    let id = "5e505642-9024-474d-9434-e5a44f505cc5";
    let plain = json!({"clientId": id, "externalId": "A-1"}).to_string();
    let (request, answer) = asked("", INDIVIDUAL, "/onboarding/integration/clients/individuals", &plain).await;
    assert!(request.contains("authorization: s3cret\r\n") && !request.contains("idempotency"), "{request}");
    assert_eq!(answer.verdict, Verdict::Created(id.into()));

    let options =
        "auth = \"bearer\"\nauth_header = \"x-auth\"\nextra_headers = { x-tenant = \"t1\" }\nidempotency_header = \"X-Key\"";
    let result = json!({"isSuccess": true, "isFailed": false, "value": {"id": id}}).to_string();
    let (request, answer) = asked(options, "finlego/core-company", "/core/internal/Clients", &result).await;
    for header in ["x-auth: Bearer s3cret\r\n", "x-tenant: t1\r\n", "x-key: "] {
        assert!(request.contains(header), "{header} in {request}");
    }
    assert_eq!(answer.verdict, Verdict::Created(id.into()));

    let (_, answer) = asked("company_path = \"/v2/companies\"", ONBOARDING_COMPANY, "/onboarding/v2/companies", &plain).await;
    assert_eq!(answer.verdict, Verdict::Created(id.into()));
}

#[tokio::test]
async fn an_operation_that_is_not_ours_stops_the_run() {
    let provider = FinLego::connect(&AccountSettings { base_url: Some("http://127.0.0.1:1".into()), ..settings("") }).unwrap();
    let body = Body::new(&json!({}));
    let order = Order {
        operation: "finlego/other",
        body: &body,
        key: IdempotencyKey::derive("o", "a", "i", "b"),
        repeat_of_unknown: false,
    };
    assert!(matches!(provider.submit(&order, &NoSlot).await.verdict, Verdict::Halt(_)));
}
