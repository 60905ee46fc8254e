//! Opening files: what is made, what is kept, and what is refused with its reason.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use redb::{Database, TableDefinition};

use super::{CACHE_BYTES, samples};
use crate::domain::change::Change;
use crate::domain::id::EventNumber;
use crate::store::tables::{META, META_FORMAT, place};
use crate::store::{Loaded, OpenError, Options, Store, open, record};

fn try_open(path: &Path) -> Result<(Store, Loaded), OpenError> {
    open(&Options {
        path: path.to_owned(),
        cache_bytes: CACHE_BYTES,
        salt: [5; 8],
    })
}

#[test]
fn a_first_database_is_made_whole_and_for_its_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/b/ringhook.redb");
    let (mut store, loaded) = try_open(&path).unwrap();
    assert!(loaded.is_new);
    assert_eq!(loaded.epochs.as_slice()[0].salt, [5; 8]);
    assert_eq!(loaded.numbers.event, EventNumber(1));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&directory.path().join("a")), 0o700);
    assert!(!directory.path().join("a/b/ringhook.redb.new").exists());

    let event = Change::Event(samples::new_event(1, vec![], vec![]).into());
    store.commit(vec![event]).unwrap();
    assert!(store.reader().file_bytes() > 0 && store.reader().disk_free_bytes() > 0);
    assert!(store.close());
    let (store, loaded) = try_open(&path).unwrap();
    assert!(!loaded.is_new);
    assert!(store.reader().body(EventNumber(1)).unwrap().is_some());
}

#[test]
fn what_a_first_start_left_behind_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ringhook.redb");
    let aside = directory.path().join("ringhook.redb.new");
    fs::write(&aside, "half of a database").unwrap();
    drop(try_open(&path).unwrap());
    fs::write(&aside, "half of a database").unwrap();
    assert!(!try_open(&path).unwrap().1.is_new);
    assert!(!aside.exists());

    // One that another process works on is not.
    fs::remove_file(&path).unwrap();
    let other = fs::File::create(&aside).unwrap();
    other.lock().unwrap();
    assert!(matches!(try_open(&path), Err(OpenError::InUse(_))));
    assert!(aside.exists());
}

#[test]
fn a_database_in_use_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ringhook.redb");
    let (store, _) = try_open(&path).unwrap();
    let reader = store.reader();
    assert!(matches!(try_open(&path), Err(OpenError::InUse(_))));
    // A reader that lives on does not hold the file.
    drop(store);
    assert!(try_open(&path).is_ok());
    assert!(reader.body(EventNumber(1)).is_err());
}

#[test]
fn what_is_not_a_database_of_ours_is_never_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ringhook.redb");
    let check = |words: &str| {
        let before = fs::read(&path).ok();
        match try_open(&path) {
            Err(OpenError::Damaged { why, .. }) => assert!(why.contains(words), "{why}"),
            other => panic!("{words}: {other:?}"),
        }
        assert!(before.is_none() || path.exists());
    };
    fs::write(&path, "").unwrap();
    check("empty");
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    fs::write(&path, vec![b'x'; 100_000]).unwrap();
    check("");
    assert_eq!(fs::read(&path).unwrap(), vec![b'x'; 100_000]);

    fs::remove_file(&path).unwrap();
    let foreign = Database::create(&path).unwrap();
    let transaction = foreign.begin_write().unwrap();
    let table: TableDefinition<'_, u32, u32> = TableDefinition::new("theirs");
    transaction.open_table(table).unwrap();
    transaction.commit().unwrap();
    drop(foreign);
    check("not of ringhook");

    fs::remove_file(&path).unwrap();
    drop(try_open(&path).unwrap());
    fs::remove_file(&path).unwrap();
    check("begin anew");
    assert!(!path.exists());
}

#[test]
fn a_truncated_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ringhook.redb");
    drop(try_open(&path).unwrap());
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(4096) {
        fs::write(&path, &whole[..length]).unwrap();
        let result = try_open(&path);
        assert!(
            matches!(result, Err(OpenError::Damaged { .. })),
            "{length}: {result:?}"
        );
    }
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ringhook.redb");
    drop(try_open(&path).unwrap());
    let database = Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut newer = Vec::new();
    record::write_format(place(META, &META_FORMAT), 3, &mut newer);
    transaction
        .open_table(META)
        .unwrap()
        .insert(META_FORMAT, newer.as_slice())
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = try_open(&path).unwrap_err();
    assert!(matches!(
        error,
        OpenError::Newer {
            found: 3,
            known: 2,
            ..
        }
    ));
    assert!(error.to_string().contains("format 3"), "{error}");
}

#[test]
fn a_path_that_can_not_be_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = try_open(&file.join("ringhook.redb")).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
    // A link that leads nowhere is not replaced either.
    let path = directory.path().join("ringhook.redb");
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    let error = try_open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
    assert!(path.is_symlink());
}
