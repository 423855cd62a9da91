//! What is configured and from where; secrets from files, variables and commands; nothing of them in any output.

use super::stage::{SandboxProcess, Stage};

fn account(rest: &str) -> String {
    format!("[sending]\ncanary = 3\n[accounts.main]\nprovider = \"tbank\"\n{rest}\n")
}

#[cfg(unix)]
fn set_mode(stage: &Stage, name: &str, mode: u32) {
    std::fs::set_permissions(stage.path(name), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn the_token_comes_from_a_private_file_or_from_a_command() {
    let sandbox = SandboxProcess::start_with(&["--token-env", "THE_TOKEN"], &[("THE_TOKEN", "the-right-one")]);
    let stage = Stage::new().with("CLIENTFERRY_BASE_URL", &sandbox.url).with("PATH", &std::env::var("PATH").unwrap());
    stage.write_clients("clients.csv", 1, 54, 0);
    stage.write("token", "the-right-one\n");
    let import = |stage: &Stage| stage.run(&["import", "clients.csv", "--to", "tbank/fl-resident", "--yes"]);

    stage.write("clientferry.toml", account("token_file = \"token\""));
    set_mode(&stage, "token", 0o644);
    let refused = import(&stage).expect(2);
    assert!(refused.stderr.contains("open to other users of this machine (mode 0644)"), "{}", refused.stderr);
    assert!(refused.stderr.contains("chmod 600 token"), "{}", refused.stderr);
    set_mode(&stage, "token", 0o600);
    let first = import(&stage).expect(0);

    stage.write("clientferry.toml", account("token_command = [\"sh\", \"-c\", \"echo the-wrong-one; exit 1\"]"));
    let failed = import(&stage).expect(2);
    assert!(failed.stderr.contains("command sh: it ended with exit status: 1"), "{}", failed.stderr);
    assert!(!failed.stderr.contains("the-wrong-one"));
    stage.write("clientferry.toml", account("token_command = [\"printf\", \"the-right-one\"]"));
    let second = import(&stage).expect(0);
    assert_eq!(sandbox.created(), 1);
    for output in [refused, first, failed, second] {
        assert!(!output.stderr.contains("the-right-one") && !output.stdout.contains("the-right-one"));
    }
}

#[test]
fn what_is_in_force_is_shown_with_its_place() {
    let mut stage = Stage::new();
    stage.write("clientferry.toml", account("token_env = \"BANK\"\nproxy = \"http://me:canary-one@proxy:1\""));
    stage.set("CLIENTFERRY_TOKEN", "canary-two");
    stage.set("CLIENTFERRY_TIMEOUT_S", "33");
    stage.set("CLIENTFERRY_TIMEOT_S", "canary-three");
    let shown = stage.run(&["config", "show"]).expect(0).stdout;
    for line in [
        "configuration  clientferry.toml",
        "canary                       3                                file",
        "transient_tries              5                                default",
        "look_up_gap_s                0                                variable CLIENTFERRY_LOOK_UP_GAP_S",
        "timeout_s                    33                               variable CLIENTFERRY_TIMEOUT_S",
        "secrets.token                *** (variable CLIENTFERRY_TOKEN) variable CLIENTFERRY_TOKEN",
        "proxy                        http://***@proxy:1               file",
        "! the variable CLIENTFERRY_TIMEOT_S is set and means nothing; did you mean CLIENTFERRY_TIMEOUT_S?",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let json = stage.run(&["config", "show", "--account", "main", "--json"]).expect(0).stdout;
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let settings = value["settings"].as_array().unwrap();
    let timeout = settings.iter().find(|setting| setting["key"] == "accounts.main.timeout_s").unwrap();
    assert_eq!((&timeout["value"], &timeout["from"]), (&33.into(), &"variable".into()));
    for text in [shown, json] {
        assert!(!text.contains("canary-"), "{text}");
    }
    stage.run(&["config", "show", "--account", "mian"]).expect(2);
    stage.write("clientferry.toml", "[sending]\n\ncanari = 3\n");
    let refused = stage.run(&["config", "show"]).expect(2).stderr;
    assert!(refused.contains("clientferry.toml:3") && refused.contains("did you mean `canary`?"), "{refused}");
}

#[test]
fn the_schema_takes_the_configurations_of_the_papers() {
    let schema: serde_json::Value = serde_json::from_str(&Stage::new().run(&["config", "schema"]).expect(0).stdout).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for page in [
        "README.md",
        "docs/providers/finlego.md",
        "docs/providers/loanpro.md",
        "docs/providers/tbank.md",
        "docs/adding-a-provider.md",
    ] {
        let page = std::fs::read_to_string(root.join(page)).unwrap();
        for block in
            page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).filter(|text| text.contains("[accounts."))
        {
            let value: toml::Value = toml::from_str(block).unwrap();
            let value = serde_json::to_value(value).unwrap();
            assert!(validator.is_valid(&value), "{block}");
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
    let wrong = serde_json::json!({"accounts": {"main": {"provider": "tbank", "tokne_file": "a"}}});
    assert!(!validator.is_valid(&wrong));
}

#[cfg(target_os = "linux")]
#[test]
fn no_core_file_is_written() {
    let sandbox = SandboxProcess::start(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", sandbox.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
}
