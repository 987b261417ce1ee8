//! The cookie of a dashboard session, and the check that a request comes from our own pages.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use ltv_core::Timestamp;
use pipeline::SignIn;
use secrecy::ExposeSecret as _;
use url::{Host, Url};

/// The cookie's name.
pub(crate) const NAME: &str = "ltv_session";
/// The longest token that is looked up.
const TOKEN_CHARS_MAX: usize = 200;

/// The token of the session, where the request carries one.
pub(crate) fn token_of(request: &HttpRequest) -> Option<String> {
    let cookie = request.cookie(NAME)?;
    is_plausible(cookie.value()).then(|| cookie.value().to_owned())
}

/// Whether a text may be a token at all.
pub(crate) fn is_plausible(token: &str) -> bool {
    !token.is_empty() && token.len() <= TOKEN_CHARS_MAX && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The cookie for a new session.
pub(crate) fn starting(request: &HttpRequest, sign_in: &SignIn, now: Timestamp) -> Cookie<'static> {
    let seconds = sign_in.expires_at.signed_duration_since(now).num_seconds().max(0);
    cookie(request, sign_in.token.expose_secret().to_owned(), Duration::seconds(seconds))
}

/// The cookie that removes the session's.
pub(crate) fn ending(request: &HttpRequest) -> Cookie<'static> {
    cookie(request, String::new(), Duration::ZERO)
}

fn cookie(request: &HttpRequest, value: String, life: Duration) -> Cookie<'static> {
    Cookie::build(NAME, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(!is_plain_and_local(request))
        .max_age(life)
        .finish()
}

/// Without TLS a browser keeps no `Secure` cookie; that is accepted on this machine alone.
fn is_plain_and_local(request: &HttpRequest) -> bool {
    let info = request.connection_info();
    info.scheme() == "http" && is_loopback(info.host())
}

fn is_loopback(authority: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{authority}/")) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a request that changes something comes from our own pages, or from no browser at all.
///
/// `SameSite=Strict` already keeps the cookie from other sites; this keeps other ports and subdomains out, too.
pub(crate) fn is_same_origin(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = header("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = header(header::ORIGIN.as_str()) else { return true };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some() && authority == Some(request.connection_info().host())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn from(headers: &[(&'static str, &'static str)]) -> HttpRequest {
        let mut request = TestRequest::post();
        for header in headers {
            request = request.insert_header(*header);
        }
        request.to_http_request()
    }

    #[test]
    fn the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        let cookie = ending(&from(&[("host", "ltv.example.com")])).to_string();
        assert_eq!(cookie, "ltv_session=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0");
    }

    #[test]
    fn only_plain_http_on_this_machine_goes_without_secure() {
        for host in ["localhost:8080", "127.0.0.1", "[::1]:9000"] {
            assert_eq!(ending(&from(&[("host", host)])).secure(), Some(false), "{host}");
        }
        for host in ["ltv.example.com", "10.0.0.1:80", "localhost.example.com", "127.0.0.1.example.com"] {
            assert_eq!(ending(&from(&[("host", host)])).secure(), Some(true), "{host}");
        }
        let behind_tls = from(&[("host", "localhost"), ("x-forwarded-proto", "https")]);
        assert_eq!(ending(&behind_tls).secure(), Some(true));
    }

    #[test]
    fn our_own_pages_and_programs_may_change_things_and_other_sites_may_not() {
        let host = ("host", "ltv.example.com");
        for headers in [
            vec![host],
            vec![host, ("origin", "https://ltv.example.com")],
            vec![host, ("sec-fetch-site", "same-origin"), ("origin", "null")],
            vec![host, ("sec-fetch-site", "none")],
        ] {
            assert!(is_same_origin(&from(&headers)), "{headers:?}");
        }
        for headers in [
            vec![host, ("origin", "https://evil.example.com")],
            vec![host, ("origin", "https://ltv.example.com:8443")],
            vec![host, ("origin", "null")],
            vec![host, ("sec-fetch-site", "cross-site")],
            vec![host, ("sec-fetch-site", "same-site"), ("origin", "https://ltv.example.com")],
        ] {
            assert!(!is_same_origin(&from(&headers)), "{headers:?}");
        }
    }

    #[test]
    fn a_token_is_short_and_plain() {
        assert!(is_plausible("0a1b"));
        for token in ["", "a b", "\u{e9}", &"x".repeat(201)] {
            assert!(!is_plausible(token), "{token}");
        }
    }
}
