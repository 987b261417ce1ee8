//! Customers. Names and addresses stay in the message.

use ltv_core::Body;
use ltv_core::observation::Customer;

use super::discount::{self, Owner};
use super::sink::{Sink, own_key};
use crate::error::MappingError;
use crate::model::Node;

/// Where the business may note its own id of the supplier; the first that is there counts.
const EXTERNAL_ID_KEYS: &[&str] = &["wedsync_supplier_id", "supplier_id"];

/// Maps a customer, present or deleted.
pub(crate) fn map(node: &Node<'_>, sink: &mut Sink<'_>) -> Result<(), MappingError> {
    let metadata = node.node("metadata");
    let external_id = metadata.and_then(|metadata| {
        let mut ids = EXTERNAL_ID_KEYS.iter().filter_map(|name| metadata.text(name));
        ids.find(|id| !id.trim().is_empty()).map(|id| id.trim().to_owned())
    });
    let body = Customer {
        created_at: node.instant("created"),
        deleted: sink.event_kind() == "customer.deleted" || node.boolean("deleted") == Some(true),
        external_id,
        test_clock: node.reference("test_clock").is_some(),
    };
    let object = own_key(node)?;
    let owner = Owner { customer: Some(&object), ..Owner::default() };
    discount::embedded(node, owner, sink)?;
    sink.show(object, Body::Customer(body));
    Ok(())
}
