//! What each route does, in words; what it takes and what it answers.

use serde_json::{Value, json};

use super::parameters::{VIEW, named, needed, query, several};

/// What belongs together.
pub(super) const TAGS: &[(&str, &str)] = &[
    ("figures", "MRR, revenue, cohorts, failed payments."),
    ("suppliers", "Suppliers, their lifetime value, and why it is so."),
    ("webhooks", "What providers send; signed by them."),
    ("integrations", "Accounts at providers: configuration, state, reading again."),
    ("operations", "Dead letters and jobs."),
    ("security", "API keys, sessions and the audit log."),
    ("service", "Health and telemetry."),
];

/// An answer that is no refusal.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) says: &'static str,
    /// The schema; `None`: there is no body, or none of JSON.
    pub(super) schema: Option<&'static str>,
    pub(super) media_type: &'static str,
}

/// A body that is sent.
pub(super) struct Body {
    pub(super) schema: &'static str,
    pub(super) required: bool,
    pub(super) example: Value,
}

/// What a route does.
pub(super) struct Operation {
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) detail: &'static str,
    pub(super) parameters: Vec<Value>,
    /// What stands in the path, and an example of it.
    pub(super) path_says: &'static str,
    pub(super) path_example: &'static str,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    /// Statuses of refusals of its own.
    pub(super) refusals: &'static [u16],
    /// Whether a page's form may send it, which gets pages for refusals.
    pub(super) form: bool,
    /// Whether its list also comes as CSV and lines of JSON.
    pub(super) table: bool,
}

/// A supplier's id in examples: that of the party `stripe:cus_example`.
pub(super) const SUPPLIER: &str = "sup_8336c387957a1b799c5b09efcfc45aea";

impl Operation {
    fn new(tag: &'static str, summary: &'static str) -> Self {
        Self {
            tag,
            summary,
            detail: "",
            parameters: Vec::new(),
            path_says: "",
            path_example: "",
            body: None,
            answers: Vec::new(),
            refusals: &[],
            form: false,
            table: false,
        }
    }

    fn detail(self, detail: &'static str) -> Self {
        Self { detail, ..self }
    }

    fn taking(mut self, parameters: Vec<Value>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    fn at(self, path_says: &'static str, path_example: &'static str) -> Self {
        Self { path_says, path_example, ..self }
    }

    fn body(self, schema: &'static str, required: bool, example: Value) -> Self {
        Self { body: Some(Body { schema, required, example }), ..self }
    }

    fn gives(mut self, status: u16, says: &'static str, schema: Option<&'static str>) -> Self {
        self.answers.push(Answer { status, says, schema, media_type: "application/json" });
        self
    }

    fn writes(mut self, media_type: &'static str, says: &'static str) -> Self {
        self.answers.push(Answer { status: 200, says, schema: None, media_type });
        self
    }

    fn refusing(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }

    /// What a page's form may send, too.
    fn form(self) -> Self {
        Self { form: true, ..self }
    }

    /// A list with pages.
    fn list(self, says: &'static str, schema: &'static str) -> Self {
        let listed = self.taking(several(&["limit", "cursor"])).gives(200, says, Some(schema));
        Self { table: true, ..listed }
    }

    /// A figure, from where it is looked at.
    fn figure(self, says: &'static str, schema: &'static str) -> Self {
        self.taking(several(&VIEW)).gives(200, says, Some(schema))
    }

    fn of_supplier(self) -> Self {
        self.at("The supplier's id.", SUPPLIER)
    }
}

/// Every operation that there is a description of.
#[cfg(test)]
pub(super) const NAMES: &[&str] = &[
    "webhook.any",
    "webhook.receive",
    "payments.sync",
    "integration.status",
    "integration.list",
    "integration.put",
    "sync.start",
    "sync.read",
    "integration.delete",
    "supplier.list",
    "supplier.read",
    "supplier.ltv",
    "supplier.explain",
    "supplier.timeline",
    "supplier.ledger",
    "metrics.revenue",
    "metrics.mrr",
    "metrics.movements",
    "metrics.cohorts",
    "metrics.bridge",
    "metrics.failures",
    "quality.read",
    "dead_letter.list",
    "dead_letter.retry_many",
    "dead_letter.read",
    "dead_letter.retry",
    "dead_letter.discard",
    "dead_letter.discard_approve",
    "job.list",
    "job.read",
    "job.cancel",
    "key.list",
    "key.create",
    "key.revoke",
    "key.rotate",
    "audit.list",
    "session.start",
    "session.end",
    "health.live",
    "health.ready",
    "telemetry.read",
    "reference.document",
];

/// What the route of this name does.
pub(super) fn of(name: &str) -> Option<Operation> {
    provider_operation(name)
        .or_else(|| figure_operation(name))
        .or_else(|| service_operation(name))
        .or_else(|| security_operation(name))
}

fn provider_operation(name: &str) -> Option<Operation> {
    let (hooks, integrations) = ("webhooks", "integrations");
    let event = json!({"id": "evt_1", "object": "event", "type": "charge.succeeded"});
    Some(match name {
        "webhook.any" => Operation::new(hooks, "Receives a message of the provider that its headers show.")
            .detail("Answered once it is durable. Every way in which the signature can fail gives the same 401.")
            .body("Message", true, event)
            .gives(200, "It is durable.", Some("Received")),
        "webhook.receive" => Operation::new(hooks, "Receives a message of a provider.")
            .detail("Answered once it is durable. Every way in which the signature can fail gives the same 401.")
            .at("The provider.", "stripe")
            .body("Message", true, event)
            .gives(200, "It is durable.", Some("Received")),
        "payments.sync" => Operation::new(integrations, "Hands in one message, or reads a provider again.")
            .detail("With `syncType` webhook the message is verified like any webhook.")
            .body("PaymentsSync", true, json!({"platform": "stripe", "syncType": "incremental"}))
            .gives(200, "The message is durable.", Some("Sync"))
            .gives(202, "A job reads the provider; `Location` names it.", Some("Sync")),
        "integration.status" => Operation::new(integrations, "Says how every integration stands.")
            .gives(200, "How they stand.", Some("Statuses")),
        "integration.list" => Operation::new(integrations, "Lists integrations, without their secrets.")
            .taking(vec![query("id", &json!({"type": "string"}), "The one of this id.", &Value::Null)])
            .gives(200, "They; a single running one comes with its version as `ETag`.", Some("Integrations")),
        "integration.put" => Operation::new(integrations, "Makes or replaces an integration.")
            .detail("Secrets are written, never read back. All integrations of a store have one `livemode`.")
            .taking(vec![named("ifMatch")])
            .body(
                "NewIntegration",
                true,
                json!({"platform": "stripe", "livemode": true, "webhookSecrets": ["whsec_example"]}),
            )
            .gives(200, "It was replaced.", Some("Integration"))
            .gives(201, "It was made.", Some("Integration"))
            .refusing(&[409, 412]),
        "sync.start" => Operation::new(integrations, "Reads an integration again.")
            .detail("`full`: all events that the provider still keeps; `incremental`: those since the last sweep.")
            .body("SyncStart", true, json!({"syncType": "incremental"}))
            .gives(202, "A job does it; `Location` names it.", Some("Sync")),
        "sync.read" => Operation::new(integrations, "Says how a sync goes.")
            .at("The sync's id.", "job_example")
            .gives(200, "How it goes.", Some("Sync")),
        "integration.delete" => {
            Operation::new(integrations, "Stops an integration and destroys its credentials.")
                .detail("The ledger stays.")
                .at("The integration's id.", "stripe")
                .gives(204, "It is stopped.", None)
        }
        _ => return None,
    })
}

fn figure_operation(name: &str) -> Option<Operation> {
    let (figures, suppliers) = ("figures", "suppliers");
    let range = || several(&["from", "to"]);
    let policy = json!({"type": "string", "enum": ["default", "stripe", "chartmogul"]});
    Some(match name {
        "supplier.list" => Operation::new(suppliers, "Lists suppliers with their realised figures.")
            .taking(several(&VIEW))
            .taking(vec![
                query("externalRef", &json!({"type": "string"}), "The one with this name at a provider.", &json!("stripe:cus_123")),
                query("sort", &json!({"type": "string", "enum": ["-ltv", "ltv", "id"]}), "Their order; default: `-ltv`.", &json!("-ltv")),
            ])
            .list("A page of suppliers.", "Suppliers"),
        "supplier.read" => Operation::new(suppliers, "Shows a supplier with its realised figures.")
            .of_supplier()
            .figure("The supplier.", "Supplier"),
        "supplier.ltv" => Operation::new(suppliers, "Shows a supplier's lifetime value and MRR.")
            .detail("What can't be known is null beside a reason.")
            .of_supplier()
            .figure("Its lifetime value.", "Ltv"),
        "supplier.explain" => Operation::new(suppliers, "Explains a supplier's net revenue down to the raw messages.")
            .detail("Children sum to their parent; a leaf names the message behind it.")
            .of_supplier()
            .figure("The tree.", "Explain"),
        "supplier.timeline" => Operation::new(suppliers, "Tells what happened to a supplier, newest first.")
            .of_supplier()
            .taking(several(&VIEW))
            .list("What happened.", "Timeline"),
        "supplier.ledger" => Operation::new(suppliers, "Lists a supplier's postings, newest first.")
            .of_supplier()
            .taking(several(&VIEW))
            .list("A page of postings.", "Ledger"),
        "metrics.revenue" => Operation::new(figures, "Shows revenue of the whole store.")
            .taking(range())
            .taking(vec![
                named("interval"),
                query("groupBy", &json!({"type": "string", "enum": ["supplier", "currency"]}), "One group a key.", &Value::Null),
            ])
            .figure("The figures.", "Revenue"),
        "metrics.mrr" => Operation::new(figures, "Shows MRR by period, and what moved it.")
            .detail("The nine movements of a point sum to `end` less `start`.")
            .taking(range())
            .taking(vec![named("interval")])
            .figure("MRR.", "Mrr"),
        "metrics.movements" => Operation::new(figures, "Lists movements of MRR, newest first.")
            .taking(several(&VIEW))
            .taking(range())
            .taking(vec![
                query("kind", &json!({"type": "string", "enum": super::schemas_business::MOVEMENTS}), "Of this kind alone.", &Value::Null),
                named("supplier"),
            ])
            .list("A page of movements.", "Movements"),
        "metrics.cohorts" => Operation::new(figures, "Shows suppliers by the month of their first MRR, and what is left of them.")
            .taking(vec![
                query("by", &json!({"type": "string", "enum": ["month"]}), "How long a cohort's first period is.", &json!("month")),
                query("metric", &json!({"type": "string", "enum": ["suppliers", "revenue", "supplierRetention", "revenueRetention", "netRetention"]}), "Which figure is repeated as `value`.", &json!("netRetention")),
            ])
            .figure("The cohorts.", "Cohorts"),
        "metrics.bridge" => Operation::new(figures, "Explains why MRR under one policy is not that under another.")
            .detail("The lines sum to `to` less `from`.")
            .taking(vec![
                needed("policyA", &policy, "The one.", &json!("default")),
                needed("policyB", &policy, "The other.", &json!("stripe")),
            ])
            .figure("The reasons.", "Bridge"),
        "metrics.failures" => Operation::new(figures, "Shows failed payments, and what became of them.")
            .taking(range())
            .taking(vec![named("supplier")])
            .figure("Failed payments.", "Failures")
            .refusing(&[404]),
        "quality.read" => Operation::new(figures, "Says how good the data is.")
            .taking(vec![query("level", &json!({"type": "string", "enum": ["basic", "comprehensive"]}), "How deeply to look; default: `basic`.", &json!("basic"))])
            .gives(200, "The checks.", Some("DataQuality")),
        _ => return None,
    })
}

fn service_operation(name: &str) -> Option<Operation> {
    let (operations, service) = ("operations", "service");
    let letter = |summary| Operation::new(operations, summary).at("The message's number.", "1");
    let job = |summary| Operation::new(operations, summary).at("The job's id.", "job_example");
    Some(match name {
        "dead_letter.list" => {
            Operation::new(operations, "Lists messages that could not be worked on, newest first.")
                .list("A page of them.", "DeadLetters")
        }
        "dead_letter.retry_many" => {
            Operation::new(operations, "Tries all again that a filter takes, up to 1,000.")
                .body("DeadLetterFilter", false, json!({"class": "permanent"}))
                .gives(202, "How many wait in the queue again.", Some("RetriedMany"))
        }
        "dead_letter.read" => letter("Looks into a message that could not be worked on; never its payload.")
            .gives(200, "The message, and what is known of it.", Some("DeadLetterDetail")),
        "dead_letter.retry" => letter("Tries a message again.")
            .detail("After three times it wants to be confirmed.")
            .body("DeadLetterRetry", false, json!({"confirmed": true}))
            .gives(202, "It waits in the queue again.", Some("Retried"))
            .refusing(&[409]),
        "dead_letter.discard" => letter("Proposes to give a message up.")
            .body("DeadLetterDiscard", true, json!({"reason": "a test event of the provider"}))
            .gives(200, "It is proposed.", Some("DeadLetterDetail")),
        "dead_letter.discard_approve" => letter("Agrees to give a message up.")
            .detail("By another person than who proposed it, where it may bear money.")
            .gives(200, "It is given up.", Some("DeadLetterDetail"))
            .refusing(&[409]),
        "job.list" => Operation::new(operations, "Lists jobs, newest first.")
            .taking(vec![
                query("kind", &json!({"type": "string"}), "Of this kind alone.", &Value::Null),
                query(
                    "status",
                    &json!({"type": "string", "enum": ["queued", "running", "done", "failed", "cancelled"]}),
                    "In this status alone.",
                    &Value::Null,
                ),
            ])
            .list("A page of jobs.", "Jobs"),
        "job.read" => job("Shows a job.").gives(200, "The job.", Some("Job")),
        "job.cancel" => job("Asks for a job to be called off.")
            .gives(202, "It ends at its next step.", Some("Job"))
            .refusing(&[409]),
        "health.live" => {
            Operation::new(service, "Says that the process lives.").gives(200, "It lives.", Some("Live"))
        }
        "health.ready" => Operation::new(service, "Names each dependency, and whether it works.")
            .gives(200, "All work.", Some("Ready"))
            .refusing(&[503]),
        "telemetry.read" => Operation::new(service, "Shows metrics for Prometheus.")
            .writes("text/plain", "The metrics.")
            .refusing(&[404]),
        "reference.document" => Operation::new(service, "Shows this document.")
            .gives(200, "The document.", Some("Document"))
            .refusing(&[429]),
        _ => return None,
    })
}

fn security_operation(name: &str) -> Option<Operation> {
    let security = "security";
    let key = |summary| Operation::new(security, summary).at("The key's id.", "key_example");
    Some(match name {
        "key.list" => Operation::new(security, "Lists API keys, without their secrets.").gives(
            200,
            "The keys.",
            Some("Keys"),
        ),
        "key.create" => Operation::new(security, "Makes an API key.")
            .detail("It is told this once.")
            .body("NewKey", true, json!({"label": "nightly report", "roles": ["viewer"], "ttlDays": 30}))
            .gives(201, "The key; `Location` names it.", Some("CreatedKey")),
        "key.revoke" => key("Ends an API key at once.").gives(204, "It has ended.", None),
        "key.rotate" => key("Makes a key that takes the place of another.")
            .detail("The other ends after the overlap, at most 24 hours.")
            .body("KeyRotation", false, json!({"overlapHours": 1}))
            .gives(201, "The new key; `Location` names it.", Some("CreatedKey")),
        "audit.list" => Operation::new(security, "Lists who did what, newest first.")
            .taking(vec![
                query("actor", &json!({"type": "string"}), "Of this actor alone.", &Value::Null),
                query("action", &json!({"type": "string"}), "Actions that begin so.", &json!("key.")),
                named("from"),
                named("to"),
            ])
            .list("A page of the audit log.", "AuditLog"),
        "session.start" => Operation::new(security, "Signs in to the dashboard with an API key.")
            .detail("From a page's form it answers with a page or a redirect.")
            .body("SignIn", true, json!({"key": "ltv_live_example"}))
            .gives(200, "The session's cookie is set.", Some("SignedIn"))
            .gives(303, "The same, from a form.", None)
            .form()
            .refusing(&[401, 403, 429, 503]),
        "session.end" => Operation::new(security, "Signs out.")
            .gives(204, "The session has ended.", None)
            .refusing(&[403, 429, 503]),
        _ => return None,
    })
}
