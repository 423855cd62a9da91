//! The database: connections with the settings that durability needs, tables, format and key checks. Decides nothing about clients.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::error::{JournalError, Trouble};
use super::{files, identities, tally};

/// Format that this program writes. Raise it with every change of the tables, and carry older files across in [`prepare`].
pub(super) const FORMAT: i64 = 2;

/// The oldest format that is carried across.
const FORMAT_MIN: i64 = 1;

/// `CFJ1`: marks the file as ours.
const APPLICATION_ID: i64 = 0x4346_4a31;

/// How long another program may hold the database before a write gives up.
const BUSY_MS_MAX: u64 = 10_000;

const TABLES: &str = "
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id             TEXT PRIMARY KEY,
    operation      TEXT NOT NULL,
    account        TEXT NOT NULL,
    source         TEXT NOT NULL,
    sha256         TEXT NOT NULL,
    mapping        TEXT,
    mapping_sha256 TEXT,
    reading        TEXT NOT NULL DEFAULT '',
    server         TEXT NOT NULL DEFAULT '',
    test_stand     INTEGER NOT NULL DEFAULT 0,
    reports        TEXT NOT NULL,
    started_at_ms  INTEGER NOT NULL,
    finished_at_ms INTEGER,
    ended          TEXT NOT NULL DEFAULT '',
    halt           TEXT,
    sent           INTEGER NOT NULL DEFAULT 0,
    retried        INTEGER NOT NULL DEFAULT 0,
    throttled      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What the events add up to, one line a client. May be made again from the events at any time.
CREATE TABLE clients (
    id                 INTEGER PRIMARY KEY,
    state              TEXT NOT NULL,
    operation          TEXT NOT NULL,
    run                TEXT NOT NULL,
    key                TEXT NOT NULL,
    digests            BLOB NOT NULL,
    remote_id          TEXT,
    refusal_code       TEXT,
    refusal_message    TEXT,
    refusal_pointer    TEXT,
    refusal_request_id TEXT,
    attempts           INTEGER NOT NULL,
    http_status        INTEGER,
    first_sent_at_ms   INTEGER NOT NULL,
    changed_at_ms      INTEGER NOT NULL
) STRICT;
CREATE INDEX clients_by_remote_id ON clients (remote_id) WHERE remote_id IS NOT NULL;

-- Keyed hashes; the key lies in another file.
CREATE TABLE identities (
    identity BLOB PRIMARY KEY,
    client   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_by_client ON identities (client);

-- Runs before whose first request all clients of the account were listed, and the last event before that.
CREATE TABLE baselines (
    run       TEXT PRIMARY KEY,
    after_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The provider's ids that were listed, as hashes, with the last event before each was listed first.
CREATE TABLE baseline_ids (
    id_hash   BLOB PRIMARY KEY,
    after_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    seq                INTEGER PRIMARY KEY,
    client             INTEGER NOT NULL,
    at_ms              INTEGER NOT NULL,
    kind               TEXT NOT NULL,
    run                TEXT,
    operation          TEXT,
    key                TEXT,
    digests            BLOB,
    remote_id          TEXT,
    http_status        INTEGER,
    refusal_code       TEXT,
    refusal_message    TEXT,
    refusal_pointer    TEXT,
    refusal_request_id TEXT
) STRICT;
CREATE INDEX events_by_client ON events (client);
CREATE TRIGGER events_are_not_altered BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
";

/// What format 2 brought: requests of any kind that left for an account, gathered by stretches of time; the sum over a client's
/// identities.
const TABLES_SINCE_2: &str = "
CREATE TABLE requests (
    account  TEXT NOT NULL,
    from_ms  INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (account, from_ms)
) STRICT, WITHOUT ROWID;
ALTER TABLE clients ADD COLUMN identities_sum INTEGER NOT NULL DEFAULT 0;
";

/// The one connection that writes. Every commit is on the disk before it returns.
pub(super) fn open_writer(path: &Path) -> Result<Connection, JournalError> {
    let sqlite = |e: rusqlite::Error| JournalError::from_sqlite(path, &e);
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Before anything is changed: the file may be somebody else's.
    let new = is_new(&db, path)?;
    // Wait for the log's fsync at every commit; on macOS also for the drive's own cache.
    let durable = "PRAGMA synchronous = FULL; PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1;";
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(sqlite)?;
    if mode != "wal" {
        let why = format!("its folder allows no write-ahead log (journal mode `{mode}`)");
        return Err(JournalError::unusable(path, Trouble::Other, why));
    }
    db.execute_batch(durable).map_err(sqlite)?;
    // Identities are hashes and lie all over their table: a larger cache and rarer folding keep a commit from waiting for pages.
    db.execute_batch("PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;")
        .map_err(sqlite)?;
    if new {
        make_tables(&db).map_err(sqlite)?;
    } else {
        carry_across(&db).map_err(sqlite)?;
    }
    Ok(db)
}

/// A connection that reads; sees all that was committed before each of its queries. `None` when no journal is in the file yet.
pub(super) fn open_reader(path: &Path) -> Result<Option<Connection>, JournalError> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(if is_new(&db, path)? { None } else { Some(db) })
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, JournalError> {
    let sqlite = |e: rusqlite::Error| JournalError::from_sqlite(path, &e);
    let length = files::length(path);
    // With a log beside it, a half-written end is the log's to mend.
    let has_log = files::length(&files::beside(path, "-wal")) > 0;
    let db = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(sqlite)?;
    db.busy_timeout(Duration::from_millis(BUSY_MS_MAX)).map_err(sqlite)?;
    db.set_prepared_statement_cache_capacity(32);
    db.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON;").map_err(sqlite)?;
    let page: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(sqlite)?;
    // SQLite fills a cut page up with zeros and takes a file shorter than a page for an empty one.
    if !has_log && u64::try_from(page).is_ok_and(|page| !length.is_multiple_of(page)) {
        // Also finds files of other kinds, which say so.
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(sqlite)?;
        return Err(JournalError::unusable(path, Trouble::Damaged, format!("the file was cut off after {length} bytes")));
    }
    Ok(db)
}

/// The key is made after the tables are durable: a key without them means that the journal was lost.
pub(super) fn gone(path: &Path) -> JournalError {
    JournalError::unusable(path, Trouble::Gone, "its file is missing or empty, but its key file is there")
}

/// Whether the database is still empty; an error when it is not ours or newer than we are.
fn is_new(db: &Connection, path: &Path) -> Result<bool, JournalError> {
    let number = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|e: rusqlite::Error| JournalError::from_sqlite(path, &e))
    };
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let owner = number("PRAGMA application_id")?;
    let format = number("PRAGMA user_version")?;
    if tables == 0 && owner == 0 && format == 0 {
        return if files::is_there(&files::beside(path, ".key")) { Err(gone(path)) } else { Ok(true) };
    }
    if owner != APPLICATION_ID {
        return Err(JournalError::unusable(path, Trouble::NotAJournal, "it is a database of another program"));
    }
    if format > FORMAT {
        return Err(JournalError::Newer { path: path.display().to_string(), found: format, known: FORMAT });
    }
    if format < FORMAT_MIN {
        return Err(JournalError::unusable(path, Trouble::Damaged, format!("format {format} was never in use")));
    }
    Ok(false)
}

/// Whether the tables are of an older format: it is only read.
pub(super) fn is_older(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("PRAGMA user_version", [], |row| Ok(row.get::<_, i64>(0)? < FORMAT))
}

/// Brings the tables of an older format to the present one, in one transaction.
fn carry_across(db: &Connection) -> rusqlite::Result<()> {
    let format: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if format == FORMAT {
        return Ok(());
    }
    let tx = rusqlite::Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    if format < 2 {
        tx.execute_batch(TABLES_SINCE_2)?;
        identities::sum_all(&tx)?;
        // What sessions of that format did not count when they were killed stays uncounted: nobody knows what was counted.
        tally::all_counted(&tx)?;
    }
    tx.execute_batch(&format!("PRAGMA user_version = {FORMAT};"))?;
    tx.commit()
}

fn make_tables(db: &Connection) -> rusqlite::Result<()> {
    let tx = rusqlite::Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    tx.execute_batch(TABLES)?;
    tx.execute_batch(TABLES_SINCE_2)?;
    tx.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"))?;
    tx.execute("INSERT INTO meta (name, value) VALUES ('made_by', ?1)", [concat!("clientferry ", env!("CARGO_PKG_VERSION"))])?;
    tx.commit()
}

/// The first complaint of SQLite's own check of the file, as an error.
pub(super) fn check_pages(db: &Connection, path: &Path) -> Result<(), JournalError> {
    let said: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|e: rusqlite::Error| JournalError::from_sqlite(path, &e))?;
    if said == "ok" {
        return Ok(());
    }
    // One line of page and cell numbers.
    let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    Err(JournalError::unusable(path, Trouble::Damaged, format!("the file is damaged: {said}")))
}

/// The hashing key of this journal. Makes it when `make` and there is nothing yet that was hashed with an earlier one.
pub(super) fn secret(db: &Connection, path: &Path, make: bool) -> Result<[u8; 32], JournalError> {
    let sqlite = |e: rusqlite::Error| JournalError::from_sqlite(path, &e);
    let wrong = |why: &str| Err(JournalError::unusable(path, Trouble::Key, why));
    let check: Option<String> =
        db.query_row("SELECT value FROM meta WHERE name = 'key_check'", [], |row| row.get(0)).optional().map_err(sqlite)?;
    let holds_clients: bool = db.query_row("SELECT EXISTS (SELECT 1 FROM identities)", [], |row| row.get(0)).map_err(sqlite)?;
    let secret = match files::read_key(path)? {
        Some(secret) => secret,
        None if holds_clients => return wrong("its key file is missing, so its clients cannot be recognised"),
        None if make => files::make_key(path)?,
        // Nothing was hashed yet: any key reads an empty journal rightly.
        None => return Ok(files::random_secret()),
    };
    match check {
        Some(check) if check == files::key_check(&secret) => Ok(secret),
        Some(_) | None if holds_clients => wrong("its key file belongs to another journal"),
        Some(_) | None if make => {
            let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES ('key_check', ?1)";
            db.execute(sql, params![files::key_check(&secret)]).map_err(sqlite)?;
            Ok(secret)
        }
        Some(_) | None => Ok(secret),
    }
}
