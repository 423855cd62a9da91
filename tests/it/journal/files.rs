//! The files of the journal: lock, key, permissions, files that are cut, altered or somebody else's.

use std::fs;
use std::path::Path;

use clientferry::journal::{Event, Journal, JournalError, JournalErrorKind, Run, State, Trouble};
use clientferry::model::{FieldDigests, IdempotencyKey};

use super::{Desk, OPERATION, beside, filled, identities, identity, key, place, refusal, run, unusable, waiting, written};

#[test]
fn a_second_run_is_told_who_holds_the_journal() {
    let (folder, path) = place();
    let first = Journal::open(&path).unwrap();
    let clone = first.clone();
    drop(first);
    let refused = Journal::open(&path).unwrap_err();
    assert_eq!(refused.kind(), JournalErrorKind::Locked);
    assert!(refused.to_string().contains(&format!("(process {}, since ", std::process::id())), "{refused}");
    #[cfg(unix)]
    {
        let link = folder.path().join("link.sqlite");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(Journal::open(&link).unwrap_err().kind(), JournalErrorKind::Locked, "the same file by another name");
    }
    drop((clone, folder.path()));
    let again = Journal::open(&path).unwrap();
    drop(again);
    assert!(!beside(&path, "-wal").exists(), "the log is folded in");
}

#[test]
fn reading_goes_on_beside_a_writer_and_cannot_write() {
    let (_folder, path) = place();
    assert!(Journal::open_read_only(&path).unwrap().is_none());
    assert!(!path.parent().unwrap().exists(), "looking makes nothing");
    let desk = Desk::open(&path);
    let looking = Journal::open_read_only(&path).unwrap().unwrap();
    assert_eq!(looking.secret(), desk.journal.secret());
    for name in 1..=3 {
        desk.intend(&[name], name).unwrap();
        assert_eq!(looking.client(&[identity(name)]).unwrap().unwrap().state, State::Sending);
    }
    looking.verify().unwrap();
    let digests = FieldDigests::default();
    let refused = waiting().block_on(looking.intend(&run(), OPERATION, &identities(&[9]), key(9), &digests)).unwrap_err();
    assert_eq!(unusable(refused).0, Trouble::ReadOnly);
    assert_eq!(unusable(looking.begin_run(&Run::default()).unwrap_err()).0, Trouble::ReadOnly);
    drop(desk);
    assert_eq!(looking.counts(None).unwrap(), [(State::Sending, 3)]);
}

#[test]
fn a_cut_or_altered_file_is_an_error_and_never_a_panic() {
    let (_folder, path) = place();
    filled(&path);
    let whole = fs::read(&path).unwrap();
    for length in [1, 50, 100, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let (trouble, why) = unusable(Journal::open(&path).unwrap_err());
        assert!(matches!(trouble, Trouble::Damaged | Trouble::NotAJournal), "{length}: {trouble:?} {why}");
    }
    fs::write(&path, b"").unwrap();
    assert_eq!(unusable(Journal::open(&path).unwrap_err()).0, Trouble::Gone);
    assert_eq!(unusable(Journal::open_read_only(&path).unwrap_err()).0, Trouble::Gone);

    let mut found = 0;
    for at in (0..whole.len()).step_by(whole.len() / 60) {
        let mut altered = whole.clone();
        for byte in altered.iter_mut().skip(at).take(64) {
            *byte ^= 0x5a;
        }
        fs::write(&path, &altered).unwrap();
        let told = Journal::open(&path).and_then(|journal| {
            journal.client(&[identity(1)])?;
            journal.counts(None)?;
            journal.verify()
        });
        found += u32::from(told.is_err());
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(beside(&path, suffix));
        }
    }
    assert!(found > 30, "only {found} of 60 alterations were noticed");
    fs::write(&path, &whole).unwrap();
    Journal::open(&path).unwrap().verify().unwrap();
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let (folder, path) = place();
    let text = folder.path().join("clients.csv");
    let content = "name;inn\n".repeat(2000);
    fs::write(&text, &content).unwrap();
    assert_eq!(unusable(Journal::open(&text).unwrap_err()).0, Trouble::NotAJournal);
    assert_eq!(unusable(Journal::open_read_only(&text).unwrap_err()).0, Trouble::NotAJournal);
    assert_eq!(fs::read_to_string(&text).unwrap(), content);

    let other = folder.path().join("other.sqlite");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE accounts (id)").unwrap();
    let before = fs::read(&other).unwrap();
    let (trouble, why) = unusable(Journal::open(&other).unwrap_err());
    assert_eq!((trouble, &*why), (Trouble::NotAJournal, "it is a database of another program"));
    assert_eq!(fs::read(&other).unwrap(), before);

    assert_eq!(unusable(Journal::open(folder.path()).unwrap_err()).0, Trouble::NotAJournal);
    assert!(Journal::open(&text.join("journal.sqlite")).is_err(), "its folder is a file");

    filled(&path);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let newer = Journal::open(&path).unwrap_err();
    assert!(matches!(newer, JournalError::Newer { found: 99, .. }), "{newer}");
    assert!(newer.hint().contains("newer version"));
}

#[test]
fn without_its_own_key_a_journal_with_clients_stays_shut() {
    let (folder, path) = place();
    filled(&path);
    let key_file = beside(&path, ".key");
    let own = fs::read(&key_file).unwrap();
    assert_eq!(own.len(), 32);
    fs::remove_file(&key_file).unwrap();
    for error in [Journal::open(&path).unwrap_err(), Journal::open_read_only(&path).unwrap_err()] {
        let hint = error.hint();
        assert!(hint.contains(".key") && hint.contains("recognised"), "{hint}");
        assert_eq!(unusable(error).0, Trouble::Key);
    }
    assert!(!key_file.exists(), "no new key was put in its place");
    fs::write(&key_file, [7; 32]).unwrap();
    let (trouble, why) = unusable(Journal::open(&path).unwrap_err());
    assert_eq!((trouble, &*why), (Trouble::Key, "its key file belongs to another journal"));
    fs::write(&key_file, [7; 31]).unwrap();
    assert_eq!(unusable(Journal::open(&path).unwrap_err()).0, Trouble::Key);
    fs::write(&key_file, &own).unwrap();
    assert_eq!(Journal::open(&path).unwrap().secret().as_slice(), own);

    // The database gone, the key left: it was lost, or somebody wants to begin anew and has to say so.
    fs::remove_file(&path).unwrap();
    assert_eq!(unusable(Journal::open(&path).unwrap_err()).0, Trouble::Gone);
    assert_eq!(unusable(Journal::open_read_only(&path).unwrap_err()).0, Trouble::Gone);
    fs::remove_file(&key_file).unwrap();
    assert_ne!(Journal::open(&path).unwrap().secret().as_slice(), own);

    // A journal that holds nobody yet may have lost its key.
    let empty = folder.path().join("empty.sqlite");
    drop(Journal::open(&empty).unwrap());
    fs::remove_file(beside(&empty, ".key")).unwrap();
    drop(Journal::open(&empty).unwrap());
    Journal::open(&empty).unwrap();
}

#[cfg(unix)]
#[test]
fn all_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    desk.intend(&[1], 1).unwrap();
    let folder = path.parent().unwrap();
    assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    let wanted = ["", "-shm", "-wal", ".key", ".lock"].map(|suffix| format!("journal.sqlite{suffix}"));
    assert_eq!(names, wanted);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_an_error_with_a_hint() {
    let error = Journal::open(Path::new("/proc/journal.sqlite")).unwrap_err();
    assert!(error.hint().contains("permission") || error.hint().contains("--journal"), "{error}");
    unusable(error);
}

#[test]
fn no_byte_of_a_body_reaches_the_files() {
    const CANARIES: [&str; 3] = ["Канарейкина", "770123456789", "4510 123456"];
    let (_folder, path) = place();
    let desk = Desk::open(&path);
    let body = format!(r#"{{"lastName":"{}","inn":"{}","passport":"{}"}}"#, CANARIES[0], CANARIES[1], CANARIES[2]);
    let sent_under = IdempotencyKey::derive(OPERATION, "main", CANARIES[1], &body);
    let digests = FieldDigests(vec![(1, 2), (3, 4)]);
    let who = identities(&[0x1234_5678_9abc]);
    let id = written(waiting().block_on(desk.journal.intend(&run(), OPERATION, &who, sent_under, &digests)).unwrap());
    desk.record(id, Event::Rejected(refusal("bad_inn")), Some(400)).unwrap();
    let look = || {
        let mut bytes = Vec::new();
        for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
            bytes.extend(fs::read(entry.unwrap().path()).unwrap());
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("bad_inn"), "the search sees what is kept");
        for canary in CANARIES {
            assert!(!text.contains(canary));
        }
        assert!(!format!("{:?}", desk.journal).contains("secret"));
    };
    look();
}
