//! The shapes of suppliers, their ledger and revenue.

use serde_json::{Value, json};

use super::schema::{
    Field, count, fields, has, integer, list, may_have, money, nullable, object, other, page, share, text,
    text_like, time, viewed,
};
use super::schemas::Named;

fn row() -> Vec<Field> {
    vec![
        has("supplierId", text_like("The supplier.", super::operations::SUPPLIER)),
        has("externalRefs", list(text_like("Its names at providers.", "stripe:cus_123"))),
        has("realised", other("Figures")),
    ]
}

/// All of them, by name.
pub(super) fn all() -> Vec<Named> {
    let meta = || vec![has("meta", other("Meta"))];
    let supplier_id = || vec![has("supplierId", text("The supplier."))];
    let prediction = object(
        "What is still to come.",
        vec![
            has("residual", nullable(money())),
            has("low", nullable(money())),
            has("high", nullable(money())),
            has("level", text("How sure the interval is.")),
            has("method", nullable(text("How it was predicted."))),
            has("sampleSize", count("From how many.")),
            has("reason", text("Why it is null.")),
        ],
    );
    let ltv = vec![
        has("realised", other("Figures")),
        has("mrr", nullable(other("MrrNow"))),
        has("predicted", prediction),
        has("ltv", nullable(money())),
        has("cac", nullable(money())),
        has("ltvToCac", share("Lifetime value for each unit of cost.")),
        has("paybackMonths", nullable(integer("Until the cost is earned."))),
        has("reason", text("Why `ltv` is null.")),
        has(
            "reasons",
            json!({"type": "object", "additionalProperties": {"type": "string"}, "description": "Why each of the others is."}),
        ),
    ];
    let posting = vec![
        has("id", integer("Its number.")),
        has("anchor", text("The case.")),
        has("sequence", integer("The entry within the case.")),
        has("account", text("The account.")),
        has("fact", text("The object that it speaks of.")),
        has("amount", money()),
        has("quantity", integer("What it counts.")),
        has("effectiveAt", time("When it became true.")),
        has("recordedAt", time("When it was recorded.")),
        has("block", integer("In which block.")),
        has("integration", text("Of which integration.")),
        has("inboxId", integer("Of which message.")),
    ];
    let node = vec![
        has("label", text("What it is.")),
        has("value", money()),
        has("children", list(other("ExplainNode"))),
        may_have("inboxId", integer("The message's number.")),
        may_have("provider", text("Who said it.")),
        may_have("eventId", text("The provider's id.")),
        may_have("sha256", text("Of the bytes as received.")),
    ];
    let group = |key: &'static str, schema: Value| {
        object("A part.", vec![has(key, schema), has("figures", other("Figures"))])
    };
    vec![
        ("SupplierRow", object("A supplier.", row())),
        ("Supplier", object("A supplier.", fields(vec![row(), viewed(), meta()]))),
        (
            "Suppliers",
            object(
                "A page of suppliers.",
                fields(vec![
                    viewed(),
                    page("SupplierRow"),
                    vec![has("total", count("How many in all."))],
                    meta(),
                ]),
            ),
        ),
        ("Ltv", object("A supplier's lifetime value.", fields(vec![supplier_id(), viewed(), ltv, meta()]))),
        ("ExplainNode", object("A figure, or a part of one.", node.clone())),
        (
            "Explain",
            object("Why net revenue is what it is.", fields(vec![supplier_id(), viewed(), node, meta()])),
        ),
        ("Posting", object("A posting, debit positive.", posting)),
        (
            "Ledger",
            object("A page of postings.", fields(vec![supplier_id(), viewed(), page("Posting"), meta()])),
        ),
        (
            "Revenue",
            object(
                "Revenue.",
                fields(vec![
                    viewed(),
                    vec![
                        has("from", nullable(time("As asked."))),
                        has("to", nullable(time("As asked."))),
                        has("figures", other("Figures")),
                        may_have("points", list(group("at", time("When the period begins.")))),
                        may_have("groups", list(group("key", text("The group.")))),
                    ],
                    meta(),
                ]),
            ),
        ),
    ]
}
