//! FinLego, which can neither be asked nor knows keys: nobody is created twice, and what cannot be known is told honestly.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::stage::{SandboxProcess, Stage};
use super::truth::{Ledger, Report};

const COMPANIES: [&str; 4] = ["import", "companies.csv", "--to", "finlego/core-company"];
const PEOPLE: [&str; 4] = ["import", "people.csv", "--to", "finlego/onboarding-individual"];

/// Companies under headers of the body's own paths.
pub(super) fn companies(rows: usize) -> String {
    let mut text = "Client ID,onboardingId,editorUserId,riskLevel,address.streetLine1,address.city,address.zip,address.country,\
                    phoneNumber,legalName,countryOfRegistration\n"
        .to_owned();
    for row in 1..=rows {
        let _ = writeln!(
            text,
            "ORG-{row},{},c5c2f4a5-c36d-4d4d-9e5c-2659c938a266,low,Parauga iela {row},Riga,LV-1011,LV,+37120000001,Sample {row} SIA,LV",
            case(row)
        );
    }
    text
}

fn case(row: usize) -> String {
    format!("f4fce315-0000-4000-8000-{row:012}")
}

pub(super) fn people(rows: usize) -> String {
    let mut text = "External ID,Risk Level,address.streetLine1,address.city,address.zip,address.country,Phone,Email,First name,\
                    Last name,Citizenship,residenceCountry,Birth date,identificationDocument.type,identificationDocument.number,\
                    identificationDocument.issuedBy,identificationDocument.issuedDate,identificationDocument.expirationDate,\
                    identificationDocument.issuedCountryCode\n"
        .to_owned();
    for row in 1..=rows {
        let _ = writeln!(
            text,
            "P-{row},low,12 Main St.,Riga,LV-1011,LV,+37120000001,p{row}@example.org,Anna,Paraugs,LV,LV,1980-12-31,idCard,PA{row:07},\
             PMLP,2020-02-01,2069-01-31,LV"
        );
    }
    text
}

fn sandbox(faults: &[&str]) -> SandboxProcess {
    // Without any latency a run may be over, or have nothing in flight, before the kill arrives.
    let mut arguments = vec!["--provider", "finlego", "--rate", "none", "--latency-ms", "40"];
    arguments.extend(faults.iter().flat_map(|fault| ["--fault", fault]));
    SandboxProcess::start(&arguments)
}

fn stage(sandbox: &SandboxProcess) -> Stage {
    // Five rows in a row without an answer are no news here.
    Stage::new().to(sandbox).with("CLIENTFERRY_NO_ANSWER_STOP", "1000").with("CLIENTFERRY_TIMEOUT_S", "5")
}

/// Ids of the ledger by row key; fails when a row key stands twice.
#[track_caller]
fn held(ledger: &Path, key: &str) -> BTreeMap<String, String> {
    let entries = Ledger::read(ledger).0;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let held: BTreeMap<String, String> = entries.iter().map(|entry| (text(&entry["body"][key]), text(&entry["id"]))).collect();
    assert_eq!(held.len(), entries.len(), "somebody stands twice in the ledger");
    held
}

/// Every created row is in the ledger under its id, and of the others only those of unknown outcome may be.
#[track_caller]
fn assert_honest(report: &Report, held: &BTreeMap<String, String>, key_of: impl Fn(&str) -> String) {
    let mut doubtful = 0;
    for line in &report.outcomes {
        let id = held.get(&key_of(&line["row_id"]));
        match line["outcome"].as_str() {
            "created" => assert_eq!(id, Some(&line["provider_id"]), "{line:?}"),
            "unknown" => doubtful += usize::from(id.is_some()),
            "existing" => assert!(id.is_some(), "{line:?}"),
            other => assert!(id.is_none(), "{other} {line:?}"),
        }
    }
    let known = report.count("created") + report.count("existing") + doubtful;
    assert_eq!(known, held.len(), "the ledger holds clients of which no row tells");
}

#[test]
fn core_gets_no_company_twice_whatever_goes_wrong_and_whoever_is_killed() {
    const ROWS: usize = 2000;
    let faults = [
        "drop_after_commit@1%",
        "drop_before_commit@1%",
        "500_after_commit@0.5%",
        "500_before_commit@0.5%",
        "odd=both_flags@0.5%",
        "201_empty@0.5%",
        "201_cut@0.5%",
        "429=0@0.5%",
    ];
    let sandbox = sandbox(&faults);
    let stage = stage(&sandbox);
    stage.write("companies.csv", companies(ROWS));
    for clients in [400, 1100] {
        let started = stage.start(&COMPANIES);
        sandbox.wait_for_clients(clients);
        // The next request is under way.
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(started.kill(), "the run had ended before it was killed");
        held(&sandbox.ledger(), "onboardingId");
    }
    stage.run(&COMPANIES).expect(1);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(ROWS);
    report.assert_crosswalk();
    let key = |row_id: &str| case(row_id.trim_start_matches("ORG-").parse().unwrap());
    let created = held(&sandbox.ledger(), "onboardingId");
    assert_honest(&report, &created, key);
    let unknown = report.count("unknown");
    assert!((30..200).contains(&unknown), "{}", report.summary);
    for line in report.outcomes.iter().filter(|line| line["outcome"] == "unknown") {
        let advice = format!("look for onboardingId {} at the provider", key(&line["row_id"]));
        assert!(line["message"].contains(&advice) && line["message"].contains("resolve --answers FILE"), "{line:?}");
    }
    let killed = report.outcomes.iter().filter(|line| line["message"].contains("interrupted before the answer came"));
    assert!(killed.count() > 0, "the kills left nothing in doubt");

    // Neither `resolve` nor another import sends one of them again.
    sandbox.set_faults(&[]);
    stage.run(&["resolve"]).expect(1);
    stage.run(&COMPANIES).expect(1);
    assert_eq!(held(&sandbox.ledger(), "onboardingId"), created);
    assert_eq!(Report::read(&stage.only_report()).count("unknown"), unknown);
}

#[test]
fn onboarding_gets_nobody_twice_among_two_thousand() {
    const ROWS: usize = 2000;
    let faults = [
        "drop_after_commit@1%",
        "drop_before_commit@1%",
        "500_after_commit@0.5%",
        "201_empty@0.5%",
        "201_cut@0.5%",
        "429=0@0.5%",
    ];
    let sandbox = sandbox(&faults);
    let stage = stage(&sandbox);
    stage.write("people.csv", people(ROWS));
    stage.run(&PEOPLE).expect(1);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(ROWS);
    report.assert_crosswalk();
    assert_honest(&report, &held(&sandbox.ledger(), "externalId"), str::to_owned);
    let unknown: Vec<_> = report.outcomes.iter().filter(|line| line["outcome"] == "unknown").collect();
    assert!((20..150).contains(&unknown.len()), "{}", report.summary);
    for line in unknown {
        assert!(line["message"].contains(&format!("look for externalId {} at the provider", line["row_id"])), "{line:?}");
    }
}

#[test]
fn onboarding_may_be_asked_by_sending_once_more() {
    const ROWS: usize = 600;
    let sandbox = sandbox(&["drop_after_commit@2%", "drop_before_commit@2%", "500_after_commit@1%"]);
    let stage = stage(&sandbox).with("CLIENTFERRY_CONFIG", "clientferry.toml");
    stage.write("clientferry.toml", "[accounts.main]\nprovider = \"finlego\"\nresend_unknown = \"once-same-external-id\"\n");
    stage.write("people.csv", people(ROWS));
    let started = stage.start(&PEOPLE);
    sandbox.wait_for_clients(150);
    assert!(started.kill(), "the run had ended before it was killed");
    let ended = stage.run(&PEOPLE);
    let report = Report::read(&stage.only_report());
    report.assert_no_row_is_lost(ROWS);
    let created = held(&sandbox.ledger(), "externalId");
    assert_honest(&report, &created, str::to_owned);
    // A request that was lost is made good by its repeat; one whose client is there answers 409, and no id.
    let existing: Vec<_> = report.outcomes.iter().filter(|line| line["outcome"] == "existing").collect();
    assert!(existing.len() >= 5, "{}", report.summary);
    assert!(existing.iter().any(|line| line["message"].contains("the first request created")), "{existing:?}");
    assert!(report.count("unknown") <= 5, "{}", report.summary);
    assert_eq!(ended.code, Some(i32::from(report.count("unknown") > 0)), "{}", ended.stdout);
}

#[test]
fn a_refusal_under_200_is_a_rejection_and_wrong_addresses_stop_the_run() {
    let sandbox = sandbox(&[]);
    let mut stage = stage(&sandbox);
    let refused = companies(4).replace("f4fce315-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000003");
    stage.write("companies.csv", refused);
    stage.run(&COMPANIES).expect(1);
    let report = Report::read(&stage.only_report());
    assert_eq!((report.count("created"), report.count("rejected")), (3, 1));
    let line = report.outcomes.iter().find(|line| line["outcome"] == "rejected").unwrap();
    assert!(line["message"].contains("Onboarding not found"), "{line:?}");

    stage.set("CLIENTFERRY_BASE_URL", &format!("{}/elsewhere", sandbox.url));
    stage.set("CLIENTFERRY_JOURNAL", "other.db");
    stage.run(&COMPANIES).expect(4);
    assert_eq!(sandbox.created(), 3);
}

#[test]
fn items_of_a_second_file_arrive_in_their_lists_and_its_change_is_noticed() {
    let stage = Stage::new();
    stage.write("companies.csv", companies(3));
    let owners = "Company,Last,First,UBO,Director,Share,Born\nORG-2,Paraugs,Anna,yes,,60%,31/12/1979\nORG-1,Berzins,Janis,,yes,40,01/02/1980\n\
                  ORG-2,Kalnins,Olga,,yes,\"33,5\",05/06/1981\n";
    stage.write("owners.csv", owners);
    let header: Vec<String> = companies(0).trim().split(',').skip(1).map(str::to_owned).collect();
    let columns: String = header.iter().map(|name| format!("\"{name}\" = \"{name}\"\n")).collect();
    let mapping = format!(
        "[columns]\n\"Client ID\" = \"external_id\"\n{columns}[items.relatedIndividuals]\nfile = \"owners.csv\"\nkey = \"Company\"\n\
         [items.relatedIndividuals.columns]\n\"Last\" = \"lastName\"\n\"First\" = \"firstName\"\n\"UBO\" = \"isUbo\"\n\
         \"Director\" = \"isDirector\"\n\"Share\" = \"percentageOwnership\"\n\"Born\" = \"birthDate\"\n"
    );
    stage.write("mapping.toml", &mapping);
    let import = [&COMPANIES[..], &["--mapping", "mapping.toml", "--sandbox", "--ledger", "ledger.jsonl"]].concat();
    stage.run(&import).expect(0);
    let ledger = Ledger::read(&stage.path("ledger.jsonl")).0;
    let people = |row: usize| {
        let entry = ledger.iter().find(|entry| entry["body"]["onboardingId"] == case(row)).unwrap();
        entry["body"].get("relatedIndividuals").cloned()
    };
    let two = serde_json::json!([
        {"lastName": "Paraugs", "firstName": "Anna", "isUbo": true, "percentageOwnership": 60, "birthDate": "1979-12-31"},
        {"lastName": "Kalnins", "firstName": "Olga", "isDirector": true, "percentageOwnership": 33.5, "birthDate": "1981-06-05"},
    ]);
    assert_eq!(people(2), Some(two));
    assert_eq!((people(1).unwrap().as_array().unwrap().len(), people(3)), (1, None));

    // The report is a function of all files: one that changed is refused.
    stage.run(&["report"]).expect(0);
    stage.write("owners.csv", owners.replace("Anna", "Inga"));
    assert!(stage.run(&["report"]).expect(2).stderr.contains("a file of items"));

    // Faults name the file's own line, and what belongs to nobody stops the run.
    stage.write("owners.csv", owners.replace("05/06/1981", "31/02/1981"));
    let check = ["check", "companies.csv", "--to", "finlego/core-company", "--mapping", "mapping.toml", "--out", "check"];
    let next = stage.run(&check).expect(1).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(next.contains("orphans = \"leave-out\""), "{next}");
    let report = Report::read(&stage.path("check"));
    let fault = report.outcomes.iter().find(|line| line["outcome"] == "invalid").unwrap();
    assert_eq!((&*fault["code"], &*fault["field"]), ("date.no_such_day", "relatedIndividuals[1].birthDate"));
    assert!(fault["message"].contains("owners.csv:4 `Born`"), "{fault:?}");
    assert_eq!((&*fault["column"], &*fault["found"]), ("owners.csv: Born (2)", "31/02/1981"));
    assert_eq!(report.rejected[0].len(), header.len() + 1, "rejected.csv has the clients' own columns only");
    stage.write("owners.csv", owners.replace("ORG-1,", "ORG-9,"));
    let orphans = stage.run(&check).expect(3).stderr;
    assert!(orphans.contains("1 row(s) of owners.csv belong to no client of companies.csv: line 3"), "{orphans}");
    stage.write("mapping.toml", mapping.replace("key = \"Company\"", "key = \"Company\"\norphans = \"leave-out\""));
    stage.run(&check).expect(0);
}

#[test]
fn transliteration_waits_for_approval_and_is_shown_before_and_after() {
    let stage = Stage::new();
    let russian =
        people(2).replace("Anna,Paraugs,LV,LV", "Юлия,Щукина,RU,RU").replace("12 Main St.,Riga", "\"ул. Мира, 5\",г. Тверь");
    stage.write("people.csv", russian);
    let check = ["check", "people.csv", "--to", "finlego/onboarding-individual", "--out", "check"];
    stage.run(&check).expect(1);
    let held = Report::read(&stage.path("check"));
    let codes: BTreeSet<&str> = held.outcomes.iter().flat_map(|line| line["code"].split("; ")).collect();
    assert_eq!((held.count("invalid"), codes), (2, BTreeSet::from(["name.needs_latin"])));
    let changes = |line: &std::collections::HashMap<String, String>| line["changes"].clone();
    assert!(changes(&held.outcomes[0]).contains("Shchukina"), "{:?}", held.outcomes[0]);

    assert!(held.outcomes[0]["message"].contains("--approve-transliteration"), "{:?}", held.outcomes[0]);
    // Letters of neither alphabet are not transliterated, whatever is approved.
    stage.write("riga.csv", people(1).replace(",Riga,", ",Rīga,"));
    let approved = ["check", "riga.csv", "--to", "finlego/onboarding-individual", "--out", "riga", "--approve-transliteration"];
    stage.run(&approved).expect(1);
    let riga = Report::read(&stage.path("riga")).outcomes.swap_remove(0);
    assert!(riga["code"].contains("name.needs_latin") && riga["message"].contains("never transliterated"), "{riga:?}");
    assert!(riga.values().all(|cell| !cell.contains("--approve-transliteration")), "{riga:?}");

    let import = [&PEOPLE[..], &["--sandbox", "--ledger", "ledger.jsonl", "--approve-transliteration"]].concat();
    stage.run(&import).expect(0);
    let ledger = Ledger::read(&stage.path("ledger.jsonl")).0;
    let body = &ledger[0]["body"];
    assert_eq!((&body["lastName"], &body["firstName"]), (&Value::from("Shchukina"), &Value::from("Iuliia")));
    assert_eq!(
        (&body["address"]["streetLine1"], &body["address"]["city"]),
        (&Value::from("ul. Mira, 5"), &Value::from("g. Tver"))
    );
    let report = Report::read(&stage.only_report());
    assert_eq!(report.summary["faults"]["name.transliterated"], 8);
    assert!(changes(&report.outcomes[0]).contains("Iuliia"));
    // The report is written again as it was allowed.
    stage.run(&["report"]).expect(0);
    assert_eq!(Report::read(&stage.only_report()).count("created"), 2);
}

#[test]
fn a_company_contract_of_the_users_own_takes_the_starters_place() {
    let sandbox = sandbox(&[]);
    let stage = stage(&sandbox).with("CLIENTFERRY_CONFIG", "settings/clientferry.toml");
    std::fs::create_dir(stage.path("settings")).unwrap();
    stage.write(
        "settings/clientferry.toml",
        "[accounts.main]\nprovider = \"finlego\"\ncompany_contract = \"company.json\"\ncompany_path = \"v2/companies\"\n",
    );
    let contract = serde_json::json!({
        "type": "object", "required": ["externalId", "vatNumber"], "additionalProperties": false,
        "properties": {"externalId": {"type": "string"}, "vatNumber": {"type": "string", "maxLength": 9}}
    });
    stage.write("settings/company.json", contract.to_string());
    stage.write("companies.csv", "externalId,vatNumber\nA-1,LV12345\nA-2,LV1234567890\n");
    let check = ["check", "companies.csv", "--to", "finlego/onboarding-company", "--out", "check"];
    stage.run(&check).expect(1);
    let report = Report::read(&stage.path("check"));
    assert_eq!((&*report.outcomes[0]["outcome"], &*report.outcomes[1]["code"]), ("not_sent", "value.too_long"));
    stage.write("settings/company.json", "{\"type\": 5}");
    assert!(stage.run(&check).expect(2).stderr.contains("company.json"));
}
