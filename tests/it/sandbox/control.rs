//! Switches, the control plane, settings, the end.

use super::*;

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
