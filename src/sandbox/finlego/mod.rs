//! FinLego's two services as a sandbox: `/onboarding` and `/core` of one address. Queries, blocking, documents and webhooks are not
//! imitated, and no call finds a client: FinLego documents none.
//!
//! Imitates <https://dev-doc.finlego.com>. What the provider leaves open is settled by switches.

mod envelope;
mod switches;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use chrono::{SubsecRound, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::contract::Operation;
use crate::model::Severity;
use crate::sandbox::SandboxError;
use crate::sandbox::ledger::Entry;
use crate::sandbox::reply::{self, Answer, Success};
use crate::sandbox::toolbox::{dotted_path, first_member, is_media_type, remove, strict_json};
use crate::sandbox::world::{Admitted, Complaint, Credential, Imitation, Known, NotCreated, Route, Setup, World};

/// The imitation, for the registry.
pub(in crate::sandbox) const IMITATION: Known = Known {
    provider: "finlego",
    rate_per_second: None,
    switches: switches::ALL,
    odd_answers: envelope::ODD,
    reads: &[],
    open: |setup| Ok(Box::new(FinLego::new(setup)?)),
};

const ONBOARDING: &str = "/onboarding/";
const INDIVIDUALS: &str = "integration/clients/individuals";
const CORE_CLIENTS: &str = "/core/internal/Clients";
/// What the onboardingId of a case that does not exist begins with.
const NO_SUCH_CASE: &str = "00000000-";
/// The one id of the fault `canned`.
const CANNED_ID: &str = "5e505642-9024-474d-9434-e5a44f505cc5";
/// The title of ASP.NET's problem details.
const PROBLEM: &str = "One or more validation errors occurred.";

/// The imitation.
struct FinLego {
    /// Operations by kind: `core-company`.
    operations: HashMap<String, Arc<Operation>>,
    index: Mutex<Index>,
}

/// What makes a client a second one.
#[derive(Default)]
struct Index {
    /// Ids by `externalId`, exactly as it was written.
    external: HashMap<String, String>,
    onboarding: HashSet<String>,
}

/// The service that a request speaks to, and what it is to create there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    Onboarding(&'static str),
    Core,
}

impl FinLego {
    fn new(setup: &Setup<'_>) -> Result<Self, SandboxError> {
        let kind = |operation: &Arc<Operation>| operation.name.split_once('/').map(|(_, kind)| kind.to_owned());
        let operations: HashMap<String, Arc<Operation>> =
            setup.operations.iter().filter_map(|operation| Some((kind(operation)?, Arc::clone(operation)))).collect();
        if operations.is_empty() {
            return Err(SandboxError::NoOperations(IMITATION.provider.to_owned()));
        }
        Ok(Self { operations, index: Mutex::default() })
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service at a path. FinLego does not document where companies are imported: every other path of onboarding will do.
fn service(path: &str) -> Option<Service> {
    if path == CORE_CLIENTS {
        return Some(Service::Core);
    }
    match path.strip_prefix(ONBOARDING)? {
        "" => None,
        INDIVIDUALS => Some(Service::Onboarding("onboarding-individual")),
        _ => Some(Service::Onboarding("onboarding-company")),
    }
}

fn text<'body>(body: &'body Value, member: &str) -> &'body str {
    body.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[async_trait]
impl Imitation for FinLego {
    fn route(&self, method: &Method, path: &str) -> Route {
        match (method, service(path)) {
            (&Method::POST, Some(_)) => Route::Create,
            (_, Some(Service::Onboarding(_))) => Route::WrongMethod,
            (_, Some(Service::Core) | None) => Route::Unknown,
        }
    }

    /// FinLego does not say how callers prove themselves: any value of the header will do, with `Bearer` or without.
    fn credential(&self, head: &Parts) -> Option<String> {
        let value = head.headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
        let value = value.strip_prefix("Bearer ").unwrap_or(value).trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn judge_credential(&self, credential: &str, wanted: Option<&str>) -> Credential {
        if wanted.is_none_or(|wanted| wanted == credential) { Credential::Good } else { Credential::Forbidden }
    }

    fn names<'body>(&self, body: &'body Value) -> Vec<&'body str> {
        ["lastName", "legalName", "externalId", "onboardingId"].iter().filter_map(|name| body.get(name)?.as_str()).collect()
    }

    fn refuse(&self, complaint: Complaint) -> Response<Body> {
        let (status, title) = match complaint {
            Complaint::Unauthorized => return reply::empty(StatusCode::UNAUTHORIZED),
            Complaint::Forbidden => return reply::empty(StatusCode::FORBIDDEN),
            Complaint::NotFound => return reply::empty(StatusCode::NOT_FOUND),
            Complaint::WrongMethod => return reply::empty(StatusCode::METHOD_NOT_ALLOWED),
            Complaint::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Complaint::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too long"),
            Complaint::TryAgain => (StatusCode::CONFLICT, "Conflict"),
            Complaint::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "An error occurred while processing your request."),
            Complaint::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"),
        };
        reply::problem(status, title, &[])
    }

    fn remove_id(&self, answer: &mut Value) {
        for pointer in ["/clientId", "/value/id", "/valueOrDefault/id"] {
            remove(answer, pointer);
        }
    }

    fn odd(&self, name: &'static str, success: Success) -> Answer {
        envelope::odd(name, success)
    }

    fn remember(&self, _at: usize, entry: &Entry) {
        let mut index = self.index();
        let external = text(&entry.body, "externalId");
        if !external.is_empty() {
            index.external.entry(external.to_owned()).or_insert_with(|| entry.id.clone());
        }
        index.onboarding.insert(text(&entry.body, "onboardingId").to_ascii_lowercase());
    }

    fn forget(&self) {
        *self.index() = Index::default();
    }

    /// How many row keys are taken: `known`.
    fn extra(&self, name: &str) -> Option<Value> {
        let index = self.index();
        (name == "known").then(|| json!({"externalIds": index.external.len(), "onboardingIds": index.onboarding.len()}))
    }

    async fn answer(&self, world: &World, request: Admitted) -> Answer {
        match service(request.head.uri.path()) {
            Some(service) => self.create(world, &request, service).await.unwrap_or_else(|refusal| (*refusal).into()),
            None => self.refuse(Complaint::NotFound).into(),
        }
    }
}

/// A refusal, ready to be sent.
type Refusal = Box<Response<Body>>;

impl FinLego {
    async fn create(&self, world: &World, request: &Admitted, service: Service) -> Result<Answer, Refusal> {
        if !is_media_type(&request.head.headers, "application/json") {
            return Err(Box::new(reply::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE)));
        }
        let body = strict_json(&request.body).map_err(|why| bad_request(&[("$".to_owned(), why)]))?;
        let mut hits = request.arrival.hits.clone();
        if let Some(answer) = world.named(&request.arrival, &body, &mut hits).await {
            return Ok(answer);
        }
        world.work(&hits).await;
        let operation = self.judge(world, &request.body, &body, service)?;
        if service == Service::Core && text(&body, "onboardingId").starts_with(NO_SUCH_CASE) {
            return Err(core_refusal("Onboarding not found", world.switches.word(&switches::CORE_REFUSALS)));
        }
        let id = if hits.canned { CANNED_ID.to_owned() } else { Uuid::new_v4().to_string() };
        let made = world.create(request.arrival.token, |_| {
            self.refuse_second(world, service, &body)?;
            Ok(Entry { time: Utc::now().trunc_subsecs(3), operation: operation.name.to_string(), key: None, id, body })
        });
        match made {
            Ok(entry) => {
                let body = match service {
                    Service::Onboarding(_) => envelope::plain(&entry.id, text(&entry.body, "externalId")),
                    Service::Core => envelope::result(&entry.id),
                };
                Ok(world.created(&hits, Success { status: StatusCode::OK, body }))
            }
            Err(NotCreated::Refused(refusal)) => Err(refusal),
            Err(NotCreated::Ledger) => Err(Box::new(self.refuse(Complaint::Internal))),
        }
    }

    /// The operation that the request asks for, when the body keeps its contract.
    fn judge(&self, world: &World, bytes: &[u8], body: &Value, service: Service) -> Result<&Operation, Refusal> {
        let kind = match service {
            Service::Onboarding(kind) => kind,
            Service::Core => {
                if world.switches.is(&switches::TYPE_FIRST, "on") && first_member(bytes).as_deref() != Some("type") {
                    return Err(bad_request(&[("type".to_owned(), "has to be the first member".to_owned())]));
                }
                match text(body, "type") {
                    "company" => "core-company",
                    "individual" => "core-individual",
                    _ => return Err(bad_request(&[("type".to_owned(), "is not known".to_owned())])),
                }
            }
        };
        let Some(operation) = self.operations.get(kind) else { return Err(Box::new(self.refuse(Complaint::NotFound))) };
        let mut violations = operation.violations(body, world.level);
        violations.retain(|violation| violation.code.severity() == Severity::Error);
        if violations.is_empty() {
            return Ok(operation);
        }
        let errors: Vec<(String, String)> =
            violations.iter().map(|violation| (dotted_path(violation), format!("fails `{}`", violation.keyword))).collect();
        Err(bad_request(&errors))
    }

    /// A refusal of a client that is there already.
    fn refuse_second(&self, world: &World, service: Service, body: &Value) -> Result<(), Refusal> {
        let index = self.index();
        match service {
            Service::Onboarding(_) => match index.external.get(text(body, "externalId")) {
                None => Ok(()),
                Some(id) => Err(Box::new(match world.switches.word(&switches::CONFLICT_BODY) {
                    "problem" => reply::problem(StatusCode::CONFLICT, "The client exists already", &[]),
                    "id" => envelope::answer(StatusCode::CONFLICT, &json!({"clientId": id})),
                    _ => reply::empty(StatusCode::CONFLICT),
                })),
            },
            Service::Core => match world.switches.word(&switches::CORE_DUPLICATES) {
                "allow" => Ok(()),
                how if index.onboarding.contains(&text(body, "onboardingId").to_ascii_lowercase()) => {
                    Err(core_refusal("Client for this onboarding already exists", how))
                }
                _ => Ok(()),
            },
        }
    }
}

/// A refusal by core's own rules: under status 200, or as a mistake of the server.
fn core_refusal(message: &str, how: &str) -> Refusal {
    let (status, in_reasons_only) = match how {
        "500" => (StatusCode::INTERNAL_SERVER_ERROR, false),
        "reasons" => (StatusCode::OK, true),
        _ => (StatusCode::OK, false),
    };
    Box::new(envelope::answer(status, &envelope::failed(message, in_reasons_only)))
}

fn bad_request(errors: &[(String, String)]) -> Refusal {
    Box::new(reply::problem(StatusCode::BAD_REQUEST, PROBLEM, errors))
}
