//! From method and path to a row of the table: 404, 405 with `Allow`, and HEAD.

use http::Method;

use super::problem::{Code, Problem};
use super::routes::{ROUTES, Route, Verb};

/// Paths to rows.
#[derive(Debug)]
pub struct Router {
    paths: matchit::Router<Vec<&'static Route>>,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The row.
    pub route: &'static Route,
    /// What stands at `{id}`; empty where the path has none.
    pub id: &'a str,
}

impl Router {
    /// The table, indexed.
    pub fn new() -> Self {
        let mut paths = matchit::Router::new();
        for (place, route) in ROUTES.iter().enumerate() {
            let same = |row: &&'static Route| row.path == route.path;
            if !ROUTES[..place].iter().any(|row| same(&row)) {
                paths
                    .insert(route.path, ROUTES.iter().filter(same).collect())
                    .expect("the table has no two paths that overlap");
            }
        }
        Self { paths }
    }

    /// The row of a request; 404 or 405 where there is none.
    pub fn find<'a>(&self, method: &Method, path: &'a str) -> Result<Found<'a>, Problem> {
        let Ok(found) = self.paths.at(path) else {
            let detail = format!("there is nothing at {path:?}");
            return Err(Problem::new(Code::NoPath, detail));
        };
        let rows = found.value;
        let verb = verb(method);
        match rows.iter().find(|row| Some(row.verb) == verb) {
            Some(route) => Ok(Found {
                route,
                id: found.params.get("id").unwrap_or_default(),
            }),
            None => {
                let allow: Vec<_> = rows.iter().map(|row| row.verb.as_str()).collect();
                Err(Problem::method(allow.join(", ")))
            }
        }
    }
}

fn verb(method: &Method) -> Option<Verb> {
    match *method {
        Method::GET | Method::HEAD => Some(Verb::Get),
        Method::POST => Some(Verb::Post),
        Method::PATCH => Some(Verb::Patch),
        Method::DELETE => Some(Verb::Delete),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::Operation;

    #[test]
    fn paths_and_methods() {
        let router = Router::new();
        let check = |method: Method, path: &str, expected: Result<(Operation, &str), u16>| {
            let got = router.find(&method, path);
            let got = got
                .map(|found| (found.route.operation, found.id))
                .map_err(|problem| problem.code().row().1);
            assert_eq!(got, expected, "{method} {path}");
        };
        check(Method::POST, "/v1/events", Ok((Operation::EventPost, "")));
        check(Method::HEAD, "/v1/events", Ok((Operation::EventList, "")));
        check(
            Method::GET,
            "/v1/events/evt_1",
            Ok((Operation::EventRead, "evt_1")),
        );
        check(
            Method::POST,
            "/v1/endpoints/ep_1/pause",
            Ok((Operation::EndpointPause, "ep_1")),
        );
        check(Method::GET, "/", Ok((Operation::PageIndex, "")));
        check(
            Method::GET,
            "/assets/12/js/main.js",
            Ok((Operation::PageAsset, "12/js/main.js")),
        );
        check(Method::POST, "/", Err(405));
        check(Method::GET, "/assets/", Err(404));
        check(Method::GET, "/v1", Err(404));
        check(Method::GET, "/v1/events/", Err(404));
        check(Method::GET, "/v1/events/a/b", Err(404));
        check(Method::GET, "/V1/events", Err(404));
        check(Method::DELETE, "/v1/events", Err(405));
        check(Method::OPTIONS, "/v1/events", Err(405));
        check(Method::HEAD, "/v1/endpoints/ep_1/pause", Err(405));
        check(Method::PUT, "/v1/endpoints/ep_1", Err(405));
    }

    #[test]
    fn every_row_is_found() {
        let router = Router::new();
        for row in ROUTES {
            let method = row.verb.as_str().split(',').next().unwrap();
            let path = row.path.replace("{id}", "x_1").replace("{*id}", "x/1");
            let found = router.find(&method.parse().unwrap(), &path).unwrap();
            assert_eq!(found.route.operation, row.operation);
        }
    }
}
