//! Real texts that nobody of this project wrote: how many are read as they should be, by family. The folder is named by
//! `CLIENTFERRY_CORPORA`; without it these tests say that they did nothing.

// Scores are for people who run the test.
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};

use clientferry::model::Shape;
use clientferry::read::{self, ReadError, ReadSettings, Table};
use serde_json::Value;

fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("CLIENTFERRY_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        println!("SKIPPED: CLIENTFERRY_CORPORA is not set, no real files are tried");
    }
    folder
}

fn open(path: &Path) -> Result<Table, ReadError> {
    read::open(path, &ReadSettings::default(), &|_| false)
}

/// Cells of the whole rows behind the header, blank rows left out.
fn grid(table: &Table) -> Vec<Vec<String>> {
    let rows = table.rows().unwrap().map(Result::unwrap).filter(|row| row.shape != Shape::Blank);
    rows.map(|row| row.cells.iter().map(ToOwned::to_owned).collect()).collect()
}

/// The texts of a folder and the folders in it, in order.
fn texts(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(texts(&path));
        } else if path.extension().is_some_and(|end| ["csv", "tsv", "tab", "ssv"].iter().any(|text| end == *text)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Prints the score and the misses, and holds the floor.
fn hold(family: &str, results: &[(PathBuf, Result<(), String>)], floor: usize) {
    let right = results.iter().filter(|(_, result)| result.is_ok()).count();
    println!("{family}: {right} of {} as they should be", results.len());
    for (path, result) in results {
        if let Err(why) = result {
            println!("  {}: {why}", path.display());
        }
    }
    assert!(right >= floor, "{family}: {right} of {}, the floor is {floor}", results.len());
}

/// Misses: the answer to `location_coordinates.csv` has another phone number than the file.
#[test]
fn csv_spectrum_is_cell_exact() {
    let Some(folder) = corpora() else { return };
    let results: Vec<_> =
        texts(&folder.join("csv-spectrum/csvs")).into_iter().map(|path| (path.clone(), as_json(&path))).collect();
    hold("csv-spectrum", &results, 11);
}

/// Compares with the answer beside the file.
fn as_json(path: &Path) -> Result<(), String> {
    let answer = path.parent().unwrap().with_file_name("json").join(path.with_extension("json").file_name().unwrap());
    // Line ends inside cells are kept as the file has them; its copies have them as `git` left them.
    let answer: Value = serde_json::from_str(&String::from_utf8_lossy(&std::fs::read(answer).unwrap())).unwrap();
    let table = open(path).map_err(|error| error.to_string())?;
    let names: Vec<String> = table.source.columns.iter().map(|name| name.to_string()).collect();
    let rows = grid(&table);
    let expected = answer.as_array().cloned().unwrap_or_else(|| vec![answer]);
    if rows.len() != expected.len() {
        return Err(format!("{} rows instead of {}", rows.len(), expected.len()));
    }
    for (row, expected) in rows.iter().zip(&expected) {
        for (name, cell) in names.iter().zip(row) {
            let answer = expected.get(name).and_then(Value::as_str).map(|text| text.replace("\r\n", "\n"));
            if answer != Some(cell.replace("\r\n", "\n")) {
                return Err(format!("{name}: {cell:?} instead of {}", expected[name.as_str()]));
            }
        }
    }
    Ok(())
}

/// Compares with what the `csv` library reads when it is told the marks.
fn as_library(path: &Path, delimiter: u8, escape: Option<u8>) -> Result<(), String> {
    let table = open(path).map_err(|error| error.to_string())?;
    // A single column has no delimiter.
    if table.source.columns.len() > 1 && table.description.delimiter != Some(char::from(delimiter)) {
        return Err(format!("delimiter {:?}", table.description.delimiter));
    }
    let encoding = encoding_rs::Encoding::for_label(table.description.encoding.unwrap_or("utf-8").as_bytes()).unwrap();
    let bytes = std::fs::read(path).unwrap();
    let (text, _, _) = encoding.decode(&bytes);
    let mut reader = csv::ReaderBuilder::new();
    reader.delimiter(delimiter).escape(escape).has_headers(false).flexible(true);
    let records: Vec<Vec<String>> = reader
        .from_reader(text.as_bytes())
        .records()
        .map(|record| record.unwrap().iter().map(ToOwned::to_owned).collect::<Vec<_>>())
        .filter(|cells| cells.iter().any(|cell| !cell.trim().is_empty()))
        .collect();
    let rows = grid(&table);
    let behind_header = records.len().checked_sub(rows.len()).and_then(|above| records.get(above..));
    let Some(expected) = behind_header else { return Err(format!("{} rows of {}", rows.len(), records.len())) };
    let header = records.get(records.len() - rows.len() - 1).ok_or("no row above the first one")?;
    let named =
        table.source.columns.iter().zip(header).all(|(name, cell)| cell.trim().is_empty() || name.starts_with(cell.trim()));
    if !named && table.description.text.header_rows == 1 {
        return Err(format!("header is line {}", table.header.line));
    }
    let wrong = rows.iter().zip(expected).position(|(row, cells)| row != cells);
    wrong.map_or(Ok(()), |index| Err(format!("row {index}: {:?} instead of {:?}", rows[index], expected[index])))
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn usual_delimiter(path: &Path) -> u8 {
    match path.extension().and_then(|end| end.to_str()) {
        Some(_) if name(path) == "progetti_sample_10.csv" => b';',
        Some("tsv" | "tab") => b'\t',
        Some("ssv") => b';',
        Some(_) | None => b',',
    }
}

#[test]
fn clevercsv_examples_are_read() {
    let Some(folder) = corpora() else { return };
    let told = [("airedale.csv", b',', None), ("imdb.csv", b',', Some(b'\\')), ("milk.csv", b'\t', None)];
    let results: Vec<_> = told
        .into_iter()
        .map(|(name, delimiter, escape)| {
            let path = folder.join("clevercsv/example").join(name);
            let table = open(&path).unwrap();
            let found = table.description.text.escape.map(|ch| ch as u8);
            // The library does not know escapes outside of quotes: there the widths of the rows are the proof.
            let result = if found != escape {
                Err(format!("escape {found:?}"))
            } else if escape.is_some() {
                let ragged = table.rows().unwrap().filter(|row| row.as_ref().is_ok_and(|row| row.shape != Shape::Whole)).count();
                if ragged == 0 { Ok(()) } else { Err(format!("{ragged} ragged rows")) }
            } else {
                as_library(&path, delimiter, escape)
            };
            (path, result)
        })
        .collect();
    hold("clevercsv", &results, 3);
}

/// A file that has no header or is no text: the right answer is a question or a refusal.
fn as_refused(path: &Path) -> Result<(), String> {
    match open(path) {
        Err(
            ReadError::HeaderNotFound { .. } | ReadError::Empty { .. } | ReadError::Unsupported { .. } | ReadError::Binary { .. },
        ) => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(table) => Err(format!("header is line {}", table.header.line)),
    }
}

/// Misses: `inputskiptest.csv` has as many lines of talk around the table as the table has rows, with four marks for comments.
#[test]
fn qsv_texts_are_read() {
    let Some(folder) = corpora() else { return };
    // Lists of patterns, without column names.
    let headless = ["boston311-100-nopii-searchset.csv", "boston311-100-pii-searchset.csv"];
    let judge = |path: &Path| {
        if headless.contains(&name(path)) { as_refused(path) } else { as_library(path, usual_delimiter(path), None) }
    };
    let results: Vec<_> = texts(&folder.join("qsv")).into_iter().map(|path| (path.clone(), judge(&path))).collect();
    hold("qsv", &results, 51);
}

/// Misses: `escaping.csv` differs on purpose (a quote behind a blank opens a cell); in `numeric-labels.csv` and `issue-825.csv` the
/// names are numbers, and the program asks.
#[test]
fn frictionless_texts_are_read() {
    let Some(folder) = corpora() else { return };
    let semicolons = [
        "accent.csv",
        "country-2.csv",
        "delimiter.csv",
        "issue-1009-semicolon.csv",
        "issue-1100.csv",
        "issue-1105-timezone.csv",
        "issue-1138.csv",
        "issue-1232.csv",
        "table-delimiter.csv",
        "table-with-accents.csv",
        "vix.csv",
    ];
    let headless = ["chunk2.headless.csv", "chunk3.csv", "empty.csv", "without-headers-extra.csv", "without-headers.csv"];
    let judge = |path: &Path| match name(path) {
        refused if headless.contains(&refused) || path.ends_with("issue-1478/table.csv") => as_refused(path),
        semicolon if semicolons.contains(&semicolon) => as_library(path, b';', None),
        // Quotes behind blanks open cells.
        "issue-1109.csv" => open(path).map_err(|error| error.to_string()).and_then(|table| {
            let columns: Vec<&str> = table.source.columns.iter().map(|name| &**name).collect();
            if columns == ["int", "number", "string"] { Ok(()) } else { Err(format!("{columns:?}")) }
        }),
        "dialect.csv" => as_library(path, b'|', None),
        _ => as_library(path, usual_delimiter(path), None),
    };
    let packed = |path: &PathBuf| !path.parent().is_some_and(|folder| folder.ends_with("compression"));
    let results: Vec<_> =
        texts(&folder.join("frictionless")).into_iter().filter(packed).map(|path| (path.clone(), judge(&path))).collect();
    hold("frictionless", &results, 117);
}

/// The two files named UTF32 have a byte order mark of UTF-16 before characters of four bytes: nobody can read them.
#[test]
fn salesforce_texts_are_read() {
    let Some(folder) = corpora() else { return };
    let judge = |path: &Path| if name(path).contains("UTF32") { as_refused(path) } else { as_library(path, b',', None) };
    let results: Vec<_> =
        texts(&folder.join("salesforce-dataloader")).into_iter().map(|path| (path.clone(), judge(&path))).collect();
    hold("salesforce-dataloader", &results, 50);
}
