//! The tree behind a figure: branches open and close, leaves name their message.

use askama::Template;
use pipeline::{ExplainNode, ExplainSource};

use super::format;
use super::parts::message_link;
use super::view::PageView;

/// A branch or leaf with all below it. Being a template itself, it can stand within its parent's.
#[derive(Template)]
#[template(path = "explain_node.html")]
pub(super) struct TreeNode {
    label: String,
    value: String,
    negative: bool,
    open: bool,
    source: Option<Source>,
    children: Vec<TreeNode>,
}

/// The message behind a leaf, and the way to it.
struct Source {
    told: ExplainSource,
    link: String,
}

impl TreeNode {
    /// The whole tree, its root open.
    pub(super) fn root(node: ExplainNode, view: &PageView) -> Self {
        Self { open: true, ..Self::below(node, view) }
    }

    fn below(node: ExplainNode, view: &PageView) -> Self {
        let source = node.source.map(|told| Source { link: message_link(told.inbox_id, view), told });
        Self {
            label: words(&node.label),
            value: format::amount(node.value),
            negative: node.value.minor() < 0,
            open: false,
            source,
            children: node.children.into_iter().map(|child| Self::below(child, view)).collect(),
        }
    }
}

/// `processorFees` as people write it; what is no such name stays as it is.
fn words(label: &str) -> String {
    if label.is_empty() || !label.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return label.to_owned();
    }
    let mut text = String::new();
    for (index, letter) in label.chars().enumerate() {
        if index == 0 {
            text.push(letter.to_ascii_uppercase());
        } else if letter.is_ascii_uppercase() {
            text.push(' ');
            text.push(letter.to_ascii_lowercase());
        } else {
            text.push(letter);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use ltv_core::{Currency, Money};

    use super::*;
    use crate::query::Query;

    #[test]
    fn names_of_figures_become_words_and_ids_stay() {
        assert_eq!(words("processorFees"), "Processor fees");
        assert_eq!(words("gross"), "Gross");
        assert_eq!(words("stripe:ch_1"), "stripe:ch_1");
        assert_eq!(words(""), "");
    }

    #[test]
    fn a_leaf_shows_its_message_and_nothing_in_it_becomes_markup() {
        let leaf = ExplainNode {
            label: "<b>charge</b>".to_owned(),
            value: Money::from_minor(-108, Currency::GBP),
            children: Vec::new(),
            source: Some(ExplainSource {
                inbox_id: 7,
                provider: "stripe".to_owned(),
                event_id: "evt_\"1".to_owned(),
                sha256: "abcd".to_owned(),
            }),
        };
        let root = ExplainNode {
            label: "netRevenue".to_owned(),
            source: None,
            children: vec![leaf.clone()],
            ..leaf
        };
        let mut query = Query::of(&TestRequest::with_uri("/").to_http_request());
        let html = TreeNode::root(root, &PageView::read(&mut query, "UTC")).render().unwrap();
        assert!(html.contains(r#"href="/dashboard/messages/7""#), "{html}");
        assert!(html.contains("Net revenue") && html.contains("\u{2212}1.08"), "{html}");
        assert!(html.contains("abcd") && html.contains("<details open"), "{html}");
        assert!(!html.contains("<b>") && !html.contains("evt_\"1"), "{html}");
    }
}
