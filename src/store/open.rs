//! Opening: a first database is made aside and moved into place whole; one that is there is
//! never replaced, whatever state it is in.
//!
//! Beside the database lies a marker, `PATH.made`, which says that there was one. A data
//! directory whose database is gone is therefore told from a new one: starting empty there
//! would lose every endpoint and all that waits, in silence.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError};

use super::applier::{self, Applier};
use super::ballast::Ballast;
use super::compact::{FREE_BYTES_MIN, compact};
use super::failure::Failure;
use super::gently::GentleFile;
use super::journal::{self, Journal, Standing};
use super::load::{self, check_format, load};
use super::record;
use super::shared::Shared;
use super::tables::{self, META, META_EPOCHS, META_FORMAT, META_NUMBERS};
use super::tide::Tide;
use super::{Loaded, OpenError, Opened, Options, Store, is_full};
use crate::domain::change::Numbers;
use crate::domain::id::{
    AttemptNumber, EndpointNumber, Epoch, Epochs, EventNumber, Salt, TokenNumber,
};
use crate::domain::time::Tick;

/// The format that is written, and the newest that is read.
pub const FORMAT: u32 = 2;

/// How the files of a store are opened, at first and after an error. In tests they are on a
/// disk of theirs.
pub struct Opener {
    /// The database.
    pub database: OpenDatabase,
    /// Its journal; only once the database is open, whose lock is for both.
    pub journal: Box<dyn Fn() -> io::Result<journal::Files> + Send>,
}

/// Opens the database, of which the tide says whether somebody waits for it.
type OpenDatabase = Box<dyn Fn(&Arc<Tide>) -> Result<Database, DatabaseError> + Send>;

const MARKER: &str = "ringhook made a database here. Without it, ringhook does not start: put \
the database or a backup of it back, or remove this file, and those that end with .journal-a and \
.journal-b, to begin anew with nothing.\n";

/// Opens the database, or makes one where there is no file: as `PATH.new`, committed, synced,
/// renamed, the directory synced. Repairs it when the last run was killed. The file is 0600 and
/// its directory, when it is made, 0700.
pub fn open(options: &Options) -> Result<(Store, Loaded), OpenError> {
    let path = &options.path;
    let is_new = make_if_absent(options).map_err(|failure| failure.at(path))?;
    let ballast = Ballast::new(beside(path, ".ballast"));
    let opened = match open_with(path, opener(options), is_new) {
        // What the journal holds wants some space in the tables.
        Err(OpenError::Io { source, .. }) if is_full(&source) && ballast.drop_it() => {
            open_with(path, opener(options), is_new)
        }
        opened => opened,
    };
    let (mut store, loaded) = opened?;
    // It is written again where it is missing: the last run may have ended before it.
    mark(path).map_err(|failure| failure.at(path))?;
    ballast.make();
    store.ballast = Some(ballast);
    Ok((store, loaded))
}

fn opener(options: &Options) -> Opener {
    let (database, journal) = (options.path.clone(), options.path.clone());
    let cache_bytes = options.cache_bytes;
    Opener {
        database: Box::new(move |tide| open_database(&database, cache_bytes, tide)),
        journal: Box::new(move || journal_files(&journal)),
    }
}

/// Opens a database that is there.
pub fn open_with(path: &Path, opener: Opener, is_new: bool) -> Result<(Store, Loaded), OpenError> {
    let shared = Arc::new(Shared::new(path.to_owned()));
    let opened = guarded(|| {
        let (mut database, journal, standing) = open_whole(&opener, &shared)?;
        compact(&mut database, path, FREE_BYTES_MIN)?;
        shared.put(database);
        let loaded = load(&shared, is_new)?;
        let applier = Applier::start(Arc::clone(&shared), standing)?;
        Ok((Opened { applier, journal }, loaded))
    });
    let (opened, loaded) = opened.map_err(|failure| failure.at(path))?;
    let store = Store {
        shared,
        opener,
        opened: Some(opened),
        ballast: None,
    };
    Ok((store, loaded))
}

impl Store {
    /// Opens the files again after a commit that failed.
    pub fn reopen(&mut self) -> Result<(), OpenError> {
        self.shut();
        let opened = match self.try_reopen() {
            Err(Failure::Io(source)) if is_full(&source) && self.make_space() => self.try_reopen(),
            opened => opened,
        };
        let opened = opened.map_err(|failure| failure.at(&self.shared.path))?;
        self.opened = Some(opened);
        Ok(())
    }

    fn try_reopen(&self) -> Result<Opened, Failure> {
        guarded(|| {
            let (database, journal, standing) = open_whole(&self.opener, &self.shared)?;
            self.shared.put(database);
            let applier = Applier::start(Arc::clone(&self.shared), standing)?;
            Ok(Opened { applier, journal })
        })
    }
}

/// A database of ours, of a format that we read, with all that its journal holds.
fn open_whole(opener: &Opener, shared: &Shared) -> Result<(Database, Journal, Standing), Failure> {
    let database = (opener.database)(&shared.tide)?;
    check_format(&database)?;
    let mut standing = load::standing(&database)?;
    let files = (opener.journal)()?;
    let (changes, last) = journal::read_missing(&files, standing)?;
    if last > standing.applied {
        log::info!("the last run was cut short: what its journal holds is taken over");
        let written = guarded(|| {
            let transaction = database.begin_write()?;
            Ok(applier::write(transaction, &changes, last, shared)?)
        });
        written.map_err(|failure| match failure {
            Failure::Damaged(why) => Failure::Damaged(format!(
                "what its journal holds can't be written to it: {why}"
            )),
            other => other,
        })?;
        standing.applied = last;
    }
    Ok((database, Journal::new(files, standing), standing))
}

/// The database that is there. An empty file is none, and is not made one.
fn open_database(
    path: &Path,
    cache_bytes: u64,
    tide: &Arc<Tide>,
) -> Result<Database, DatabaseError> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    if file.metadata()?.len() == 0 {
        return Err(io::Error::new(ErrorKind::InvalidData, "the file is empty").into());
    }
    builder(cache_bytes).create_with_backend(GentleFile::new(file, Arc::clone(tide))?)
}

/// The two files of the journal, made where they are missing.
fn journal_files(path: &Path) -> io::Result<journal::Files> {
    let open = |ending| {
        let path = beside(path, ending);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600);
        let backend = FileBackend::new(options.open(path)?).map_err(io::Error::other)?;
        Ok::<_, io::Error>(Box::new(backend))
    };
    let files: journal::Files = [open(".journal-a")?, open(".journal-b")?];
    // Also where they are there: the last run may have ended before this.
    sync_directory(path)?;
    Ok(files)
}

/// A damaged file may make redb panic; that must end in words that help.
fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Failure::Damaged("its pages do not hang together".into())))
}

/// What redb is told in any case.
pub fn builder(cache_bytes: u64) -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(usize::try_from(cache_bytes).unwrap_or(usize::MAX));
    builder.set_repair_callback(|repair| {
        let percent = (repair.progress() * 100.0).round();
        log::info!("the last run was cut short: checking the database, {percent} %");
    });
    builder
}

/// The first commit of a database: all tables, and what it says of itself.
pub fn write_first(database: &Database, salt: Salt) -> Result<(), redb::Error> {
    let first = Epoch {
        first_event: EventNumber(1),
        first_endpoint: EndpointNumber(1),
        first_token: TokenNumber(1),
        salt,
    };
    let numbers = Numbers {
        event: first.first_event,
        endpoint: first.first_endpoint,
        token: first.first_token,
        attempt: AttemptNumber(1),
        newest: Tick(0),
    };
    let epochs = Epochs::new(vec![first]).expect("one epoch is enough");
    let transaction = database.begin_write()?;
    tables::make(&transaction)?;
    {
        let mut meta = transaction.open_table(META)?;
        let mut buffer = Vec::new();
        record::write_format(tables::place(META, &META_FORMAT), FORMAT, &mut buffer);
        meta.insert(META_FORMAT, buffer.as_slice())?;
        record::write_epochs(tables::place(META, &META_EPOCHS), &epochs, &mut buffer);
        meta.insert(META_EPOCHS, buffer.as_slice())?;
        record::write_numbers(tables::place(META, &META_NUMBERS), &numbers, &mut buffer);
        meta.insert(META_NUMBERS, buffer.as_slice())?;
    }
    transaction.commit()?;
    Ok(())
}

/// `true` when there was no database, and now there is.
fn make_if_absent(options: &Options) -> Result<bool, Failure> {
    let path = &options.path;
    let aside = beside(path, ".new");
    remove_leftover(&aside)?;
    // A link that leads nowhere counts as a file: it is not ours to replace.
    if is_there(path)? {
        return Ok(false);
    }
    if is_there(&beside(path, ".made"))? {
        return Err(gone(path));
    }
    make_directory(directory(path))?;
    new_file(&aside)?;
    let database = builder(options.cache_bytes).create(&aside)?;
    write_first(&database, options.salt)?;
    database.close()?;
    File::open(&aside)?.sync_all()?;
    std::fs::rename(&aside, path)?;
    sync_directory(path)?;
    Ok(true)
}

fn gone(path: &Path) -> Failure {
    Failure::Damaged(format!(
        "the file is gone, and {} says that there was one: put it or a backup of it back, or \
         remove that marker and the two files of the journal to begin anew with nothing",
        beside(path, ".made").display()
    ))
}

/// What a run left behind that ended while it made its first database. One that is at it now
/// holds a lock.
fn remove_leftover(aside: &Path) -> Result<(), Failure> {
    let file = match File::open(aside) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match file.try_lock() {
        Ok(()) => Ok(std::fs::remove_file(aside)?),
        Err(TryLockError::WouldBlock) => Err(Failure::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn mark(path: &Path) -> Result<(), Failure> {
    let marker = beside(path, ".made");
    if is_there(&marker)? {
        return Ok(());
    }
    let mut file = new_file(&marker)?;
    file.write_all(MARKER.as_bytes())?;
    file.sync_all()?;
    Ok(sync_directory(path)?)
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Makes a directory with those above it, each synced into the one that holds it: what is
/// acknowledged must not hang on a directory that a power loss forgets.
fn make_directory(directory: &Path) -> io::Result<()> {
    if is_there(directory)? {
        return Ok(());
    }
    make_directory(self::directory(directory))?;
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_directory(directory),
    }
}

fn sync_directory(of: &Path) -> io::Result<()> {
    File::open(directory(of))?.sync_all()
}

/// The directory that holds a file; `.` for a bare name.
fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn is_there(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
