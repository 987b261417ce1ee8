//! Every 200 comes after a flush: seen in the system calls that the service makes.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, ensure};
use e2e::{Backend, TestApp};
use simulator::{Faults, StripeStandIn};

use crate::load::business;

/// What is traced: what comes in, what goes out, and what is flushed.
const TRACED: &str = "trace=read,recvfrom,recvmsg,readv,write,sendto,sendmsg,writev,fsync,fdatasync";
const MESSAGES: usize = 12;

/// Where one message is on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Waiting,
    Received,
    Flushed,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_message_was_flushed_between_its_receipt_and_its_answer() -> anyhow::Result<()> {
    let there = Command::new("strace").arg("-V").output();
    ensure!(
        there.is_ok(),
        "strace is not installed: run ./scripts/test, which installs it, or apt-get install strace"
    );
    let history = business(12, 2, 3)?;
    let stand_in = StripeStandIn::start(history.world.clone(), Faults::default()).await?;
    let folder = tempfile::tempdir()?;
    let trace = folder.path().join("trace").display().to_string();
    // -D: the tracer is the grandchild, so that signals reach the service itself. -y: descriptors with their paths.
    let tracer = ["strace", "-D", "-f", "-y", "-s", "96", "-e", TRACED, "-e", "signal=none", "-o", &trace];
    let mut app = TestApp::on(Backend::Sqlite).under(&tracer).start().await?;
    app.configure(&stand_in, true).await?;
    // About people, so that no list is read; and one at a time: every flush in between is the message's own.
    for event in history.events.iter().filter(|event| event.kind.starts_with("customer.")).take(MESSAGES) {
        app.send_all([event]).await?;
        app.until_idle().await?;
    }
    app.stop().await?;

    let lines = std::fs::read_to_string(&trace).context("strace wrote nothing")?;
    let answered = answered_after_a_flush(&lines)?;
    ensure!(answered == MESSAGES, "{answered} answers were seen, {MESSAGES} were given");
    app.finish().await
}

/// Follows the messages, one after another, through the trace.
fn answered_after_a_flush(trace: &str) -> anyhow::Result<usize> {
    let mut flushing: BTreeMap<&str, bool> = BTreeMap::new();
    let mut way = Way::Waiting;
    let mut answered = 0;
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or_default();
        if call.contains("\"POST /api/webhooks/") {
            way = Way::Received;
        } else if is_flush(call) {
            let of_inbox = call.contains("inbox");
            if call.contains("unfinished") {
                flushing.insert(thread, of_inbox && way == Way::Received);
            } else if of_inbox && way == Way::Received && call.trim_end().ends_with("= 0") {
                way = Way::Flushed;
            }
        } else if call.contains("sync resumed") && call.trim_end().ends_with("= 0") {
            if flushing.remove(thread) == Some(true) && way == Way::Received {
                way = Way::Flushed;
            }
        } else if is_sent(call) && call.contains("\"HTTP/1.1 200 OK") && way != Way::Waiting {
            ensure!(way == Way::Flushed, "answered before the flush: {line}");
            way = Way::Waiting;
            answered += 1;
        }
    }
    Ok(answered)
}

/// What the service sends, not what it reads from others.
fn is_sent(call: &str) -> bool {
    let call = call.trim_start();
    call.starts_with("write") || call.starts_with("send")
}

fn is_flush(call: &str) -> bool {
    let call = call.trim_start();
    call.starts_with("fsync(") || call.starts_with("fdatasync(")
}

#[test]
fn an_answer_without_a_flush_is_found_and_one_with_a_flush_passes() -> anyhow::Result<()> {
    let received = "11 recvfrom(9<socket:[1]>, \"POST /api/webhooks/ltv\", 96, 0, NULL, NULL) = 96\n";
    let answer = "11 sendto(9<socket:[1]>, \"HTTP/1.1 200 OK\\r\\n\", 96, 0, NULL, 0) = 96\n";
    let other = "12 fdatasync(7</tmp/x/ledger.db-wal>) = 0\n";
    let from_elsewhere = "13 recvfrom(5<socket:[2]>, \"HTTP/1.1 200 OK\\r\\n\", 96, 0, NULL, NULL) = 96\n";
    let flush = "12 fdatasync(8</tmp/x/inbox.db-wal>) = 0\n";
    let split = "12 fdatasync(8</tmp/x/inbox.db-wal> <unfinished ...>\n12 <... fdatasync resumed>) = 0\n";
    ensure!(answered_after_a_flush(&[received, answer].concat()).is_err(), "no flush at all");
    ensure!(
        answered_after_a_flush(&[received, other, answer].concat()).is_err(),
        "a flush of something else"
    );
    ensure!(answered_after_a_flush(&[flush, received, answer].concat()).is_err(), "a flush before");
    ensure!(answered_after_a_flush(&[received, from_elsewhere].concat())? == 0, "an answer of somebody else");
    for flushed in [flush, split] {
        ensure!(
            answered_after_a_flush(&[received, flushed, answer, received, flushed, answer].concat())? == 2
        );
    }
    Ok(())
}
