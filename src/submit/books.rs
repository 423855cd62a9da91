//! The provider's reference books, asked for before the first row is prepared for sending. Keeps none.

use std::collections::BTreeSet;

use tokio::time::sleep;

use super::job::now_ms;
use super::pace::rest_after;
use super::{Pace, Session};
use crate::model::Books;
use crate::provider::{Halt, NotListed, Provider};

impl Session {
    /// Asks for these books, within the provider's rate; `last_ms` is when the account's last request left. What cannot be had is
    /// told with its reason. `None`: somebody asked to stop.
    ///
    /// # Errors
    /// When the provider stops the run.
    pub fn books(&self, provider: &dyn Provider, wanted: &BTreeSet<String>, last_ms: Option<i64>) -> Result<Option<Books>, Halt> {
        let asked = async {
            let profile = provider.profile();
            let pace = Pace::new(profile);
            pace.begin_after(rest_after(last_ms, now_ms(), profile.window));
            let mut books = Books::default();
            for name in wanted {
                match provider.book(name, &pace).await {
                    Ok(book) => _ = books.known.insert(name.clone(), book),
                    Err(NotListed::CannotAsk(why)) => _ = books.missing.insert(name.clone(), why.message.to_string()),
                    Err(NotListed::Halt(halt)) => return Err(halt),
                }
            }
            // Whoever sends next counts requests from nought.
            sleep(profile.window).await;
            Ok(books)
        };
        self.until_stopped(asked).transpose()
    }
}
