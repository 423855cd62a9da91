//! Init, merge, create, tokens, and what stops them.

use super::*;

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
