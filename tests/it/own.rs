//! Providers of the user's own: the samples' reports, what `check-profile` finds, what a person's findings settle.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use super::bless::{assert_committed, in_project};
use super::program::Program;

/// A program in a folder with the files of a sample.
fn with_sample(sample: &str) -> Program {
    let program = Program::new();
    for entry in fs::read_dir(in_project(&format!("samples/{sample}"))).unwrap() {
        let entry = entry.unwrap();
        program.put(entry.file_name().to_str().unwrap(), &fs::read(entry.path()).unwrap());
    }
    program
}

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Outcome, faults and changes of every row, then the sums.
fn told(program: &Program) -> String {
    let mut text = String::from("line,row_id,outcome,code,field,operation,changes\n");
    for line in program.lines("report/outcomes.csv") {
        let columns = ["line", "row_id", "outcome", "code", "field", "operation", "changes"];
        let _ = writeln!(text, "{}", columns.map(|column| line[column].as_str()).join(","));
    }
    let summary = program.json("report/summary.json");
    for sums in ["outcomes", "faults"] {
        let _ = writeln!(text, "\n{sums}");
        for (name, count) in summary[sums].as_object().unwrap() {
            let _ = writeln!(text, "{name} {count}");
        }
    }
    text
}

/// The ledger's clients: external id → bodies.
fn ledger(program: &Program, member: &str) -> BTreeMap<String, Vec<Value>> {
    let mut clients: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in fs::read_to_string(program.path("ledger.jsonl")).unwrap_or_default().lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        clients.entry(entry["body"][member].as_str().unwrap().to_owned()).or_default().push(entry);
    }
    clients
}

const LEDGERLINE: [&str; 10] = [
    "--profile",
    "ledgerline.toml",
    "import",
    "customers.csv",
    "--to",
    "ledgerline/customer",
    "--mapping",
    "mapping.toml",
    "--sandbox",
    "--ledger=ledger.jsonl",
];
const NORTHGATE: [&str; 10] = [
    "--profile",
    "northgate.toml",
    "import",
    "parties.csv",
    "--to",
    "northgate",
    "--mapping",
    "mapping.toml",
    "--sandbox",
    "--ledger=ledger.jsonl",
];

#[test]
fn the_samples_are_reported_as_committed_although_answers_get_lost() {
    for (sample, import, member, created) in
        [("own-ledgerline", LEDGERLINE, "externalRef", 4), ("own-northgate", NORTHGATE, "externalId", 5)]
    {
        let program = with_sample(sample);
        // The second answer is lost after the work was done.
        program.expect(&[1], &[&import[..], &["--fault", "drop_after_commit@#2", "--out", "report"]].concat());
        assert_committed(&format!("tests/golden/{sample}.txt"), told(&program).as_bytes());
        let clients = ledger(&program, member);
        assert_eq!(clients.len(), created, "{sample}");
        assert!(clients.values().all(|entries| entries.len() == 1), "{sample}: a client stands twice in the ledger");
        // Once more: nobody is sent again.
        program.expect(&[1], &[&import[..], &["--out", "report"]].concat());
        assert_eq!(program.json("report/summary.json")["outcomes"]["created"], created);
        assert_eq!(ledger(&program, member), clients);
    }
}

#[test]
fn operations_of_ones_own_stand_beside_those_of_the_program() {
    let program = with_sample("own-ledgerline");
    program.put("clientferry.toml", b"[providers.ledgerline]\nprofile = \"ledgerline.toml\"\n");
    let list = stdout(&program.expect(&[0], &["operations"]));
    assert!(
        list.contains("tbank/fl-resident")
            && list
                .lines()
                .any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") == "ledgerline/customer Customer (your own)"),
        "{list}"
    );
    let list: Value = serde_json::from_str(&stdout(&program.expect(&[0], &["operations", "--json"]))).unwrap();
    let own: Vec<&str> =
        list.as_array().unwrap().iter().filter(|it| it["own"] == true).map(|it| it["operation"].as_str().unwrap()).collect();
    assert_eq!(own, ["ledgerline/customer"]);
    let fields: Value =
        serde_json::from_str(&stdout(&program.expect(&[0], &["fields", "ledgerline/customer", "--json"]))).unwrap();
    assert_eq!(fields["idempotency"]["key"], "header Idempotency-Key");
    assert_eq!(fields["idempotency"]["unknown"], serde_json::json!(["replay", "person"]));
    assert_eq!(fields["requests"]["max"], 20);
    // A template and a proposal are made of the contract like those of built-in operations.
    let template = stdout(&program.expect(&[0], &["template", "ledgerline/customer"]));
    assert!(template.contains("town") && template.contains("firstName"), "{template}");
    program.expect(&[0, 1], &["map", "customers.csv", "--to", "ledgerline/customer"]);
}

#[test]
fn a_profile_cannot_take_the_name_of_a_built_in_provider_or_another_one() {
    let program = with_sample("own-ledgerline");
    let text = fs::read_to_string(program.path("ledgerline.toml")).unwrap();
    program.put("thief.toml", text.replace("name = \"ledgerline\"", "name = \"tbank\"").as_bytes());
    let refused = program.expect(&[2], &["--profile", "thief.toml", "operations"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("`tbank` comes with the program"));
    program.put("clientferry.toml", b"[providers.other]\nprofile = \"ledgerline.toml\"\n");
    let refused = program.expect(&[2], &["operations"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("which is that of `ledgerline`"));
}

#[test]
fn accounts_of_ones_own_providers_are_checked_against_the_profile() {
    let program = with_sample("own-northgate");
    let with = |account: &str| {
        let text =
            format!("[providers.northgate]\nprofile = \"northgate.toml\"\n[accounts.main]\nprovider = \"northgate\"\n{account}");
        program.put("clientferry.toml", text.as_bytes());
        program.run(&["operations"])
    };
    assert!(with("secrets = { api_key = { env = \"NORTHGATE_KEY\" } }\n").status.success());
    // The same where the profile is named on the command line.
    let text = "[accounts.main]\nprovider = \"northgate\"\nsecrets = { api_key = { env = \"NORTHGATE_KEY\" } }\n";
    program.put("clientferry.toml", text.as_bytes());
    program.expect(&[0], &["--profile", "northgate.toml", "operations"]);
    let refused = with("secrets = { token = { env = \"X\" } }\n");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("known: api_key"));
    let refused = with("colour = \"red\"\n");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("the key `colour` in [accounts.main] is not known"));
}

#[test]
fn check_profile_rehearses_the_samples() {
    for (sample, profile, tried) in [
        ("own-ledgerline", "ledgerline.toml", "tried  ledgerline/customer: created, repeated under its key"),
        ("own-northgate", "northgate.toml", "tried  northgate/person: created, looked up"),
    ] {
        let found = stdout(&with_sample(sample).expect(&[0], &["check-profile", profile]));
        assert!(found.contains("nothing is wrong") && found.contains(tried), "{found}");
    }
}

#[test]
fn check_profile_tells_everything_at_once() {
    let program = with_sample("own-northgate");
    let profile = fs::read_to_string(program.path("northgate.toml")).unwrap();
    let found = |text: String| {
        program.put("broken.toml", text.as_bytes());
        stdout(&program.expect(&[2], &["check-profile", "broken.toml"]))
    };
    let keys = found(profile.replace("[limits]", "[limit]").replace("id_type", "idtype").replace("/parties/persons", "parties"));
    for expected in ["3 things are wrong", "did you mean `limits`?", "did you mean `id_type`?", "[operations.person] path"] {
        assert!(keys.contains(expected), "{expected}\n{keys}");
    }
    let files = found(profile.replace("person.schema.json", "nobody.json").replace("company.schema.json", "mapping.toml"));
    assert!(files.contains("nobody.json cannot be read") && files.contains("[operations.company] contract"), "{files}");
    let holes = found(profile.replace("{/externalId}", "{/externalID}"));
    assert!(
        holes.contains("[look_up] path: cannot be filled for northgate/person: the body has no text or number at /externalID"),
        "{holes}"
    );
    let base_url = profile.lines().find(|line| line.starts_with("base_url")).expect("an address");
    for (address, expected) in [("http://api.example.com", "is not HTTPS"), ("https://me:word@api.example.com", "user name")] {
        let found = found(profile.replace(base_url, &format!("base_url = \"{address}\"")));
        assert!(found.contains("base_url") && found.contains(expected), "{found}");
    }
    let contract = fs::read_to_string(program.path("person.schema.json")).unwrap();
    program.put("person.schema.json", contract.replace("\"1975-05-20\"", "\"20.05.1975\"").as_bytes());
    let example = found(profile.clone());
    assert!(example.contains("the contract's own example breaks it at /birthDate"), "{example}");
    program.put("person.schema.json", contract.as_bytes());
    let alone =
        profile.split("[look_up]").next().unwrap().to_owned() + "[operations" + profile.split_once("[operations").unwrap().1;
    program.put("alone.toml", alone.as_bytes());
    let note = stdout(&program.expect(&[0], &["check-profile", "alone.toml"]));
    assert!(note.contains("stays `unknown` until a person looks"), "{note}");
}

/// Northgate without its look-up: nobody can be asked.
fn without_look_up() -> Program {
    let program = with_sample("own-northgate");
    let profile = fs::read_to_string(program.path("northgate.toml")).unwrap();
    let text =
        profile.split("[look_up]").next().unwrap().to_owned() + "[operations" + profile.split_once("[operations").unwrap().1;
    // One at a time, so that faults meet rows in their order.
    program.put("northgate.toml", text.replace("in_flight = 4", "in_flight = 1").as_bytes());
    program
}

#[test]
fn what_a_person_found_settles_what_nobody_can_be_asked_about() {
    let program = without_look_up();
    let import = [&NORTHGATE[..], &["--out", "report"]].concat();
    let faults = ["--fault", "drop_after_commit@#1,drop_before_commit@#2,drop_after_commit@#4"];
    program.expect(&[1], &[&import[..], &faults].concat());
    let unknown = |program: &Program| -> Vec<String> {
        let lines = program.lines("report/outcomes.csv");
        lines.iter().filter(|line| line["outcome"] == "unknown").map(|line| line["line"].clone()).collect()
    };
    assert_eq!(unknown(&program), ["2", "3", "5"]);
    let step = &program.lines("report/outcomes.csv")[0]["next_step"];
    assert!(step.contains("resolve --answers FILE"), "{step}");
    let before = ledger(&program, "externalId");
    assert_eq!(before.len(), 4);
    let id = |external: &str| before[external][0]["id"].as_str().unwrap().to_owned();

    // Nothing of a file that is wrong anywhere is taken.
    let wrong = format!(
        "sheet,line,outcome,provider_id\n,2,created,{}\n,3,perhaps,\n,4,absent,\n,77,absent,\n,5,existing,{}\n",
        id("NG-1"),
        id("NG-C1")
    );
    program.put("answers.csv", wrong.as_bytes());
    let refused = program.expect(&[2], &["--profile", "northgate.toml", "resolve", "--answers", "answers.csv"]);
    let refused = String::from_utf8_lossy(&refused.stderr).into_owned();
    for expected in [
        "line 3: `perhaps`",
        "line 4: line 4 of the source is not `unknown`",
        "line 5: the source has no row",
        "line 6: the provider_id is that of another client",
    ] {
        assert!(refused.contains(expected), "{expected}\n{refused}");
    }
    program.expect(&[1], &["--profile", "northgate.toml", "report", "--out", "report"]);
    assert_eq!(unknown(&program), ["2", "3", "5"]);

    let right = format!("sheet,line,outcome,provider_id\n,2,created,{}\n,3,absent,\n,5,existing,{}\n", id("NG-1"), id("NG-3"));
    program.put("answers.csv", right.as_bytes());
    program.expect(&[1], &["--profile", "northgate.toml", "resolve", "--answers", "answers.csv"]);
    let lines = program.lines("report/outcomes.csv");
    let outcome = |line: &str| {
        let line = lines.iter().find(|row| row["line"] == line).unwrap();
        (line["outcome"].clone(), line["provider_id"].clone())
    };
    assert_eq!(outcome("2"), ("created".to_owned(), id("NG-1")));
    assert_eq!(outcome("3"), ("not_sent".to_owned(), String::new()));
    assert_eq!(outcome("5"), ("existing".to_owned(), id("NG-3")));

    // The next import sends who was absent, and nobody else.
    program.expect(&[1], &import);
    let after = ledger(&program, "externalId");
    assert_eq!(after.len(), 5);
    assert!(after.values().all(|entries| entries.len() == 1) && after.contains_key("NG-2"));
    assert_eq!(program.json("report/summary.json")["outcomes"]["unknown"], 0);
}

/// Every way of proving who one is, with a key in the body, ids in a header, a search by POST.
#[test]
fn profiles_of_other_tempers_work_in_the_sandbox() {
    let program = with_sample("own-ledgerline");
    let head = "name = \"other\"\nbase_url = \"https://other.example/api\"\npath = \"/customers\"\n";
    let tail = "[existing]\n[error]\nmessage = \"/problem\"\nlist = \"/problems\"\n[look_up]\nmethod = \"POST\"\npath = \"/search\"\nitems = \"\"\nid = \"/key\"\n\
                same = [[\"/externalRef\", \"/ref\"]]\nbody = { where = { ref = \"{/externalRef}\" }, limit = 2 }\n\
                [operations.customer]\ncontract = \"customer.schema.json\"\nidentity = [[\"/externalRef\"]]\n";
    for auth in [
        "{ kind = \"none\" }",
        "{ kind = \"basic\" }",
        "{ kind = \"header\", header = \"X-Key\", prefix = \"Key \" }",
        "{ kind = \"oauth\", token_url = \"https://login.other.example/token\", scope = \"customers\" }",
    ] {
        let text = format!(
            "{head}auth = {auth}\n[idempotency]\nheader = \"X-Request\"\nremembered_s = 600\n[success]\nid = \"header Location\"\nstatuses = [201]\n{tail}"
        );
        program.put("other.toml", text.as_bytes());
        let found = stdout(&program.expect(&[0], &["check-profile", "other.toml"]));
        assert!(found.contains("other/customer: created, repeated under its key, looked up"), "{auth}\n{found}");
    }
    // The key as a member of the body, which the contract requires and no column fills.
    let contract = fs::read_to_string(program.path("customer.schema.json")).unwrap();
    let contract = contract.replace("\"required\": [\"externalRef\"", "\"required\": [\"requestId\", \"externalRef\"").replacen(
        "\"properties\": {",
        "\"properties\": { \"requestId\": { \"type\": \"string\", \"format\": \"uuid\" },",
        1,
    );
    program.put("customer.schema.json", contract.as_bytes());
    let text = format!(
        "{head}auth = {{ kind = \"none\" }}\n[idempotency]\nmember = \"/requestId\"\nremembered_s = 600\n[success]\nid = \"/id\"\nid_type = \"number\"\n{tail}"
    );
    program.put("other.toml", text.as_bytes());
    let found = stdout(&program.expect(&[0], &["check-profile", "other.toml"]));
    assert!(found.contains("created, repeated under its key, looked up"), "{found}");
    let mapping = fs::read_to_string(program.path("mapping.toml")).unwrap().replace("ledgerline/", "other/");
    program.put("other-mapping.toml", mapping.as_bytes());
    program.expect(
        &[1],
        &[
            "--profile",
            "other.toml",
            "import",
            "customers.csv",
            "--to",
            "other/customer",
            "--mapping",
            "other-mapping.toml",
            "--sandbox",
            "--ledger",
            "ledger.jsonl",
            "--fault",
            "drop_after_commit@#1",
            "--out",
            "report",
        ],
    );
    let clients = ledger(&program, "externalRef");
    assert_eq!(clients.len(), 4);
    assert!(clients.values().all(|entries| entries.len() == 1 && entries[0]["body"]["requestId"] == entries[0]["key"]));
}

#[test]
fn a_token_that_goes_stale_in_mid_run_is_renewed() {
    let program = with_sample("own-ledgerline");
    let profile = fs::read_to_string(program.path("ledgerline.toml")).unwrap();
    let profile = profile.replace("kind = \"bearer\"", "kind = \"oauth\"\ntoken_url = \"/oauth/token\"");
    program.put("ledgerline.toml", profile.as_bytes());
    program.expect(&[1], &[&LEDGERLINE[..], &["--fault", "dead_token@#2", "--out", "report"]].concat());
    let summary = program.json("report/summary.json");
    assert_eq!((&summary["outcomes"]["created"], &summary["outcomes"]["unknown"]), (&Value::from(4), &Value::from(0)));
}
