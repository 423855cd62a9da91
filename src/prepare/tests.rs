//! One contract with every annotation, from cells to bodies.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Mapping, Plan, Scope};
use crate::contract::{Operation, Registry, Settling, Today};
use crate::model::{CellKind, Cells, Place, Prepared, Row, Shape, Source};

/// Every annotation that changes how a body is made.
const CONTRACT: &str = r##"{
        "x-operation": "acme/everything", "title": "Everything", "type": "object", "x-rule": "A-1",
        "x-first-key": "type", "x-pass-through": true, "x-aliases": {"phone": "phones[0].number"},
        "x-limits": {"requests": 5, "window_ms": 1000, "in_flight": 2},
        "x-idempotency": {"key": "none", "remembered": "not at all", "replay": "a second client", "unknown": ["look-up", "person"], "note": "slow"},
        "x-identity": [{"name": "document", "parts": ["/identity/number"]}],
        "x-checks": [
            {"rule": "A-2", "check": "not-after-today", "at": "/identity/issued"},
            {"rule": "A-3", "check": "not-after-today", "at": "/People/results/*/document/issued"}
        ],
        "required": ["type", "lastName", "Address"],
        "properties": {
            "type": {"const": "person", "x-mappable": false},
            "lastName": {"type": "string", "x-field": "last_name_latin", "x-alternatives": ["last_name"]},
            "income": {"type": ["number", "null"], "minimum": 0, "maximum": 1000000, "allOf": [{"x-severity": "warn", "maximum": 1000}]},
            "level": {"enum": [1, 2], "x-enum-labels": {"1": ["low"], "2": {"en": ["high"], "ru": ["высокий"]}}},
            "vip": {"x-render": "flag-01", "enum": [0, 1]},
            "regions": {"type": "array", "uniqueItems": true, "items": {"enum": ["uk", "eea"]}},
            "share": {"type": "number", "x-render": "percent", "exclusiveMaximum": 101},
            "extra": {"type": "object", "properties": {
                "source": {"const": "import"}, "conviction": {"type": "boolean", "x-headers": {"ru": ["Судимость"]}}}},
            "Address": {"allOf": [{"$ref": "#/$defs/address"}, {"anyOf": [{"required": ["city"]}, {"required": ["line"]}]}], "x-field": "addresses[registration address|*]"},
            "Mail": {"$ref": "#/$defs/address", "x-field": "addresses[postal address]"},
            "identity": {"type": "object", "properties": {
                "type": {"enum": ["passport", "visa"], "x-field": "documents[passport|visa].type"},
                "number": {"type": "string", "x-render": "token", "x-field": "documents[passport|visa].number"},
                "issued": {"type": "string", "format": "date", "x-field": "documents[passport|visa].issue_date"}}},
            "Phones": {"type": "object", "required": ["results"], "properties": {"results": {"type": "array", "x-field": "phones",
                "x-group": {"primary": "isPrimary"}, "items": {"type": "object", "properties": {
                    "phone": {"type": "string", "x-render": "e164-digits", "x-field": "phones[].number"},
                    "isPrimary": {"x-render": "flag-01", "enum": [0, 1]}, "__force": {"type": "boolean", "x-mappable": false}}}}}},
            "People": {"type": "object", "properties": {"results": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"}, "role": {"const": "owner"},
                "document": {"type": "object", "required": ["number"], "properties": {
                    "number": {"type": "string"}, "issued": {"type": "string", "format": "date"}, "share": {"type": "number", "maximum": 100}}}}}}}}
        },
        "$defs": {"address": {"type": "object", "properties": {
            "city": {"type": "string", "x-part": "city"}, "verify": {"x-render": "flag-01", "enum": [0, 1], "x-part": "verify", "x-mappable": false},
            "line": {"type": "string", "x-part": "text", "x-join": {"parts": ["street", "house"], "with": " "}}}}}
    }"##;

fn registry() -> Registry {
    Registry::built_in().with(vec![Operation::compile(CONTRACT, "everything").unwrap()])
}

fn compile(headers: &[&str], mapping: &str) -> Result<Plan, String> {
    let registry = registry();
    let operations = registry.find("acme/everything").unwrap();
    let source = Source {
        name: "clients.csv".into(),
        path: PathBuf::from("clients.csv"),
        sha256: String::new(),
        sheets: vec!["".into()],
        columns: headers.iter().map(|header| Arc::from(*header)).collect(),
        workbook: None,
    };
    let mapping: Mapping = toml::from_str(mapping).map_err(|error| error.to_string())?;
    let today = Today::new("2026-11-21".parse().unwrap());
    Plan::compile(&mapping, &source, &operations, &registry, Scope::new("default", &[7; 32]), today)
        .map_err(|error| error.to_string())
}

fn prepare(plan: &Plan, row: &[&str]) -> Prepared {
    let mut cells = Cells::with_capacity(row.len(), 64);
    row.iter().for_each(|cell| cells.push_kind(cell, CellKind::Text));
    plan.prepare(Row { place: Place { sheet: 0, line: 2, ordinal: 1 }, cells, shape: Shape::Whole, faults: Vec::new() })
}

/// `last_name=Doe` and the like: columns of these headers that go to the fields after `=`.
fn columns(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(header, field)| format!("\"{header}\" = \"{field}\"\n")).collect()
}

#[track_caller]
fn body(pairs: &[(&str, &str)], rest: &str, row: &[&str]) -> String {
    let headers: Vec<&str> = pairs.iter().map(|(header, _)| *header).collect();
    let plan = compile(&headers, &format!("[columns]\n{}{rest}", columns(pairs))).unwrap();
    assert!(plan.left_out().is_empty(), "{:?}", plan.left_out());
    let prepared = prepare(&plan, row);
    match prepared.result {
        Ok(parcel) => parcel.body.as_str().to_owned(),
        Err(faults) => faults
            .iter()
            .map(|fault| format!("{} {}", fault.code, fault.field.map_or("", |field| field.as_str())))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

const NAME: (&str, &str) = ("name", "last_name");
const CITY: (&str, &str) = ("city", "addresses[0].city");

#[test]
fn facts_of_the_root_are_read() {
    let operation = registry().find("acme/everything").unwrap().remove(0);
    let idempotency = operation.idempotency.as_ref().unwrap();
    assert_eq!((idempotency.unknown.as_slice(), operation.in_flight), (&[Settling::LookUp, Settling::Person][..], Some(2)));
    assert!(operation.shape_decides && operation.passes_through);
    assert!(operation.knows_field("People.results[].document.number") && operation.knows_field("phones[].number"));
    assert!(operation.knows_field("addresses[].street") && operation.knows_field("last_name") && !operation.knows_field("nick"));
}

#[test]
fn values_are_written_by_their_json_types_and_the_first_key_stands_first() {
    let pairs = [
        NAME,
        CITY,
        ("income", "income"),
        ("level", "level"),
        ("vip", "vip"),
        ("regions", "regions"),
        ("share", "share"),
        ("judged", "extra.conviction"),
        ("nick", "nickName"),
        ("n", "stats.visits[0].count"),
    ];
    let rest = "[types]\n\"stats.visits[].count\" = \"integer\"\n";
    let row = ["Doe", "Riga", "1 234,50", "высокий", "yes", "eea; uk", "33,5 %", "no", "Jo", "7"];
    assert_eq!(
        body(&pairs, rest, &row),
        r#"{"type":"person","Address":{"city":"Riga"},"extra":{"conviction":false,"source":"import"},"income":1234.5,"lastName":"Doe","level":2,"nickName":"Jo","regions":["eea","uk"],"share":33.5,"stats":{"visits":[{"count":7}]},"vip":1}"#
    );
    // A constant of an object that nothing fills does not make the object.
    assert_eq!(body(&[NAME, CITY], "", &["Doe", "Riga"]), r#"{"type":"person","Address":{"city":"Riga"},"lastName":"Doe"}"#);
}

#[test]
fn numbers_are_held_against_their_bounds_row_by_row() {
    let pairs = [
        NAME,
        CITY,
        ("income", "income"),
        ("s", "People.results[0].document.share"),
        ("d", "People.results[0].document.number"),
        ("n", "People.results[0].name"),
    ];
    let plan = compile(&["name", "city", "income", "s", "d", "n"], &format!("[columns]\n{}", columns(&pairs))).unwrap();
    let told = |row: &[&str]| {
        let prepared = prepare(&plan, row);
        let faults = prepared.result.err().unwrap_or_default();
        faults
            .into_iter()
            .chain(prepared.warnings)
            .map(|fault| format!("{} {}", fault.code, fault.field.unwrap()))
            .collect::<Vec<_>>()
    };
    assert!(told(&["Doe", "Riga", "1", "50", "A", "B"]).is_empty());
    assert_eq!(told(&["Doe", "Riga", "2000", "50", "A", "B"]), ["value.unusual income"]);
    assert_eq!(told(&["Doe", "Riga", "-1", "50", "A", "B"]), ["value.format income"]);
    assert_eq!(told(&["Doe", "Riga", "1", "101", "A", "B"]), ["value.format People.results[0].document.share"]);
    assert_eq!(told(&["Doe", "Riga", "1", "50", "", "B"]), ["value.missing People.results[0].document.number"]);
}

#[test]
fn items_are_trees_and_wrappers_and_aliases_lead_to_them() {
    let pairs = [
        NAME,
        CITY,
        ("phone", "phone"),
        ("p", "People.results[0].name"),
        ("d", "People.results[0].document.number"),
        ("q", "People.results[3].name"),
    ];
    let rest = "[formats]\nphone_region = \"RU\"\n";
    assert_eq!(
        body(&pairs, rest, &["Doe", "Riga", "+371 2612 3456", "Ann", "X1", "Bob"]),
        r#"{"type":"person","Address":{"city":"Riga"},"People":{"results":[{"document":{"number":"X1"},"name":"Ann","role":"owner"},{"name":"Bob","role":"owner"}]},"Phones":{"results":[{"isPrimary":1,"phone":"37126123456"}]},"lastName":"Doe"}"#
    );
    assert_eq!(
        body(&pairs, rest, &["Doe", "Riga", "", "", "", ""]),
        r#"{"type":"person","Address":{"city":"Riga"},"lastName":"Doe"}"#
    );
    // The list's own names are accepted too, and what is mapped to the member goes before an alias.
    let own = [NAME, CITY, ("phone", "Phones.results[0].phone")];
    assert!(body(&own, rest, &["Doe", "Riga", "+371 2612 3456"]).contains("37126123456"));
}

#[test]
fn kinds_tell_which_object_an_item_fills() {
    let pairs = [
        NAME,
        ("city", "addresses[0].city"),
        ("street", "addresses[1].street"),
        ("house", "addresses[1].house"),
        ("kind", "addresses[1].type"),
        ("no", "documents[0].number"),
        ("since", "documents[0].issue_date"),
    ];
    let body = |row: &[&str]| body(&pairs, "", row);
    assert_eq!(
        body(&["Doe", "Riga", "Main St", "5", "почтовый адрес", "AB1", "2020-01-02"]),
        r#"{"type":"person","Address":{"city":"Riga"},"Mail":{"line":"Main St 5"},"identity":{"issued":"2020-01-02","number":"AB1","type":"passport"},"lastName":"Doe"}"#
    );
    // The address without a kind fills what takes any.
    assert!(body(&["Doe", "Riga", "Main St", "", "registration address", "", ""]).contains(r#""Address":{"line":"Main St"}"#));
    assert_eq!(
        body(&["Doe", "", "Main St", "5", "postal address", "AB1", "2999-01-02"]),
        "date.in_future documents[0].issue_date"
    );
}

#[test]
fn what_no_object_takes_is_told_and_two_for_one_are_a_fault() {
    let pairs = [NAME, CITY, ("other", "addresses[1].city"), ("kind", "addresses[1].type")];
    let plan = compile(&["name", "city", "other", "kind"], &format!("[columns]\n{}", columns(&pairs))).unwrap();
    let two = prepare(&plan, &["Doe", "Riga", "Ogre", ""]);
    let faults = two.result.unwrap_err();
    assert_eq!((faults[0].code.as_str(), faults[0].column), ("document.twice", Some(2)));
    let constants = "[constants]\n\"addresses[0].type\" = \"registration address\"\n";
    let plan = compile(&["name", "city", "other", "kind"], &format!("[columns]\n{}{constants}", columns(&pairs))).unwrap();
    let left = prepare(&plan, &["Doe", "Riga", "Ogre", "legal address"]);
    assert!(left.result.is_ok());
    assert_eq!(
        left.warnings.iter().map(|fault| (fault.code.as_str(), fault.column)).collect::<Vec<_>>(),
        [("value.not_sent", Some(2))]
    );
}

#[test]
fn the_first_filled_alternative_gives_the_value() {
    let pairs = [("latin", "last_name_latin"), NAME, CITY];
    assert!(body(&pairs, "", &["Ivanov", "Иванов", "Riga"]).contains("Ivanov"));
    assert!(body(&pairs, "", &["", "Иванов", "Riga"]).contains("Иванов"));
    assert_eq!(body(&pairs, "", &["", "", "Riga"]), "value.missing last_name_latin");
    assert!(body(&[("whole", "full_name"), CITY], "", &["Doe Jane", "Riga"]).contains(r#""lastName":"Doe""#));
}

#[test]
fn slips_in_mappings_are_errors() {
    for (columns, wanted) in [
        ("\"a\" = \"last_nam\"", "the nearest is `last_name`"),
        ("\"a\" = \"extra..x\"", "does not exist"),
        ("\"a\" = \"extra\"", "has an object"),
        ("\"a\" = \"lastName.first\"", "has an object"),
        ("\"a\" = \"People.results\"", "leads through a list"),
        ("\"a\" = \"nick\"\n[types]\n\"income\" = \"text\"", "says the type of this member itself"),
        ("\"a\" = \"nick\"\n[options]\ntransliterat = []", "the nearest is `transliterate`"),
    ] {
        let error = compile(&["a"], &format!("[columns]\n{columns}")).err().unwrap_or_default();
        assert!(error.contains(wanted), "{columns}: {error}");
    }
    // A declared path is no slip, however much it looks like one.
    assert!(compile(&["a"], "[columns]\n\"a\" = \"last_nam\"\n[types]\n\"last_nam\" = \"text\"").is_ok());
}

#[test]
fn members_that_the_program_sets_itself_are_no_mappings_business() {
    for field in [
        "type",
        "extra.source",
        "People.results[0].role",
        "phones[0].__force",
        "Phones.results[2].__force",
        "Address.verify",
        "addresses[0].verify",
    ] {
        let columns = compile(&["a"], &format!("[columns]\n\"a\" = \"{field}\"")).err().unwrap_or_default();
        assert!(columns.contains("the program sets this member itself") && columns.contains("`a`"), "{field}: {columns}");
        let constant = compile(&["a"], &format!("[constants]\n\"{field}\" = true")).err().unwrap_or_default();
        assert!(constant.contains("the program sets this member itself"), "{field}: {constant}");
    }
    let every = compile(&["a"], "[constants]\n\"phones[].__force\" = true").err().unwrap_or_default();
    assert!(every.contains("the program sets this member itself"), "{every}");
}

#[test]
fn the_country_of_a_phone_is_the_mappings_or_the_contracts_and_nobodys_by_default() {
    let pairs = [NAME, CITY, ("phone", "phone")];
    let row = ["Doe", "Riga", "8 (916) 123-45-67"];
    assert_eq!(body(&pairs, "", &row), "phone.ambiguous phones[0].number");
    assert!(body(&pairs, "[formats]\nphone_region = \"RU\"\n", &row).contains("79161234567"));
    // Whose numbers they are is the contract's word: clients of these two have no country in common.
    let registry = Registry::built_in();
    let region = |name: &str| {
        let operation = registry.find(name).unwrap().remove(0);
        operation.leaves.iter().find_map(|leaf| leaf.phone_region.clone())
    };
    assert_eq!(region("tbank/fl-resident").as_deref(), Some("RU"));
    assert_eq!(region("brainysoft/individual").as_deref(), Some("RU"));
    assert_eq!(region("finlego/core-individual"), None);
}

#[test]
fn an_alias_takes_the_next_free_item_and_no_column_is_dropped() {
    let pairs = [NAME, CITY, ("phone", "phone"), ("mobile", "phones[0].number"), ("work", "phones[1].number")];
    let row = ["Doe", "Riga", "+371 2612 3456", "+371 2612 3457", "+371 2612 3458"];
    let sent = body(&pairs, "", &row);
    for number in ["37126123456", "37126123457", "37126123458"] {
        assert!(sent.contains(number), "{sent}");
    }
    // One column under both names is one phone.
    let both = compile(&["a", "phone"], "[columns]\n\"phone\" = [\"phone\", \"phones[0].number\"]").unwrap();
    assert_eq!(both.operations[0].items.len(), 1);
}

#[test]
fn what_no_place_of_the_body_takes_is_refused() {
    let unused = "[columns]\n\"a\" = \"Address.city\"\n\"b\" = \"Mail.city\"\n\"c\" = \"addresses[0].city\"";
    let made_for_it = |text: &str| format!("operation = \"acme/everything\"\n{text}");
    let error = compile(&["a", "b", "c"], &made_for_it(unused)).err().unwrap_or_default();
    assert!(error.contains("the column `c` goes to `addresses[0].city`"), "{error}");
    // A mapping that names no operation may serve others: what this one does not take is named, not refused.
    let shared = compile(&["a", "b", "c"], unused).unwrap();
    assert_eq!(shared.left_out().iter().map(|column| &**column).collect::<Vec<_>>(), ["c"]);
    for constant in ["phones[0].number", "People.results[1].name", "addresses[2].city"] {
        let mapping = format!("[columns]\n\"a\" = \"People.results[0].name\"\n[constants]\n\"{constant}\" = \"+37126123456\"");
        let error = compile(&["a"], &made_for_it(&mapping)).err().unwrap_or_default();
        assert!(error.contains("would never be sent"), "{constant}: {error}");
    }
}
