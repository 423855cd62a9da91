//! Room 3: a prepared client becomes a settled one. Triage, pace, attempts, resolving unknowns. The only room that waits.

mod attempt;
mod books;
mod desk;
mod job;
pub mod pace;
pub mod retry;
pub mod sender;
mod session;
mod settle;
pub mod triage;
pub mod window;

pub use pace::Pace;
pub use sender::{Baseline, Dispatch, Ended, Progress, Sent, SubmitSettings, resolve, send};
pub use session::{Feed, Purpose, Session};
pub use settle::{Admission, Fields, SettleError, Settler};
