//! The provider's reference books, asked for before the first row is prepared for sending. Keeps none.

use std::collections::BTreeSet;

use super::{Pace, Session};
use crate::model::Books;
use crate::provider::{Halt, NotListed, Provider};

impl Session {
    /// Asks for these books, on the account's rate plane. What cannot be had is told with its reason. `None`: somebody asked to
    /// stop.
    ///
    /// # Errors
    /// When the provider stops the run.
    pub fn books(&self, provider: &dyn Provider, wanted: &BTreeSet<String>, pace: &Pace) -> Result<Option<Books>, Halt> {
        let asked = async {
            let mut books = Books::default();
            for name in wanted {
                match provider.book(name, pace).await {
                    Ok(book) => _ = books.known.insert(name.clone(), book),
                    Err(NotListed::CannotAsk(why)) => _ = books.missing.insert(name.clone(), why.message.to_string()),
                    Err(NotListed::Halt(halt)) => return Err(halt),
                }
            }
            Ok(books)
        };
        self.until_stopped(asked).transpose()
    }
}
