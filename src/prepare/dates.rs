//! What the first pass proves about date columns, and the questions where it proves nothing. Decides for columns, never for cells.

use super::names;
use super::normalize::date::{
    ColumnEvidence, DateFormat, DayCount, Decision, Dotted, Form, GroupProof, Order, Proof, Separator, TwoDigitYear,
};
use super::plan::Plan;
use crate::model::Place;

/// What a date column's own values prove.
#[derive(Clone, Debug)]
pub struct DateProof {
    /// The source's header.
    pub header: String,
    /// What was found.
    pub proof: Proof,
}

/// A date column that its values do not settle: the order of day and month is open or contradictory, or centuries or days are lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateQuestion {
    /// The source's header.
    pub header: String,
    /// The field that the column goes to.
    pub field: String,
    /// What the values show.
    pub evidence: String,
    /// Patterns of which one settles it.
    pub patterns: Vec<String>,
}

impl DateQuestion {
    /// The line below `[formats]` of the mapping that settles it.
    #[must_use]
    pub fn settle(&self) -> String {
        settling_line(&self.field, &self.patterns)
    }
}

/// A line of `[formats]` with the patterns to choose from.
fn settling_line(field: &str, patterns: &[String]) -> String {
    let quoted = |text: &str| format!("\"{text}\"");
    let (first, others) = patterns.split_first().map_or(("DD.MM.YYYY", &[][..]), |(first, others)| (first.as_str(), others));
    let others: Vec<String> = others.iter().map(|pattern| format!("or {}", quoted(pattern))).collect();
    let remark = if others.is_empty() { String::new() } else { format!("   # {}", others.join(", ")) };
    format!("{} = {}{remark}", quoted(field), quoted(first))
}

impl Plan {
    /// Columns whose values the first pass has to look at, by index in the source.
    pub(super) fn date_columns(&self) -> Vec<usize> {
        self.dates.iter().filter(|date| !date.settled).map(|date| date.column).collect()
    }

    /// Takes what the first pass observed, one evidence for each of [`Self::date_columns`].
    ///
    /// # Errors
    /// With the columns that a person has to settle.
    pub(super) fn settle_dates(&mut self, evidence: &[ColumnEvidence]) -> Result<Vec<DateProof>, Vec<DateQuestion>> {
        let mut evidence = evidence.to_vec();
        let waiting: Vec<usize> = self.date_columns();
        let header = |column: &usize| self.columns.get(*column).map_or("", |name| name);
        weigh_dots(self.columns.iter().map(|name| &**name), waiting.iter().map(header).zip(&mut evidence).collect());
        let today = self.today.date();
        let mut proofs = Vec::new();
        let mut questions = Vec::new();
        let stands_for_all = |column| self.annexes.as_ref().is_none_or(|annexes| annexes.is_first(column));
        for (date, evidence) in self.dates.iter_mut().filter(|date| !date.settled).zip(&evidence) {
            let proof = evidence.decide();
            let header = self.columns.get(date.column).map_or_else(String::new, ToString::to_string);
            let is_added = self.annexes.as_ref().is_some_and(|annexes| date.column >= annexes.width());
            // One answer for the items of all clients.
            let field = if is_added { names::general(date.field.as_str()) } else { date.field.to_string() };
            if let Some((evidence, patterns)) = question(&field, evidence).filter(|_| stands_for_all(date.column)) {
                questions.push(DateQuestion { header: header.clone(), field: field.clone(), evidence, patterns });
            }
            let two_digit_year = match TwoDigitYear::of_field(&field, today) {
                // Of all births with these digits one at most is a client's: nothing is left to ask.
                birth @ TwoDigitYear::Birth { .. } => birth,
                TwoDigitYear::Past { .. } | TwoDigitYear::Near { .. } | TwoDigitYear::Refuse => TwoDigitYear::Refuse,
            };
            date.format = DateFormat { orders: proof.orders(), two_digit_year, day_count: DayCount::Refused };
            date.settled = true;
            proofs.push(DateProof { header, proof });
        }
        if questions.is_empty() { Ok(proofs) } else { Err(questions) }
    }
}

/// What a person has to settle about a column that goes to a field, with the patterns to choose from; `None` where the values decide.
///
/// Single dates that cannot be read are faults of their rows; here it is about columns.
fn question(field: &str, evidence: &ColumnEvidence) -> Option<(String, Vec<String>)> {
    let proof = evidence.decide();
    if proof.is_open() {
        return Some((describe(&proof), patterns(&proof, evidence)));
    }
    if evidence.looks_swapped() {
        let why = "the spreadsheet's own dates have no day above 12 while dates left as text have: a program of another country \
                   probably swapped day and month; take the column from the original system, as text";
        return Some((why.to_owned(), patterns(&proof, evidence)));
    }
    let cells = evidence.dates() + evidence.unreadable();
    let (day_counts, first) = evidence.day_counts();
    if day_counts * 2 > cells {
        let why = format!(
            "{day_counts} cells are bare numbers of 5 digits, a spreadsheet's day counts that lost their format ({}); nothing tells whether they count from 1900 or from 1904",
            first_in(first)
        );
        return Some((why, vec!["EXCEL".to_owned(), "EXCEL 1904".to_owned()]));
    }
    let short_years = evidence.two_digit_years();
    let is_birth = TwoDigitYear::of_field(field, chrono::NaiveDate::MIN) == TwoDigitYear::Birth { today: chrono::NaiveDate::MIN };
    (!is_birth && short_years * 2 > cells).then(|| {
        let why = format!(
            "{short_years} dates have years of two digits, whose century the values do not tell ({})",
            first_in(evidence.first_two_digit_year())
        );
        (why, patterns(&proof, evidence))
    })
}

/// The line of `[formats]` that settles a date column of a field; `None` where its values settle it.
#[must_use]
pub fn date_question(field: &str, evidence: &ColumnEvidence) -> Option<(String, String)> {
    question(field, evidence).map(|(why, patterns)| (why, settling_line(field, &patterns)))
}

/// Patterns that would settle a column, one for each order that is in question.
fn patterns(proof: &Proof, evidence: &ColumnEvidence) -> Vec<String> {
    let short = evidence.two_digit_years() > 0;
    let mut options: Vec<Order> = Vec::new();
    for group in &proof.groups {
        match &group.decision {
            Decision::Open { fits, .. } => options.extend(fits),
            Decision::Contradiction(against) => options.extend(against.iter().map(|against| against.order)),
            Decision::NotNeeded | Decision::Proven { .. } | Decision::ByDots { .. } => {}
        }
    }
    let mut settled: Vec<Order> = proof.groups.iter().filter_map(GroupProof::order).collect();
    if options.is_empty() {
        options.append(&mut settled);
    }
    if options.is_empty() {
        options.push(Order::DayMonthYear);
    }
    let mut patterns: Vec<String> = Vec::new();
    for option in options {
        let forms: Vec<(Order, String)> = proof
            .groups
            .iter()
            .map(|group| {
                let order = group.order().unwrap_or(option);
                (order, order.pattern(group.separator, short))
            })
            .collect();
        let pattern = match forms.iter().any(|(order, _)| *order != option) {
            true => forms.into_iter().map(|(_, form)| form).collect::<Vec<_>>().join(" | "),
            false => forms.into_iter().next().map_or_else(|| option.pattern(separator_of(evidence), short), |(_, form)| form),
        };
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}

/// The separator to show where no date depends on an order.
fn separator_of(evidence: &ColumnEvidence) -> Separator {
    let has = |form: Form| evidence.forms().any(|(seen, _)| seen == form);
    if has(Form::Slashes) {
        Separator::Slash
    } else if has(Form::Dashes) || has(Form::WordsShortYear) {
        Separator::Dash
    } else {
        Separator::Dot
    }
}

/// `first in line 17`, as an editor or the sheet counts.
fn first_in(place: Option<Place>) -> String {
    match place {
        Some(Place { sheet: 0, line, .. }) => format!("first in line {line}"),
        Some(Place { sheet, line, .. }) => format!("first in line {line} of the sheet that is read as number {}", sheet + 1),
        None => "nowhere".to_owned(),
    }
}

/// Tells the columns of one file what the file itself says about dates with dots: that another of them proves day first, or that
/// its columns have Cyrillic names. One column with dotted dates in another order, and dots say nothing.
pub fn weigh_dots<'a>(headers: impl Iterator<Item = &'a str>, mut columns: Vec<(&str, &mut ColumnEvidence)>) {
    let orders = |evidence: &ColumnEvidence| -> Vec<Option<Order>> {
        let dots = evidence.decide().groups.into_iter().filter(|group| group.separator == Separator::Dot);
        dots.filter(|group| !matches!(group.decision, Decision::Open { .. })).map(|group| group.order()).collect()
    };
    let proofs: Vec<(&str, Option<Order>)> =
        columns.iter().flat_map(|(header, evidence)| orders(evidence).into_iter().map(|order| (*header, order))).collect();
    if proofs.iter().any(|(_, order)| *order != Some(Order::DayMonthYear)) {
        return;
    }
    let dotted = match proofs.first() {
        Some((header, _)) => Dotted::Column((*header).to_owned()),
        None if headers.flat_map(str::chars).any(|ch| matches!(ch, '\u{400}'..='\u{4ff}')) => Dotted::Cyrillic,
        None => Dotted::Unsaid,
    };
    columns.iter_mut().for_each(|(_, evidence)| evidence.note_dotted(dotted.clone()));
}

/// What a column's values show, for people.
#[must_use]
pub fn describe(proof: &Proof) -> String {
    if proof.groups.is_empty() {
        return "the dates need no order".to_owned();
    }
    proof.groups.iter().map(describe_group).collect::<Vec<_>>().join("; ")
}

fn describe_group(group: &GroupProof) -> String {
    let with = group.separator.name();
    match &group.decision {
        Decision::NotNeeded => format!("the dates with {with} need no order"),
        Decision::Proven { order, dates, first } => {
            let pattern = order.pattern(group.separator, false);
            format!("proven {pattern} by {dates} dates that allow no other order ({})", first_in(*first))
        }
        Decision::ByDots { by, dates, first } => {
            let pattern = Order::DayMonthYear.pattern(group.separator, false);
            let why = match by {
                Dotted::Column(header) => format!("`{header}` of the same file proves it"),
                Dotted::Cyrillic | Dotted::Unsaid => {
                    "the columns have Cyrillic names, and who writes so puts the day first in dates with dots".to_owned()
                }
            };
            format!("{pattern}: {dates} of the dates with dots could be read otherwise ({}), but {why}", first_in(*first))
        }
        Decision::Open { fits, dates, first } => {
            let orders: Vec<&str> = fits.iter().map(|order| order.as_str()).collect();
            format!(
                "all dates with {with} can be read {}, which makes {dates} of them other days ({})",
                orders.join(" and "),
                first_in(*first)
            )
        }
        Decision::Contradiction(against) => {
            let against: Vec<String> = against
                .iter()
                .map(|against| {
                    format!("{} dates are not possible {} ({})", against.dates, against.order.as_str(), first_in(against.first))
                })
                .collect();
            format!("the dates with {with} contradict each other: {}", against.join(", "))
        }
    }
}
