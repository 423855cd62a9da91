//! Lines added to a mapping file as people wrote it: comments, order and blanks stay. Judges no line.

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use crate::failure::Failure;
use crate::model::text::fold;
use crate::report::{Facts, MappingLine};

/// The text of a mapping with further lines, each marked with the run whose report found it.
pub(super) fn with_lines(text: &str, lines: &[MappingLine], facts: &Facts, run: &str) -> Result<String, Failure> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        Failure::settings(format!("the mapping cannot be added to: {}", error.message()), "check it with `clientferry check`")
    })?;
    let remark: String = run.chars().filter(|ch| !ch.is_control()).collect();
    for line in lines {
        add(&mut document, line, facts, &remark).ok_or_else(|| {
            Failure::settings(
                format!("the mapping has something else than a section where the line about `{}` belongs", line.about()),
                "add the lines of the report by hand",
            )
        })?;
    }
    Ok(document.to_string())
}

fn add(document: &mut DocumentMut, line: &MappingLine, facts: &Facts, run: &str) -> Option<()> {
    match line {
        MappingLine::Value { field, found, known } => {
            let values = section(document, "values")?;
            let name = name_in(values, field, facts);
            let table = values.as_table_like_mut()?.entry(&name).or_insert_with(|| Item::Table(Table::new()));
            // The mapping tells words apart as people do: two lines for one word would be a matter of luck.
            let same: Vec<String> = table
                .as_table_like()?
                .iter()
                .map(|(word, _)| word.to_owned())
                .filter(|word| word != found && fold(word) == fold(found))
                .collect();
            for word in same {
                table.as_table_like_mut()?.remove(&word);
            }
            set(table, found, known, run)
        }
        MappingLine::Format { field, format } => set(section(document, "formats")?, field, format, run),
        MappingLine::Column { column, field } => {
            // A column that goes somewhere is not left out.
            let ignored = document.get_mut("ignore").and_then(|ignore| ignore.get_mut("columns")).and_then(Item::as_array_mut);
            if let Some(ignored) = ignored {
                ignored.retain(|known| known.as_str().is_none_or(|known| fold(known) != fold(column)));
            }
            set(section(document, "columns")?, column, field, run)
        }
        MappingLine::Ignore { column } => {
            if let Some(columns) = document.get_mut("columns").and_then(Item::as_table_like_mut) {
                let same: Vec<String> =
                    columns.iter().map(|(known, _)| known.to_owned()).filter(|known| fold(known) == fold(column)).collect();
                for known in same {
                    columns.remove(&known);
                }
            }
            let ignore = section(document, "ignore")?.as_table_like_mut()?;
            let list = ignore.entry("columns").or_insert_with(|| Item::Value(Value::Array(Array::new())));
            list.as_array_mut()?.push(column.as_str());
            Some(())
        }
    }
}

/// The name under which the mapping speaks of a field's values already; else the field's own.
fn name_in(values: &Item, field: &str, facts: &Facts) -> String {
    let has = |name: &str| values.get(name).is_some();
    let names = facts.of(field).map_or(&[][..], |facts| &facts.names);
    let known = [field].into_iter().chain(names.iter().map(String::as_str)).find(|name| has(name));
    known.unwrap_or(field).to_owned()
}

fn section<'d>(document: &'d mut DocumentMut, name: &str) -> Option<&'d mut Item> {
    let item = document.entry(name).or_insert_with(|| {
        let mut made = Table::new();
        // Of `[values]` only its own sections are written.
        made.set_implicit(name == "values");
        Item::Table(made)
    });
    item.is_table_like().then_some(item)
}

fn set(section: &mut Item, key: &str, text: &str, run: &str) -> Option<()> {
    let mut value = Value::from(text);
    match section {
        Item::Table(table) => {
            value.decor_mut().set_prefix(" ");
            value.decor_mut().set_suffix(format!("  # {run}"));
            table.insert(key, Item::Value(value));
            Some(())
        }
        // Between braces a comment has no place.
        Item::Value(Value::InlineTable(table)) => {
            table.insert(key, value);
            Some(())
        }
        Item::None | Item::Value(_) | Item::ArrayOfTables(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::Mapping;
    use crate::report::FieldFacts;

    fn value(field: &str, found: &str) -> MappingLine {
        MappingLine::Value { field: field.into(), found: found.into(), known: "Head Office".into() }
    }

    #[test]
    fn what_people_wrote_stays_and_lines_stand_where_they_are_read() {
        let old = "# ours, do not touch\noperation = \"northgate/person\"\n\n[columns] # all of them\n\"Филиал\" = \"branch\"\n\
                   \"Комментарий\" = \"note\"\n\n[values.\"body.branch\"]\n\"HQ\" = \"Head Office\" # as in 2019\n\"head-ofice\" = \"x\"\n\n\
                   [ignore]\ncolumns = [\"Тел.\", \"Прочее\"]\n";
        let lines = [
            value("branch", "Head Ofice"),
            value("documents[0].type", "пасспорт"),
            MappingLine::Format { field: "birth_date".into(), format: "DD.MM.YY".into() },
            MappingLine::Column { column: "Тел.".into(), field: "phone".into() },
            MappingLine::Ignore { column: "Комментарий".into() },
        ];
        let mut facts = Facts::default();
        let names = vec!["branch".to_owned(), "body.branch".to_owned()];
        facts.fields.insert("branch".to_owned(), FieldFacts { names, ..FieldFacts::default() });
        let text = with_lines(old, &lines, &facts, "clients-1").unwrap();
        for kept in ["# ours, do not touch\n", "[columns] # all of them\n", "\"HQ\" = \"Head Office\" # as in 2019\n"] {
            assert!(text.contains(kept), "{text}");
        }
        assert!(text.contains("\"Head Ofice\" = \"Head Office\"  # clients-1\n"), "{text}");
        let mapping: Mapping = toml::from_str(&text).unwrap();
        assert_eq!(mapping.values["body.branch"].len(), 2, "{text}");
        assert_eq!(mapping.values["documents[0].type"]["пасспорт"].as_str(), Some("Head Office"));
        assert_eq!(mapping.formats["birth_date"], "DD.MM.YY");
        assert_eq!(mapping.columns.len(), 2, "{text}");
        assert_eq!(mapping.ignore.columns, ["Прочее", "Комментарий"]);
    }

    #[test]
    fn sections_between_braces_are_added_to_and_other_things_are_refused() {
        let lines = [value("branch", "Head Ofice")];
        let text = with_lines("values = { branch = { HQ = \"Head Office\" } }\n", &lines, &Facts::default(), "r").unwrap();
        let mapping: Mapping = toml::from_str(&text).unwrap();
        assert_eq!(mapping.values["branch"].len(), 2, "{text}");
        assert!(with_lines("values = 1\n", &lines, &Facts::default(), "r").is_err());
        assert!(with_lines("values = \n", &lines, &Facts::default(), "r").is_err());
    }
}
