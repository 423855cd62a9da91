//! LoanPro's customers as a sandbox: create, read, search, collections. Loans, notes and uploads are not imitated.
//!
//! Imitates <https://developers.loanpro.io/reference/create-customer>, and with it what hurts: members that the server does not know
//! disappear without a word (`/__sandbox/extra/ignored` lists them), and duplicates are warnings that name customers by their ids.

mod create;
mod customers;
mod ignored;
mod reading;
mod search;
mod shape;
mod switches;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::contract::Operation;
use crate::sandbox::SandboxError;
use crate::sandbox::ledger::Entry;
use crate::sandbox::reply::{self, Answer, Success};
use crate::sandbox::toolbox::{decoded, form, member, remove, strict_json};
use crate::sandbox::world::{Admitted, Complaint, Imitation, Known, Route, Setup, World, bearer};

use customers::Customers;

/// The imitation, for the registry.
pub(in crate::sandbox) const IMITATION: Known = Known {
    provider: "loanpro",
    // None is documented.
    rate_per_second: None,
    switches: switches::ALL,
    odd_answers: &[NO_D, ID_TEXT, WITH_WARNINGS],
    reads: &[CUSTOMER, LIST, SEARCH, COLLECTION, LOANS, NOTHING],
    open: |setup| Ok(Box::new(LoanPro::new(setup)?)),
};

/// Odd answers to a customer that is stored: without `d`, with the id as text, with warnings beside the id.
const NO_D: &str = "no_d";
const ID_TEXT: &str = "id_text";
const WITH_WARNINGS: &str = "with_warnings";

/// Calls.
const CUSTOMER: &str = "customer";
const LIST: &str = "list";
const SEARCH: &str = "search";
const COLLECTION: &str = "collection";
const LOANS: &str = "loans";
const NOTHING: &str = "nothing";

/// What every address begins with.
const BASE_PATH: &str = "/api/public/api/1";
/// The header that names the tenant.
const TENANT_HEADER: &str = "autopal-instance-id";
/// Rows of a list and of a search unless the request says otherwise.
const LIST_ROWS: usize = 50;
const SEARCH_ROWS: usize = 10;

/// The imitation.
struct LoanPro {
    /// Operations by the `customerType` of their bodies.
    operations: BTreeMap<String, Arc<Operation>>,
    tenant: Option<u64>,
    tenant_is_conflict: bool,
    customers: Mutex<Customers>,
    /// What was dropped, by the number of the request.
    ignored: Mutex<Vec<(u64, Vec<String>)>>,
}

impl LoanPro {
    fn new(setup: &Setup<'_>) -> Result<Self, SandboxError> {
        let operations: BTreeMap<String, Arc<Operation>> = setup
            .operations
            .iter()
            .filter_map(|operation| {
                let kind = operation.schema.pointer("/properties/customerType/const")?.as_str()?;
                Some((kind.to_owned(), Arc::clone(operation)))
            })
            .collect();
        if operations.is_empty() {
            return Err(SandboxError::NoOperations(IMITATION.provider.to_owned()));
        }
        Ok(Self {
            operations,
            tenant: setup.switches.number(&switches::TENANT),
            tenant_is_conflict: setup.switches.is(&switches::WRONG_TENANT, "409"),
            customers: Mutex::default(),
            ignored: Mutex::default(),
        })
    }

    fn customers(&self) -> MutexGuard<'_, Customers> {
        self.customers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ignored(&self) -> MutexGuard<'_, Vec<(u64, Vec<String>)>> {
        self.ignored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenant that a request names, and whether it is known.
    fn tenant(&self, head: &Parts) -> Option<bool> {
        let found = head.headers.get(TENANT_HEADER)?.to_str().ok()?.trim();
        (!found.is_empty()).then(|| self.tenant.is_none_or(|tenant| found == tenant.to_string()))
    }
}

#[async_trait]
impl Imitation for LoanPro {
    fn base_path(&self) -> &str {
        BASE_PATH
    }

    fn route(&self, method: &Method, path: &str) -> Route {
        let Some(rest) = path.strip_prefix(BASE_PATH).and_then(|rest| rest.strip_prefix('/')) else { return Route::Unknown };
        let rest = decoded(rest);
        let wanted = match rest.as_str() {
            "odata.svc/Customers" | "odata.svc/Customers()" if method == Method::POST => return Route::Create,
            "odata.svc/Customers" | "odata.svc/Customers()" => (Method::GET, LIST),
            "Customers/Autopal.Search()" => (Method::POST, SEARCH),
            "odata.svc/Loans" | "odata.svc/Loans()" => (Method::GET, LOANS),
            one if customer_id(one).is_some() => (Method::GET, CUSTOMER),
            group if collection(group).is_some() => (Method::GET, COLLECTION),
            _ => return Route::Read(NOTHING),
        };
        if *method == wanted.0 { Route::Read(wanted.1) } else { Route::WrongMethod }
    }

    fn credential(&self, head: &Parts) -> Option<String> {
        let known = self.tenant(head)?;
        (known || self.tenant_is_conflict).then(|| bearer(head).map(str::to_owned))?
    }

    fn names<'body>(&self, body: &'body Value) -> Vec<&'body str> {
        ["lastName", "email", "companyName"].into_iter().filter_map(|name| body.get(name)?.as_str()).collect()
    }

    fn refuse(&self, complaint: Complaint) -> Response<Body> {
        match complaint {
            Complaint::NotFound => shape::platform(StatusCode::NOT_FOUND, "Not Found"),
            Complaint::WrongMethod => shape::platform(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
            Complaint::Unauthorized => shape::platform(StatusCode::UNAUTHORIZED, "Unauthorized"),
            Complaint::Forbidden => shape::platform(StatusCode::FORBIDDEN, "Forbidden"),
            Complaint::TooManyRequests => shape::platform(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
            Complaint::TooLong => shape::error(StatusCode::PAYLOAD_TOO_LARGE, "The request is too long"),
            Complaint::TryAgain => shape::error(StatusCode::CONFLICT, "Try again"),
            Complaint::Internal => shape::error(StatusCode::INTERNAL_SERVER_ERROR, "Request timed out."),
            Complaint::Unavailable => shape::platform(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }

    fn remove_id(&self, answer: &mut Value) {
        remove(answer, "/d/id");
        remove(answer, "/d/__metadata");
    }

    fn odd(&self, name: &'static str, mut success: Success) -> Answer {
        match name {
            NO_D => success.body = json!({"status": "ok"}),
            ID_TEXT => {
                if let Some(id) = success.body.pointer_mut("/d/id") {
                    *id = json!(id.to_string());
                }
            }
            _ => {
                if let Some(members) = success.body.as_object_mut() {
                    members.insert("warnings".to_owned(), json!(["The address was not verified."]));
                }
            }
        }
        success.into()
    }

    fn remember(&self, _at: usize, entry: &Entry) {
        self.customers().remember(entry);
    }

    fn forget(&self) {
        self.customers().clear();
        self.ignored().clear();
    }

    fn extra(&self, name: &str) -> Option<Value> {
        let ignored = self.ignored();
        let told = ignored.iter().map(|(request, members)| json!({"request": request, "members": members}));
        (name == "ignored").then(|| told.collect())
    }

    async fn answer(&self, world: &World, request: Admitted) -> Answer {
        if self.tenant(&request.head) == Some(false) {
            return shape::error(StatusCode::CONFLICT, "The tenant does not belong to the token").into();
        }
        let path = decoded(request.head.uri.path());
        let rest = path.strip_prefix(BASE_PATH).unwrap_or_default().trim_start_matches('/');
        let query = form(request.head.uri.query().unwrap_or_default());
        match request.arrival.route {
            Route::Create => create::create(self, world, &request).await,
            Route::Read(CUSTOMER) => one(world, customer_id(rest).unwrap_or_default(), &query),
            Route::Read(LIST) => list(world, &query),
            Route::Read(SEARCH) => self.search(world, &request, &query),
            Route::Read(COLLECTION) => self.items(collection(rest).unwrap_or_default()),
            Route::Read(LOANS) => shape::listed(&[], 0).into(),
            Route::Read(_) | Route::Open(_) | Route::WrongMethod | Route::Unknown => {
                let segment = rest.rsplit('/').next().unwrap_or_default().split('(').next().unwrap_or_default();
                let message = format!("Resource not found for the segment '{segment}'");
                shape::error(world.switches.status(&switches::UNKNOWN_ENTITY), &message).into()
            }
        }
    }
}

impl LoanPro {
    fn search(&self, world: &World, request: &Admitted, query: &[(String, String)]) -> Answer {
        let Ok(wanted) = strict_json(&request.body) else {
            return shape::error(StatusCode::CONFLICT, "The request is not valid JSON").into();
        };
        match search::run(&self.customers(), &wanted, world.listed_until_ms()) {
            Ok(hits) => {
                let size = wanted.get("size").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
                let top = number(query, "$top").or(size).unwrap_or(SEARCH_ROWS);
                let page: Vec<Value> = hits.iter().skip(number(query, "$start").unwrap_or(0)).take(top).cloned().collect();
                shape::listed(&page, hits.len()).into()
            }
            Err(search::Unsupported(clause)) => {
                shape::error(StatusCode::CONFLICT, &format!("The clause '{clause}' is not supported")).into()
            }
        }
    }

    /// The values of an enumeration.
    fn items(&self, group: &str) -> Answer {
        let mut values = Vec::new();
        for operation in self.operations.values() {
            collect(&operation.schema, &format!("{group}."), &mut values);
        }
        values.sort_unstable();
        values.dedup();
        let items: Vec<Value> = values.iter().map(|value| json!({"value": value})).collect();
        shape::listed(&items, items.len()).into()
    }
}

/// Texts anywhere in enumerations that begin so.
fn collect(schema: &Value, start: &str, values: &mut Vec<String>) {
    match schema {
        Value::Object(keywords) => {
            let listed = keywords.get("enum").and_then(Value::as_array).into_iter().flatten();
            let texts = listed.chain(keywords.get("const")).filter_map(Value::as_str);
            values.extend(texts.filter(|text| text.starts_with(start)).map(str::to_owned));
            keywords.values().for_each(|schema| collect(schema, start, values));
        }
        Value::Array(schemas) => schemas.iter().for_each(|schema| collect(schema, start, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn one(world: &World, id: u64, query: &[(String, String)]) -> Answer {
    let mut state = world.state();
    let entry = state.store.find(&id.to_string()).map(|at| state.store.entry(at));
    match entry {
        Some(Ok(entry)) => {
            let expanded: Vec<&str> = member(query, "$expand").unwrap_or_default().split(',').map(str::trim).collect();
            shape::found(reading::customer(&entry, &expanded, &world.switches)).into()
        }
        Some(Err(_)) => shape::error(StatusCode::INTERNAL_SERVER_ERROR, "Internal error").into(),
        None => {
            reply::json(StatusCode::NOT_FOUND, &json!({"error": {"message": {"value": "The customer does not exist"}}})).into()
        }
    }
}

fn list(world: &World, query: &[(String, String)]) -> Answer {
    let mut state = world.state();
    let every: Vec<usize> = state.store.in_order(world.listed_until_ms()).collect();
    let (skip, top) = (number(query, "$skip").unwrap_or(0), number(query, "$top").unwrap_or(LIST_ROWS));
    let top = if member(query, "nopaging").is_some() { usize::MAX } else { top };
    let entries: std::io::Result<Vec<Entry>> = every.iter().skip(skip).take(top).map(|at| state.store.entry(*at)).collect();
    match entries {
        Ok(entries) => {
            let rows: Vec<Value> = entries.iter().map(|entry| reading::customer(entry, &[], &world.switches)).collect();
            shape::listed(&rows, every.len()).into()
        }
        Err(_) => shape::error(StatusCode::INTERNAL_SERVER_ERROR, "Internal error").into(),
    }
}

fn number(query: &[(String, String)], name: &str) -> Option<usize> {
    member(query, name)?.parse().ok()
}

/// 5 of `odata.svc/Customers(5)` and `odata.svc/Customers(id=5)`.
fn customer_id(rest: &str) -> Option<u64> {
    let inner = rest.strip_prefix("odata.svc/Customers(")?.strip_suffix(')')?;
    inner.strip_prefix("id=").unwrap_or(inner).parse().ok()
}

/// The group of `collections({group})/items`; braces may be left out.
fn collection(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix("collections(")?.strip_suffix(")/items")?;
    Some(inner.trim_start_matches('{').trim_end_matches('}'))
}
