//! What a provider does when nothing goes wrong.

use super::*;

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
