//! Object bodies with slots: JSON files in which `"{{name}}"` stands for a value, and `{{name}}` inside a longer
//! string for its text. Filling one is joining strings, so a long history is invented quickly.

/// A value for a slot.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Number(i64),
    Flag(bool),
    Text(&'a str),
    /// JSON that is ready.
    Json(&'a str),
    Null,
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Slot { name: String, inside_string: bool },
}

/// A body with slots.
#[derive(Debug)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

impl Template {
    pub(crate) fn parse(source: &str) -> Self {
        let compact = without_spaces(source);
        let mut pieces = Vec::new();
        let mut rest = compact.as_str();
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else { break };
            let whole = before.ends_with('"') && after.starts_with('"');
            let text = if whole { before.strip_suffix('"').unwrap_or(before) } else { before };
            pieces.push(Piece::Text(text.to_owned()));
            pieces.push(Piece::Slot { name: name.to_owned(), inside_string: !whole });
            rest = if whole { after.strip_prefix('"').unwrap_or(after) } else { after };
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self { pieces }
    }

    /// Fills the slots. A slot without a value is a mistake of ours: caught in tests, null otherwise.
    pub(crate) fn fill(&self, values: &[(&str, Value<'_>)]) -> String {
        let mut body = String::with_capacity(4096);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => body.push_str(text),
                Piece::Slot { name, inside_string } => {
                    let found = values.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
                    debug_assert!(found.is_some(), "no value for slot {name}");
                    push(&mut body, found.unwrap_or(Value::Null), *inside_string);
                }
            }
        }
        body
    }
}

fn push(body: &mut String, value: Value<'_>, inside_string: bool) {
    match value {
        Value::Number(number) => body.push_str(&number.to_string()),
        Value::Flag(true) => body.push_str("true"),
        Value::Flag(false) => body.push_str("false"),
        Value::Null => body.push_str("null"),
        Value::Json(json) => body.push_str(json),
        Value::Text(text) if inside_string => push_escaped(body, text),
        Value::Text(text) => {
            body.push('"');
            push_escaped(body, text);
            body.push('"');
        }
    }
}

fn push_escaped(body: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' => body.push_str("\\\""),
            '\\' => body.push_str("\\\\"),
            control if control.is_control() => body.push(' '),
            other => body.push(other),
        }
    }
}

fn without_spaces(source: &str) -> String {
    let mut compact = String::with_capacity(source.len());
    let (mut in_string, mut escaped) = (false, false);
    for character in source.chars() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if character == '"' {
            in_string = true;
        } else if character.is_whitespace() {
            continue;
        }
        compact.push(character);
    }
    compact
}

/// All bodies.
#[derive(Debug)]
pub(crate) struct Templates {
    pub(crate) balance_transaction: Template,
    pub(crate) charge: Template,
    pub(crate) customer: Template,
    pub(crate) discount: Template,
    pub(crate) dispute: Template,
    pub(crate) invoice: Template,
    pub(crate) invoice_line: Template,
    pub(crate) invoice_payment: Template,
    pub(crate) payment_intent: Template,
    pub(crate) payout: Template,
    pub(crate) refund: Template,
    pub(crate) subscription: Template,
}

impl Templates {
    pub(crate) fn new() -> Self {
        Self {
            balance_transaction: Template::parse(include_str!("../templates/balance_transaction.json")),
            charge: Template::parse(include_str!("../templates/charge.json")),
            customer: Template::parse(include_str!("../templates/customer.json")),
            discount: Template::parse(include_str!("../templates/discount.json")),
            dispute: Template::parse(include_str!("../templates/dispute.json")),
            invoice: Template::parse(include_str!("../templates/invoice.json")),
            invoice_line: Template::parse(include_str!("../templates/invoice_line.json")),
            invoice_payment: Template::parse(include_str!("../templates/invoice_payment.json")),
            payment_intent: Template::parse(include_str!("../templates/payment_intent.json")),
            payout: Template::parse(include_str!("../templates/payout.json")),
            refund: Template::parse(include_str!("../templates/refund.json")),
            subscription: Template::parse(include_str!("../templates/subscription.json")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_become_values_and_text_inside_strings_stays_text() {
        let template = Template::parse(
            "{ \"a b\": \"{{n}}\", \"u\": \"/x/{{id}}/ y\", \"id\": \"{{id}}\", \"o\": [\"{{o}}\"] }",
        );
        let body = template.fill(&[("n", 7.into()), ("id", "q\"1".into()), ("o", None::<i64>.into())]);
        assert_eq!(body, r#"{"a b":7,"u":"/x/q\"1/ y","id":"q\"1","o":[null]}"#);
    }
}
