//! Faults on demand, before and after the commit.

use super::*;

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
