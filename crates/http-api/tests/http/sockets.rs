//! The server itself, over loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use http_api::serve;

use crate::support::Bench;

/// Sends bytes and reads what comes until the server closes.
fn exchange(address: std::net::SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[actix_web::test]
async fn a_body_that_does_not_come_in_time_is_given_up_and_the_server_stops_when_told() {
    let mut bench = Bench::new().await;
    bench.state.limits.body_timeout = Duration::from_millis(50);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = serve(bench.state.clone(), listener, 1).unwrap();
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    let head = b"POST /api/webhooks/ltv/payments/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{";
    let answer = tokio::task::spawn_blocking(move || exchange(address, head)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("body-too-slow") && answer.contains("connection: close"), "{answer}");
    handle.stop(true).await;
    running.await.unwrap().unwrap();
}
