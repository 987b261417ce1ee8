//! The shapes of bodies and answers: all of them by name; here those that others are made of, keys and the audit log.

use serde_json::{Map, Value, json};

use super::schema::{
    Field, fields, flag, has, integer, list, may_have, money, nullable, object, page, text, text_like, time,
    word,
};
use super::{schemas_business, schemas_integrations, schemas_operations, schemas_suppliers};

/// All schemas, by name.
pub(super) fn all() -> Value {
    let groups = [
        basics(),
        schemas_suppliers::all(),
        schemas_integrations::all(),
        schemas_operations::all(),
        security(),
        schemas_business::all(),
    ];
    let all: Map<String, Value> =
        groups.into_iter().flatten().map(|(name, schema)| (name.to_owned(), schema)).collect();
    Value::Object(all)
}

/// A schema with its name.
pub(super) type Named = (&'static str, Value);

const ROLES: [&str; 8] =
    ["viewer", "analyst", "operator", "preparer", "approver", "privacy", "security", "auditor"];

fn basics() -> Vec<Named> {
    let amount = json!({
        "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$", "examples": ["58.80"],
        "description": "A decimal with the currency's places, never a JSON number.",
    });
    let code =
        json!({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["GBP"], "description": "ISO 4217."});
    vec![
        ("Money", object("An amount.", vec![has("amount", amount), has("currency", code)])),
        (
            "Meta",
            object(
                "How complete an answer is.",
                vec![
                    has("completeThrough", nullable(time("Every source has told everything up to here."))),
                    has("gaps", list(text("What is missing."))),
                    has("unexplained", money()),
                    has(
                        "dataVersion",
                        text_like("Block number and hash of the ledger.", "17-9f86d081884c7d65"),
                    ),
                    has("requestId", text("The request's id.")),
                ],
            ),
        ),
        ("Problem", problem_schema()),
        ("Figures", figures()),
        (
            "Received",
            object(
                "A webhook is durable.",
                vec![
                    has("received", flag("Always true.")),
                    has("duplicate", flag("It had been received before.")),
                ],
            ),
        ),
        ("Message", json!({"type": "object", "description": "What the provider sends, as it sends it."})),
        (
            "Document",
            json!({"type": "object", "description": "An OpenAPI 3.1 document.", "required": ["openapi", "paths"]}),
        ),
        ("Live", object("The process lives.", vec![has("status", word("Always so.", &["live"]))])),
        (
            "Ready",
            object(
                "All dependencies work.",
                vec![
                    has("status", word("Always so.", &["ready"])),
                    has(
                        "dependencies",
                        list(object(
                            "A dependency.",
                            vec![
                                has("name", text("Its name.")),
                                has("healthy", flag("Whether it works.")),
                                has("detail", text("More of it.")),
                            ],
                        )),
                    ),
                ],
            ),
        ),
    ]
}

fn problem_schema() -> Value {
    let error = object(
        "One thing that is wrong.",
        vec![
            may_have("pointer", text("Where in the body, as a JSON pointer.")),
            may_have("parameter", text("Which parameter or header.")),
            has("detail", text("What is wrong, and what would be right.")),
        ],
    );
    object(
        "What went wrong (RFC 9457).",
        vec![
            has("type", text_like("The kind of problem.", "urn:problem:ltv:not-found")),
            has("title", text("The same for every problem of this kind.")),
            has("status", integer("The HTTP status.")),
            has("detail", text("What happened here.")),
            has("instance", text("The path.")),
            has("code", text_like("What programs may match on.", "not-found")),
            has("errors", list(error)),
            has("requestId", text("The request's id.")),
            has("retryable", flag("Whether the same request may succeed later.")),
        ],
    )
}

fn figures() -> Value {
    let amounts = [
        "gross",
        "tax",
        "refunds",
        "chargebacks",
        "processorFees",
        "disputeFees",
        "netRevenue",
        "fxDifference",
        "pending",
        "customerCredit",
        "recurring",
        "oneOff",
        "providerBalance",
        "unexplained",
    ];
    let counts = ["payments", "refundCount", "disputes", "inquiries"];
    let mut all: Vec<Field> = amounts.into_iter().map(|name| has(name, money())).collect();
    all.extend(counts.into_iter().map(|name| has(name, integer("How many."))));
    object("The figures block: `gross` includes tax, `refunds` and `chargebacks` exclude it.", all)
}

fn security() -> Vec<Named> {
    let key = || {
        vec![
            has("id", text("Its id.")),
            has("label", text("What it is for.")),
            has("roles", list(word("A role.", &ROLES))),
            has("createdAt", time("When it was made.")),
            has("expiresAt", time("When it ends.")),
            has("revokedAt", nullable(time("When it was ended."))),
            has("suppliers", nullable(list(text("It sees this supplier; null: all.")))),
            has("lastUsedAt", nullable(time("When it was last used, to the minute."))),
            has("replaces", nullable(text("The key whose place it takes."))),
        ]
    };
    let label = json!({"type": "string", "maxLength": 100, "description": "What it is for."});
    let roles = json!({"type": "array", "minItems": 1, "items": word("A role.", &ROLES)});
    let supplier = json!({"type": "string", "pattern": "^sup_[0-9a-f]{32}$"});
    let suppliers = json!({"type": ["array", "null"], "minItems": 1, "maxItems": 1000, "items": supplier, "description": "It sees these alone; null: all."});
    let whole = |most: u32, least: u32, says: &str| json!({"type": ["integer", "null"], "minimum": least, "maximum": most, "description": says});
    let record = vec![
        has("seq", integer("Its place, without gaps.")),
        has("at", time("When.")),
        has(
            "actor",
            object(
                "Who.",
                vec![
                    has("kind", word("What kind.", &["key", "session", "command", "system", "nobody"])),
                    has("id", text("The key's id; never the key.")),
                    has("roles", list(text("A role."))),
                ],
            ),
        ),
        has("action", text_like("What was done.", "integration.put")),
        has("object", text("On what.")),
        has("outcome", word("What came of it.", &["done", "denied", "failed"])),
        has("reason", nullable(text("Why, as given."))),
        has("requestId", nullable(text("In which request."))),
        has("sourceIpHash", nullable(text("Keyed hash of the address."))),
        has("beforeDigest", nullable(text("Of the object before."))),
        has("afterDigest", nullable(text("Of the object after."))),
        has("codeVersion", text("By which version.")),
        has("block", integer("The newest block of the ledger then.")),
        has("hash", text("Of the record, chained.")),
    ];
    vec![
        ("Key", object("An API key, without its secret.", key())),
        ("Keys", object("All keys.", page("Key"))),
        (
            "CreatedKey",
            object("A key, told this once.", fields(vec![vec![has("key", text("The key itself."))], key()])),
        ),
        (
            "NewKey",
            object(
                "What a key is to be.",
                vec![
                    has("label", label),
                    has("roles", roles),
                    may_have("ttlDays", whole(90, 1, "How many days it lives; default: 90.")),
                    may_have("suppliers", suppliers),
                ],
            ),
        ),
        (
            "KeyRotation",
            object(
                "How long the key before still works.",
                vec![may_have("overlapHours", whole(24, 0, "Default: 24."))],
            ),
        ),
        ("AuditRecord", object("Who did what.", record)),
        ("AuditLog", object("A page of the audit log.", page("AuditRecord"))),
        ("SignIn", object("An API key.", vec![has("key", text("The key."))])),
        (
            "SignedIn",
            object(
                "A session.",
                vec![has("expiresAt", time("When it ends.")), has("roles", list(word("A role.", &ROLES)))],
            ),
        ),
    ]
}
