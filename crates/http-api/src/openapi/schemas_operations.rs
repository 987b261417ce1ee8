//! The shapes of dead letters and jobs.

use serde_json::json;

use super::schema::{
    count, flag, has, integer, list, may_have, nullable, object, other, page, text, text_like, time, word,
};
use super::schemas::Named;

/// All of them, by name.
pub(super) fn all() -> Vec<Named> {
    let message = object(
        "The message; never its payload.",
        vec![
            has("provider", text("Who said it.")),
            has("integration", text("To which integration.")),
            has("kind", text("What kind of event.")),
            has("eventId", text("The provider's id.")),
            has("origin", word("How it came.", &["webhook", "read"])),
            has("account", nullable(text("The account that it names."))),
            has("observedAt", time("Its own time.")),
            has("receivedAt", time("When it came.")),
            has("sha256", text("Of the bytes as received.")),
            has("testMode", flag("Of the other mode: never booked.")),
            has("objects", list(text("What it shows."))),
        ],
    );
    let letter = vec![
        has("id", integer("The message's number.")),
        has("integration", text("Of which integration.")),
        has("kind", text("What kind of event.")),
        has("eventId", text("The provider's id.")),
        has("status", word("How it stands.", &["dead", "quarantined"])),
        has("class", text("`permanent`, `poison`, `exhausted`, `quarantine`.")),
        has("reason", text("What is wrong, redacted.")),
        has("attempts", integer("How often it was tried.")),
        has("receivedAt", time("When it came.")),
        has("failedAt", time("When it was given up.")),
        has("redrives", integer("How often people had it tried again.")),
        has("discardProposedBy", nullable(text("Who proposes to discard it."))),
        has("discardReason", nullable(text("Why."))),
        has("discardedAt", nullable(time("When it was discarded."))),
    ];
    let detail = vec![
        has("id", integer("The message's number.")),
        has("message", message),
        has("letter", nullable(other("DeadLetter"))),
        has("redrives", integer("How often people had it tried again.")),
        has("bearsMoney", flag("A discard needs a second person.")),
        has(
            "entries",
            list(object(
                "An entry that it moved.",
                vec![has("anchor", text("The case.")), has("sequence", integer("The entry within it."))],
            )),
        ),
    ];
    let job = vec![
        has("id", text("Its id.")),
        has("kind", text_like("What is done.", "sweep.events")),
        has("integration", nullable(text("On which integration."))),
        has("status", word("How it stands.", &["queued", "running", "done", "failed", "cancelled"])),
        has("attempts", integer("How often it was begun.")),
        has("progress", json!({"description": "How far it got: counts by name."})),
        has("result", json!({"description": "What it gave."})),
        has("error", nullable(text("What went wrong last, redacted."))),
        has("cancelAsked", flag("It is to be called off.")),
        has("requestedBy", text("Who asked for it.")),
        has("createdAt", time("When.")),
        has("runAt", time("Not before.")),
        has("updatedAt", time("When it last changed.")),
        has("endedAt", nullable(time("When it ended."))),
    ];
    let reason =
        json!({"type": "string", "minLength": 1, "maxLength": 500, "pattern": "\\S", "description": "Why."});
    vec![
        ("DeadLetter", object("A message that could not be worked on.", letter)),
        ("DeadLetters", object("A page of them.", page("DeadLetter"))),
        ("DeadLetterDetail", object("One, looked into.", detail)),
        (
            "DeadLetterRetry",
            object(
                "Whether a fourth time is meant.",
                vec![may_have("confirmed", nullable(flag("Yes, again.")))],
            ),
        ),
        ("DeadLetterDiscard", object("Why it may be given up.", vec![has("reason", reason)])),
        (
            "DeadLetterFilter",
            object(
                "Which; what is left out narrows nothing.",
                vec![
                    may_have("integration", nullable(text("Of this integration."))),
                    may_have("class", nullable(text("Of this class."))),
                    may_have("kind", nullable(text("Of this kind of event."))),
                ],
            ),
        ),
        (
            "Retried",
            object(
                "It waits again.",
                vec![has("id", text("The message's number.")), has("retried", flag("Always true."))],
            ),
        ),
        ("RetriedMany", object("They wait again.", vec![has("retried", count("How many."))])),
        ("Job", object("A job.", job)),
        ("Jobs", object("A page of jobs.", page("Job"))),
    ]
}
