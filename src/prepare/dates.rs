//! What the first pass proves about date columns, and the questions where it proves nothing. Decides for columns, never for cells.

use super::normalize::date::{ColumnEvidence, DateFormat, Proof, TwoDigitYear};
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
    /// The mapping lines that settle it.
    #[must_use]
    pub fn settle(&self) -> String {
        format!("[formats]\n\"{}\" = \"DD/MM/YYYY\"   # or \"MM/DD/YYYY\"", self.field)
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
        for (date, evidence) in self.dates.iter_mut().filter(|date| !date.settled).zip(evidence) {
            let proof = evidence.decide();
            let header = self.columns.get(date.column).map_or_else(String::new, ToString::to_string);
            let order = match &proof {
                Proof::Proven(order) => Some(*order),
                Proof::ByDots => Some(super::normalize::date::Order::DayMonthYear),
                Proof::NoDates => None,
                Proof::Ambiguous { .. } | Proof::Conflict { .. } => {
                    questions.push(DateQuestion { header: header.clone(), field: date.field.to_string(), evidence: proof.to_string() });
                    None
                }
            };
            date.format = DateFormat { order, two_digit_year: TwoDigitYear::Refuse };
            date.settled = true;
            proofs.push(DateProof { header, proof });
        }
        if questions.is_empty() { Ok(proofs) } else { Err(questions) }
    }
}
