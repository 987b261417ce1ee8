//! One HTTP client for all connections: TLS by rustls, deadlines, bounded answers, no redirects.

use std::time::Duration;

use bytes::Bytes;
use ltv_core::Timestamp;
use url::{Host, Url};

/// How long making a connection may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a whole call may take.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest answer that is read, after decompression.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The client could not be made.
    #[error("could not set up the HTTP client")]
    SetUp(#[source] reqwest::Error),
    /// Sending or reading failed.
    #[error("the call failed")]
    Call(#[source] reqwest::Error),
    /// The answer is too large.
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

impl HttpError {
    /// True when the time for connecting, or for the whole call, was up.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Call(error) => error.is_timeout(),
            Self::SetUp(_) | Self::TooLarge => false,
        }
    }
}

/// A call.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: &'static str,
    /// Where.
    pub url: Url,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The `Date` header.
    pub date: Option<Timestamp>,
}

impl Answer {
    /// The value of a header; the name in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpClient {
    inner: reqwest::Client,
}

impl HttpClient {
    /// Makes a client with the deadlines of this module. Installs ring as the process's TLS provider where none is.
    ///
    /// Servers are trusted by the roots that are compiled in, so that nothing needs to be installed on the host.
    /// Proxies named in the environment are not used: only the binary reads the environment.
    ///
    /// # Errors
    /// [`HttpError::SetUp`]
    pub fn new() -> Result<Self, HttpError> {
        Self::with_deadlines(CONNECT_TIMEOUT, TOTAL_TIMEOUT)
    }

    fn with_deadlines(connect: Duration, total: Duration) -> Result<Self, HttpError> {
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let inner = reqwest::Client::builder()
            .connect_timeout(connect)
            .timeout(total)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .tls_certs_only(roots()?)
            .user_agent(concat!("wedsync-ltv/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(HttpError::SetUp)?;
        Ok(Self { inner })
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// [`HttpError`]
    pub async fn send(&self, request: Request) -> Result<Answer, HttpError> {
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap_or(reqwest::Method::GET);
        let mut builder = self.inner.request(method, request.url).body(request.body);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let mut response = builder.send().await.map_err(call_error)?;
        let status = response.status().as_u16();
        let headers = headers_of(&response);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(call_error)? {
            if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let date =
            headers.iter().find(|(name, _)| name == "date").and_then(|(_, value)| parse_http_date(value));
        Ok(Answer { status, headers, body: body.into(), date })
    }
}

/// Reads an HTTP date such as `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    chrono::DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc())
}

/// Whether a provider may be called there: over TLS, or without it on this machine alone. Addresses with a user name
/// or password in them are refused, so that no secret ends up in a log.
#[must_use]
pub fn is_safe_base(url: &Url) -> bool {
    let plain = url.username().is_empty() && url.password().is_none();
    plain && url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && is_local(url)))
}

/// Whether an address is on this machine.
#[must_use]
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn roots() -> Result<Vec<reqwest::Certificate>, HttpError> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|root| reqwest::Certificate::from_der(root).map_err(HttpError::SetUp))
        .collect()
}

/// The address is left out of the error: a query may hold what should not be logged.
fn call_error(error: reqwest::Error) -> HttpError {
    HttpError::Call(error.without_url())
}

fn headers_of(response: &reqwest::Response) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use wiremock::matchers::{header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    fn get(base: &str, path: &str) -> Request {
        Request {
            method: "GET",
            url: Url::parse(base).unwrap().join(path).unwrap(),
            headers: vec![("x-test".to_owned(), "1".to_owned())],
            body: Bytes::new(),
        }
    }

    #[tokio::test]
    async fn an_answer_carries_status_headers_body_and_date() {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(203)
            .insert_header("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .insert_header("Request-Id", "req_1")
            .set_body_string("hello");
        Mock::given(method("GET"))
            .and(path("/a"))
            .and(header("x-test", "1"))
            .respond_with(answer)
            .mount(&server)
            .await;

        let answer = HttpClient::new().unwrap().send(get(&server.uri(), "/a")).await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (203, &b"hello"[..]));
        assert_eq!(answer.header("request-id"), Some("req_1"));
        assert_eq!(answer.date.unwrap().to_rfc3339(), "1994-11-06T08:49:37+00:00");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(302).insert_header("Location", "/elsewhere");
        Mock::given(path("/a")).respond_with(answer).expect(1).mount(&server).await;
        Mock::given(path("/elsewhere"))
            .respond_with(ResponseTemplate::new(200))
            .expect(0)
            .mount(&server)
            .await;

        let answer = HttpClient::new().unwrap().send(get(&server.uri(), "/a")).await.unwrap();
        assert_eq!(answer.status, 302);
    }

    #[tokio::test]
    async fn an_answer_above_the_limit_is_refused_and_one_at_the_limit_is_read() {
        let server = MockServer::start().await;
        let body = |len: usize| ResponseTemplate::new(200).set_body_bytes(vec![b'x'; len]);
        Mock::given(path("/at")).respond_with(body(ANSWER_BYTES_MAX)).mount(&server).await;
        Mock::given(path("/above")).respond_with(body(ANSWER_BYTES_MAX + 1)).mount(&server).await;

        let client = HttpClient::new().unwrap();
        assert_eq!(client.send(get(&server.uri(), "/at")).await.unwrap().body.len(), ANSWER_BYTES_MAX);
        assert!(matches!(client.send(get(&server.uri(), "/above")).await, Err(HttpError::TooLarge)));
    }

    #[tokio::test]
    async fn an_answer_after_the_deadline_is_an_error() {
        let server = MockServer::start().await;
        let late = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
        Mock::given(path("/late")).respond_with(late).mount(&server).await;

        let client = HttpClient::with_deadlines(CONNECT_TIMEOUT, Duration::from_millis(50)).unwrap();
        let error = client.send(get(&server.uri(), "/late?secret=1")).await.unwrap_err();
        let chain = format!("{error}: {}", error.source().unwrap());
        assert!(matches!(error, HttpError::Call(_)) && error.is_timeout(), "{chain}");
        assert!(!chain.contains("secret"), "{chain}");
    }

    #[tokio::test]
    async fn nobody_listening_is_an_error() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = HttpClient::new().unwrap().send(get(&base, "/")).await.unwrap_err();
        assert!(matches!(error, HttpError::Call(_)) && !error.is_timeout(), "{error}");
    }

    #[test]
    fn the_deadlines_leave_room_for_the_call_after_connecting() {
        assert!(CONNECT_TIMEOUT < TOTAL_TIMEOUT);
        assert!(TOTAL_TIMEOUT <= Duration::from_secs(80));
    }

    #[test]
    fn the_compiled_in_roots_are_readable() {
        assert!(roots().unwrap().len() > 50);
    }

    #[test]
    fn dates_are_read_in_the_form_that_http_demands_and_nothing_else_is() {
        let date = parse_http_date("Mon, 23 Nov 2026 12:00:01 GMT").unwrap();
        assert_eq!(date.timestamp(), 1_795_435_201);
        for text in ["", "yesterday", "2026-11-23T12:00:01Z", "Mon, 31 Feb 2026 12:00:01 GMT"] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn only_tls_or_this_machine_is_a_safe_base() {
        for base in
            ["https://api.stripe.com", "http://127.0.0.1:4242", "http://localhost", "http://[::1]:80/"]
        {
            assert!(is_safe_base(&Url::parse(base).unwrap()), "{base}");
        }
        for base in [
            "http://api.stripe.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "http://user@localhost",
            "https://user:password@api.stripe.com",
            "ftp://localhost",
            "file:///etc/passwd",
        ] {
            assert!(!is_safe_base(&Url::parse(base).unwrap()), "{base}");
        }
    }
}
