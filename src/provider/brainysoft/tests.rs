//! The account before a scripted server: which requests leave, in which order, and what comes of their answers.

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

#[tokio::test]
async fn a_client_takes_init_merge_create_and_the_first_one_a_look_after() {
    let server = Server::start(orderly(|_, _| None)).await;
    let (account, slots) = (account(&server.base, ""), Free::default());
    let first = submit(&account, &slots).await;
    assert_eq!((&first.verdict, first.http_status, &first.remark), (&Verdict::Created("101320001".into()), Some(200), &None));
    assert_eq!(
        server.calls(),
        [
            "POST /oauth/token",
            "GET /bs-core/main/clients/init",
            "POST /bs-core/main/clients",
            "GET /bs-core/main/clients/101320001"
        ]
    );
    // The first request had its slot.
    assert_eq!(slots.0.load(Ordering::Relaxed), 3);
    let sent = server.seen.lock().unwrap()[2].clone();
    assert!(
        sent.body.contains("9007199254740993") && sent.body.contains(r#""passport":{"id":null,"no":"654321","seria":"4510"}"#)
    );
    assert_eq!(sent.bsauth.as_deref(), Some("token-0"));
    assert!(
        server.seen.lock().unwrap()[0].body.contains("grant_type=client_credentials&client_id=sandbox&client_secret=sandbox")
    );
    submit(&account, &slots).await;
    assert_eq!(server.calls().len(), 6);
}

#[tokio::test]
async fn one_init_may_serve_a_run() {
    let server = Server::start(orderly(|_, _| None)).await;
    let (account, slots) = (account(&server.base, "init_reuse = \"per-run\"\ncanary = false"), Free::default());
    submit(&account, &slots).await;
    submit(&account, &slots).await;
    assert_eq!(server.calls().iter().filter(|call| call.ends_with("init")).count(), 1);
    assert_eq!(server.calls().len(), 4);
}

#[tokio::test]
async fn a_token_that_dies_is_renewed_once_and_the_same_request_goes_again() {
    for dead in [(401, error("UNAUTHORIZED", "session expired")), (200, error("UNAUTHORIZED", "session expired"))] {
        for call in ["GET /bs-core/main/clients/init", "POST /bs-core/main/clients"] {
            let told = dead.clone();
            let server = Server::start(orderly(move |number, seen| match seen {
                "GET /bs-core/utils/session/whoami" => Some((401, Value::Null)),
                seen if seen == call && number == 0 => Some(told.clone()),
                _ => None,
            }))
            .await;
            let account = account(&server.base, "canary = false");
            assert_eq!(submit(&account, &Free::default()).await.verdict, Verdict::Created("101320001".into()), "{call} {dead:?}");
            assert_eq!(server.last().bsauth.as_deref(), Some("token-1"));
        }
    }
}

#[tokio::test]
async fn a_second_refusal_stops_the_run() {
    let server = Server::start(orderly(|_, seen| (seen == "POST /bs-core/main/clients").then_some((401, Value::Null)))).await;
    let answer = submit(&account(&server.base, ""), &Free::default()).await;
    assert!(matches!(answer.verdict, Verdict::Halt(_)), "{answer:?}");
    assert_eq!(server.calls().iter().filter(|call| *call == "POST /bs-core/main/clients").count(), 2);
}

#[tokio::test]
async fn waiting_requests_share_one_renewal() {
    let server = Server::start(orderly(|_, _| None)).await;
    let account = account(&server.base, "canary = false");
    let (one, two) = (Free::default(), Free::default());
    let (one, two) = tokio::join!(submit(&account, &one), submit(&account, &two));
    assert!(matches!((one.verdict, two.verdict), (Verdict::Created(_), Verdict::Created(_))));
    assert_eq!(server.calls().iter().filter(|call| call.ends_with("token")).count(), 1);
}

#[tokio::test]
async fn init_creates_nothing_so_its_troubles_are_no_doubts() {
    for (answer, expected) in
        [((0, Value::Null), "transient"), ((503, Value::Null), "transient"), ((200, error("X", "no")), "halt")]
    {
        let server = Server::start(orderly(move |_, seen| seen.ends_with("/init").then(|| answer.clone()))).await;
        let verdict = submit(&account(&server.base, ""), &Free::default()).await.verdict;
        let name = match verdict {
            Verdict::Transient(_) => "transient",
            Verdict::Halt(_) => "halt",
            other => panic!("{other:?}"),
        };
        assert_eq!(name, expected);
    }
}

#[tokio::test]
async fn a_duplicate_is_looked_for() {
    let duplicate = || Some((200, error("CLIENT_ALREADY_EXISTS", "client exists")));
    let row = || json!({"id": 101_320_007, "lastName": "образцова", "firstName": "Анна", "birthDate": "1990-05-01"});
    for (rows, expected) in
        [(ok(json!([row()])), Verdict::Existing(Some("101320007".into()))), ((403, Value::Null), Verdict::Existing(None))]
    {
        let server = Server::start(orderly(move |_, seen| match seen {
            "POST /bs-core/main/clients" => duplicate(),
            "POST /bs-core/main/clients/partial-load" => Some(rows.clone()),
            seen if seen.starts_with("GET /bs-core/main/clients/find/101320007") => Some(ok(json!([stored(101_320_007)]))),
            _ => None,
        }))
        .await;
        assert_eq!(submit(&account(&server.base, ""), &Free::default()).await.verdict, expected);
    }
    let server = Server::start(orderly(move |_, seen| match seen {
        "POST /bs-core/main/clients" => duplicate(),
        "POST /bs-core/main/clients/partial-load" => Some(ok(json!([]))),
        _ => None,
    }))
    .await;
    assert!(matches!(submit(&account(&server.base, ""), &Free::default()).await.verdict, Verdict::Rejected(_)));
}

#[tokio::test]
async fn a_first_client_that_lost_its_passport_stops_the_run_and_is_created() {
    let server = Server::start(orderly(|_, seen| {
        (seen == "GET /bs-core/main/clients/101320001").then(|| {
            let mut whole = stored(101_320_001);
            whole["passport"] = Value::Null;
            whole["firstName"] = Value::Null;
            ok(whole)
        })
    }))
    .await;
    let account = account(&server.base, "");
    let first = submit(&account, &Free::default()).await;
    assert_eq!(first.verdict, Verdict::Created("101320001".into()));
    assert!(first.remark.unwrap().message.contains("/passport/no, /passport/seria, /firstName"));
    let calls = server.calls().len();
    let Verdict::Halt(halt) = submit(&account, &Free::default()).await.verdict else { panic!("the run goes on") };
    assert!(halt.what.contains("/passport/no") && !halt.what.contains("654321"));
    assert_eq!(server.calls().len(), calls);
}

#[tokio::test]
async fn a_mapped_creation_date_stops_before_anything_is_sent() {
    let server = Server::start(orderly(|_, _| None)).await;
    let account_without = account(&server.base, "");
    assert!(account_without.accepts_member("/creationDate").unwrap_err().to_string().contains("allow_creation_date"));
    assert!(account_without.accepts_member("/birthDate").is_ok());
    assert!(account(&server.base, "allow_creation_date = true").accepts_member("/creationDate").is_ok());
    let mut dated = part();
    dated["creationDate"] = "2020-01-01".into();
    let body = Body::new(&dated);
    let order = Order {
        operation: "brainysoft/individual",
        body: &body,
        key: IdempotencyKey::derive("", "", "", ""),
        repeat_of_unknown: false,
    };
    let Verdict::Halt(halt) = account_without.submit(&order, &Free::default()).await.verdict else { panic!("it goes on") };
    assert!(halt.what.contains("creationDate"));
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn consents_that_init_fills_are_told_once() {
    let server = Server::start(orderly(|_, seen| {
        (seen == "GET /bs-core/main/clients/init").then(|| {
            let mut filled = init();
            filled["data"]["bureauConsent"] = true.into();
            (200, filled)
        })
    }))
    .await;
    let account = account(&server.base, "canary = false");
    let remark = submit(&account, &Free::default()).await.remark.unwrap();
    assert_eq!((&*remark.code, remark.pointer.as_deref()), ("consent_filled", Some("/bureauConsent")));
    assert_eq!(submit(&account, &Free::default()).await.remark, None);
}

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

/// A turn that nobody counts.
struct Uncounted;

impl crate::provider::Turn for Uncounted {
    fn answered(self: Box<Self>, _: bool) {}
}
