//! Whether the process lives, and whether it can work.

use actix_web::HttpResponse;
use pipeline::Dependency;
use serde::Serialize;

use crate::problem::{FieldProblem, Kind, Problem};
use crate::state::State;

#[derive(Serialize)]
struct Live {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    dependencies: Vec<DependencyShape>,
}

#[derive(Serialize)]
struct DependencyShape {
    name: &'static str,
    healthy: bool,
    detail: String,
}

/// The process lives; asks nobody.
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Live { status: "live" })
}

/// Names each dependency; 503 with a problem document that names them when one does not work.
pub(crate) async fn ready(state: State) -> Result<HttpResponse, Problem> {
    let health = state.pipeline.health().await;
    if health.iter().any(|dependency| !dependency.healthy) {
        return Err(not_ready(&health));
    }
    let dependencies = health.into_iter().map(|dependency| DependencyShape {
        name: dependency.name,
        healthy: dependency.healthy,
        detail: dependency.detail,
    });
    Ok(HttpResponse::Ok().json(Ready { status: "ready", dependencies: dependencies.collect() }))
}

fn not_ready(health: &[Dependency]) -> Problem {
    let word = |healthy| if healthy { "healthy" } else { "not healthy" };
    let errors = health.iter().map(|dependency| FieldProblem {
        pointer: None,
        parameter: None,
        detail: format!("{}: {} ({})", dependency.name, word(dependency.healthy), dependency.detail),
    });
    Problem::with_errors(Kind::Unavailable, errors.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ready_names_each_dependency() {
        let dependency =
            |name, healthy, detail: &str| Dependency { name, healthy, detail: detail.to_owned() };
        let problem =
            not_ready(&[dependency("store", false, "does not answer"), dependency("vault", true, "open")]);
        assert_eq!(problem.kind, Kind::Unavailable);
        assert_eq!(problem.detail, "store: not healthy (does not answer); vault: healthy (open)");
    }
}
