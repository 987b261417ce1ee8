//! What all pages share: the frame, refusals as pages, and the sign-in page.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use pipeline::{AskError, Meta, Viewed};

use super::format;
use super::view::PageView;
use crate::problem::{Kind, Problem};
use crate::routes::assets::style_address;

/// What stands round the content of a page.
pub(super) struct Frame {
    /// Which entry of the menu is this page's.
    pub(super) active: &'static str,
    /// Where the style sheet is.
    pub(super) style: &'static str,
    /// The page's own path, for its form.
    pub(super) path: String,
    /// From where it looks.
    pub(super) view: PageView,
    /// From where it looks, in words; `None`: it shows no figures.
    pub(super) seen: Option<Seen>,
    /// What can be chosen on it.
    pub(super) controls: Controls,
}

/// What can be chosen on a page. What cannot be is carried along unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controls {
    /// Nothing: it shows what is now.
    Nothing,
    /// From when to look, in which currency, under which policy.
    Look,
    /// The same, and a range.
    Range,
    /// The same, and the length of periods, and whether to compare.
    Series,
}

impl Controls {
    fn names(self) -> &'static [&'static str] {
        const ALL: [&str; 8] = ["asOf", "knownAt", "currency", "policy", "from", "to", "interval", "compare"];
        let [look @ .., _, _, _, _] = &ALL;
        let [range @ .., _, _] = &ALL;
        match self {
            Self::Nothing => &[],
            Self::Look => look,
            Self::Range => range,
            Self::Series => &ALL,
        }
    }

    pub(super) fn any(self) -> bool {
        self != Self::Nothing
    }

    pub(super) fn range(self) -> bool {
        matches!(self, Self::Range | Self::Series)
    }

    pub(super) fn series(self) -> bool {
        self == Self::Series
    }
}

/// From where a page looks, and how complete it is, in words.
pub(super) struct Seen {
    pub(super) currency: &'static str,
    pub(super) as_of: String,
    pub(super) known_at: String,
    pub(super) policy: String,
    pub(super) time_zone: String,
    pub(super) data_version: String,
    pub(super) complete_through: String,
    pub(super) gaps: Vec<String>,
}

impl Seen {
    /// Of an answer.
    pub(super) fn new(viewed: &Viewed, meta: &Meta) -> Self {
        Self {
            currency: viewed.currency.code(),
            as_of: format::time(viewed.as_of),
            known_at: format::time(viewed.known_at),
            policy: viewed.policy.clone(),
            time_zone: viewed.time_zone.clone(),
            data_version: meta.data_version.clone(),
            complete_through: format::time_or_dash(meta.complete_through),
            gaps: meta.gaps.clone(),
        }
    }
}

impl Frame {
    /// Of a page at `path` that shows figures.
    pub(super) fn new(
        active: &'static str,
        path: impl Into<String>,
        view: PageView,
        seen: Seen,
        controls: Controls,
    ) -> Self {
        Self { active, style: style_address(), path: path.into(), view, seen: Some(seen), controls }
    }

    /// Of a page at `path` that shows no figures.
    pub(super) fn plain(active: &'static str, path: impl Into<String>, view: PageView) -> Self {
        let controls = Controls::Nothing;
        Self { active, style: style_address(), path: path.into(), view, seen: None, controls }
    }

    /// What the form carries along unseen.
    pub(super) fn hidden(&self) -> Vec<(&'static str, String)> {
        self.view.hidden(self.controls.names())
    }

    /// The currency of the figures.
    pub(super) fn currency(&self) -> &'static str {
        self.seen.as_ref().map_or("", |seen| seen.currency)
    }

    /// The zone in which periods begin.
    pub(super) fn zone(&self) -> &str {
        self.seen.as_ref().map_or("", |seen| seen.time_zone.as_str())
    }

    /// What a figure means, in plain words.
    pub(super) fn definition(&self, of: &str) -> String {
        format!("{}#{of}", self.view.link("/dashboard/definitions"))
    }

    /// The same page's table as a file.
    pub(super) fn csv(&self, table: &str) -> String {
        self.view.same_with(&self.path, &[("csv", table)])
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    style: &'static str,
    notice: &'a str,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    style: &'static str,
    title: &'a str,
    detail: &'a str,
    offers_sign_out: bool,
}

/// A problem that is shown as a page.
#[derive(Debug)]
pub(crate) struct PageProblem(Problem);

impl<T: Into<Problem>> From<T> for PageProblem {
    fn from(problem: T) -> Self {
        Self(problem.into())
    }
}

impl std::fmt::Display for PageProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for PageProblem {
    fn status_code(&self) -> StatusCode {
        self.0.kind.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        message(&self.0)
    }
}

/// Shows a page.
pub(super) fn show(page: &impl Template) -> Result<HttpResponse, PageProblem> {
    match page.render() {
        Ok(html) => Ok(html_response(StatusCode::OK, html)),
        Err(error) => {
            tracing::error!(error = %error, "Could not write a page");
            Err(Problem::new(Kind::Internal, "The page could not be written.").into())
        }
    }
}

/// Refuses a page: whoever is not signed in may do so, others are told why.
pub(crate) fn refusal(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let carries_something = request.headers().contains_key(header::AUTHORIZATION)
        || request.headers().contains_key(header::COOKIE);
    match problem.kind {
        Kind::Unauthenticated if carries_something => sign_in_page(&problem.detail),
        Kind::Unauthenticated => sign_in_page(""),
        _ => message(problem),
    }
}

/// The sign-in page with a word on what went wrong.
pub(crate) fn sign_in_again(notice: &str) -> HttpResponse {
    sign_in_page(notice)
}

fn sign_in_page(notice: &str) -> HttpResponse {
    let html = SignInPage { style: style_address(), notice }.render().unwrap_or_default();
    let mut response = html_response(StatusCode::UNAUTHORIZED, html);
    let challenge = header::HeaderValue::from_static(r#"Bearer realm="ltv""#);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn message(problem: &Problem) -> HttpResponse {
    let page = MessagePage {
        style: style_address(),
        title: problem.kind.title(),
        detail: &problem.detail,
        offers_sign_out: problem.kind == Kind::PermissionMissing,
    };
    html_response(problem.kind.status(), page.render().unwrap_or_default())
}

/// With `no-referrer` browsers would send forms with `Origin: null`, which cannot be told from another site's.
fn html_response(status: StatusCode, html: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .body(html)
}

/// The answer, where there is one: what was never told is no failure on a page about many things.
pub(super) fn if_there<T>(answer: Result<T, AskError>) -> Result<Option<T>, PageProblem> {
    match answer {
        Err(AskError::NotFound { .. }) => Ok(None),
        other => asked(other).map(Some),
    }
}

/// What a question without an answer says on a page.
pub(super) fn asked<T>(answer: Result<T, AskError>) -> Result<T, PageProblem> {
    answer.map_err(PageProblem::from)
}
