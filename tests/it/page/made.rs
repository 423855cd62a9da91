//! Pages to look at: a messy import with everything in it, and reports of rows as many and as wild as they come.

use std::fs;

use super::super::program::Program;

/// An import of messy invented clients into a sandbox that throttles, fails and loses answers. The reports lie in `en` and `ru`; the
/// second one is written again from the journal.
pub(super) fn messy_run() -> Program {
    let program = Program::new();
    program.expect(&[0], &["sandbox", "generate", "--rows", "160", "--messy", "70", "--seed", "7", "--output", "clients.csv"]);
    let faults = ["--fault", "429=1@4%", "--fault", "drop_after_commit@2%", "--fault", "503=1@2%"];
    let import = ["import", "clients.csv", "--to", "tbank/fl-resident", "--sandbox", "--out", "en"];
    program.expect(&[0, 1], &[&import[..], &faults].concat());
    program.expect(&[0, 1], &["report", "--out", "ru", "--lang", "ru"]);
    program
}

/// The text of a run's page.
pub(super) fn text(program: &Program, lang: &str) -> String {
    fs::read_to_string(program.path(lang).join("report.html")).expect("the page is there")
}
