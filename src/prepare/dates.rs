//! What the first pass proves about date columns, and the questions where it proves nothing. Decides for columns, never for cells.

use super::names;
use super::normalize::date::{ColumnEvidence, DateFormat, Order, Proof, TwoDigitYear};
use super::plan::Plan;

/// What a date column's own values prove.
#[derive(Clone, Debug)]
pub struct DateProof {
    /// The source's header.
    pub header: String,
    /// What was found.
    pub proof: Proof,
}

/// A date column whose order of day and month its values leave open, or contradict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateQuestion {
    /// The source's header.
    pub header: String,
    /// The field that the column goes to.
    pub field: String,
    /// What the values show.
    pub evidence: String,
}

impl DateQuestion {
    /// The line below `[formats]` of the mapping that settles it.
    #[must_use]
    pub fn settle(&self) -> String {
        format!("\"{}\" = \"DD/MM/YYYY\"   # or \"MM/DD/YYYY\"", self.field)
    }
}

impl Plan {
    /// Columns whose values the first pass has to look at, by index in the source.
    #[must_use]
    pub fn date_columns(&self) -> Vec<usize> {
        self.dates.iter().filter(|date| !date.settled).map(|date| date.column).collect()
    }

    /// Takes what the first pass observed, one evidence for each of [`Self::date_columns`].
    ///
    /// # Errors
    /// With the columns whose order of day and month has to be settled by a person.
    pub fn settle_dates(&mut self, evidence: &[ColumnEvidence]) -> Result<Vec<DateProof>, Vec<DateQuestion>> {
        let mut proofs = Vec::new();
        let mut questions = Vec::new();
        let stands_for_all = |column| self.annexes.as_ref().is_none_or(|annexes| annexes.is_first(column));
        for (date, evidence) in self.dates.iter_mut().filter(|date| !date.settled).zip(evidence) {
            let proof = evidence.decide();
            let header = self.columns.get(date.column).map_or_else(String::new, ToString::to_string);
            let is_added = self.annexes.as_ref().is_some_and(|annexes| date.column >= annexes.width());
            if let Some(evidence) = question(&proof).or_else(|| swapped(evidence)).filter(|_| stands_for_all(date.column)) {
                // One answer for the items of all clients.
                let field = if is_added { names::general(date.field.as_str()) } else { date.field.to_string() };
                questions.push(DateQuestion { header: header.clone(), field, evidence });
            }
            date.format = DateFormat { order: proof.order(), two_digit_year: TwoDigitYear::Refuse };
            date.settled = true;
            proofs.push(DateProof { header, proof });
        }
        if questions.is_empty() { Ok(proofs) } else { Err(questions) }
    }
}

/// A spreadsheet program of another country probably swapped day and month in what it took for dates.
fn swapped(evidence: &ColumnEvidence) -> Option<String> {
    evidence.looks_swapped().then(|| {
        "the spreadsheet's own dates have no day above 12 while dates left as text have: a program of another country \
         probably swapped day and month; take the column from the original system, as text"
            .to_owned()
    })
}

/// What has to be asked; `None` where the values settle the order or need none.
fn question(proof: &Proof) -> Option<String> {
    match proof {
        Proof::NotNeeded | Proof::Proven(_) | Proof::ByDots => None,
        Proof::Ambiguous { .. } | Proof::Conflict { .. } => Some(describe(proof)),
    }
}

/// What a column's values show, for people.
#[must_use]
pub fn describe(proof: &Proof) -> String {
    match proof {
        Proof::NotNeeded => "the dates need no order".to_owned(),
        Proof::Proven(order) => format!("proven {}", order_name(*order)),
        Proof::ByDots => format!("{} by the convention of dotted dates", order_name(Order::DayMonthYear)),
        Proof::Ambiguous { dates, first_row } => {
            format!(
                "all {dates} dates can be read day first and month first; the first of them is in row {first_row} of the data"
            )
        }
        Proof::Conflict { day_first, first_day_first_row, month_first, first_month_first_row } => format!(
            "{day_first} dates are possible day first only (first in row {first_day_first_row} of the data), {month_first} month first only (first in row {first_month_first_row})"
        ),
    }
}

fn order_name(order: Order) -> &'static str {
    match order {
        Order::DayMonthYear => "DD.MM.YYYY",
        Order::MonthDayYear => "MM/DD/YYYY",
        Order::YearMonthDay => "YYYY-MM-DD",
    }
}
