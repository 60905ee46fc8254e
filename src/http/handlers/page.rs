//! The page: its one HTML file and what belongs to it. No token is needed to read it.

use std::path::{Component, Path};

use super::super::answer::Answer;
use super::super::edge::{Edge, aside};
use super::super::page::{self, Page};
use super::super::problem::{Code, Problem};
use super::super::service::Call;

/// What is at `/`.
pub async fn index(edge: &Edge, call: &Call<'_>) -> Result<Answer, Problem> {
    match &edge.parts.page {
        Page::Embedded => Ok(page::index(&call.head.headers)),
        Page::Folder(folder) => from_folder(folder, "index.html").await,
    }
}

/// A file below `/assets/`.
pub async fn asset(edge: &Edge, call: &Call<'_>) -> Result<Answer, Problem> {
    match &edge.parts.page {
        Page::Embedded => {
            let found = page::find(call.id).ok_or_else(|| no_file(call.id))?;
            Ok(page::asset(found, &call.head.headers))
        }
        Page::Folder(folder) => from_folder(folder, call.id).await,
    }
}

async fn from_folder(folder: &Path, path: &str) -> Result<Answer, Problem> {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if !Path::new(path).components().all(is_plain) {
        return Err(no_file(path));
    }
    let (path, place) = (path.to_owned(), folder.join(path));
    aside(move || {
        let bytes = std::fs::read(&place).map_err(|_| no_file(&path))?;
        Ok(page::from_folder(&path, bytes))
    })
    .await
}

fn no_file(path: &str) -> Problem {
    let detail = format!("the page has no file {path:?}; load it again at /");
    Problem::new(Code::NoPath, detail)
}
