//! Values in Latin letters in one row: which of them come from the transliteration table, and whether the user allowed that.
//! Spells nothing itself.

use super::{Work, index};
use crate::contract::{Leaf, Render};
use crate::model::text::fold;
use crate::model::{Code, Fault, FieldName, Message, Wording};
use crate::prepare::cell::Written;
use crate::prepare::normalize::{CellFault, country, latin};
use crate::prepare::plan::From;

/// Whose names the passport table is for, unless the mapping says otherwise.
const CITIZENSHIP: &str = "RU";

impl<'a> Work<'a> {
    /// The value, where it was written in Latin letters or may be transliterated; the fault with which it is held else. What the table
    /// makes of it is in the row's changes in either case, so that people see what they would allow.
    pub(super) fn spelled(
        &mut self,
        from: &'a From,
        leaf: &Leaf,
        column: usize,
        field: FieldName,
        value: Result<Written<'a>, CellFault>,
    ) -> Result<Written<'a>, CellFault> {
        let (Render::LatinName | Render::LatinLine, Ok(Written::Text(text))) = (leaf.render, &value) else { return value };
        if !self.has_cyrillic(from, column) {
            self.compare(from, leaf, column, field, text);
            return value;
        }
        if let Some(why) = self.stands_against(leaf) {
            self.change(column, field, text);
            return Err(CellFault::new(Code::NameNeedsLatin, why));
        }
        let message = Wording::Transliterated;
        let found = self.row.cells.text(column);
        self.noticed.push(Fault::of_cell(Code::NameTransliterated, index(column), found, message).at(field));
        value
    }

    /// Why a proposal must not be sent; nothing when it may.
    fn stands_against(&self, leaf: &Leaf) -> Option<Message> {
        let options = &self.plan.rules.options;
        let is_named = |field: &String| leaf.is_called(field) || leaf.alternatives.contains(field);
        if !options.approve_transliteration {
            return Some(Wording::RussianNotApproved.into());
        }
        if !options.transliterate.is_empty() && !options.transliterate.iter().any(is_named) {
            return Some(Wording::RussianNotNamed.into());
        }
        if leaf.render != Render::LatinName {
            return None;
        }
        let wanted = &options.transliterate_citizenships;
        let citizenship = self.citizenship();
        let is_wanted = |code: &str| match &wanted[..] {
            [] => code == CITIZENSHIP,
            codes => codes.iter().any(|known| fold(known) == fold(code)),
        };
        if citizenship.as_deref().is_some_and(is_wanted) {
            return None;
        }
        let whose = if wanted.is_empty() { CITIZENSHIP.to_owned() } else { wanted.join(", ") };
        Some(Wording::RussianOfOthers.with([whose.into()]))
    }

    /// The client's citizenship, as the operation would send it.
    fn citizenship(&self) -> Option<String> {
        let operations = self.plan.operations.iter();
        let mut fills = operations.flat_map(|operation| &operation.fills).filter(|fill| fill.leaf.field == "citizenship");
        let fill = fills.next()?;
        let text = match self.value(&fill.from, &fill.leaf)? {
            (_, Ok(Written::Text(text))) => text,
            (_, Ok(Written::Flag(_) | Written::Number(_) | Written::Json(_)) | Err(_)) => return None,
        };
        country::parse(&text).ok().map(str::to_owned)
    }

    /// Whether the value comes from a cell with Russian letters.
    fn has_cyrillic(&self, from: &From, column: usize) -> bool {
        let is_cyrillic = |column: usize| self.row.cells.text(column).chars().any(|ch| matches!(ch, '\u{400}'..='\u{52f}'));
        match from {
            From::Joined(columns, _) => columns.iter().any(|&column| is_cyrillic(column)),
            From::First(sources) => {
                let mut of = sources.iter().filter(|source| {
                    let mut is_its = false;
                    source.each_column(&mut |its| is_its |= its == column);
                    is_its
                });
                of.next().is_some_and(|source| self.has_cyrillic(source, column))
            }
            From::Column(_) | From::FullName(..) | From::SeriesAndNumber(..) => is_cyrillic(column),
            From::Constant(_) | From::Word(_) => false,
        }
    }

    /// Notes that a name's own Latin column spells it otherwise than the table would spell the Russian one. The Latin one is sent: it
    /// stands in the passport.
    fn compare(&mut self, from: &'a From, leaf: &Leaf, column: usize, field: FieldName, text: &str) {
        let (From::First(sources), Render::LatinName) = (from, leaf.render) else { return };
        for source in sources {
            match self.value(source, leaf) {
                Some((other, Ok(Written::Text(spelled)))) if other != column && latin::differ(text, &spelled) => {
                    let message = Wording::SpelledOtherwise;
                    let found = self.row.cells.text(column);
                    self.noticed.push(Fault::of_cell(Code::ValueUnusual, index(column), found, message).at(field));
                    return;
                }
                Some(_) | None => {}
            }
        }
    }
}
