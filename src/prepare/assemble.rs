//! One row through the plan: cells become members, members a body, the body is judged. All faults of a row, not the first.

mod items;
mod latin;
mod objects;
mod values;

use std::borrow::Cow;
use std::sync::PoisonError;

use serde_json::Value;
use smallvec::SmallVec;

use super::cell::Written;
use super::copies::CopyPlan;
use super::fingerprint;
use super::members::Members;
use super::normalize::{CellFault, phone};
use super::plan::{Column, Fill, From, OperationPlan, Plan};
use crate::contract::{Level, Operation, Render, Violation};
use crate::model::text::{MEND_MARK, fold};
use crate::model::{Changes, Code, Fault, FieldName, Parcel, Prepared, Row, Severity, Shape, Wording};

impl Plan {
    /// Prepares one row.
    #[must_use]
    pub fn prepare(&self, row: Row) -> Prepared {
        let Some(annexes) = &self.annexes else { return self.prepare_whole(row) };
        let mut prepared = self.prepare_whole(annexes.join(row));
        let faults = prepared.result.as_mut().err().into_iter().flatten();
        faults.chain(&mut prepared.warnings).for_each(|fault| annexes.locate(&prepared.row, fault));
        prepared
    }

    fn prepare_whole(&self, row: Row) -> Prepared {
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
            let fault = Fault::of_cell(Code::RowMarked, index(column), row.cells.text(column), Wording::StillMarked);
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
        let (operation, result, mut warnings, changes) = {
            let mut work = Work {
                plan: self,
                row: &row,
                faults: Vec::new(),
                changes: Changes::default(),
                attempted: Vec::new(),
                noticed: Vec::new(),
                numbers: SmallVec::new(),
                by_item: SmallVec::new(),
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
        if !row.faults.is_empty() {
            warnings.extend(self.read_warnings(&row, operation));
        }
        Prepared { row, own_id, operation, result, warnings, changes }
    }

    /// What the reader found odd about the row, and about cells that the operation takes.
    fn read_warnings(&self, row: &Row, operation: Option<u8>) -> Vec<Fault> {
        let plan = operation.and_then(|index| self.operations.get(usize::from(index)));
        let taken = plan.map(OperationPlan::columns).unwrap_or_default();
        let concerns = |fault: &&Fault| fault.column.is_none_or(|column| taken.contains(&usize::from(column)));
        row.faults.iter().filter(concerns).cloned().collect()
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
    /// What is odd and was seen before the body was judged.
    noticed: Vec<Fault>,
    /// For each group its items' plans, by place in the list: the list closes gaps, faults have to name the right column.
    pub(super) numbers: SmallVec<[(usize, usize); 8]>,
    /// Single objects that an item of the row filled, by name.
    pub(super) by_item: SmallVec<[&'a str; 4]>,
}

impl<'a> Work<'a> {
    fn assemble(&mut self, plan: &'a OperationPlan, own_id: Option<&str>) -> (Result<Parcel, Vec<Fault>>, Vec<Fault>) {
        let mut members = Members::new(&plan.layout);
        for fill in &plan.fills {
            self.fill(fill, &mut members);
        }
        for (item_index, item) in plan.items.iter().enumerate() {
            self.item(plan, item_index, item, &mut members);
        }
        if !plan.objects.objects.is_empty() {
            self.objects(&plan.objects, &mut members);
        }
        for fill in plan.fills.iter().filter(|fill| !fill.beside.is_empty()) {
            if let (From::Constant(value), true) = (&fill.from, members.any_filled(&fill.beside)) {
                members.put(fill.slot, value);
            }
        }
        for copy in &plan.copies {
            if self.is_given(copy) {
                continue;
            }
            copy.slots.iter().for_each(|(from, to)| members.copy(*from, *to));
            // What is wrong with the one is told there, and is no fault of the copy.
            let (from, to) = &copy.pointers;
            let copied = self.attempted.iter().filter_map(|pointer| Some(format!("{to}{}", pointer.strip_prefix(&**from)?)));
            let copied: Vec<String> = copied.collect();
            self.attempted.extend(copied);
        }
        self.doubt_own_id();
        self.judge(plan, &members, own_id)
    }

    /// Whether the row itself says something of the object that a copy would fill.
    fn is_given(&self, copy: &CopyPlan) -> bool {
        copy.columns.iter().any(|column| self.is_filled(*column))
            || copy.pointers.1.strip_prefix('/').is_some_and(|name| self.by_item.contains(&name))
    }

    /// A damaged id would be kept for ever as the one by which the client is known again.
    fn doubt_own_id(&mut self) {
        let Some(column) = self.plan.own_id else { return };
        let is_told = self.faults.iter().any(|fault| fault.column == Some(index(column)));
        let fault = self.plan.damage(column, self.row.cells.text(column), self.row.cells.kind(column));
        if let Some(fault) = fault.filter(|_| !is_told) {
            self.fault(fault, Some(column), FieldName::new("external_id"));
        }
    }

    /// One member outside lists.
    fn fill(&mut self, fill: &'a Fill, members: &mut Members<'_>) {
        if let From::Constant(value) = &fill.from {
            if fill.beside.is_empty() {
                members.put(fill.slot, value);
            }
            return;
        }
        let Some((column, value)) = self.value(&fill.from, &fill.leaf) else { return };
        let value = self.spelled(&fill.from, &fill.leaf, column, fill.field, value);
        let pointer = || format!("/{}", fill.leaf.path.join("/"));
        self.settle(value, column, fill.field, pointer, |value| members.put(fill.slot, value));
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
                if fault.code.severity() == Severity::Info {
                    let told = self.told_of(fault, Some(column), field);
                    self.noticed.push(told);
                } else if !fault.message.is_empty() {
                    // An empty message belongs to a cell whose fault is told at another member.
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
        let told = self.told_of(fault, column, field);
        self.faults.push(told);
    }

    fn told_of(&self, fault: CellFault, column: Option<usize>, field: FieldName) -> Fault {
        let column = column.filter(|&column| column < usize::from(u16::MAX));
        Fault {
            code: fault.code,
            field: Some(field),
            column: column.map(index),
            found: column.map(|column| self.row.cells.text(column).into()),
            message: fault.message,
        }
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
        // A cell with a fault of its own is not one that is missing.
        violations.retain(|violation| !self.attempted.contains(&violation.pointer));
        self.forget_copied(plan, &mut violations);
        if operation.own_id_required && own_id.is_none() {
            self.faults.push(Fault::of_row(Code::OwnIdMissing, Wording::NoOwnId).at(FieldName::new("external_id")));
        }
        let mut warnings: Vec<Fault> = std::mem::take(&mut self.noticed);
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

    /// What is wrong with a copied object is told at the one that it was copied from.
    fn forget_copied(&self, plan: &OperationPlan, violations: &mut Vec<Violation>) {
        for copy in plan.copies.iter().filter(|copy| !self.is_given(copy)) {
            let (from, to) = &copy.pointers;
            let told: Vec<(String, Option<String>)> =
                violations.iter().map(|violation| (violation.pointer.clone(), violation.rule.clone())).collect();
            violations.retain(|violation| match violation.pointer.strip_prefix(&**to) {
                Some(rest) => {
                    let original = format!("{from}{rest}");
                    !told
                        .iter()
                        .any(|(pointer, rule)| *pointer == original && (*rule == violation.rule || violation.keyword == "code"))
                }
                None => true,
            });
        }
    }

    /// Cells that the file's other kinds of client take and this one does not.
    fn tell_left_out(&self, plan: &OperationPlan, warnings: &mut Vec<Fault>) {
        for (column, field) in &plan.left_out {
            let found = self.row.cells.text(*column);
            if !is_empty(found) {
                let message = Wording::TakesNoSuch.with([(&*plan.operation.name).into()]);
                warnings.push(Fault::of_cell(Code::ValueNotSent, index(*column), found, message).at(*field));
            }
        }
    }

    /// Numbers that no numbering plan lists are sent, and said to be odd.
    fn doubt_phones(&self, plan: &OperationPlan, members: &Members<'_>, warnings: &mut Vec<Fault>) {
        for fill in plan.fills.iter().filter(|fill| fill.leaf.render == Render::E164) {
            let (Some(doubt), Some(column)) = (members.root_text(fill.slot).and_then(phone::doubt), fill.from.column()) else {
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
