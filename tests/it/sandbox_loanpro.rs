//! The imitation of LoanPro over real HTTP: what hurts about it, and what it answers.

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers

use std::sync::Once;
use std::time::Duration;

use clientferry::contract::Registry;
use clientferry::sandbox::{self, Running, SandboxSettings};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another test of this binary may have been faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let builder = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.retry(reqwest::retry::never()).timeout(Duration::from_secs(5)).build().unwrap()
}

struct Stage {
    client: Client,
    sandbox: Running,
}

impl Stage {
    async fn new(switches: &[&str], faults: &[&str]) -> Self {
        let mut settings = SandboxSettings::new("loanpro", Registry::built_in().find("loanpro").unwrap());
        for switch in switches {
            settings.set_switch(switch).unwrap();
        }
        settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        Self { client: client(), sandbox: sandbox::start(settings).await.unwrap() }
    }

    fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.sandbox.base_url));
        request.bearer_auth("token").header("Autopal-Instance-Id", "5201")
    }

    async fn create(&self, body: &Value) -> (u16, Value) {
        told(self.request(reqwest::Method::POST, "/odata.svc/Customers").json(body)).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        told(self.request(reqwest::Method::GET, path)).await
    }

    async fn search(&self, query: Value) -> Vec<u64> {
        let path = "/Customers/Autopal.Search()?$top=25&$start=0&$orderby=id%20asc";
        let (status, body) = told(self.request(reqwest::Method::POST, path).json(&json!({"query": query}))).await;
        assert_eq!(status, 200, "{body}");
        body["d"]["results"].as_array().unwrap().iter().map(|hit| hit["id"].as_u64().unwrap()).collect()
    }

    async fn ignored(&self) -> Value {
        let host = self.sandbox.base_url.strip_suffix("/api/public/api/1").unwrap();
        self.client.get(format!("{host}/__sandbox/extra/ignored")).send().await.unwrap().json().await.unwrap()
    }
}

async fn told(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
}

/// A customer who shares nothing with any other number.
fn person(number: u32) -> Value {
    let address = |street: &str| {
        json!({
            "address1": format!("{number} {street}"), "city": "Chicago", "state": "geo.state.IL",
            "zipcode": "60602", "country": "company.country.usa"
        })
    };
    json!({
        "customerType": "customer.type.individual", "firstName": "Ada", "lastName": format!("Sample{number}"),
        "email": format!("ada{number}@example.com"), "PrimaryAddress": address("Main St"), "MailAddress": address("Mail St"),
    })
}

fn with(mut body: Value, pairs: &[(&str, Value)]) -> Value {
    for (pointer, value) in pairs {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    body
}

fn message(body: &Value) -> &str {
    body["error"]["message"]["value"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_customer_is_created_read_and_found() {
    let stage = Stage::new(&[], &[]).await;
    let body = with(
        person(1),
        &[
            ("/birthDate", json!("1970-01-15")),
            ("/ssn", json!("900700001")),
            ("/customerIdType", json!("customer.idType.ssn")),
            ("/customId", json!("CRM-1")),
            ("/Phones", json!({"results": [{"phone": "3125550101", "isPrimary": 1}]})),
            ("/Employer", json!({"companyName": "Works", "income": 75000, "Address": {"city": "Gary"}})),
        ],
    );
    let (status, created) = stage.create(&body).await;
    assert_eq!((status, &created["d"]["id"]), (200, &json!(1)), "{created}");
    assert_eq!(created["d"]["birthDate"], "/Date(1209600)/");
    assert!(created["d"]["PrimaryAddress"]["__deferred"].is_object());
    let (_, read) = stage.get("/odata.svc/Customers(1)?$expand=PrimaryAddress,Phones,Employer").await;
    assert_eq!(read["d"]["PrimaryAddress"], body["PrimaryAddress"]);
    assert_eq!(read["d"]["Phones"], body["Phones"]);
    assert_eq!((&read["d"]["Employer"]["income"], &read["d"]["ssn"]), (&json!("75000.00"), &json!("*****0001")));
    assert!(read["d"]["MailAddress"]["__deferred"].is_object() && read["d"]["Employer"]["Address"]["__deferred"].is_object());
    assert_eq!(stage.get("/odata.svc/Customers(id=1)").await.1["d"]["id"], 1);
    assert_eq!(stage.get("/odata.svc/Customers(2)").await.0, 404);
    stage.create(&person(2)).await;
    assert_eq!(stage.get("/odata.svc/Customers()?$top=1&$skip=1").await.1["d"]["results"][0]["id"], 2);
    assert_eq!(stage.get("/odata.svc/Loans?$top=1").await.0, 200);
    let phrase = |field: &str, value: &str| json!({"query_string": {"query": format!("\"{value}\""), "default_operator": "AND", "fields": [field]}});
    let should = json!([phrase("customId", "CRM-1"), phrase("email", "ADA2@example.com")]);
    assert_eq!(stage.search(json!({"bool": {"must": [{"bool": {"should": should}}]}})).await, [1, 2]);
    assert_eq!(stage.search(phrase("ssn", "900700001")).await, [1]);
    assert_eq!(stage.search(json!({"range": {"birthDate": {"gte": "1970-01-01", "lt": "1971-01-01"}}})).await, [1]);
    assert_eq!(stage.search(json!({"match": {"lastName": "sample2"}})).await, [2]);
    assert_eq!(stage.search(json!({"terms": {"id": [2, 3]}})).await, [2]);
    let (status, refused) =
        told(stage.request(reqwest::Method::POST, "/Customers/Autopal.Search()").json(&json!({"query": {"fuzzy": {}}}))).await;
    assert_eq!((status, message(&refused)), (409, "The clause 'fuzzy' is not supported"));
    let (_, items) = stage.get("/collections(customer.phoneType)/items").await;
    assert!(items["d"]["results"].as_array().unwrap().contains(&json!({"value": "customer.phoneType.cellSmartPhone"})));
    assert_eq!(stage.ignored().await, json!([]));
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn members_that_it_does_not_know_vanish_without_a_word() {
    let stage = Stage::new(&[], &[]).await;
    let body = with(
        person(1),
        &[
            ("/dob", json!("1970-01-15")),
            ("/id", json!(7)),
            ("/PrimaryAddress/zip", json!("60602")),
            ("/Phones", json!([{"phone": "3125550101"}])),
            ("/References", json!({"results": [{"name": "Bo", "__update": true}]})),
            ("/middleName", json!("")),
        ],
    );
    assert_eq!(stage.create(&body).await.0, 200);
    assert_eq!(
        stage.ignored().await,
        json!([{"request": 0, "members": ["/Phones", "/PrimaryAddress/zip", "/References/results/0/__update", "/dob", "/id"]}])
    );
    let (_, read) = stage.get("/odata.svc/Customers(1)?$expand=PrimaryAddress,Phones,References").await;
    assert!(read["d"].get("dob").is_none() && read["d"].get("Phones").is_none());
    assert_eq!(read["d"]["References"], json!({"results": [{"name": "Bo"}]}));
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn requests_are_refused_in_the_order_of_checks() {
    let stage = Stage::new(&["tenant=5201"], &[]).await;
    let url = format!("{}/odata.svc/Customers", stage.sandbox.base_url);
    for request in [
        stage.client.post(&url),
        stage.client.post(&url).bearer_auth("token"),
        stage.client.post(&url).header("Autopal-Instance-Id", "5201").header("Authorization", "token"),
        stage.client.post(&url).bearer_auth("token").header("Autopal-Instance-Id", "1"),
    ] {
        let (status, body) = told(request.json(&person(1))).await;
        assert_eq!((status, &body["code"]), (401, &json!("401-CN0001")));
    }
    let (status, body) = stage.get("/odata.svc/Customer()").await;
    assert_eq!((status, message(&body)), (409, "Resource not found for the segment 'Customer'"));
    let host = stage.sandbox.base_url.strip_suffix("/api/public/api/1").unwrap();
    assert_eq!(told(stage.client.get(format!("{host}/odata.svc/Customers"))).await.0, 404);
    let bad = stage.request(reqwest::Method::POST, "/odata.svc/Customers").header("content-type", "application/json").body("{");
    assert_eq!(told(bad).await.0, 409);
    for (pairs, said) in [
        (&[("/email", json!(""))][..], "Email is required"),
        (&[("/PrimaryAddress/city", Value::Null)], "Primary Address is required"),
        (&[("/MailAddress", Value::Null)], "Mail Address is required"),
        (&[("/firstName", json!(""))], "firstName: is required"),
        (&[("/gender", json!("Male"))], "gender: not a known value"),
        (&[("/PrimaryAddress/state", json!("IL"))], "PrimaryAddress.state: not a known value"),
        (&[("/birthDate", json!("01/15/1970"))], "birthDate: not a known value"),
        (&[("/customerType", json!("customer.type.flooring"))], "customerType: not a known value"),
    ] {
        let (status, body) = stage.create(&with(person(1), pairs)).await;
        assert_eq!((status, message(&body)), (409, said));
    }
    // What is not documented is taken.
    for (number, pairs) in [
        (2, &[("/ssn", json!("900-70-0001"))][..]),
        (3, &[("/PrimaryAddress/state", json!("geo.province.ON"))]),
        (4, &[("/Phones", json!({"results": [{"phone": "+13125550101", "isPrimary": "1"}]}))]),
    ] {
        let (status, body) = stage.create(&with(person(number), pairs)).await;
        assert_eq!(status, 200, "{body}");
    }
    stage.sandbox.stop().await;

    let lenient = Stage::new(&["strict_types=off", "state_country=refuse", "wrong_tenant=409", "tenant=1"], &[]).await;
    let (status, body) = lenient.create(&person(1)).await;
    assert_eq!((status, message(&body)), (409, "The tenant does not belong to the token"));
    lenient.sandbox.stop().await;
    let lenient = Stage::new(&["strict_types=off", "state_country=refuse", "unknown_entity=200"], &[]).await;
    assert_eq!(lenient.create(&with(person(1), &[("/firstName", Value::Null)])).await.0, 200);
    assert_eq!(lenient.create(&with(person(2), &[("/PrimaryAddress/state", json!("geo.province.ON"))])).await.0, 409);
    assert_eq!(lenient.get("/odata.svc/Customer()").await.0, 200);
    lenient.sandbox.stop().await;
}

fn known(number: u32) -> Value {
    with(
        person(number),
        &[
            ("/ssn", json!("900700001")),
            ("/birthDate", json!("1988-02-29")),
            ("/Phones", json!({"results": [{"phone": "3125550101"}, {"phone": "3125550102"}]})),
        ],
    )
}

#[tokio::test]
async fn everything_shared_is_warned_about_and_only_ssn_with_birth_date_cannot_be_lifted() {
    let stage = Stage::new(&[], &[]).await;
    assert_eq!(stage.create(&known(1)).await.0, 200);
    let (status, body) = stage.create(&known(1)).await;
    assert_eq!((status, &body["error"]["type"]), (409, &json!("TransactionWarningException")));
    let name = "Ada Sample1";
    assert_eq!(
        body["warnings"],
        json!([
            format!("(Customer) SSN already found in the system (Customer ID 1: {name})."),
            format!("(Customer) Email 'ada1@example.com' already found in the system (Customer ID 1: {name})."),
            format!("(Phones) Phone '3125550101' already found in the system (Customer ID 1: {name})."),
            format!("(Phones) Phone '3125550102' already found in the system (Customer ID 1: {name})."),
            format!("(PrimaryAddress) Address '1 Main St' already found in the system (Customer ID 1: {name})."),
            format!("(MailAddress) Address '1 Mail St' already found in the system (Customer ID 1: {name})."),
        ])
    );
    let forced = |body: Value| with(body, &[("/__ignoreWarnings", json!(true))]);
    let (status, body) = stage.create(&forced(known(1))).await;
    assert_eq!((status, body["warnings"].as_array().unwrap().len()), (409, 1));
    let other_day = with(known(1), &[("/birthDate", json!("1988-03-01"))]);
    assert_eq!(stage.create(&other_day).await.0, 409);
    assert_eq!(stage.create(&with(other_day.clone(), &[("/__ignoreWarnings", json!("true"))])).await.0, 409);
    assert_eq!(stage.create(&forced(other_day)).await.0, 200);
    // A phone's own mark lifts that phone alone.
    let phones = json!({"results": [{"phone": "3125550101", "__ignoreWarnings": true}, {"phone": "3125550102"}]});
    let (_, body) = stage.create(&with(person(5), &[("/Phones", phones)])).await;
    assert_eq!(body["warnings"].as_array().unwrap().len(), 2, "one phone of two customers: {body}");
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn warnings_have_dialects() {
    let stage = Stage::new(&["warning_status=200", "warning_place=d", "warning_words=plain"], &[]).await;
    stage.create(&known(1)).await;
    let (status, body) = stage.create(&with(person(2), &[("/email", json!("ADA1@example.com"))])).await;
    assert_eq!(status, 200);
    assert_eq!(body["d"]["warnings"], json!(["A customer has the e-mail 'ADA1@example.com' (Customer ID 1: Ada Sample1)."]));
    stage.sandbox.stop().await;
    let stage = Stage::new(&["warning_status=500", "warning_words=typographic", "ssn_alone_warns=off"], &[]).await;
    stage.create(&known(1)).await;
    let (status, body) = stage.create(&with(person(2), &[("/Phones", json!({"results": [{"phone": "312-555-0101"}]}))])).await;
    assert_eq!(status, 500);
    assert_eq!(body["warnings"][0], "(Phones) Phone ‘312-555-0101’ already found in the system (Customer ID 1: Ada Sample1).");
    assert_eq!(stage.create(&with(person(3), &[("/ssn", json!("900700001"))])).await.0, 200);
    stage.sandbox.stop().await;
}

#[tokio::test]
async fn a_search_knows_new_customers_late_and_answers_may_be_odd() {
    let stage =
        Stage::new(&["list_lag_ms=300"], &["odd=no_d@#1", "odd=id_text@#2", "odd=with_warnings@#3", "500_after_commit@#4"]).await;
    assert!(stage.create(&person(1)).await.1.get("d").is_none());
    assert_eq!(stage.create(&person(2)).await.1["d"]["id"], "2");
    assert!(stage.create(&person(3)).await.1["warnings"].is_array());
    let (status, body) = stage.create(&person(4)).await;
    assert_eq!((status, message(&body)), (500, "Request timed out."));
    assert_eq!(stage.search(json!({"match_all": {}})).await.len(), 0);
    assert_eq!(stage.get("/odata.svc/Customers(4)").await.0, 200);
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!(stage.search(json!({"match_all": {}})).await, [1, 2, 3, 4]);
    stage.sandbox.stop().await;
}
