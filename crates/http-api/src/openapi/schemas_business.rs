//! The shapes of MRR and what belongs to it.

use serde_json::{Value, json};

use super::schema::{
    Field, count, fields, flag, has, integer, list, may_have, money, nullable, object, other, page, share,
    text, text_like, time, viewed, word,
};
use super::schemas::Named;

/// The nine kinds of movement.
pub(super) const MOVEMENTS: [&str; 9] =
    ["new", "expansion", "contraction", "churn", "reactivation", "pause", "resume", "discountEnd", "fx"];
const STATUSES: [&str; 6] = ["none", "trialing", "active", "pastDue", "paused", "churned"];

/// All of them, by name.
pub(super) fn all() -> Vec<Named> {
    let mut all = mrr();
    all.extend(cohorts());
    all.extend(timeline());
    all
}

fn meta() -> Vec<Field> {
    vec![has("meta", other("Meta"))]
}

fn mrr() -> Vec<Named> {
    let movements = MOVEMENTS.into_iter().map(|name| has(name, money())).collect();
    let point = vec![
        has("at", time("When the period begins.")),
        has("start", money()),
        has("end", money()),
        has("movements", object("They sum to `end` less `start`.", movements)),
        has("atRisk", money()),
        has("scheduledLoss", money()),
        has("suppliers", count("With MRR above 0 at its end.")),
        has("trials", count("Begun in it.")),
        has("converted", count("Trials that became MRR in it.")),
    ];
    let source = vec![
        has("inboxId", integer("The message's number.")),
        has("provider", text("Who said it.")),
        has("eventId", text("The provider's id.")),
        has("sha256", text("Of the bytes as received.")),
    ];
    let movement = vec![
        has("supplierId", text("Whose.")),
        has("at", time("When.")),
        has("kind", word("Why.", &MOVEMENTS)),
        has("amount", money()),
        may_have("voluntary", flag("For churn: whether the supplier wanted it.")),
        has("subscription", text("The subscription.")),
        has("sources", list(other("Source"))),
    ];
    vec![
        ("MrrPoint", object("MRR of a period.", point)),
        (
            "Mrr",
            object(
                "MRR over time.",
                fields(vec![
                    viewed(),
                    vec![has("points", list(other("MrrPoint"))), has("whole", nullable(other("MrrPoint")))],
                    meta(),
                ]),
            ),
        ),
        (
            "MrrNow",
            object(
                "MRR of a supplier now.",
                vec![
                    has("current", money()),
                    has("atRisk", money()),
                    has("scheduledLoss", money()),
                    has("status", word("How it stands.", &STATUSES)),
                ],
            ),
        ),
        ("Source", object("A raw message.", source)),
        ("Movement", object("A dated change of a supplier's MRR.", movement)),
        ("Movements", object("A page of movements.", fields(vec![viewed(), page("Movement"), meta()]))),
        (
            "Bridge",
            object(
                "From MRR under one policy to MRR under another.",
                fields(vec![
                    viewed(),
                    vec![
                        has("policyA", text("The one.")),
                        has("policyB", text("The other.")),
                        has("from", money()),
                        has("to", money()),
                        has(
                            "lines",
                            list(object(
                                "A reason.",
                                vec![
                                    has("reason", text_like("Why.", "past due is not counted")),
                                    has("amount", money()),
                                    has("suppliers", count("How many it concerns.")),
                                ],
                            )),
                        ),
                    ],
                    meta(),
                ]),
            ),
        ),
    ]
}

fn cohorts() -> Vec<Named> {
    let period = vec![
        has("n", count("Months since the cohort's own.")),
        has("suppliers", count("With MRR above 0 at its end.")),
        has("revenue", money()),
        has("supplierRetention", share("Of the first month's suppliers.")),
        has("revenueRetention", share("Of MRR, without expansion.")),
        has("netRetention", share("Of MRR.")),
        has("netRetentionConstantRates", share("The same, with the first month's rates of exchange.")),
        may_have("value", text("The figure that `metric` asks for.")),
    ];
    let cohort = vec![
        has("key", json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$", "examples": ["2026-03"]})),
        has("suppliers", count("How many.")),
        has("periods", list(object("One of its months.", period))),
    ];
    vec![(
        "Cohorts",
        object(
            "Suppliers by the month of their first MRR.",
            fields(vec![
                viewed(),
                vec![
                    has("by", word("How long a first period is.", &["month"])),
                    has("metric", nullable(text("As asked."))),
                    has("cohorts", list(object("A cohort.", cohort))),
                ],
                meta(),
            ]),
        ),
    )]
}

fn timeline() -> Vec<Named> {
    let event = vec![
        has("at", time("When.")),
        has("kind", text_like("What.", "planChanged")),
        has("title", text("What, in words.")),
        has("movement", nullable(word("For a movement: its kind.", &MOVEMENTS))),
        has("amount", nullable(money())),
        has("mrrAfter", nullable(money())),
        has("object", nullable(text("The subscription or invoice."))),
        has("sources", list(other("Source"))),
    ];
    let invoice = vec![
        has("supplierId", text("Whose.")),
        has("invoice", text("The invoice.")),
        has("subscription", nullable(text("The subscription."))),
        has("amount", money()),
        has("attempts", count("How many failed.")),
        has("firstFailedAt", time("When the first failed.")),
        has("nextAttemptAt", nullable(time("When the provider tries again."))),
        has("outcome", word("What became of it.", &["open", "recovered", "lost"])),
        has("endedAt", nullable(time("When."))),
    ];
    let amounts = ["recovered", "lost", "open", "atRisk", "voluntaryChurn", "involuntaryChurn"];
    let mut failures = vec![
        has("from", nullable(time("As asked."))),
        has("to", nullable(time("As asked."))),
        has("attempts", count("That failed.")),
        has("invoices", count("That failed at least once.")),
        has("recoveryRate", share("Recovered of what was recovered or lost.")),
        has("data", list(object("An invoice whose payment failed.", invoice))),
    ];
    failures.extend(amounts.into_iter().map(|name| has(name, money())));
    let step: Value = object("MRR from a time on.", vec![has("at", time("When.")), has("mrr", money())]);
    vec![
        ("TimelineEvent", object("Something that happened.", event)),
        (
            "Timeline",
            object(
                "What happened to a supplier.",
                fields(vec![
                    vec![
                        has("supplierId", text("Whose.")),
                        has("externalRefs", list(text("Its names at providers."))),
                        has("mrr", other("MrrNow")),
                        has("steps", list(step)),
                    ],
                    viewed(),
                    page("TimelineEvent"),
                    meta(),
                ]),
            ),
        ),
        ("Failures", object("Failed payments.", fields(vec![viewed(), failures, meta()]))),
    ]
}
