//! Connections: HTTP/1.1 with keep-alive, and the ways to end a connection that a web framework does not have. Knows no routes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::arrival::Arrival;
use super::reply::Answer;
use super::requests::RequestOutcome;
use super::world::World;
use super::{CONNECTIONS_MAX, STOP_GRACE, control};

/// Bytes of a request's body read at most.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Pause after the system refused a connection, for example for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What every connection needs.
#[derive(Clone)]
struct House {
    world: Arc<World>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Makes hyper close the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
struct Unanswered;

/// Accepts connections until it is told to stop.
pub(super) async fn accept(listener: TcpListener, world: Arc<World>, stop: CancellationToken, tasks: TaskTracker) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        match accepted {
            (Ok(place), Ok((stream, _))) => {
                let house = House { world: Arc::clone(&world), stop: stop.clone(), tasks: tasks.clone() };
                tasks.spawn(async move {
                    connection(stream, house).await;
                    drop(place);
                });
            }
            (_, Err(_)) => tokio::time::sleep(ACCEPT_PAUSE).await,
            (Err(_), Ok(_)) => return,
        }
    }
}

async fn connection(stream: TcpStream, house: House) {
    // Without it small answers wait for acknowledgements; an answer without it is slow, not wrong.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| respond(house.clone(), request));
    let mut connection = std::pin::pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    // Errors are the client's connection breaking or our own Unanswered: the connection ends either way.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = house.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(STOP_GRACE, connection).await;
        }
    }
}

async fn respond(house: House, request: Request<Incoming>) -> Result<Response<Body>, Unanswered> {
    let House { world, stop, tasks } = house;
    let (head, body) = request.into_parts();
    // Below the base path too, for those who know the base URL only.
    let path = head.uri.path();
    let below_base = path.strip_prefix(world.imitation.base_path()).unwrap_or(path);
    if let Some(what) = [path, below_base].into_iter().find_map(|path| path.strip_prefix(control::PREFIX)) {
        let body = to_bytes(Body::new(body), BODY_BYTES_MAX).await.map_err(|_| Unanswered)?;
        return Ok(identified(control::answer(&world, &head, what, &body)));
    }
    let arrival = world.arrive(&head);
    let number = arrival.number;
    // A task of its own: like a real provider, the sandbox goes on when the client hangs up.
    let task = tasks.spawn({
        let (world, stop) = (Arc::clone(&world), stop.clone());
        async move {
            let answer = tokio::select! {
                answer = work(&world, head, arrival, body) => answer,
                () = async { stop.cancelled().await; tokio::time::sleep(STOP_GRACE).await } => Answer::Drop,
            };
            let outcome = match &answer {
                Answer::Respond(response) => RequestOutcome::Answered(response.status().as_u16()),
                Answer::Drop => RequestOutcome::Dropped,
                Answer::Hang => RequestOutcome::Hung,
            };
            world.state().log.settle(number, outcome);
            answer
        }
    });
    match task.await {
        Ok(Answer::Respond(response)) => Ok(identified(*response)),
        Ok(Answer::Drop) | Err(_) => Err(Unanswered),
        Ok(Answer::Hang) => {
            stop.cancelled().await;
            Err(Unanswered)
        }
    }
}

async fn work(world: &World, head: Parts, arrival: Arrival, body: Incoming) -> Answer {
    let too_long = body.size_hint().lower() > BODY_BYTES_MAX as u64;
    let body = if too_long {
        None
    } else {
        match to_bytes(Body::new(body), BODY_BYTES_MAX).await {
            Ok(body) => Some(body),
            // The client hung up in the middle, or sends without end.
            Err(_) => return Answer::Drop,
        }
    };
    world.answer(head, arrival, body).await
}

/// Adds the id that a provider's support asks for.
fn identified(mut response: Response<Body>) -> Response<Body> {
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}
