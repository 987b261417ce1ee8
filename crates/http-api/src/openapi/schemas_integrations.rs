//! The shapes of integrations, of reading them again, and of the quality of data.

use serde_json::{Value, json};

use super::schema::{
    count, flag, has, integer, list, may_have, money, nullable, object, other, text, text_like, time, word,
};
use super::schemas::Named;

fn drift() -> Value {
    list(object(
        "Something that was not understood.",
        vec![has("what", text("What.")), has("count", integer("How often."))],
    ))
}

/// All of them, by name.
pub(super) fn all() -> Vec<Named> {
    let counts = [
        "accepted",
        "done",
        "pending",
        "dead",
        "quarantined",
        "duplicates",
        "rejected",
        "testMode",
        "lagSeconds",
        "unbooked",
    ];
    let mut status = vec![
        has("id", text("Its id.")),
        has("platform", text("The provider.")),
        has("livemode", flag("Live or test.")),
        has("active", flag("False once it is stopped.")),
        has("lastMessageAt", nullable(time("When the newest came."))),
        has("completeThrough", nullable(time("It has told everything up to here."))),
        has(
            "breaker",
            word("The worst of `breakers`. `closed`: calls go through.", &["closed", "halfOpen", "open"]),
        ),
        has(
            "breakers",
            list(object(
                "Calls to one class of endpoints.",
                vec![
                    has("class", text_like("Which.", "list.balance_transactions")),
                    has("state", word("Whether calls are made.", &["closed", "halfOpen", "open"])),
                    has("openUntil", nullable(time("Until when none is made."))),
                    has("failures", count("Of the last 10 seconds.")),
                    has("calls", count("Of the last 10 seconds.")),
                ],
            )),
        ),
        has("lastSweepAt", nullable(time("When the last sweep of its events ended."))),
        has("drift", drift()),
        has("reading", flag("A read is due or under way.")),
    ];
    status.extend(counts.into_iter().map(|name| has(name, integer("How many."))));
    let integration = vec![
        has("id", text("Its id.")),
        has("platform", text("The provider.")),
        has("account", nullable(text("The provider's id of the account."))),
        has("livemode", flag("Live or test.")),
        has("apiBase", nullable(text("Where its API is, when not at its published address."))),
        has("hasApiKey", flag("Whether a key for its API is kept.")),
        has("webhookSecretCount", count("How many secrets are kept.")),
        has("version", integer("Raised with each change.")),
        has("createdAt", time("When it was made.")),
        has("deletedAt", nullable(time("When it was stopped."))),
    ];
    let new = vec![
        may_have("id", nullable(json!({"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"}))),
        has("platform", word("The provider.", &["stripe"])),
        may_have("account", nullable(text_like("The provider's id of the account.", "acct_123"))),
        has("livemode", flag("Live or test.")),
        may_have("webhookSecrets", nullable(list(text("A secret of the webhook endpoint.")))),
        may_have("apiKey", nullable(text("A key for the provider's API."))),
        may_have("apiBase", nullable(text("A stand-in for the provider's API."))),
    ];
    let sync_type = |words: &[&str]| word("How much to read.", words);
    let webhook = object(
        "A message as the provider sent it.",
        vec![
            has("headers", json!({"type": "object", "additionalProperties": {"type": "string"}})),
            has("bodyBase64", text("The body's bytes as base64.")),
        ],
    );
    let range = object(
        "Within the last 30 days.",
        vec![has("from", time("From when.")), may_have("to", nullable(time("Until when.")))],
    );
    vec![
        (
            "Status",
            object("How an integration stands; `accepted` is the sum of the four that follow it.", status),
        ),
        ("Statuses", object("How all stand.", vec![has("integrations", list(other("Status")))])),
        ("Integration", object("An integration, without its secrets.", integration)),
        ("Integrations", object("All integrations.", vec![has("integrations", list(other("Integration")))])),
        ("NewIntegration", object("What an integration is to be.", new)),
        (
            "SyncStart",
            object(
                "What to read again.",
                vec![
                    may_have("integration", nullable(text("Which; where there is one alone, that one."))),
                    may_have("syncType", nullable(sync_type(&["full", "incremental"]))),
                ],
            ),
        ),
        (
            "PaymentsSync",
            object(
                "What to read again, or a message.",
                vec![
                    has("platform", word("The provider.", &["stripe"])),
                    may_have("integration", nullable(text("Which; where there is one alone, that one."))),
                    has("syncType", sync_type(&["full", "incremental", "webhook"])),
                    may_have("dateRange", nullable(range)),
                    may_have("webhookData", nullable(webhook)),
                    may_have(
                        "validationLevel",
                        nullable(word("How deeply to check.", &["basic", "comprehensive"])),
                    ),
                ],
            ),
        ),
        (
            "Sync",
            object(
                "How a sync goes.",
                vec![
                    has("syncId", text("Its id.")),
                    has("status", word("How it stands.", &["processing", "completed", "failed", "partial"])),
                    has("processedEvents", count("How many events were looked at.")),
                    has("ltvUpdatesTriggered", count("How many of them were new.")),
                    has("dataQualityReport", nullable(other("DataQuality"))),
                    may_have("errors", list(object("What went wrong.", vec![has("detail", text("What."))]))),
                    has("job", nullable(other("Job"))),
                ],
            ),
        ),
        (
            "DataQuality",
            object(
                "How good the data is.",
                vec![
                    has("level", word("How deeply was looked.", &["basic", "comprehensive"])),
                    has("checkedAt", time("When.")),
                    has("score", count("Passed checks per hundred.")),
                    has(
                        "checks",
                        list(object(
                            "A check.",
                            vec![
                                has("name", text("Its name.")),
                                has("passed", flag("Whether all is well.")),
                                has("found", integer("How many findings.")),
                                has("detail", text("What, in words.")),
                            ],
                        )),
                    ),
                    has("duplicates", integer("Messages told again.")),
                    has("rejected", integer("Messages refused at the door.")),
                    has("testMode", integer("Genuine messages of the other mode.")),
                    has("drift", drift()),
                    has("suspense", money()),
                    has("gaps", list(text("What is missing."))),
                ],
            ),
        ),
    ]
}
