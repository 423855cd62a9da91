//! Look-ups, reference books, settings and secrets.

use super::*;

#[tokio::test]
async fn the_accounts_own_settings_are_asked_before_anything_is_sent() {
    let server = Server::start(orderly(|_, _| None)).await;
    let account = account(&server.base, "required_extra = [\"addressData.countryId\"]");
    let Verdict::Rejected(refusal) = submit(&account, &Free::default()).await.verdict else { panic!("the row lacks it") };
    assert_eq!(refusal.pointer.as_deref(), Some("/addressData/countryId"));
    assert!(server.calls().is_empty());
}

fn wanted(body: &Value) -> Wanted {
    Wanted {
        operation: "brainysoft/individual".into(),
        body: Body::new(body),
        key: IdempotencyKey::derive("", "", "", ""),
        // 2026-11-21 12:00 UTC.
        sent_at_ms: 1_795_262_400_000,
        unchanged: true,
    }
}

#[tokio::test]
async fn clients_in_doubt_are_found_among_those_created_since() {
    let server = Server::start(Box::new(move |number, seen| {
        let row = |id: u64, last: &str| json!({"id": id, "lastName": last, "firstName": "Анна", "birthDate": "1990-05-01"});
        match seen.call.as_str() {
            "POST /oauth/token" => (200, json!({"access_token": "t"})),
            "POST /bs-core/main/clients/partial-load" if number == 0 => {
                ok(json!([row(5, "Образцова"), row(4, "Старая"), row(3, "Двойная"), row(2, "Двойная"), row(1, "Чужая")]))
            }
            "POST /bs-core/main/clients/partial-load" => ok(json!([])),
            call if call.starts_with("GET /bs-core/main/clients/find/") => ok(json!([
                {"id": 5, "passport": {"no": "654321"}, "creationDate": "2026-11-21"},
                {"id": 4, "creationDate": "2026-11-20"},
                {"id": 3, "creationDate": "2026-11-21"},
                {"id": 2, "creationDate": "2026-11-21"},
                {"id": 1, "passport": {"no": "111111"}, "creationDate": "2026-11-21"}
            ])),
            _ => (404, Value::Null),
        }
    }))
    .await;
    let named = |last: &str| {
        let mut part = part();
        part["lastName"] = last.into();
        wanted(&part)
    };
    let all = ["Образцова", "Старая", "Двойная", "Чужая", "Нет"].map(named);
    let found = account(&server.base, "").find(&all, &|_, _| false, &Free::default()).await;
    assert_eq!(
        found,
        [
            Found::ByUs("5".into()),
            Found::BeforeUs("4".into()),
            Found::Several(vec!["2".into(), "3".into()]),
            Found::Absent,
            Found::Absent
        ]
    );
    assert!(server.seen.lock().unwrap()[1].body.contains(r#"">=2026-11-20 00:00:00""#));
    let taken = account(&server.base, "").find(&all[..1], &|_, id| id == "5", &Free::default()).await;
    assert_eq!(taken, [Found::Absent]);
}

#[tokio::test]
async fn a_search_that_is_forbidden_decides_nothing() {
    let server = Server::start(orderly(|_, seen| seen.ends_with("partial-load").then_some((403, Value::Null)))).await;
    let found = account(&server.base, "").find(&[wanted(&part())], &|_, _| false, &Free::default()).await;
    assert!(matches!(found[..], [Found::CannotAsk(_)]), "{found:?}");
}

#[tokio::test]
async fn reference_books_are_read_where_their_place_is_known() {
    let server = Server::start(orderly(|_, seen| {
        (seen == "GET /bs-core/dicts/loan-managers")
            .then(|| ok(json!([{"id": 101_331, "name": "Смирнова Ольга Викторовна"}, {"id": null, "name": "x"}])))
    }))
    .await;
    let account = account(&server.base, "dict_paths = { managers = \"dicts/loan-managers\" }");
    let book = account.book("managers", &Free::default()).await.unwrap();
    assert_eq!(book.entries, [("101331".to_owned(), "Смирнова Ольга Викторовна".to_owned())]);
    assert!(matches!(account.book("professions", &Free::default()).await, Err(NotListed::CannotAsk(_))));
}

#[tokio::test]
async fn wrong_secrets_stop_before_the_first_row() {
    let server = Server::start(orderly(|_, seen| (seen == "POST /oauth/token").then_some((401, Value::Null)))).await;
    assert!(account(&server.base, "").preflight(&Free::default()).await.unwrap_err().what.contains("client id"));
    let server = Server::start(orderly(|_, _| None)).await;
    assert_eq!(account(&server.base, "").preflight(&Free::default()).await, Ok(None));
}

#[test]
fn what_an_account_needs_follows_from_its_way_of_logging_in() {
    let connect = |options: &str, secrets: &[&str]| {
        let mut settings = AccountSettings::new("main", SecretString::from("x"));
        settings.base_url = Some("https://acme-saas.brainysoft.ru/bs-core".into());
        settings.options = toml::from_str(options).unwrap();
        settings.secrets = secrets.iter().map(|name| ((*name).to_owned(), SecretString::from("s3cret"))).collect();
        BrainySoft::connect(&settings)
    };
    assert!(connect("", &["client_id", "client_secret"]).is_ok());
    assert!(matches!(connect("", &["client_id"]), Err(ProviderError::Token { secret: "client_secret", .. })));
    assert!(connect("auth = \"static-token\"", &["token"]).is_ok());
    assert!(connect("auth = \"legacy-login\"\ncustomer_key = \"acme\"", &["user", "password"]).is_ok());
    assert!(matches!(connect("auth = \"legacy-login\"\ncustomer_key = \"acme\"", &["user"]), Err(ProviderError::Token { .. })));
    let mut settings = AccountSettings::new("main", SecretString::from("x"));
    assert!(matches!(BrainySoft::connect(&settings), Err(ProviderError::BaseUrl { .. })));
    settings.base_url = Some("https://core.acme.example".into());
    assert!(matches!(BrainySoft::connect(&settings), Err(ProviderError::Options { .. })));
}
