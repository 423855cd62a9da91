//! One row through the plan: cells become members, members a body, the body is judged. All faults of a row, not the first.

use std::borrow::Cow;
use std::sync::PoisonError;

use serde_json::Value;
use smallvec::SmallVec;

use super::cell::{self, Written};
use super::fingerprint;
use super::members::Members;
use super::normalize::{CellFault, name, passport, phone};
use super::plan::{Column, From, ItemPlan, OperationPlan, Part, PartSource, Plan};
use crate::contract::{Leaf, Level, Operation, Render, Violation};
use crate::model::text::{MEND_MARK, fold};
use crate::model::{CellKind, Changes, Code, Fault, FieldName, Parcel, Prepared, Row, Severity, Shape};

impl Plan {
    /// Prepares one row.
    #[must_use]
    pub fn prepare(&self, row: Row) -> Prepared {
        let own_id = self.own_id.map(|column| row.cells.text(column).trim()).filter(|id| !id.is_empty()).map(Box::from);
        if row.shape == Shape::Blank {
            return Prepared {
                row,
                own_id: None,
                operation: None,
                result: Err(Vec::new()),
                warnings: Vec::new(),
                changes: Changes::default(),
            };
        }
        if row.cells.holds(MEND_MARK)
            && let Some(column) = (0..row.cells.len()).find(|&column| row.cells.text(column).trim_start().starts_with(MEND_MARK))
        {
            let fault =
                Fault::of_cell(Code::RowMarked, index(column), row.cells.text(column), "the cell is still marked as damaged");
            return Prepared {
                row,
                own_id,
                operation: None,
                result: Err(vec![fault]),
                warnings: Vec::new(),
                changes: Changes::default(),
            };
        }
        // Cells of a ragged row may stand under the wrong header: anything said about them would mislead.
        if row.faults.iter().any(|fault| fault.severity() == Severity::Error) {
            let faults = row.faults.clone();
            return Prepared {
                row,
                own_id,
                operation: None,
                result: Err(faults),
                warnings: Vec::new(),
                changes: Changes::default(),
            };
        }
        let (operation, result, warnings, changes) = {
            let mut work = Work {
                plan: self,
                row: &row,
                faults: Vec::new(),
                changes: Changes::default(),
                attempted: Vec::new(),
                numbers: SmallVec::new(),
            };
            match self.operation_of(&row) {
                Ok(index) => {
                    let (result, warnings) = work.assemble(&self.operations[usize::from(index)], own_id.as_deref());
                    (Some(index), result, warnings, work.changes)
                }
                Err((fault, column)) => {
                    work.fault(fault, column, FieldName::new("client_type"));
                    (None, Err(work.faults), Vec::new(), Changes::default())
                }
            }
        };
        Prepared { row, own_id, operation, result, warnings, changes }
    }
}

/// Shapes remembered for an operation: real files have a few hundred.
const SHAPES_MAX: usize = 10_000;

pub(super) struct Work<'a> {
    plan: &'a Plan,
    pub(super) row: &'a Row,
    faults: Vec<Fault>,
    changes: Changes,
    /// Pointers of members whose cells have faults of their own.
    attempted: Vec<String>,
    /// For each group its items' plans, by place in the list: the list closes gaps, faults have to name the right column.
    pub(super) numbers: SmallVec<[(usize, usize); 8]>,
}

impl<'a> Work<'a> {
    fn assemble(&mut self, plan: &'a OperationPlan, own_id: Option<&str>) -> (Result<Parcel, Vec<Fault>>, Vec<Fault>) {
        let mut members = Members::new(&plan.layout);
        for fill in &plan.fills {
            let (column, value) = match &fill.from {
                From::Constant(value) => {
                    members.put(fill.slot, value);
                    continue;
                }
                From::Column(column) => match self.column(column, &fill.leaf) {
                    Some(value) => (column.index, value),
                    None => continue,
                },
                From::FullName(column, word) => match self.full_name_word(*column, *word) {
                    Some(value) => (*column, value),
                    None => continue,
                },
            };
            let pointer = || format!("/{}", fill.leaf.path.join("/"));
            self.settle(value, column, fill.field, pointer, |value| members.put(fill.slot, value));
        }
        for (item_index, item) in plan.items.iter().enumerate() {
            self.item(plan, item_index, item, &mut members);
        }
        self.judge(plan, &members, own_id)
    }

    /// Whether an empty cell is just that, and no formula whose value the workbook lost.
    fn says_nothing(&self, column: usize) -> bool {
        !matches!(self.row.cells.kind(column), CellKind::FormulaWithoutValue | CellKind::Error)
    }

    /// What a column's cell becomes; `None` when it is empty.
    fn column(&self, column: &Column, leaf: &Leaf) -> Option<Result<Written<'a>, CellFault>> {
        let cells = &self.row.cells;
        let (kind, format) = (cells.kind(column.index), self.plan.format_of(column.index));
        let parse = |word| cell::parse(leaf, word, kind, format, &self.plan.region);
        let empty = |word| is_empty(word) && self.says_nothing(column.index);
        match translate(column, cells.text(column.index)) {
            Cow::Borrowed(word) => (!empty(word)).then(|| parse(word)),
            Cow::Owned(word) if empty(&word) => None,
            // The mapping's word lives no longer than this call.
            Cow::Owned(word) => Some(cell::parse(leaf, &word, kind, format, &self.plan.region).map(Written::into_owned)),
        }
    }

    /// A word of the full name; its faults are told once, at the last name.
    fn full_name_word(&self, column: usize, word: u8) -> Option<Result<Written<'a>, CellFault>> {
        let text = self.row.cells.text(column);
        if is_empty(text) {
            return None;
        }
        match (name::split_full(text), word) {
            (Ok((last, _, _)), 0) => Some(Ok(owned(last))),
            (Ok((_, first, _)), 1) => Some(Ok(owned(first))),
            (Ok((_, _, middle)), _) => middle.map(|middle| Ok(owned(middle))),
            (Err(fault), 0) => Some(Err(fault)),
            (Err(_), _) => Some(Err(CellFault { code: Code::NameNotSplittable, message: "".into() })),
        }
    }

    fn item(&mut self, plan: &'a OperationPlan, item_index: usize, item: &'a ItemPlan, members: &mut Members<'_>) {
        let cells = &self.row.cells;
        let filled = |column: usize| !is_empty(cells.text(column)) || !self.says_nothing(column);
        let has_cell = item.type_column.as_ref().is_some_and(|column| filled(column.index))
            || item.parts.iter().any(|part| match &part.source {
                PartSource::Column(column) => filled(column.index),
                PartSource::SeriesAndNumber(column, _) => filled(*column),
                PartSource::Joined(columns) => columns.iter().any(|&column| filled(column)),
                PartSource::Constant(_) => false,
            });
        if !has_cell {
            return;
        }
        let group = &plan.operation.groups[item.group];
        let place = members.open_item(item.group);
        self.numbers.push((item.group, item_index));
        let pointer = |member: &str| format!("/{}/{place}/{member}", group.path.join("/"));
        let mut code: Option<&str> = None;
        if let Some(leaf) = &group.type_leaf {
            let written = item.type_column.as_ref().map(|column| (column, translate(column, cells.text(column.index))));
            match written.filter(|(_, word)| !is_empty(word)) {
                Some((column, word)) => match cell::code(leaf, &word) {
                    Ok(known) => {
                        code = Some(known);
                        self.change(column.index, item.type_field, known);
                    }
                    Err(fault) => {
                        self.attempted.push(pointer(leaf.path.first().map_or("type", String::as_str)));
                        self.fault(fault, Some(column.index), item.type_field);
                    }
                },
                None => code = item.type_constant.as_deref().or(group.default_type.as_deref()),
            }
            if let (Some(code), Some(member)) = (code, item.type_member) {
                members.put_item_text(member, code);
            }
        }
        // Without its type nobody can tell what a document's parts have to be: the missing type is the fault to tell.
        if group.type_leaf.is_some() && code.is_none() {
            return;
        }
        for part in &item.parts {
            let own = part.leaves.iter().find(|(known, _)| known.is_none() || known.as_deref() == code);
            let Some((_, leaf)) = own.or_else(|| part.leaves.first()) else { continue };
            let Some((column, value)) = self.part(part, leaf, code.is_some() && own.is_none()) else { continue };
            let pointer = || pointer(leaf.path.first().map_or("", String::as_str));
            self.settle(value, column, part.field, pointer, |value| members.put_item(part.member, value));
        }
    }

    /// A part's value with the column it comes from; `None` when its cells are empty.
    fn part(&self, part: &'a Part, leaf: &Leaf, unexpected: bool) -> Option<(usize, Result<Written<'a>, CellFault>)> {
        let cells = &self.row.cells;
        let refused = || {
            Err(CellFault {
                code: Code::ValueUnexpected,
                message: format!("{} is not accepted for this type", leaf.title).into(),
            })
        };
        let parse = |column: usize, text: &str| {
            cell::parse(leaf, text, cells.kind(column), self.plan.format_of(column), &self.plan.region).map(Written::into_owned)
        };
        match &part.source {
            PartSource::Column(column) => {
                let value = self.column(column, leaf)?;
                Some((column.index, if unexpected { refused() } else { value }))
            }
            PartSource::SeriesAndNumber(column, _) if is_empty(cells.text(*column)) => None,
            PartSource::SeriesAndNumber(column, _) if unexpected => Some((*column, refused())),
            PartSource::SeriesAndNumber(column, is_number) => {
                let text = cells.text(*column);
                // A document without a series takes the cell as it stands.
                if leaf.render == Render::DocumentNumber {
                    return is_number.then(|| (*column, parse(*column, text)));
                }
                let value = match (passport::series_and_number(text, cells.kind(*column)), is_number) {
                    (Ok((_, number)), true) => parse(*column, &number),
                    (Ok((series, _)), false) => parse(*column, &series),
                    (Err(fault), false) => Err(fault),
                    (Err(_), true) => Err(CellFault { code: Code::PassportUnreadable, message: "".into() }),
                };
                Some((*column, value))
            }
            PartSource::Joined(columns) => {
                let filled: Vec<&str> =
                    columns.iter().map(|&column| cells.text(column).trim()).filter(|text| !text.is_empty()).collect();
                let first = columns.first().copied()?;
                (!filled.is_empty()).then(|| (first, if unexpected { refused() } else { parse(first, &filled.join(", ")) }))
            }
            PartSource::Constant(text) => {
                Some((usize::from(u16::MAX), cell::parse(leaf, text, CellKind::Text, None, &self.plan.region)))
            }
        }
    }

    fn settle(
        &mut self,
        value: Result<Written<'a>, CellFault>,
        column: usize,
        field: FieldName,
        pointer: impl FnOnce() -> String,
        put: impl FnOnce(&Written<'_>),
    ) {
        match value {
            Ok(value) => {
                self.change(column, field, value.as_str());
                put(&value);
            }
            Err(fault) => {
                self.attempted.push(pointer());
                // An empty message belongs to a cell whose fault is told at another member.
                if !fault.message.is_empty() {
                    self.fault(fault, Some(column), field);
                }
            }
        }
    }

    fn change(&mut self, column: usize, field: FieldName, to: &str) {
        if column < usize::from(u16::MAX) && self.row.cells.text(column) != to {
            self.changes.push(index(column), field, to);
        }
    }

    fn fault(&mut self, fault: CellFault, column: Option<usize>, field: FieldName) {
        let column = column.filter(|&column| column < usize::from(u16::MAX));
        self.faults.push(Fault {
            code: fault.code,
            field: Some(field),
            column: column.map(index),
            found: column.map(|column| self.row.cells.text(column).into()),
            message: fault.message,
        });
    }

    fn judge(
        &mut self,
        plan: &OperationPlan,
        members: &Members<'_>,
        own_id: Option<&str>,
    ) -> (Result<Parcel, Vec<Fault>>, Vec<Fault>) {
        let operation = &*plan.operation;
        let json = members.to_json();
        let mut violations = Vec::new();
        if !self.attempted.is_empty() || !accepts(plan, members, &json) {
            // What is valid is canonical JSON of our own making, so it parses.
            violations = self.violations(operation, &serde_json::from_str(&json).unwrap_or_default());
        }
        operation.check_rules_on(members, &self.plan.today, &mut violations);
        if operation.own_id_required && own_id.is_none() {
            self.faults
                .push(Fault::of_row(Code::OwnIdMissing, "the row has no id of your own").at(FieldName::new("external_id")));
        }
        let mut warnings: Vec<Fault> = Vec::new();
        for violation in violations {
            let fault = self.told(plan, violation);
            match fault.severity() {
                Severity::Error => self.faults.push(fault),
                Severity::Warning | Severity::Info => warnings.push(fault),
            }
        }
        self.doubt_phones(plan, members, &mut warnings);
        self.tell_left_out(plan, &mut warnings);
        if self.faults.is_empty() {
            (Ok(fingerprint::parcel(&self.plan.scope, &operation.name, &plan.layout, members, own_id, json)), warnings)
        } else {
            (Err(std::mem::take(&mut self.faults)), warnings)
        }
    }

    /// Cells that the file's other kinds of client take and this one does not.
    fn tell_left_out(&self, plan: &OperationPlan, warnings: &mut Vec<Fault>) {
        for (column, field) in &plan.left_out {
            let found = self.row.cells.text(*column);
            if !is_empty(found) {
                let message = format!("{} takes no such value; it is not sent", plan.operation.name);
                warnings.push(Fault::of_cell(Code::ValueNotSent, index(*column), found, message).at(*field));
            }
        }
    }

    /// Numbers that no numbering plan lists are sent, and said to be odd.
    fn doubt_phones(&self, plan: &OperationPlan, members: &Members<'_>, warnings: &mut Vec<Fault>) {
        for fill in plan.fills.iter().filter(|fill| fill.leaf.render == Render::E164) {
            let (Some(doubt), Some(column)) = (members.root_text(fill.slot).and_then(phone::doubt), source_column(&fill.from))
            else {
                continue;
            };
            warnings.push(doubt.in_cell(index(column), self.row.cells.text(column)).at(fill.field));
        }
    }

    /// The contract's complaints, without those that a cell's own fault explains: the members of faulty cells count as present.
    fn violations(&self, operation: &Operation, body: &Value) -> Vec<Violation> {
        if self.attempted.is_empty() {
            return operation.violations(body, Level::Strict);
        }
        let mut shadow = body.clone();
        for pointer in &self.attempted {
            let Some((parent, member)) = pointer.rsplit_once('/') else { continue };
            if let Some(Value::Object(members)) = shadow.pointer_mut(parent) {
                members.insert(member.to_owned(), Value::Null);
            }
        }
        let explained = |violation: &Violation| {
            let place = match &violation.member {
                Some(member) => Cow::Owned(format!("{}/{member}", violation.pointer)),
                None => Cow::Borrowed(violation.pointer.as_str()),
            };
            self.attempted.iter().any(|pointer| {
                *pointer == place
                    || (matches!(violation.keyword.as_str(), "contains" | "anyOf")
                        && pointer.ends_with("/type")
                        && pointer.starts_with(&violation.pointer))
            })
        };
        operation.violations(&shadow, Level::Strict).into_iter().filter(|violation| !explained(violation)).collect()
    }
}

pub(super) fn source_column(from: &From) -> Option<usize> {
    match from {
        From::Column(column) => Some(column.index),
        From::FullName(column, _) => Some(*column),
        From::Constant(_) => None,
    }
}

pub(super) fn index(column: usize) -> u16 {
    u16::try_from(column).unwrap_or(u16::MAX)
}

pub(super) fn is_empty(text: &str) -> bool {
    if text.bytes().next().is_none_or(|first| first.is_ascii_graphic()) {
        return text.is_empty();
    }
    text.trim_matches(|ch: char| ch.is_whitespace() || ch == '\u{feff}' || ch == '\u{200b}').is_empty()
}

pub(super) fn translate<'t>(column: &Column, text: &'t str) -> Cow<'t, str> {
    match column.values.as_ref().and_then(|values| values.get(&fold(text))) {
        Some(value) => Cow::Owned(value.clone()),
        None => Cow::Borrowed(text),
    }
}

fn owned(text: String) -> Written<'static> {
    Written::Text(Cow::Owned(text))
}

/// Whether the contract accepts a body. Bodies of one shape whose values each fit are alike, so the validator is asked once for each shape.
fn accepts(plan: &OperationPlan, members: &Members<'_>, json: &str) -> bool {
    let ask = || serde_json::from_str(json).is_ok_and(|body: Value| plan.operation.accepts(&body));
    if !plan.operation.shape_decides || !members.values_fit() {
        return ask();
    }
    let shape = members.shape();
    let known = plan.shapes.read().unwrap_or_else(PoisonError::into_inner).get(&shape).copied();
    let accepted = known.unwrap_or_else(|| {
        let accepted = ask();
        let mut shapes = plan.shapes.write().unwrap_or_else(PoisonError::into_inner);
        if shapes.len() < SHAPES_MAX {
            shapes.insert(shape, accepted);
        }
        accepted
    });
    debug_assert_eq!(accepted, ask(), "the shape of a body does not decide");
    accepted
}
