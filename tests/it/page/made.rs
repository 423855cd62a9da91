//! Pages to look at: a messy import with everything in it, and reports of rows as many and as wild as they come.

use std::fs;

use super::super::program::Program;

/// An import of messy invented clients into a sandbox that throttles, fails and loses answers; the report lies in `out`.
pub(super) fn messy_run(lang: &str) -> Program {
    let program = Program::new();
    program.expect(&[0], &["sandbox", "generate", "--rows", "400", "--messy", "35", "--seed", "7", "--output", "clients.csv"]);
    program.expect(
        &[0, 1],
        &[
            "import",
            "clients.csv",
            "--to",
            "tbank/fl-resident",
            "--sandbox",
            "--out",
            "out",
            "--lang",
            lang,
            "--fault",
            "429=1@2%",
            "--fault",
            "drop_after_commit@1%",
            "--fault",
            "503=1@1%",
        ],
    );
    program
}

/// The text of a run's page.
pub(super) fn text(program: &Program) -> String {
    fs::read_to_string(program.path("out/report.html")).expect("the page is there")
}
