//! Items found, joined and refused.

use super::*;

fn source(name: &str, columns: &[&str]) -> Source {
    Source {
        name: name.into(),
        path: name.into(),
        sha256: String::new(),
        sheets: vec!["".into()],
        columns: columns.iter().map(|column| Arc::from(*column)).collect(),
        workbook: None,
    }
}

fn row(line: u64, texts: &[&str]) -> Row {
    let mut cells = Cells::default();
    texts.iter().for_each(|text| cells.push(text));
    Row { place: Place { sheet: 0, line, ordinal: line - 2 }, cells, shape: Shape::Whole, faults: Vec::new() }
}

fn written(text: &str) -> Mapping {
    toml::from_str(text).unwrap()
}

const MAPPING: &str = "[columns]\n\"ID\" = \"external_id\"\n\"Name\" = \"legalName\"\n\
    [items.people]\nfile = \"ubo.csv\"\nkey = \"Company\"\n\
    [items.people.columns]\n\"Last\" = \"lastName\"\n\"Share\" = \"share\"\n";

fn annex(rows: &[(u64, [&str; 3])]) -> Annex {
    let mapping = written(MAPPING);
    let mut annex = Annex::new("people", &mapping.items["people"], source("ubo.csv", &["Company", "Last", "Share"])).unwrap();
    rows.iter().for_each(|(line, texts)| annex.add(&row(*line, texts)).unwrap());
    annex
}

#[test]
fn items_stand_at_the_right_of_their_client_in_the_order_of_their_lines() {
    let annex = annex(&[(2, ["a", "One", "1"]), (3, ["b", "Two", "2"]), (4, [" a ", "Three", ""])]);
    let main = source("clients.csv", &["ID", "Name"]);
    let widened = widen(&written(MAPPING), &main, vec![annex]).unwrap();
    let names: Vec<&str> = widened.source.columns.iter().map(|name| &**name).collect();
    assert_eq!(names, ["ID", "Name", "ubo.csv: Last (1)", "ubo.csv: Share (1)", "ubo.csv: Last (2)", "ubo.csv: Share (2)"]);
    assert_eq!(widened.mapping.columns["ubo.csv: Last (2)"].iter().collect::<Vec<_>>(), ["people[1].lastName"]);
    let joined = |id: &str| widened.annexes.join(row(2, &[id, "x"])).cells.iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(joined("a"), ["a", "x", "One", "1", "Three", ""]);
    assert_eq!(joined("b"), ["b", "x", "Two", "2", "", ""]);
    assert_eq!(joined("c"), ["c", "x", "", "", "", ""]);
    let mut fault = Fault::of_cell(crate::model::Code::ValueMissing, 4, "", Wording::CellIsEmpty);
    widened.annexes.locate(&widened.annexes.join(row(2, &["a", "x"])), &mut fault);
    assert_eq!(fault.message.to_string(), "ubo.csv:4 `Last`: the cell is empty");
    let mut shares = Vec::new();
    widened.annexes.each_value(5, |_, text, _| shares.push(text.to_owned()));
    assert_eq!(shares, ["1", "2", ""]);
    assert!(widened.annexes.is_first(3) && !widened.annexes.is_first(5) && widened.annexes.is_first(0));
}

#[test]
fn items_of_nobody_are_told_by_their_lines() {
    let annex = annex(&[(2, ["a", "One", "1"]), (3, ["z", "Two", "2"]), (9, ["y", "Three", ""])]);
    let main = source("clients.csv", &["ID", "Name"]);
    let annexes = widen(&written(MAPPING), &main, vec![annex]).unwrap().annexes;
    assert_eq!((annexes.key_of(0, " a"), annexes.key_of(0, "other")), (Some("a".into()), None));
    let error = annexes.check_parents(&[HashSet::from(["a".into()])], &main).unwrap_err().to_string();
    assert_eq!(error, "2 row(s) of ubo.csv belong to no client of clients.csv: line 3, 9");
    assert!(annexes.check_parents(&[["a", "z", "y"].map(Box::from).into()], &main).is_ok());
}

#[test]
fn what_cannot_be_joined_is_refused() {
    let main = source("clients.csv", &["ID", "Name"]);
    let refused = |mapping: &str| widen(&written(mapping), &main, vec![annex(&[])]).err().map(|error| error.to_string());
    let both = MAPPING.replace("\"Name\" = \"legalName\"", "\"Name\" = \"people[0].lastName\"");
    assert!(refused(&both).unwrap().contains("fills the same list"));
    assert!(refused(&MAPPING.replace("external_id", "other")).unwrap().contains("joins by the field `external_id`"));
    let section = written(MAPPING);
    let lacking = Annex::new("people", &section.items["people"], source("ubo.csv", &["Company", "Last"]));
    assert!(lacking.err().unwrap().to_string().contains("`Share`, which ubo.csv does not have"));
    assert!(toml::from_str::<Mapping>(&MAPPING.replace("key", "kye")).is_err());
    let mut annex = annex(&[]);
    let place = |error: AnnexError| error.to_string();
    assert!(place(annex.add(&row(7, &["", "a", "b"])).unwrap_err()).starts_with("ubo.csv:7: does not say whose"));
    let ragged = Row { shape: Shape::Short, ..row(8, &["a"]) };
    assert!(place(annex.add(&ragged).unwrap_err()).contains("ubo.csv:8"));
    for line in 2..102 {
        annex.add(&row(line, &["a", "b", "c"])).unwrap();
    }
    assert!(place(annex.add(&row(102, &["a", "b", "c"])).unwrap_err()).contains("no. 101"));
}
