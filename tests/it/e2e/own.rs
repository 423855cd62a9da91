//! Providers of the user's own under faults and kill -9: no client twice, doubts settled by repeats or by look-ups.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use super::stage::{SandboxProcess, Stage};
use super::truth::Report;

const ROWS: usize = 2000;

/// A sample's provider, as many clients as wanted, and where the sandbox of it answers.
pub(super) struct Case {
    sample: &'static str,
    profile: &'static str,
    to: &'static str,
    external_id: &'static str,
    header: &'static str,
}

pub(super) const LEDGERLINE: Case = Case {
    sample: "own-ledgerline",
    profile: "ledgerline.toml",
    to: "ledgerline/customer",
    external_id: "externalRef",
    header: "Customer No,First Name,Last Name,Date of Birth,E-mail,Phone,Segment,Monthly Income,Marketing,Street,Town,Postcode,Country,Branch note",
};
pub(super) const NORTHGATE: Case = Case {
    sample: "own-northgate",
    profile: "northgate.toml",
    to: "northgate/person",
    external_id: "externalId",
    header: "Ref,Kind,Vorname,Nachname,Geburtsdatum,Mail,Telefon,Kinder,Firma,Register,Gegründet",
};

impl Case {
    fn sandbox(&self, stage: &Stage, arguments: &[&str]) -> SandboxProcess {
        let profile = stage.path(self.profile).display().to_string();
        let provider = self.to.split('/').next().unwrap();
        SandboxProcess::start(&[&["--profile", &profile, "--provider", provider, "--rate", "none"], arguments].concat())
    }

    /// The sample's files, and this many clients of whom nobody is wrong.
    fn stage(&self, rows: usize) -> Stage {
        let stage = Stage::new();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(self.sample);
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            stage.write(entry.file_name().to_str().unwrap(), std::fs::read(entry.path()).unwrap());
        }
        stage.write("mapping.toml", self.mapping());
        stage.write("clients.csv", self.clients(rows));
        stage
    }

    /// The sample's mapping, for persons alone: companies have columns that persons have not.
    pub(super) fn mapping(&self) -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(self.sample).join("mapping.toml");
        std::fs::read_to_string(path).unwrap().replace("operation = \"northgate\"", "operation = \"northgate/person\"")
    }

    /// So many clients of whom nobody is wrong.
    pub(super) fn clients(&self, rows: usize) -> String {
        let mut text = format!("{}\n", self.header);
        for number in 1..=rows {
            let born = format!("{:02}.{:02}.{}", 1 + number % 28, 1 + number % 12, 1950 + number % 50);
            let _ = match self.sample {
                "own-ledgerline" => writeln!(
                    text,
                    "L-{number},Imogen,Sample,{},row{number}@mail.example,,retail,,yes,{number} Example Row,Testford,,GB,",
                    born.replace('.', "/")
                ),
                _ => writeln!(text, "N-{number},,Petra,Muster,{born},row{number}@mail.example,,,,,"),
            };
        }
        text
    }

    fn import(&self) -> [&'static str; 8] {
        ["--profile", self.profile, "import", "clients.csv", "--to", self.to, "--mapping", "mapping.toml"]
    }

    /// Fails unless every row is created under the id that the ledger has for it, and nobody stands there twice.
    #[track_caller]
    fn assert_all_are_created_once(&self, report: &Report, sandbox: &SandboxProcess, rows: usize) {
        report.assert_no_row_is_lost(rows);
        let mut held = BTreeMap::new();
        for line in std::fs::read_to_string(sandbox.ledger()).unwrap().lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let external = entry["body"][self.external_id].as_str().unwrap().to_owned();
            assert_eq!(
                held.insert(external, entry["id"].as_str().unwrap().to_owned()),
                None,
                "a client stands twice in the ledger"
            );
        }
        let reported: BTreeMap<String, String> = report
            .outcomes
            .iter()
            .filter(|line| line["outcome"] == "created")
            .map(|line| (line["row_id"].clone(), line["provider_id"].clone()))
            .collect();
        assert_eq!(reported, held, "left: report, right: ledger");
        assert_eq!(report.count("created"), rows);
    }
}

#[test]
fn lost_answers_are_learned_by_repeats_or_by_look_ups() {
    for case in [LEDGERLINE, NORTHGATE] {
        let stage = case.stage(ROWS);
        let faults = ["--fault", "drop_after_commit@5%", "--fault", "500_after_commit@3%", "--fault", "drop_before_commit@3%"];
        let sandbox = case.sandbox(&stage, &faults);
        let stage = stage.to(&sandbox);
        let first = stage.run(&case.import());
        // Whom nobody found goes again with the next run where no key protects it.
        let last = if first.code == Some(0) { first } else { stage.run(&case.import()) };
        last.expect(0);
        case.assert_all_are_created_once(&Report::read(&stage.only_report()), &sandbox, ROWS);
    }
}

#[test]
fn killed_while_sending_nobody_is_created_twice() {
    let mut rng = Rng::with_seed(31);
    for case in [LEDGERLINE, NORTHGATE] {
        let stage = case.stage(150);
        let sandbox = case.sandbox(&stage, &["--latency-ms", "5"]);
        let stage = stage.to(&sandbox);
        for round in 0..4 {
            let before = sandbox.created();
            let started = stage.start(&case.import());
            sandbox.wait_for_clients(before + rng.usize(1..14));
            std::thread::sleep(Duration::from_micros(rng.u64(0..9000)));
            assert!(started.kill(), "round {round}: the run had ended before it was killed");
        }
        let first = stage.run(&case.import());
        let last = if first.code == Some(0) { first } else { stage.run(&case.import()) };
        last.expect(0);
        case.assert_all_are_created_once(&Report::read(&stage.only_report()), &sandbox, 150);
    }
}
