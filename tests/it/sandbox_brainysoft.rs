//! BrainySoft's sandbox over real HTTP: what a client of it meets.

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::sync::Once;
use std::time::Duration;

use clientferry::contract::Registry;
use clientferry::sandbox::{self, Running, SandboxSettings};
use reqwest::Client;
use serde_json::{Value, json};

struct House {
    client: Client,
    running: Running,
    token: String,
}

impl House {
    async fn start(switches: &[&str], faults: &[&str]) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Another test of this binary may have been faster.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let mut settings = SandboxSettings::new("brainysoft", Registry::built_in().find("brainysoft").unwrap());
        for switch in switches {
            settings.set_switch(switch).unwrap();
        }
        settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let running = sandbox::start(settings).await.unwrap();
        let client = Client::builder().no_proxy().retry(reqwest::retry::never()).timeout(Duration::from_secs(5)).build().unwrap();
        let mut house = Self { client, running, token: String::new() };
        house.token = house.log_in().await;
        house
    }

    async fn log_in(&self) -> String {
        let root = self.running.base_url.trim_end_matches("/bs-core");
        let form = "grant_type=client_credentials&client_id=a&client_secret=b";
        let request = self.client.post(format!("{root}/oauth/token")).header("content-type", "application/x-www-form-urlencoded");
        let answer: Value = request.body(form).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["expires_in"], 1800);
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(format!("{}{path}", self.running.base_url)).header("bsauth", &self.token);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.running.base_url)).header("bsauth", &self.token).json(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn init(&self) -> Value {
        self.get("/main/clients/init").await.1["data"].take()
    }

    /// A whole object with the row's part in it.
    async fn whole(&self, part: &Value) -> Value {
        let mut whole = self.init().await;
        lay(&mut whole, part);
        whole
    }

    async fn create(&self, part: &Value) -> (u16, Value) {
        self.post("/main/clients", &self.whole(part).await).await
    }

    async fn said(&self, body: &Value) -> String {
        let (status, answer) = self.post("/main/clients", body).await;
        assert_eq!((status, &answer["status"]), (200, &json!("error")), "{answer}");
        answer["data"]["message"].as_str().unwrap().to_owned()
    }
}

fn lay(into: &mut Value, part: &Value) {
    match (into, part) {
        (Value::Object(into), Value::Object(part)) => {
            for (name, value) in part {
                lay(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, part) => *into = part.clone(),
    }
}

fn person() -> Value {
    serde_json::from_str(include_str!("../vectors/brainysoft/valid/individual--full.json")).unwrap()
}

fn search(field: &str, value: &str) -> Value {
    json!({"fields": ["id", "lastName", "passport.no"], "searchFields": [{"field": field, "value": value}],
        "orderByFields": [{"field": "id", "direction": "desc"}], "countFrom": 0, "countTo": 2})
}

#[tokio::test]
async fn a_client_is_created_read_found_and_its_address_completed() {
    let house = House::start(&[], &[]).await;
    let (status, created) = house.create(&person()).await;
    assert_eq!((status, &created["status"]), (200, &json!("ok")), "{created}");
    let id = created["data"]["id"].as_u64().unwrap();
    assert_eq!(id, 101_320_001);
    let (_, read) = house.get(&format!("/main/clients/{id}")).await;
    assert_eq!(read["data"], created["data"]);
    assert_eq!(read["data"]["addressData"]["fiasChainText"], "Россия, г Москва, ул Тверская");
    assert_eq!(read["data"]["extraFields"][0]["key"], "client.legacyNumber");
    let (_, found) = house.get(&format!("/main/clients/find/5,{id}?preserveOrder=true")).await;
    assert_eq!(found["data"][0]["rnn"], "770123456703");
    // No key: the same again is a second client.
    assert_eq!(house.create(&person()).await.1["data"]["id"], 101_320_002);
    let (_, rows) = house.post("/main/clients/partial-load", &search("passport.no", "654321")).await;
    assert_eq!(rows["data"][0], json!({"id": 101_320_002, "lastName": "Сидорова", "passport": {"no": "654321"}}));
    let (_, rows) = house.post("/main/clients/partial-load", &search("creationDate", ">=2020-01-01 00:00:00")).await;
    assert_eq!(rows["data"].as_array().unwrap().len(), 2);
    let (_, rows) = house.post("/main/clients/partial-load", &search("creationDate", ">=2999-01-01 00:00:00")).await;
    assert_eq!(rows["data"], json!([]));
    assert_eq!(house.post("/main/clients/partial-load", &search("inn", "1")).await.1["data"]["message"], "inn: unknown field");
    assert_eq!(house.get("/main/clients/1").await.1["status"], "error");
    assert_eq!(house.get("/utils/session/whoami").await.1["data"]["customerKey"], "sandbox");
    assert_eq!(house.get("/dicts/countries").await.1["data"][0], json!({"id": 101_042, "name": "Россия"}));
    house.running.stop().await;
}

#[tokio::test]
async fn creations_are_refused_in_the_order_of_checks() {
    let house = House::start(&[], &[]).await;
    let whole = house.whole(&person()).await;
    let with = |pointer: &str, value: Value| {
        let mut body = whole.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    assert!(house.said(&json!([])).await.contains("object"));
    let mut lost = whole.clone();
    lost["additionalInfo"].as_object_mut().unwrap().remove("lawsuits");
    assert_eq!(house.said(&lost).await, "additionalInfo.lawsuits: the member that init gave is missing");
    assert_eq!(house.said(&with("/id", json!(5))).await, "id: null required");
    assert!(house.said(&with("/sandboxOpaqueMoment/g", json!(1))).await.starts_with("sandboxOpaqueMoment: "));
    let mut flags = with("/businessman", json!(true));
    flags["naturalPerson"] = json!(false);
    assert!(house.said(&flags).await.contains("contradicts"));
    assert!(house.said(&with("/passport/issueDate", json!(""))).await.starts_with("passport"));
    assert!(house.said(&with("/mobilePhone", json!("+7903"))).await.starts_with("mobilePhone"));
    let bare = house.client.post(format!("{}/main/clients", house.running.base_url));
    assert_eq!(bare.try_clone().unwrap().bearer_auth("x").json(&whole).send().await.unwrap().status(), 401);
    assert_eq!(bare.header("bsauth", &house.token).body("{}").send().await.unwrap().status(), 415);
    house.running.stop().await;
}

#[tokio::test]
async fn every_kind_is_told_by_its_flags() {
    let house = House::start(&[], &[]).await;
    for (vector, kind) in [
        (include_str!("../vectors/brainysoft/valid/individual--minimal.json"), "individual"),
        (include_str!("../vectors/brainysoft/valid/sole-proprietor--full.json"), "sole-proprietor"),
        (include_str!("../vectors/brainysoft/valid/legal-entity--full.json"), "legal-entity"),
    ] {
        let (status, answer) = house.create(&serde_json::from_str(vector).unwrap()).await;
        assert_eq!((status, &answer["status"]), (200, &json!("ok")), "{kind}: {answer}");
    }
    house.running.stop().await;
}

#[tokio::test]
async fn tokens_go_stale_in_mid_run_and_a_renewed_one_works() {
    for (auth, expected) in [("401", 401), ("200", 200)] {
        let mut house = House::start(&["token_calls=2", &format!("auth_status={auth}")], &[]).await;
        assert_eq!(house.init().await["businessman"], false);
        assert_eq!(house.get("/utils/session/whoami").await.0, 200);
        let (status, refused) = house.get("/utils/session/whoami").await;
        assert_eq!((status, &refused["data"]["code"]), (expected, &json!("UNAUTHORIZED")));
        house.token = house.log_in().await;
        assert_eq!(house.get("/utils/session/whoami").await.1["status"], "ok");
        house.running.stop().await;
    }
    let house = House::start(&["tokens=never_valid"], &[]).await;
    assert_eq!(house.get("/main/clients/init").await.0, 401);
    house.running.stop().await;
}

#[tokio::test]
async fn what_is_not_documented_is_settled_by_switches() {
    let house = House::start(&["natural_person=naturalperson", "fias_name=fiasId", "answer=id", "search=flat"], &[]).await;
    let init = house.init().await;
    assert!(init.get("naturalperson").is_some() && init.get("naturalPerson").is_none());
    assert!(init["addressData"].get("fiasId").is_some());
    let mut part = person();
    part["naturalperson"] = part.as_object_mut().unwrap().remove("naturalPerson").unwrap();
    let code = part["addressData"].as_object_mut().unwrap().remove("fias").unwrap();
    part["addressData"]["fiasId"] = code;
    assert_eq!(house.create(&part).await.1["data"], 101_320_001);
    let (_, rows) = house.post("/main/clients/partial-load", &search("lastName", "Сидорова")).await;
    assert_eq!(rows["data"][0]["passport.no"], "654321");
    house.running.stop().await;

    let house = House::start(&["init=sparse", "duplicates=reject_409"], &[]).await;
    assert!(house.init().await["passport"].is_null());
    assert_eq!(house.create(&person()).await.0, 200);
    let (status, refused) = house.create(&person()).await;
    assert_eq!((status, &refused["data"]["code"]), (409, &json!("CLIENT_ALREADY_EXISTS")));
    house.running.stop().await;

    let house = House::start(&["error_status=400", "error_data=text", "search=forbidden", "unknown_members=reject"], &[]).await;
    assert_eq!(house.post("/main/clients/partial-load", &search("lastName", "x")).await.0, 403);
    let mut whole = house.whole(&person()).await;
    whole["nickName"] = json!("x");
    let (status, refused) = house.post("/main/clients", &whole).await;
    assert_eq!((status, &refused["data"]), (400, &json!("nickName: unknown member")));
    house.running.stop().await;
}

#[tokio::test]
async fn unknown_members_are_dropped_without_a_word() {
    let house = House::start(&[], &[]).await;
    let mut part = person();
    part["nickName"] = json!("Сова");
    part["passport"]["colour"] = json!("red");
    let created = house.create(&part).await.1;
    assert_eq!(created["status"], "ok");
    assert!(created["data"].get("nickName").is_none() && created["data"]["passport"].get("colour").is_none());
    house.running.stop().await;
}

#[tokio::test]
async fn answers_fail_on_demand() {
    let faults = ["error_200=before@#1", "201_no_id@#2", "odd=status_missing@#3", "500_after_commit@#4"];
    let house = House::start(&[], &faults).await;
    let (status, told) = house.create(&person()).await;
    assert_eq!((status, &told["status"]), (200, &json!("error")));
    assert_eq!(house.create(&person()).await.1["data"].get("id"), None);
    assert_eq!(house.create(&person()).await.1.get("status"), None);
    let (status, told) = house.create(&person()).await;
    assert_eq!((status, &told["data"]["code"]), (500, &json!("INTERNAL")));
    let (_, rows) = house.post("/main/clients/partial-load", &search("lastName", "Сидорова")).await;
    assert_eq!(rows["data"].as_array().unwrap().len(), 2);
    house.running.stop().await;
}
