//! When an account may be used, and how much of its limits: `[accounts.NAME]` below the flags.

use super::Config;
use super::environment::number;
use crate::failure::Failure;
use crate::model::RateLimit;
use crate::submit::{PaceSettings, Schedule};

/// What the command line says.
#[derive(Clone, Copy, Debug, Default)]
pub struct PaceAsked<'a> {
    /// The time of day.
    pub window: Option<&'a str>,
    /// Its time zone.
    pub zone: Option<&'a str>,
    /// Requests of this run.
    pub requests_max: Option<u64>,
    /// Whether to wait in this process.
    pub wait: bool,
}

impl Config {
    /// Adds to the settings what the account and the command line say of the pace.
    ///
    /// # Errors
    /// When a window or a zone is none.
    pub fn pace(&self, account: &str, asked: PaceAsked<'_>, settings: &mut PaceSettings) -> Result<(), Failure> {
        let written = self.accounts.get(account);
        let zone = asked.zone.or(written.and_then(|account| account.tz.as_deref()));
        let window = asked.window.or(written.and_then(|account| account.window.as_deref()));
        settings.schedule = match window {
            Some(window) => Some(
                Schedule::parse(window, zone)
                    .map_err(|why| Failure::settings(why, "correct --window and --tz, or `window` and `tz` of the account"))?,
            ),
            None if asked.zone.is_some() => {
                return Err(Failure::settings("--tz without a window means nothing", "add --window 22:00-06:00"));
            }
            None => None,
        };
        settings.requests_max = asked.requests_max;
        settings.wait = asked.wait;
        Ok(())
    }

    /// Limits of longer windows that an account has besides its provider's.
    ///
    /// # Errors
    /// When a number is 0 or none.
    pub fn further_limits(&self, account: &str) -> Result<Vec<RateLimit>, Failure> {
        let written = self.accounts.get(account);
        let minute = number("CLIENTFERRY_REQUESTS_PER_MINUTE")?.or(written.and_then(|account| account.requests_per_minute));
        let day = number("CLIENTFERRY_REQUESTS_PER_DAY")?.or(written.and_then(|account| account.requests_per_day));
        let limits: Vec<RateLimit> = minute.map(RateLimit::per_minute).into_iter().chain(day.map(RateLimit::per_day)).collect();
        if limits.iter().any(|limit| limit.requests == 0) {
            return Err(Failure::settings(
                format!("the account `{account}` allows 0 requests a minute or a day"),
                "set requests_per_minute and requests_per_day to 1 at least, or leave them out",
            ));
        }
        Ok(limits)
    }

    /// Requests a second that the user wants, where fewer than the provider allows.
    ///
    /// # Errors
    /// When the variable is no number.
    pub fn requests_per_second(&self, account: &str) -> Result<Option<u32>, Failure> {
        let written = self.accounts.get(account).and_then(|account| account.requests_per_second);
        Ok(number("CLIENTFERRY_REQUESTS_PER_SECOND")?.or(written))
    }
}
