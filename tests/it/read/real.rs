//! Files that others made.

use super::*;

/// The answers of csv-spectrum, cell by cell.
#[test]
fn csv_spectrum_is_read_cell_exact() {
    let Some(corpora) = std::env::var_os("CLIENTFERRY_CORPORA") else {
        eprintln!("SKIPPED: CLIENTFERRY_CORPORA names no folder of real files");
        return;
    };
    let folder = Path::new(&corpora).join("csv-spectrum");
    let mut compared = 0;
    for entry in fs::read_dir(folder.join("csvs")).unwrap() {
        let path = entry.unwrap().path();
        let answer = folder.join("json").join(path.with_extension("json").file_name().unwrap());
        if path.ends_with("location_coordinates.csv") {
            // Its answer belongs to other values than the file has.
            continue;
        }
        let expected: Vec<std::collections::BTreeMap<String, String>> =
            serde_json::from_str(&fs::read_to_string(answer).unwrap()).unwrap();
        let settings = ReadSettings { header_row: Some(1), delimiter: Some(','), ..ReadSettings::default() };
        let table = read::open(&path, &settings, &is_header_word).unwrap();
        let found: Vec<_> = rows(&table)
            .iter()
            .map(|row| columns(&table).into_iter().map(String::from).zip(row.cells.iter().map(String::from)).collect())
            .collect();
        // A reader that keeps line ends as they are gives CR LF where the answers have LF.
        let plain = |cell: &str| cell.replace("\r\n", "\n");
        let found: Vec<std::collections::BTreeMap<String, String>> = found;
        assert_eq!(found.len(), expected.len(), "{}", path.display());
        for (found, expected) in found.iter().zip(&expected) {
            for (name, cell) in expected {
                assert_eq!(found.get(name).map(|cell| plain(cell)), Some(plain(cell)), "{}", path.display());
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 11);
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files_under(&path, found) } else { found.push(path) }
    }
}

/// Real files of other projects: every one is read or refused in words.
#[test]
fn real_files_are_read_or_refused() {
    let Some(corpora) = std::env::var_os("CLIENTFERRY_CORPORA") else {
        eprintln!("SKIPPED: CLIENTFERRY_CORPORA names no folder of real files");
        return;
    };
    let mut files = Vec::new();
    files_under(Path::new(&corpora), &mut files);
    assert!(!files.is_empty());
    for path in files {
        let began = std::time::Instant::now();
        let told = match read::open(&path, &ReadSettings::default(), &is_header_word) {
            Ok(table) => match table.rows().and_then(|rows| {
                rows.take(100_000)
                    .try_fold((0, 0), |(rows, faulty), row| Ok((rows + 1, faulty + usize::from(!row?.faults.is_empty()))))
            }) {
                Ok((rows, faulty)) => format!("{} columns, {rows} rows, {faulty} faulty", table.source.columns.len()),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        println!("{}: {told}", path.display());
        assert!(began.elapsed().as_secs() < 60, "{}", path.display());
    }
}
