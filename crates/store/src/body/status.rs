//! How the messages stand.

use std::collections::BTreeMap;

use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Handle;
use super::dialect::{Conn, arrived_after, snapshot};
use crate::StoreError;
use crate::convert;
use crate::fail::Fail;
use crate::rows::{StatusCounts, WorkStatus};
use crate::schema::{inbox_key, watermark, work};
use crate::sql::Ts;

/// What the queue says, in one state of it.
struct Queue {
    watermark: (i64, i64),
    counts: Vec<(String, String, i64, Option<Ts>)>,
}

/// What the inbox says, in one state of it: per integration and lane all messages, and those after a watermark.
struct Received {
    all: Vec<(String, String, i64, Option<Ts>)>,
    waiting: Vec<(String, i64, Option<Ts>)>,
}

/// Counts the inbox after the queue. What is before the queue's watermark does not change any more, so the counts add
/// up whatever comes in between, and are counted apart, so that a message lost on the way would show.
pub(super) async fn status(store: &Handle) -> Result<BTreeMap<String, StatusCounts>, StoreError> {
    let queue = {
        let mut conn = store.ledger_read().await?;
        snapshot!(conn, async |conn: &mut Conn| read_queue(conn).await)
            .map_err(|fail: Fail| fail.at("count work"))?
    };
    let received = {
        let mut conn = store.inbox_read().await?;
        let mark = queue.watermark;
        snapshot!(conn, async |conn: &mut Conn| read_inbox(conn, mark).await)
            .map_err(|fail: Fail| fail.at("count messages"))?
    };
    add_up(queue, received)
}

async fn read_queue(conn: &mut Conn) -> Result<Queue, Fail> {
    let watermark = watermark::table.select((watermark::xid, watermark::message_id)).get_result(conn).await?;
    let counts = work::table
        .group_by((work::integration, work::status))
        .select((work::integration, work::status, count_star(), min(work::received_at)))
        .load(conn)
        .await?;
    Ok(Queue { watermark, counts })
}

async fn read_inbox(conn: &mut Conn, mark: (i64, i64)) -> Result<Received, Fail> {
    let all = inbox_key::table
        .group_by((inbox_key::integration, inbox_key::lane))
        .select((inbox_key::integration, inbox_key::lane, count_star(), max(inbox_key::received_at)))
        .load(conn)
        .await?;
    let waiting = inbox_key::table
        .filter(arrived_after!(mark.0, mark.1))
        .filter(inbox_key::lane.eq("main"))
        .group_by(inbox_key::integration)
        .select((inbox_key::integration, count_star(), min(inbox_key::received_at)))
        .load(conn)
        .await?;
    Ok(Received { all, waiting })
}

fn add_up(queue: Queue, received: Received) -> Result<BTreeMap<String, StatusCounts>, StoreError> {
    let mut found: BTreeMap<String, StatusCounts> = BTreeMap::new();
    for (integration, lane, count, newest) in received.all {
        let counts = found.entry(integration).or_default();
        if lane == "main" {
            counts.accepted = count;
        } else {
            counts.other_mode = count;
        }
        counts.last_message_at = counts.last_message_at.max(newest.map(|at| at.0));
    }
    for (integration, count, oldest) in received.waiting {
        let counts = found.entry(integration).or_default();
        counts.pending = count;
        counts.oldest_pending_at = oldest.map(|at| at.0);
    }
    for (integration, status, count, oldest) in queue.counts {
        let counts = found.entry(integration).or_default();
        match convert::status(&status)? {
            WorkStatus::Pending => {
                counts.pending = counts.pending.saturating_add(count);
                let admitted = oldest.map(|at| at.0);
                counts.oldest_pending_at = admitted.into_iter().chain(counts.oldest_pending_at).min();
            }
            WorkStatus::Done => counts.done = count,
            WorkStatus::Dead => counts.dead = count,
            WorkStatus::Quarantined => counts.quarantined = count,
        }
    }
    Ok(found)
}
