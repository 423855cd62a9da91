//! The built program from its front door: what its users must be able to rely on, each promise by something that can fail.
//! Every test has a working folder of its own; the sandbox mostly runs as a process of its own, as a provider does.

#![allow(clippy::unwrap_used)] // clippy's leave for tests does not reach their helpers
#![allow(clippy::print_stderr)] // a test that is skipped says so, and one that measures tells what

mod stage;
mod truth;

mod again;
mod bad_inputs;
mod brainysoft;
mod canary;
mod crash;
mod faults;
mod finlego;
mod finlego_samples;
mod joined;
mod loanpro;
mod own;
mod rate;
mod settings;
mod size;
mod stops;
mod told;
mod torture;
mod watch;
mod whole_job;
