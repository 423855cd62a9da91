//! The flow and the look-up against a scripted provider.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::wire::Wire;
use super::*;
use crate::model::{Body, IdempotencyKey};
use crate::provider::http::Reply;
use crate::provider::{Turn, Verdict};

/// Answers each request by the script and keeps what was asked.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Result<(u16, Value), Lost>>>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl Script {
    fn new(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().map(Ok).collect()), asked: Mutex::default() }
    }

    fn next(&self, path: &str, body: Value) -> Result<Reply, Lost> {
        self.asked.lock().unwrap().push((path.to_owned(), body));
        let (status, body) = self.answers.lock().unwrap().pop_front().unwrap()?;
        let mut headers = HeaderMap::new();
        headers.insert("date", httpdate::fmt_http_date(std::time::SystemTime::now()).parse().unwrap());
        Ok(Reply { status, headers, body: Ok(body.to_string().into_bytes()) })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(path, _)| path.split('?').next().unwrap().to_owned()).collect()
    }

    fn body(&self, index: usize) -> Value {
        self.asked.lock().unwrap()[index].1.clone()
    }
}

#[async_trait]
impl Wire for Script {
    async fn post(&self, path: &str, body: &str) -> Result<Reply, Lost> {
        self.next(path, serde_json::from_str(body).unwrap())
    }

    async fn get(&self, path: &str) -> Result<Reply, Lost> {
        self.next(path, Value::Null)
    }
}

/// Gives so many slots, then says that the run stops.
struct Slots(AtomicUsize);

#[async_trait]
impl Slot for Slots {
    async fn take(&self) -> Option<Box<dyn Turn>> {
        struct Free;
        impl Turn for Free {
            fn answered(self: Box<Self>, _: bool) {}
        }
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).ok()?;
        Some(Box::new(Free))
    }

    fn slow_down(&self, _: Option<Duration>) {}
}

fn flow(settings: &str) -> Flow {
    Flow::new(toml::from_str(settings).unwrap())
}

fn ada() -> Value {
    json!({
        "customerType": "customer.type.individual", "firstName": "Ada", "lastName": "Sample", "email": "ada@example.com",
        "PrimaryAddress": {"address1": "201 E Randolph St", "zipcode": "60602"},
    })
}

fn stored(id: u64, created: i64) -> Value {
    let mut stored = ada();
    stored["id"] = json!(id);
    stored["created"] = json!(format!("/Date({created})/"));
    json!({"d": stored})
}

fn now_s() -> i64 {
    chrono::Utc::now().timestamp()
}

fn warned(texts: &[&str]) -> (u16, Value) {
    (409, json!({"error": {"message": "Transaction warnings found.", "type": "TransactionWarningException"}, "warnings": texts}))
}

fn created(id: u64) -> (u16, Value) {
    (200, json!({"d": {"id": id}}))
}

fn key() -> IdempotencyKey {
    IdempotencyKey::derive("loanpro/individual", "a", "b", "c")
}

async fn send(flow: &Flow, script: &Script, slots: usize) -> Answer {
    let body = Body::new(&ada());
    let order = Order { operation: "loanpro/individual", body: &body, key: key(), repeat_of_unknown: false };
    let slots = Slots(AtomicUsize::new(slots));
    flow.submit(&order, &LookUp { wire: script, slot: &slots, pause: Duration::ZERO }).await
}

const PHONE: &str = "(Phones) Phone '3125550101' already found in the system (Customer ID 9: Bo Roe).";
const SSN: &str = "(Customer) SSN already found in the system (Customer ID 7: Jane Roe).";
const NO_READ_BACK: &str = "verify_after_create = \"none\"\n";

#[tokio::test]
async fn the_first_request_never_ignores_warnings_and_the_policy_decides() {
    for (settings, texts, expected) in
        [("", &[PHONE][..], "rejected"), ("", &[SSN], "existing 7"), ("[duplicates]\nphone = \"report\"", &[PHONE], "existing 9")]
    {
        let script = Script::new([warned(texts)]);
        let answer = send(&flow(settings), &script, 9).await;
        let found = match &answer.verdict {
            Verdict::Existing(Some(id)) => format!("existing {id}"),
            Verdict::Rejected(_) => "rejected".to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(found, expected, "{settings}");
        assert_eq!(script.asked(), ["/odata.svc/Customers"]);
        assert_eq!(script.body(0), ada());
        assert!(!format!("{answer:?}").contains("Roe"));
    }
}

#[tokio::test]
async fn a_forced_customer_is_sent_once_more_and_what_was_ignored_is_kept() {
    let flow = flow(&format!("{NO_READ_BACK}[duplicates]\nphone = \"force\""));
    let script = Script::new([warned(&[PHONE]), created(12)]);
    let answer = send(&flow, &script, 1).await;
    assert_eq!(answer.verdict, Verdict::Created("12".into()));
    assert_eq!(&*answer.remark.unwrap().message, "created although the provider warned: phone of customer 9");
    let mut forced = ada();
    forced["__ignoreWarnings"] = json!(true);
    assert_eq!(script.body(1), forced);

    // The match on SSN and birth date stays: no third try.
    let script = Script::new([warned(&[PHONE]), warned(&[SSN])]);
    let answer = send(&flow, &script, 1).await;
    assert_eq!(answer.verdict, Verdict::Existing(Some("7".into())));
    assert_eq!(&*answer.remark.unwrap().code, "matched_unliftable");

    // Nothing was stored by the first request, so a stop between the two leaves nothing open.
    let script = Script::new([warned(&[PHONE])]);
    assert!(matches!(send(&flow, &script, 0).await.verdict, Verdict::Transient(_)));

    let script = Script::new([warned(&[PHONE])]);
    script.answers.lock().unwrap().push_back(Err(Lost::InDoubt { code: "timeout", why: String::new() }));
    let Verdict::Unknown { why, .. } = send(&flow, &script, 1).await.verdict else { panic!("the answer was lost") };
    assert!(why.message.contains("phone of customer 9") && why.message.contains("lost"), "{why:?}");
    // A look-up, in this run or another, that finds it: what was ignored becomes the remark.
    let remark = warnings::remark_of_doubt(&why).unwrap();
    assert_eq!(&*remark.message, "created although the provider warned: phone of customer 9");
    assert_eq!(warnings::remark_of_doubt(&remark), None);

    // Not found and sent again, and then warned about as itself.
    flow.remember_absent(&[wanted(now_s() * 1000)], &[Found::Absent]);
    let script = Script::new([
        warned(&[PHONE, "(Customer) Email 'x' (Customer ID 12: Ada)"]),
        (404, json!({})),
        (200, stored(12, now_s())),
    ]);
    let answer = send(&flow, &script, 9).await;
    assert_eq!((answer.verdict, answer.remark), (Verdict::Created("12".into()), Some(remark)));
}

#[tokio::test]
async fn the_first_customer_of_each_shape_is_read_back() {
    let flow = flow("");
    let mut lossy = stored(1, 0);
    lossy["d"]["lastName"] = Value::Null;
    let script = Script::new([created(1), (200, lossy), created(2)]);
    let answer = send(&flow, &script, 9).await;
    assert_eq!(answer.verdict, Verdict::Created("1".into()));
    assert_eq!(&*answer.remark.unwrap().message, "not stored by the server: lastName");
    assert_eq!(send(&flow, &script, 9).await.remark, None);
    assert_eq!(script.asked(), ["/odata.svc/Customers", "/odata.svc/Customers(1)", "/odata.svc/Customers"]);
}

#[tokio::test]
async fn a_status_is_added_where_the_row_has_none() {
    let script = Script::new([created(1)]);
    send(&flow(&format!("{NO_READ_BACK}default_status = \"Lead\"")), &script, 9).await;
    assert_eq!(script.body(0)["status"], "Lead");
}

async fn find(flow: &Flow, script: &Script, wanted: &[Wanted], taken: &[&str]) -> Vec<Found> {
    let slots = Slots(AtomicUsize::new(99));
    let taken = |_: usize, id: &str| taken.contains(&id);
    let found = look_up::find(&LookUp { wire: script, slot: &slots, pause: Duration::ZERO }, wanted, &taken).await;
    flow.remember_absent(wanted, &found);
    found
}

fn wanted(sent_at_ms: i64) -> Wanted {
    Wanted { operation: "loanpro/individual".into(), body: Body::new(&ada()), key: key(), sent_at_ms, unchanged: true }
}

fn hits(ids: &[u64]) -> (u16, Value) {
    let hits: Vec<Value> = ids.iter().map(|id| json!({"id": id, "email": "ADA@example.com"})).collect();
    (200, json!({"d": {"results": hits, "summary": {"totalHits": ids.len()}}}))
}

#[tokio::test]
async fn a_customer_is_ours_by_its_time_of_creation() {
    let now = now_s();
    let flow = flow("");
    let sent = || wanted(now * 1000);
    let look = async |answers: Vec<(u16, Value)>, wanted: &[Wanted], taken: &[&str]| {
        find(&flow, &Script::new(answers), wanted, taken).await
    };
    let ours = |id| (200, stored(id, now));
    let older = |id| (200, stored(id, now - 5000));
    assert_eq!(look(vec![hits(&[])], &[sent()], &[]).await, [Found::Absent]);
    assert_eq!(look(vec![hits(&[1]), ours(1)], &[sent()], &[]).await, [Found::ByUs("1".into())]);
    assert_eq!(look(vec![hits(&[1]), older(1)], &[sent()], &[]).await, [Found::BeforeUs("1".into())]);
    assert_eq!(look(vec![hits(&[1, 2]), older(1), ours(2)], &[sent()], &[]).await, [Found::ByUs("2".into())]);
    assert_eq!(look(vec![hits(&[1, 2]), ours(1), ours(2)], &[sent()], &["1"]).await, [Found::ByUs("2".into())]);
    assert_eq!(look(vec![hits(&[1, 2]), ours(1), ours(2)], &[sent()], &[]).await, [Found::Several(vec!["1".into(), "2".into()])]);
    // Two rows that one customer could be: read once, given to neither.
    assert_eq!(
        look(vec![hits(&[1]), ours(1), hits(&[1])], &[sent(), sent()], &[]).await,
        [Found::Several(vec!["1".into()]), Found::Several(vec!["1".into()])]
    );
    // When it was sent is not known.
    assert_eq!(look(vec![hits(&[1]), ours(1)], &[wanted(0)], &[]).await, [Found::There("1".into())]);
    assert_eq!(look(vec![hits(&[1]), (404, json!({}))], &[sent()], &[]).await, [Found::Absent]);
}

#[tokio::test]
async fn trouble_while_looking_proves_nothing() {
    let flow = flow("");
    let look = async |answers: Vec<(u16, Value)>| find(&flow, &Script::new(answers), &[wanted(1)], &[]).await;
    let trouble = || (500, json!({}));
    assert!(matches!(look((0..5).map(|_| trouble()).collect()).await[..], [Found::CannotAsk(_)]));
    assert_eq!(look(vec![trouble(), (429, json!({})), hits(&[])]).await, [Found::Absent]);
    assert!(matches!(look(vec![(401, json!({}))]).await[..], [Found::Halt(_)]));
    let many: Vec<u64> = (1..=25).collect();
    assert!(matches!(look((0..4).map(|_| hits(&many)).collect()).await[..], [Found::CannotAsk(_)]));
}

#[tokio::test]
async fn a_warning_about_our_own_lost_request_is_no_duplicate() {
    let flow = flow("");
    let now = now_s();
    find(&flow, &Script::new([hits(&[])]), &[wanted(now * 1000)], &[]).await;
    let email = "(Customer) Email 'ada@example.com' already found in the system (Customer ID 5: Ada Sample).";
    let script = Script::new([warned(&[email]), (200, stored(5, now)), (200, stored(5, now))]);
    assert_eq!(send(&flow, &script, 9).await.verdict, Verdict::Created("5".into()));
    let script = Script::new([warned(&[email]), (200, stored(5, now - 5000))]);
    assert!(matches!(send(&flow, &script, 9).await.verdict, Verdict::Rejected(_)));
}

fn settings(base: &str, options: &str) -> AccountSettings {
    AccountSettings {
        base_url: Some(base.into()),
        options: toml::from_str(options).unwrap(),
        ..AccountSettings::new("test", SecretString::from("token"))
    }
}

#[test]
fn a_real_server_needs_a_tenant_and_the_path_may_be_left_out() {
    assert!(matches!(LoanPro::connect(&settings(BASE_URL, "")), Err(ProviderError::Options { .. })));
    let account = LoanPro::connect(&settings("https://lender.simnang.com/", "tenant_id = 52")).unwrap();
    assert_eq!(account.base_url(), "https://lender.simnang.com/api/public/api/1");
    assert_eq!((account.profile().limits[0].requests, account.profile().in_flight_max), (5, 4));
    assert_eq!(LoanPro::connect(&settings("http://127.0.0.1:1/x", "")).unwrap().base_url(), "http://127.0.0.1:1/x");
    assert!(LoanPro::connect(&settings(BASE_URL, "tenant_id = \"a\\nb\"")).is_err());
    let none = AccountSettings { rate_per_s: Some(0), ..settings("http://127.0.0.1:1", "") };
    assert!(matches!(LoanPro::connect(&none), Err(ProviderError::Limit { .. })));
}
