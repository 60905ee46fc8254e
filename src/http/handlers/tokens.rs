//! Tokens: listed, made, revoked. The text of a token is in one answer only.

use http::StatusCode;

use crate::domain::id::TokenNumber;
use crate::domain::token::{token_hash, token_text};
use crate::engine::handle::{Command, Written};

use super::super::answer::{self, Answer};
use super::super::auth::audit;
use super::super::edge::Edge;
use super::super::json;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::service::Call;
use super::super::wire::Page;
use super::super::wire::token::{self, TokenJson};
use super::random_bytes;

/// Ascending, which is by age.
pub fn list(edge: &Edge, call: &Call<'_>) -> Result<Answer, Problem> {
    let query = Query::parse(call.head.uri.query(), &["limit", "cursor"])?;
    let limit = query.limit()?;
    let after = query.cursor(|text| u32::from_str_radix(text, 16).ok().map(TokenNumber))?;
    let mut tokens = edge.handle().tokens();
    tokens.retain(|token| after.is_none_or(|after| token.number > after));
    let is_cut = tokens.len() > limit;
    tokens.truncate(limit);
    let last = tokens.last().filter(|_| is_cut);
    let page = Page {
        next: last.map(|token| format!("{:x}", token.number.0)),
        items: tokens
            .iter()
            .map(|token| TokenJson::new(token, edge.epochs(), None))
            .collect(),
    };
    Ok(answer::json(StatusCode::OK, &page))
}

/// `{"name":"pbx","role":"ingest"}`
pub async fn add(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    let body = call.body.json(&call.head.headers, edge.bodies).await?;
    let (name, role) = token::create(json::object(&body)?)?;
    let text = token_text(random_bytes()?);
    let hash = token_hash(&text);
    let command = Command::AddToken { name, role, hash };
    let Written::Token(made) = edge.write(command).await?? else {
        return Err(Problem::internal("adding a token made something else"));
    };
    let id = edge.epochs().token_id(made.number);
    audit(edge, call.caller, "made token", &id);
    let shown = TokenJson::new(&made, edge.epochs(), Some(&text));
    Ok(answer::json(StatusCode::CREATED, &shown))
}

/// From now on it is nobody's.
pub async fn remove(edge: &Edge, mut call: Call<'_>) -> Result<Answer, Problem> {
    super::no_fields(edge, &mut call.body, &call.head.headers).await?;
    let number = edge.epochs().parse_token(call.id);
    let number = number.ok_or_else(|| Problem::no_object("token"))?;
    edge.write(Command::RemoveToken(number)).await??;
    audit(edge, call.caller, "revoked token", &call.id);
    Ok(answer::gone())
}
