//! Files that are made by the tests and committed: compared, or written anew with CLIENTFERRY_BLESS=1.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project, by its path from the root.
pub(crate) fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Fails when the committed file is not what was made; with CLIENTFERRY_BLESS=1 commits it to the disk instead.
pub(crate) fn assert_committed(path: &str, made: &[u8]) {
    let file = in_project(path);
    if std::env::var_os("CLIENTFERRY_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().expect("a file has a folder")).expect("the folder can be made");
        fs::write(&file, made).expect("the file can be written");
        return;
    }
    let committed = fs::read(&file).unwrap_or_default();
    if committed == made {
        return;
    }
    let hint = "run the test again with CLIENTFERRY_BLESS=1 and look at the difference before committing it";
    match (std::str::from_utf8(&committed), std::str::from_utf8(made)) {
        (Ok(committed), Ok(made)) => {
            let differing = made.lines().zip(committed.lines().chain(std::iter::repeat(""))).find(|(new, old)| new != old);
            panic!("{path} is out of date; first difference (new, committed): {differing:?}; {hint}");
        }
        (Err(_), _) | (_, Err(_)) => panic!("{path} is out of date; {hint}"),
    }
}
