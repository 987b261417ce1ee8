//! `ltv dead-letters`

use ltv_core::MessageId;
use pipeline::{
    Clock, DeadLetterFilter, DeadLetterView, Decided, LtvDataPipeline, NewAudit, Redriven, SystemClock,
};
use serde_json::{Value, json};

use super::WrongUse;
use crate::cli::{DeadLetterArgs, DeadLettersCommand};
use crate::config::Config;
use crate::output::{Outcome, Output};
use crate::wiring::{Use, open_pipeline, open_store};

/// Who acts, in the audit log and in decisions.
const ACTOR: &str = "command-line";

/// Shows dead letters, looks into one, has them tried again, proposes to discard one.
pub async fn run(config: &Config, command: DeadLettersCommand, output: Output) -> anyhow::Result<Outcome> {
    let pipeline = open_pipeline(config, open_store(config, Use::Beside).await?).await?;
    match command {
        DeadLettersCommand::List { limit, before } => list(&pipeline, limit, before, output).await,
        DeadLettersCommand::Show { id } => show(&pipeline, MessageId(id), output).await,
        DeadLettersCommand::Retry { id: Some(id), confirmed, .. } => {
            retry(&pipeline, MessageId(id), confirmed, output).await
        }
        DeadLettersCommand::Retry { id: None, filter, .. } => retry_all(&pipeline, filter, output).await,
        DeadLettersCommand::Discard { id, reason } => {
            discard(&pipeline, MessageId(id), &reason, output).await
        }
    }
}

async fn list(
    pipeline: &LtvDataPipeline,
    limit: u16,
    before: Option<i64>,
    output: Output,
) -> anyhow::Result<Outcome> {
    let letters = pipeline.dead_letters(before.map(MessageId), usize::from(limit)).await?;
    let data: Vec<Value> = letters.iter().map(document).collect();
    let mut lines: Vec<String> = letters.iter().map(line).collect();
    if lines.is_empty() {
        lines.push("there are no dead letters".to_owned());
    }
    output.print(&json!({"data": data}), &lines)?;
    Ok(Outcome::Fine)
}

async fn show(pipeline: &LtvDataPipeline, id: MessageId, output: Output) -> anyhow::Result<Outcome> {
    let detail = pipeline.dead_letter(id).await?;
    let message = &detail.message;
    let entries: Vec<String> =
        detail.entries.iter().map(|(anchor, sequence)| format!("{anchor}#{sequence}")).collect();
    let document = json!({
        "id": message.id, "integration": message.integration, "kind": message.kind, "eventId": message.event_id,
        "observedAt": message.observed_at, "receivedAt": message.received_at, "sha256": message.sha256,
        "objects": message.objects, "redrives": detail.redrives, "bearsMoney": detail.bears_money,
        "entries": entries, "letter": detail.letter.as_ref().map(document),
    });
    let mut lines = vec![
        format!(
            "{} {} of {}, received {}",
            message.kind, message.event_id, message.integration, message.received_at
        ),
        match &detail.letter {
            Some(letter) => line(letter),
            None => "it is no dead letter any more".to_owned(),
        },
        format!("retried by people: {}", detail.redrives),
    ];
    lines.extend(entries.iter().map(|entry| format!("booked: {entry}")));
    output.print(&document, &lines)?;
    Ok(Outcome::Fine)
}

async fn retry(
    pipeline: &LtvDataPipeline,
    id: MessageId,
    confirmed: bool,
    output: Output,
) -> anyhow::Result<Outcome> {
    let came = pipeline.redrive_dead_letter(id, ACTOR, confirmed).await?;
    let (word, text) = match came {
        Redriven::Queued => ("queued", format!("{id} waits in the queue again")),
        Redriven::NoSuch => ("noSuch", format!("there is no dead letter {id}")),
        Redriven::Discarded => ("discarded", format!("{id} has been discarded")),
        Redriven::NeedsConfirmation { redrives } => (
            "needsConfirmation",
            format!("{id} was retried {redrives} times by people; say --confirmed to try once more"),
        ),
    };
    let fine = came == Redriven::Queued;
    note(pipeline, "dead-letter.retry", &id.to_string(), fine, None).await?;
    output.print(&json!({"id": id.0, "outcome": word}), &[text])?;
    Ok(if fine { Outcome::Fine } else { Outcome::FoundWrong })
}

async fn retry_all(
    pipeline: &LtvDataPipeline,
    filter: DeadLetterArgs,
    output: Output,
) -> anyhow::Result<Outcome> {
    if !filter.all && filter.integration.is_none() && filter.class.is_none() && filter.kind.is_none() {
        let text = "name a dead letter, narrow by --integration, --class or --kind, or say --all";
        return Err(WrongUse(text.to_owned()).into());
    }
    let filter = DeadLetterFilter { integration: filter.integration, class: filter.class, kind: filter.kind };
    let retried = pipeline.retry_dead_letters(&filter, ACTOR).await?;
    note(pipeline, "dead-letter.retry", "filter", true, None).await?;
    output.print(&json!({"retried": retried}), &[format!("{retried} wait in the queue again")])?;
    Ok(Outcome::Fine)
}

async fn discard(
    pipeline: &LtvDataPipeline,
    id: MessageId,
    reason: &str,
    output: Output,
) -> anyhow::Result<Outcome> {
    let came = pipeline.propose_discard(id, ACTOR, reason).await?;
    let (word, text) = match came {
        Decided::Done => {
            ("proposed", format!("the discard of {id} is proposed; another person must approve it"))
        }
        Decided::NoSuch => ("noSuch", format!("there is no dead letter {id}")),
        Decided::Already => ("already", format!("{id} has been discarded")),
        Decided::SamePerson | Decided::NotProposed => ("refused", format!("{id} cannot be discarded so")),
    };
    let fine = came == Decided::Done;
    note(pipeline, "dead-letter.discard", &id.to_string(), fine, Some(reason)).await?;
    output.print(&json!({"id": id.0, "outcome": word}), &[text])?;
    Ok(if fine { Outcome::Fine } else { Outcome::FoundWrong })
}

/// Writes to the audit log at once: the process ends soon.
async fn note(
    pipeline: &LtvDataPipeline,
    action: &str,
    object: &str,
    done: bool,
    reason: Option<&str>,
) -> anyhow::Result<()> {
    let record = NewAudit {
        at: SystemClock.now(),
        actor_kind: "command".to_owned(),
        actor_id: ACTOR.to_owned(),
        actor_roles: String::new(),
        action: action.to_owned(),
        object: object.to_owned(),
        outcome: if done { "done" } else { "failed" }.to_owned(),
        reason: reason.map(str::to_owned),
        request_id: None,
        source_ip_hash: None,
        before_digest: None,
        after_digest: None,
        code_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok(pipeline.note_now(record).await?)
}

fn document(letter: &DeadLetterView) -> Value {
    json!({
        "id": letter.id, "integration": letter.integration, "kind": letter.kind, "eventId": letter.event_id,
        "status": letter.status, "class": letter.class, "reason": letter.reason, "attempts": letter.attempts,
        "receivedAt": letter.received_at, "failedAt": letter.failed_at, "redrives": letter.redrives,
        "discardProposedBy": letter.discard_proposed_by, "discardReason": letter.discard_reason,
        "discardedAt": letter.discarded_at,
    })
}

fn line(letter: &DeadLetterView) -> String {
    let DeadLetterView { id, integration, kind, event_id, status, class, reason, .. } = letter;
    let decided = match (&letter.discarded_at, &letter.discard_proposed_by) {
        (Some(at), _) => format!(", discarded {at}"),
        (None, Some(by)) => format!(", discard proposed by {by}"),
        (None, None) => String::new(),
    };
    format!("{id}  {integration}  {kind} {event_id}  {status} ({class}): {reason}{decided}")
}
