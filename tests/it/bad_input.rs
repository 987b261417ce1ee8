//! What must not come in: the right status, a problem document, no row, nothing that breaks, and a count.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::{Answer, Backend, SECRET, Story, TestApp, View, now, until, with};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Faults, StripeStandIn, World, sign};

use crate::check::{counts_add_up, figure, list, number, text};
use crate::load::business;
use crate::macros::on_both_stores;

on_both_stores!(
    messages_that_are_refused_leave_nothing_but_a_count,
    garbage_under_a_good_signature_breaks_nothing,
    messages_that_are_genuine_but_not_for_the_books_are_kept_apart,
    requests_without_the_right_are_refused_and_told_why,
);

const WEBHOOKS: &str = "/api/webhooks/ltv/payments/stripe";
/// Seconds beyond which a signature is too old, or too new, with room for a slow machine.
const TOO_FAR: i64 = 330;
/// The largest body.
const BODY_MAX: usize = 1024 * 1024;
/// The deepest nesting of a body, its outer object included.
const DEPTH_MAX: usize = 64;
/// How many damaged messages are sent.
const GARBAGE: usize = 250;
/// How long the raw socket waits: longer than the service waits for a body.
const RAW_DEADLINE: Duration = Duration::from_secs(20);

async fn on_a_live_integration(backend: Backend) -> anyhow::Result<(TestApp, StripeStandIn)> {
    let stand_in = StripeStandIn::start(World::default(), Faults::default()).await?;
    let app = TestApp::start(backend).await?;
    app.configure(&stand_in, true).await?;
    Ok((app, stand_in))
}

/// A genuine message about a customer, in the provider's own format.
fn customer_created(changes: &Value) -> String {
    let customer =
        json!({"id": "cus_input", "object": "customer", "created": Story::noon(1), "livemode": true});
    let event = json!({
        "id": "evt_input", "object": "event", "api_version": "2026-07-29.dahlia", "created": Story::noon(1),
        "data": {"object": customer}, "livemode": true, "pending_webhooks": 1, "request": null, "type": "customer.created",
    });
    with(event, changes).to_string()
}

/// A body whose nesting is `depth` deep.
fn nested(depth: usize) -> String {
    // The envelope and `data` are two levels.
    let inner = depth - 2;
    let deep = format!("{}{}", "[".repeat(inner), "]".repeat(inner));
    customer_created(&json!({"id": format!("evt_depth{depth}")}))
        .replace(r#""data":{"#, &format!(r#""data":{{"deep":{deep},"#))
}

struct Attempt {
    what: &'static str,
    signature: Option<String>,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    status: u16,
}

impl Attempt {
    /// Well signed, with the right type.
    fn signed(what: &'static str, body: String, status: u16) -> Self {
        let signature = Some(sign(SECRET, now().timestamp(), body.as_bytes()));
        Self { what, signature, headers: vec![("content-type", "application/json")], body, status }
    }

    /// With this signature.
    fn by(what: &'static str, signature: Option<String>) -> Self {
        Self { signature, ..Self::signed(what, customer_created(&json!({})), 401) }
    }

    async fn make(&self, app: &TestApp) -> anyhow::Result<Answer> {
        let mut request = app.request(Method::POST, WEBHOOKS).header("x-request-id", "one-attempt");
        if let Some(signature) = &self.signature {
            request = request.header("stripe-signature", signature);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.body(self.body.clone()).send().await?).await
    }
}

/// All that is wrong with signatures.
fn forgeries() -> Vec<Attempt> {
    let (body, time) = (customer_created(&json!({})), now().timestamp());
    let at = |time: i64| sign(SECRET, time, body.as_bytes());
    let decoy = at(time).replace("v1=", "v0=");
    let truncated: String = at(time).chars().take(40).collect();
    vec![
        Attempt::by("no signature", None),
        Attempt::by("another secret", Some(sign("whsec_other", time, body.as_bytes()))),
        Attempt::by("another body", Some(sign(SECRET, time, b"{}"))),
        Attempt::by("too old", Some(at(time - TOO_FAR))),
        Attempt::by("too new", Some(at(time + TOO_FAR))),
        Attempt::by("a scheme that is never good", Some(decoy)),
        Attempt::by("half a signature", Some(truncated)),
        Attempt::by("no signature at all in the header", Some("Bearer of good news".to_owned())),
    ]
}

/// What is wrong under a good signature.
fn malformed() -> Vec<Attempt> {
    let gzip = Attempt::signed("compressed", customer_created(&json!({})), 415);
    let plain = Attempt::signed("plain text", customer_created(&json!({})), 415);
    vec![
        Attempt::signed("not JSON", "{\"id\":".to_owned(), 400),
        Attempt::signed("JSON that is no message", "[]".to_owned(), 400),
        Attempt::signed("without an id", customer_created(&json!({"id": null})), 400),
        Attempt::signed("without a time", customer_created(&json!({"created": "soon"})), 400),
        Attempt::signed("nested too deep", nested(DEPTH_MAX + 1), 400),
        Attempt { headers: vec![("content-type", "application/json"), ("content-encoding", "gzip")], ..gzip },
        Attempt { headers: vec![("content-type", "text/plain")], ..plain },
    ]
}

async fn messages_that_are_refused_leave_nothing_but_a_count(backend: Backend) -> anyhow::Result<()> {
    let (app, _stand_in) = on_a_live_integration(backend).await?;
    app.send(nested(DEPTH_MAX).as_bytes()).await?.expect(200).context("as deep as may be")?;
    app.until_idle().await?;
    let (accepted, rejected) = (app.count("accepted").await?, app.count("rejected").await?);
    ensure!(accepted == 1, "one message was accepted, not {accepted}");

    let (forgeries, malformed) = (forgeries(), malformed());
    let mut told: Option<Vec<u8>> = None;
    for attempt in forgeries.iter().chain(&malformed) {
        let answer = attempt.make(&app).await?;
        answer.problem(attempt.status).with_context(|| attempt.what.to_owned())?;
        if attempt.status == 401 {
            let first = told.get_or_insert_with(|| answer.body.clone());
            ensure!(*first == answer.body, "`{}` is told apart: {}", attempt.what, answer.text());
        }
    }
    let large = raw(&app, BODY_MAX + 1, "{").await?;
    problem_in(&large, 413, "body-too-large")?;
    let slow = raw(&app, 100, "{\"id\":").await?;
    problem_in(&slow, 408, "body-too-slow")?;

    let refused = i64::try_from(forgeries.len() + malformed.len() + 2)?;
    let status = app.status().await?;
    ensure!(
        number(&status, "rejected")? == rejected + refused,
        "not all {refused} refusals are counted: {status}"
    );
    ensure!(number(&status, "accepted")? == accepted, "something that was refused left a row: {status}");
    counts_add_up(&status)?;
    app.finish().await
}

/// Genuine messages with bytes changed, left out or doubled, well signed: a broken sender, or a thief of the secret.
async fn garbage_under_a_good_signature_breaks_nothing(backend: Backend) -> anyhow::Result<()> {
    let (app, _stand_in) = on_a_live_integration(backend).await?;
    let history = business(2, 2, 9)?;
    let mut refused = 0;
    for (seed, event) in (0_u64..).zip(history.events.iter().cycle().take(GARBAGE)) {
        let answer = app.send(&damaged(&event.body, seed)).await?;
        if answer.status == 400 {
            answer.problem(400)?;
            refused += 1;
        } else {
            answer.expect(200)?;
        }
    }
    ensure!(refused > 0, "nothing was refused");
    app.until_idle().await?;
    let status = app.status().await?;
    counts_add_up(&status)?;
    ensure!(number(&status, "rejected")? == refused, "{refused} were refused: {status}");
    app.revenue(&View::default()).await?;
    app.finish().await
}

/// The body with one to four places damaged, from a fixed mix.
fn damaged(body: &[u8], seed: u64) -> Vec<u8> {
    let mut damaged = body.to_vec();
    let mut mix = seed;
    for _ in 0..=seed % 4 {
        mix = (mix + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let place = usize::try_from(mix >> 40).unwrap_or(0) % damaged.len().max(1);
        match mix >> 8 & 3 {
            0 => damaged.truncate(place),
            1 => damaged.insert(place, b'"'),
            2 => drop(damaged.splice(place..=place, [mix.to_le_bytes()[0]])),
            _ => drop(damaged.splice(place..place, *b"99999999999999999999")),
        }
        if damaged.is_empty() {
            damaged.push(b'{');
        }
    }
    damaged
}

/// Announces a body of `length` bytes, sends the beginning, and reads what comes back.
async fn raw(app: &TestApp, length: usize, beginning: &'static str) -> anyhow::Result<String> {
    let address = app.url().trim_start_matches("http://").to_owned();
    let head = format!(
        "POST {WEBHOOKS} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         stripe-signature: t=1,v1=00\r\n\r\n{beginning}"
    );
    let exchange = move || -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(RAW_DEADLINE))?;
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).context("the connection was not closed in time")?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    tokio::task::spawn_blocking(exchange).await?
}

fn problem_in(answer: &str, status: u16, code: &str) -> anyhow::Result<()> {
    let (head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("no whole answer: {answer}"))?;
    ensure!(head.starts_with(&format!("HTTP/1.1 {status} ")), "not answered {status}: {answer}");
    ensure!(head.contains("application/problem+json"), "no problem document: {answer}");
    let document: Value = serde_json::from_str(body).with_context(|| format!("no JSON: {body}"))?;
    ensure!(text(&document, "code")? == code, "another code than {code}: {document}");
    ensure!(!text(&document, "requestId")?.is_empty(), "no request id: {document}");
    Ok(())
}

async fn messages_that_are_genuine_but_not_for_the_books_are_kept_apart(
    backend: Backend,
) -> anyhow::Result<()> {
    let (app, _stand_in) = on_a_live_integration(backend).await?;
    let mut story = Story::of("Input");
    let charge = story.charge(9_900, 1, &json!({}));
    let about_charge = json!({"type": "charge.succeeded", "data": {"object": charge}});

    let test_mode = with(about_charge.clone(), &json!({"id": "evt_test_mode", "livemode": false}));
    let answer = app.send(customer_created(&test_mode).as_bytes()).await?.expect(200)?;
    ensure!(answer == json!({"received": true, "duplicate": false}), "{answer}");
    app.until_idle().await?;
    let status = app.status().await?;
    ensure!(number(&status, "testMode")? == 1, "a test-mode message is not counted: {status}");
    ensure!(number(&status, "accepted")? == 0, "a test-mode message is among the others: {status}");

    let foreign = with(about_charge, &json!({"id": "evt_foreign", "account": "acct_somebody_else"}));
    app.send(customer_created(&foreign).as_bytes()).await?.expect(200)?;
    let unknown = json!({"id": "evt_unknown", "type": "charge.danced"});
    app.send(customer_created(&unknown).as_bytes()).await?.expect(200)?;
    app.until_idle().await?;
    let status = app.status().await?;
    ensure!(number(&status, "accepted")? == 2, "both are kept: {status}");
    ensure!(number(&status, "quarantined")? == 1, "a message of another account is quarantined: {status}");
    let drift = list(&status, "drift")?.iter().any(|drift| drift.to_string().contains("charge.danced"));
    ensure!(drift, "an unknown type is no drift: {status}");
    counts_add_up(&status)?;
    let figures = app.figures(&View::default()).await?;
    for name in ["payments", "gross", "netRevenue", "pending", "providerBalance"] {
        ensure!(["0", "0.00"].contains(&figure(&figures, name).as_str()), "{name} moved: {figures}");
    }

    // The same charge, live and ours, is booked.
    story.tell("charge.succeeded", 1, charge);
    let (told, _world) = Story::play(&[story])?;
    app.send_all(told.iter().flatten()).await?;
    app.until_idle().await?;
    let figures = app.figures(&View::default()).await?;
    ensure!(figure(&figures, "gross") == "99.00", "{figures}");
    app.finish().await
}

async fn requests_without_the_right_are_refused_and_told_why(backend: Backend) -> anyhow::Result<()> {
    let (app, _stand_in) = on_a_live_integration(backend).await?;
    let revenue = "/api/metrics/revenue";
    let bare = Answer::read(app.request(Method::GET, revenue).send().await?).await?;
    bare.problem(401)?;
    ensure!(bare.header("www-authenticate").starts_with("Bearer"), "no way in is named: {bare:?}");
    let invented = app.request(Method::GET, revenue).bearer_auth("ltv_live_invented");
    Answer::read(invented.send().await?).await?.problem(401)?;

    let (viewer, id) = app.new_key(&["viewer"]).await?;
    let as_viewer = async |path: &str| {
        Answer::read(app.request(Method::GET, path).bearer_auth(&viewer).send().await?).await
    };
    as_viewer(revenue).await?.expect(200)?;
    let supplier = "00000000-0000-0000-0000-000000000000";
    let refused = as_viewer(&format!("/api/suppliers/{supplier}/ltv/explain")).await?.problem(403)?;
    ensure!(text(&refused, "detail")?.contains("ledger:read"), "the permission is not named: {refused}");
    as_viewer("/api/keys").await?.problem(403)?;

    app.ltv(&["keys", "revoke", &id]).await?.json(0)?;
    let refused = until("a revoked key is refused", Duration::from_secs(5), async || {
        let answer = as_viewer(revenue).await?;
        Ok((answer.status != 200).then_some(answer))
    });
    refused.await?.problem(401)?;

    app.get("/api/nothing/here").await?.problem(404)?;
    let wrong_method = app.get(WEBHOOKS).await?;
    wrong_method.problem(405)?;
    ensure!(wrong_method.header("allow").contains("POST"), "no method is named: {wrong_method:?}");
    for (query, named) in
        [("asOf=yesterday", "asOf"), ("colour=red", "colour"), ("timeZone=Mars/Base", "timeZone")]
    {
        let refused = app.get(&format!("{revenue}?{query}")).await?.problem(400)?;
        ensure!(refused.to_string().contains(named), "{named} is not named: {refused}");
    }
    app.get(&format!("/api/suppliers/{supplier}/ltv")).await?.problem(404)?;
    app.finish().await
}
