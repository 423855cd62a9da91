//! One row through the plan: cells become members, members a body, the body is judged. All faults of a row, not the first.

use serde_json::{Map, Value};
use smallvec::SmallVec;

use super::cell;
use super::fingerprint;
use super::normalize::{CellFault, name, passport};
use super::plan::{Column, From, ItemPlan, OperationPlan, Part, PartSource, Plan};
use crate::contract::{Level, Violation};
use crate::model::text::fold;
use crate::model::{CellKind, Change, Code, Fault, FieldName, Parcel, Prepared, Row, Severity, Shape};

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
                changes: Vec::new(),
            };
        }
        // Cells of a ragged row may stand under the wrong header: anything said about them would mislead.
        if row.faults.iter().any(|fault| fault.severity() == Severity::Error) {
            let faults = row.faults.clone();
            return Prepared { row, own_id, operation: None, result: Err(faults), warnings: Vec::new(), changes: Vec::new() };
        }
        let (operation, result, warnings, changes) = {
            let mut work = Work {
                plan: self,
                row: &row,
                faults: Vec::new(),
                changes: Vec::with_capacity(8),
                attempted: Vec::new(),
                numbers: SmallVec::new(),
            };
            match work.operation() {
                Some(index) => {
                    let (result, warnings) = work.assemble(&self.operations[usize::from(index)], own_id.as_deref());
                    (Some(index), result, warnings, work.changes)
                }
                None => (None, Err(work.faults), Vec::new(), Vec::new()),
            }
        };
        Prepared { row, own_id, operation, result, warnings, changes }
    }
}

struct Work<'a> {
    plan: &'a Plan,
    row: &'a Row,
    faults: Vec<Fault>,
    changes: Vec<Change>,
    /// Pointers of members whose cells have faults of their own.
    attempted: Vec<String>,
    /// For each group its items' plans, by place in the list: the list closes gaps, faults have to name the right column.
    numbers: SmallVec<[(usize, usize); 8]>,
}

impl<'a> Work<'a> {
    fn operation(&mut self) -> Option<u8> {
        let plan = self.plan;
        let text = |column: usize| self.row.cells.text(column);
        let kind = plan.client_type.as_ref().map(|column| (column, translate(column, text(column.index))));
        if let ([_], Some((column, word))) = (&plan.operations[..], &kind) {
            // One operation: the column may only contradict it.
            let candidates = plan.router.candidates(word);
            let fits = candidates.is_empty() || candidates.iter().any(|&index| plan.routed[usize::from(index)] == Some(0));
            if fits {
                return Some(0);
            }
            let message = format!("the row says another kind of client than {}", plan.operations[0].operation.name);
            let fault = CellFault { code: Code::ClientTypeOther, message: message.into() };
            self.fault(fault, Some(column.index), FieldName::new("client_type"));
            return None;
        }
        if plan.operations.len() == 1 {
            return Some(0);
        }
        let word = kind.as_ref().map_or("", |(_, word)| word);
        let residency = plan.residency.map_or("", text);
        let residency_kind = plan.residency.map_or(CellKind::Text, |column| self.row.cells.kind(column));
        let citizenship = plan.citizenship.map_or("", text);
        match plan.router.route(word, residency, residency_kind, citizenship).map(|index| plan.routed[usize::from(index)]) {
            Ok(Some(index)) => Some(index),
            Ok(None) => None,
            Err(fault) => {
                let column = match fault.code {
                    Code::ClientTypeResidencyUnknown => plan.residency.or(plan.citizenship),
                    _ => plan.client_type.as_ref().map(|column| column.index),
                };
                self.fault(fault, column, FieldName::new("client_type"));
                None
            }
        }
    }

    fn assemble(&mut self, plan: &'a OperationPlan, own_id: Option<&str>) -> (Result<Parcel, Vec<Fault>>, Vec<Fault>) {
        let mut body = Map::new();
        for fill in &plan.fills {
            let (column, value) = match &fill.from {
                From::Constant(value) => {
                    put(&mut body, &fill.leaf.path, value.clone());
                    continue;
                }
                From::Column(column) => {
                    let text = self.row.cells.text(column.index);
                    if is_empty(text) {
                        continue;
                    }
                    let word = translate(column, text);
                    (
                        column.index,
                        cell::parse(
                            &fill.leaf,
                            &word,
                            self.row.cells.kind(column.index),
                            self.plan.format_of(column.index),
                            &self.plan.region,
                        ),
                    )
                }
                From::FullName(column, word) => match self.full_name_word(*column, *word) {
                    Some(value) => (*column, value),
                    None => continue,
                },
            };
            self.settle(
                value,
                column,
                fill.field,
                || format!("/{}", fill.leaf.path.join("/")),
                |value| put(&mut body, &fill.leaf.path, value),
            );
        }
        for (item_index, item) in plan.items.iter().enumerate() {
            self.item(plan, item_index, item, &mut body);
        }
        self.judge(plan, Value::Object(body), own_id)
    }

    /// A word of the full name; its faults are told once, at the last name.
    fn full_name_word(&self, column: usize, word: u8) -> Option<Result<Value, CellFault>> {
        let text = self.row.cells.text(column);
        if is_empty(text) {
            return None;
        }
        match (name::split_full(text), word) {
            (Ok((last, _, _)), 0) => Some(Ok(Value::String(last))),
            (Ok((_, first, _)), 1) => Some(Ok(Value::String(first))),
            (Ok((_, _, middle)), _) => middle.map(|middle| Ok(Value::String(middle))),
            (Err(fault), 0) => Some(Err(fault)),
            (Err(_), _) => Some(Err(CellFault { code: Code::NameNotSplittable, message: "".into() })),
        }
    }

    fn item(&mut self, plan: &'a OperationPlan, item_index: usize, item: &'a ItemPlan, body: &mut Map<String, Value>) {
        let cells = &self.row.cells;
        let filled = |column: usize| !is_empty(cells.text(column));
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
        let place = list_at(body, &group.path).map_or(0, |list| list.len());
        self.numbers.push((item.group, item_index));
        let pointer = |member: &str| format!("/{}/{place}/{member}", group.path.join("/"));
        let mut members = Map::new();
        let mut code: Option<String> = None;
        if let Some(leaf) = &group.type_leaf {
            let member = leaf.path.first().map_or("type", String::as_str);
            let written = item
                .type_column
                .as_ref()
                .map(|column| (column, translate(column, cells.text(column.index))))
                .filter(|(_, word)| !is_empty(word));
            match written {
                Some((column, word)) => match cell::code(leaf, &word) {
                    Ok(known) => {
                        code = Some(known.to_owned());
                        self.change(column.index, item.type_field, known);
                    }
                    Err(fault) => {
                        self.attempted.push(pointer(member));
                        self.fault(fault, Some(column.index), item.type_field);
                    }
                },
                None => code = item.type_constant.clone().or_else(|| group.default_type.clone()),
            }
            if let Some(code) = &code {
                members.insert(member.to_owned(), Value::String(code.clone()));
            }
        }
        for part in &item.parts {
            let leaf = group.leaves(code.as_deref()).iter().find(|leaf| leaf.field == part.general);
            let Some((column, value)) =
                self.part(part, leaf.or_else(|| group.any_leaf(&part.general)), code.is_some() && leaf.is_none())
            else {
                continue;
            };
            let Some(leaf) = leaf.or_else(|| group.any_leaf(&part.general)) else { continue };
            let member = leaf.path.first().map_or("", String::as_str);
            self.settle(
                value,
                column,
                part.field,
                || pointer(member),
                |value| {
                    members.insert(member.to_owned(), value);
                },
            );
        }
        if let Some(list) = list_at(body, &group.path) {
            list.push(Value::Object(members));
        }
    }

    /// A part's value with the column it comes from; `None` when its cells are empty.
    fn part(
        &self,
        part: &Part,
        leaf: Option<&crate::contract::Leaf>,
        unexpected: bool,
    ) -> Option<(usize, Result<Value, CellFault>)> {
        let cells = &self.row.cells;
        let leaf = leaf?;
        let parse = |column: usize, text: &str| {
            if unexpected {
                return Err(CellFault {
                    code: Code::ValueUnexpected,
                    message: format!("{} is not accepted for this type", leaf.title).into(),
                });
            }
            cell::parse(leaf, text, cells.kind(column), self.plan.format_of(column), &self.plan.region)
        };
        match &part.source {
            PartSource::Column(column) => {
                let text = cells.text(column.index);
                (!is_empty(text)).then(|| (column.index, parse(column.index, &translate(column, text))))
            }
            PartSource::SeriesAndNumber(column, is_number) => {
                let text = cells.text(*column);
                if is_empty(text) {
                    return None;
                }
                // A document without a series takes the cell as it stands.
                if leaf.render == crate::contract::Render::DocumentNumber {
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
                (!filled.is_empty()).then(|| (first, parse(first, &filled.join(", "))))
            }
            PartSource::Constant(text) => {
                Some((usize::from(u16::MAX), cell::parse(leaf, text, CellKind::Text, None, &self.plan.region)))
            }
        }
    }

    fn settle(
        &mut self,
        value: Result<Value, CellFault>,
        column: usize,
        field: FieldName,
        pointer: impl FnOnce() -> String,
        put: impl FnOnce(Value),
    ) {
        match value {
            Ok(value) => {
                match &value {
                    Value::String(text) => self.change(column, field, text),
                    Value::Bool(flag) => self.change(column, field, if *flag { "true" } else { "false" }),
                    Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
                }
                put(value);
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
            self.changes.push(Change { column: index(column), field, to: to.into() });
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

    fn judge(&mut self, plan: &OperationPlan, body: Value, own_id: Option<&str>) -> (Result<Parcel, Vec<Fault>>, Vec<Fault>) {
        let operation = &*plan.operation;
        let mut violations = Vec::new();
        if !self.attempted.is_empty() || !operation.accepts(&body) {
            violations = self.violations(operation, &body);
        }
        operation.check_rules(&body, &self.plan.today, &mut violations);
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
        if self.faults.is_empty() {
            (Ok(fingerprint::parcel(&self.plan.scope, operation, own_id, &body)), warnings)
        } else {
            (Err(std::mem::take(&mut self.faults)), warnings)
        }
    }

    /// The contract's complaints, without those that a cell's own fault explains: the members of faulty cells count as present.
    fn violations(&self, operation: &crate::contract::Operation, body: &Value) -> Vec<Violation> {
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
            self.attempted.iter().any(|pointer| {
                *pointer == violation.pointer
                    || (matches!(violation.keyword.as_str(), "contains" | "anyOf")
                        && pointer.ends_with("/type")
                        && pointer.starts_with(&violation.pointer))
            })
        };
        operation.violations(&shadow, Level::Strict).into_iter().filter(|violation| !explained(violation)).collect()
    }

    /// A violation as a fault of the column that the member came from.
    fn told(&self, plan: &OperationPlan, violation: Violation) -> Fault {
        let (field, column) = self.locate(plan, &violation);
        Fault {
            code: violation.code,
            field,
            column: column.map(index),
            found: column.map(|column| self.row.cells.text(column)).filter(|text| !is_empty(text)).map(Box::from),
            message: violation.message.into(),
        }
    }

    fn locate(&self, plan: &OperationPlan, violation: &Violation) -> (Option<FieldName>, Option<usize>) {
        let mut steps: Vec<&str> = violation.pointer.split('/').skip(1).collect();
        if let Some(member) = &violation.member {
            steps.push(member);
        }
        for fill in &plan.fills {
            if fill.leaf.path.iter().map(String::as_str).eq(steps.iter().copied()) {
                return (Some(fill.field), source_column(&fill.from));
            }
        }
        for (group_index, group) in plan.operation.groups.iter().enumerate() {
            let Some(rest) = strip(&steps, &group.path) else { continue };
            let Some(place) = rest.first().and_then(|place| place.parse::<usize>().ok()) else {
                return (Some(FieldName::new(&group.field)), None);
            };
            let Some(item) = self
                .numbers
                .iter()
                .filter(|(group, _)| *group == group_index)
                .nth(place)
                .and_then(|(_, item)| plan.items.get(*item))
            else {
                return (Some(FieldName::new(&group.field)), None);
            };
            let Some(member) = rest.get(1) else {
                return (Some(item.type_field), item.type_column.as_ref().map(|column| column.index));
            };
            if group.type_leaf.as_ref().and_then(|leaf| leaf.path.first()).is_some_and(|path| path == member) {
                return (Some(item.type_field), item.type_column.as_ref().map(|column| column.index));
            }
            let general = group
                .variants
                .iter()
                .flat_map(|variant| &variant.leaves)
                .find(|leaf| leaf.path.first().is_some_and(|path| path == member))
                .map(|leaf| leaf.field.as_str());
            let Some(general) = general else { return (Some(item.type_field), None) };
            let part = item.parts.iter().find(|part| part.general == general);
            let numbered = || {
                FieldName::new(
                    &item.type_field.as_str().replace("].type", &format!("].{}", general.rsplit('.').next().unwrap_or_default())),
                )
            };
            return match part {
                Some(part) => (
                    Some(part.field),
                    match &part.source {
                        PartSource::Column(column) => Some(column.index),
                        PartSource::SeriesAndNumber(column, _) => Some(*column),
                        PartSource::Joined(columns) => columns.first().copied(),
                        PartSource::Constant(_) => None,
                    },
                ),
                None => (Some(numbered()), None),
            };
        }
        let leaf = plan.operation.leaves.iter().find(|leaf| leaf.path.iter().map(String::as_str).eq(steps.iter().copied()));
        (leaf.map(|leaf| FieldName::new(&leaf.field)), None)
    }
}

fn source_column(from: &From) -> Option<usize> {
    match from {
        From::Column(column) => Some(column.index),
        From::FullName(column, _) => Some(*column),
        From::Constant(_) => None,
    }
}

fn strip<'s>(steps: &'s [&'s str], path: &[String]) -> Option<&'s [&'s str]> {
    let (head, rest) = steps.split_at_checked(path.len())?;
    head.iter().copied().eq(path.iter().map(String::as_str)).then_some(rest)
}

fn index(column: usize) -> u16 {
    u16::try_from(column).unwrap_or(u16::MAX)
}

fn is_empty(text: &str) -> bool {
    text.trim_matches(|ch: char| ch.is_whitespace() || ch == '\u{feff}' || ch == '\u{200b}').is_empty()
}

fn translate<'t>(column: &Column, text: &'t str) -> std::borrow::Cow<'t, str> {
    match column.values.as_ref().and_then(|values| values.get(&fold(text))) {
        Some(value) => std::borrow::Cow::Owned(value.clone()),
        None => std::borrow::Cow::Borrowed(text),
    }
}

fn put(body: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [member] => {
            body.insert(member.clone(), value);
        }
        [member, rest @ ..] => {
            let inner = body.entry(member.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// The list at a path, made when it is not there yet.
fn list_at<'b>(body: &'b mut Map<String, Value>, path: &[String]) -> Option<&'b mut Vec<Value>> {
    match path {
        [] => None,
        [member] => body.entry(member.clone()).or_insert_with(|| Value::Array(Vec::new())).as_array_mut(),
        [member, rest @ ..] => {
            let inner = body.entry(member.clone()).or_insert_with(|| Value::Object(Map::new()));
            inner.as_object_mut().and_then(|inner| list_at(inner, rest))
        }
    }
}
