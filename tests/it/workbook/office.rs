//! LibreOffice opens every workbook of ours without repair, and calculates nothing in it. Skipped, loudly, where it is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{moving_faults, open, open_with, report, rich, written};
use clientferry::read::ReadSettings;

#[allow(clippy::print_stderr)]
pub(super) fn soffice() -> Option<PathBuf> {
    let names = std::env::var_os("PATH").into_iter().flat_map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>());
    let found = names.map(|folder| folder.join("soffice")).find(|path| path.exists());
    if found.is_none() {
        eprintln!("SKIPPED: no `soffice` here; install libreoffice-calc to see workbooks opened by another program");
    }
    found
}

/// Converts workbooks and gives the folder of what came of them.
pub(super) fn convert(soffice: &Path, to: &str, workbooks: &[PathBuf], folder: &Path) {
    let profile = folder.join("profile");
    let output = Command::new(soffice)
        .arg(format!("-env:UserInstallation=file://{}", profile.display()))
        .args(["--headless", "--norestore", "--convert-to", to, "--outdir"])
        .arg(folder)
        .args(workbooks)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The sheets of a converted workbook as rows of cells.
fn sheet_of(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let path = folder.join(name);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(&path).unwrap_or_else(|_| {
        let there: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        panic!("{name} is not among {there:?}")
    });
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn another_program_opens_what_we_write_and_calculates_nothing() {
    let Some(soffice) = soffice() else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    rich::rich(&place("rich.xlsx"));
    rich::odd(&place("odd.xlsx"), &[]);
    std::fs::write(
        place("clients.csv"),
        "id;Имя;Телефон\n=1+1;\"@SUM(1;2)\";+7 900 1\n-5;\"=cmd|' /C calc'!A0\";\"\t=2+2\"\n007;b;c\n",
    )
    .unwrap();
    let mut workbooks = Vec::new();
    for (name, sheet) in [("rich.xlsx", Some("all")), ("odd.xlsx", None), ("clients.csv", None)] {
        let table = open_with(&place(name), ReadSettings { sheet: sheet.map(str::to_owned), ..ReadSettings::default() }).unwrap();
        let summary = report(&table, &place(&format!("{name}-report")), &moving_faults(table.source.columns.len())).unwrap();
        let copy = place(&format!("out-{}.xlsx", name.replace('.', "-")));
        std::fs::copy(written(&summary), &copy).unwrap();
        workbooks.push(copy);
    }
    let out = place("converted");
    std::fs::create_dir(&out).unwrap();
    // Separated by commas, quoted, UTF-8, as shown; each sheet in a file of its own.
    convert(&soffice, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", &workbooks, &out);
    let rows = sheet_of(&out, "out-clients-csv-rows.csv");
    assert_eq!(rows[1][..3], ["=1+1", "@SUM(1;2)", "+7 900 1"], "{rows:?}");
    assert_eq!(rows[2][..3], ["-5", "=cmd|' /C calc'!A0", "\t=2+2"]);
    assert_eq!(rows[3][0], "007");
    assert_eq!(rows[2][4], "=b-1", "the provider's id stays a text");
    assert_eq!(rows[0][3], "clientferry outcome");
    let rich = sheet_of(&out, "out-rich-xlsx-Клиенты.csv");
    assert_eq!(rich[2][7], "clientferry outcome", "{:?}", rich[2]);
    assert!(rich[3..43].iter().all(|row| row[7] == "invalid" || row[7] == "created"), "{rich:?}");
    let odd = sheet_of(&out, "out-odd-xlsx-Лист <1>.csv");
    assert_eq!(odd[0][2], "clientferry outcome", "{odd:?}");
    let sums = sheet_of(&out, "out-clients-csv-clientferry summary.csv");
    assert!(sums.iter().any(|row| row[0] == "Source" && row[1] == "clients.csv"), "{sums:?}");
    convert(&soffice, "pdf", &workbooks, &out);
    if let Some(shown) = std::env::var_os("CLIENTFERRY_LOOK") {
        // For a person to look at.
        for entry in std::fs::read_dir(&out).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            std::fs::copy(entry.path(), Path::new(&shown).join(entry.file_name())).unwrap();
        }
        for workbook in &workbooks {
            std::fs::copy(workbook, Path::new(&shown).join(workbook.file_name().unwrap())).unwrap();
        }
    }
    for workbook in &workbooks {
        let pdf = out.join(workbook.with_extension("pdf").file_name().unwrap());
        assert!(std::fs::metadata(&pdf).unwrap().len() > 5_000, "{}", pdf.display());
    }
}

#[test]
fn another_program_reads_real_workbooks_of_ours_as_the_original() {
    let Some(soffice) = soffice() else { return };
    let Some(corpora) = super::corpora() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let mut workbooks = [Vec::new(), Vec::new()];
    for name in [
        "fineract-templates/ClientPerson.xlsx",
        "calamine/pivots.xlsx",
        "readxl/iris-google-doc.xlsx",
        "calamine/table-multiple.xlsx",
    ] {
        let path = corpora.join(name);
        let Ok(table) = open(&path) else { continue };
        let out = folder.path().join(path.file_stem().unwrap());
        let summary = report(&table, &out, &moving_faults(table.source.columns.len())).unwrap();
        let copy = out.join(path.file_name().unwrap());
        std::fs::copy(written(&summary), &copy).unwrap();
        workbooks[0].push(path);
        workbooks[1].push(copy);
    }
    for (out, workbooks) in [&old, &new].into_iter().zip(&workbooks) {
        std::fs::create_dir(out).unwrap();
        convert(&soffice, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", workbooks, out);
    }
    let mut compared = 0;
    for entry in std::fs::read_dir(&old).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".csv") {
            continue;
        }
        let (before, after) = (sheet_of(&old, &name), sheet_of(&new, &name));
        for (one, other) in before.iter().zip(&after) {
            let filled = one.iter().rposition(|cell| !cell.is_empty()).map_or(0, |at| at + 1);
            assert_eq!(one.get(..filled), other.get(..filled), "{name}");
            compared += filled;
        }
    }
    assert!(compared > 100, "{compared}");
}
