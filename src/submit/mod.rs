//! Room 3: a prepared client becomes a settled one. Triage, pace, attempts, resolving unknowns. The only room that waits.

mod attempt;
mod books;
mod desk;
mod job;
mod log;
mod logbook;
pub mod pace;
pub mod retry;
pub mod schedule;
pub mod sender;
mod session;
mod settle;
pub mod triage;
pub mod window;

pub use logbook::Logbook;
pub use pace::{BreakerSettings, Pace, PaceSettings};
pub use schedule::Schedule;
pub use sender::{Baseline, Dispatch, Ended, Errand, Progress, RejectedMax, Sent, SubmitSettings, resolve, send};
pub use session::{Feed, Purpose, Session};
pub use settle::{Admission, Fields, SettleError, Settler};
