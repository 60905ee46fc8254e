//! Packs the page into the program: the files of this folder, made small by `pack`, raw and
//! gzipped, in one table.
//!
//! All files go below `/assets/HASH/`, where HASH is the SHA-256 over the whole page. So their
//! addresses change whenever the page does and may be cached for ever, relative imports lead to
//! files of the same page, and no JavaScript or CSS has to be understood here, as names with a
//! hash of their own would need (and modules that import each other can't have at all). Only
//! index.html, which is at `/`, is changed: its relative `href` and `src` lead into that folder.

mod pack;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha2::{Digest, Sha256};

/// Where the page is, from the root of the project.
const FOLDER: &str = "src/page";
/// What is at `/`.
const INDEX: &str = "index.html";

/// One file of the page.
struct File {
    /// From the folder, with `/`.
    path: String,
    bytes: Vec<u8>,
}

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join(FOLDER);
    let out = PathBuf::from(variable("OUT_DIR"));
    let mut files = Vec::new();
    collect(&root, &root, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut files = made_small(files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let version = version(&files);
    let mut rows = String::new();
    let mut index = String::new();
    for (number, file) in files.iter_mut().enumerate() {
        let row = if file.path == INDEX {
            file.bytes = with_version(&file.bytes, &version);
            &mut index
        } else {
            &mut rows
        };
        write_row(row, &out, number, file, &version)?;
    }
    assert!(!index.is_empty(), "{FOLDER}/{INDEX} is missing");
    let table = format!(
        "/// What is at `/`.\npub static INDEX: Asset = {index};\n\
         /// Everything else, ascending by path.\npub static ASSETS: &[Asset] = &[\n{rows}];\n",
        index = index.trim_end_matches([',', '\n'])
    );
    fs::write(out.join("page.rs"), table)
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

/// The modules become one, and what only people read goes.
fn made_small(files: Vec<File>) -> Vec<File> {
    let text = |file: &File| String::from_utf8(file.bytes.clone()).expect("the page is UTF-8");
    let (modules, others): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|file| file.path.ends_with(".js"));
    let modules: BTreeMap<_, _> = modules
        .iter()
        .map(|file| (file.path.clone(), text(file)))
        .collect();
    let (mut made, mut style) = (Vec::new(), String::new());
    for file in others {
        match file.path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("css") => style.push_str(&pack::style(&text(&file))),
            Some("html") => made.push((file.path.clone(), pack::markup(&text(&file)))),
            _ => made.push((file.path.clone(), text(&file))),
        }
    }
    made.push((pack::MAIN.to_owned(), pack::bundle(&modules)));
    made.push((pack::STYLE.to_owned(), style));
    let file = |(path, text): (String, String)| File {
        path,
        bytes: text.into_bytes(),
    };
    made.into_iter().map(file).collect()
}

/// Every file below `folder` but the scripts of the build.
fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_none_or(|extension| extension != "rs") {
            let parts = path.strip_prefix(root).expect("it is below the root");
            let parts: Vec<_> = parts.iter().map(|part| part.to_string_lossy()).collect();
            files.push(File {
                path: parts.join("/"),
                bytes: fs::read(&path)?,
            });
        }
    }
    Ok(())
}

/// The hash that the whole page has: paths and contents, each with its length before it.
fn version(files: &[File]) -> String {
    let mut hash = Sha256::new();
    for File { path, bytes } in files {
        for part in [path.as_bytes(), bytes] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    let digest = hash.finalize();
    digest[..8].iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}

/// Leads relative addresses into the folder of this version. `http/page.rs` does the same for a
/// page that is served from the disk.
fn with_version(index: &[u8], version: &str) -> Vec<u8> {
    let mut text = String::from_utf8(index.to_vec()).expect("index.html is UTF-8");
    for attribute in [" href=\"", " src=\""] {
        let parts: Vec<_> = text.split(attribute).collect();
        let moved = parts[1..]
            .iter()
            .map(|rest| match rest.starts_with(['#', '/']) {
                true => format!("{attribute}{rest}"),
                false => format!("{attribute}/assets/{version}/{rest}"),
            });
        text = parts[0].to_owned() + &moved.collect::<String>();
    }
    text.into_bytes()
}

/// Writes the two forms of a file, and its row of the table.
fn write_row(
    rows: &mut String,
    out: &Path,
    number: usize,
    file: &File,
    version: &str,
) -> io::Result<()> {
    let File { path, bytes } = file;
    let (plain, packed) = (format!("page-{number}"), format!("page-{number}.gz"));
    fs::write(out.join(&plain), bytes)?;
    let mut small = Vec::new();
    zopfli::compress(
        zopfli::Options::default(),
        zopfli::Format::Gzip,
        &bytes[..],
        &mut small,
    )?;
    fs::write(out.join(&packed), small)?;
    let include = |name: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))");
    writeln!(
        rows,
        "Asset {{ path: \"{version}/{path}\", etag: \"{version}\", plain: {}, gzipped: {} }},",
        include(&plain),
        include(&packed)
    )
    .expect("a string takes everything");
    Ok(())
}
