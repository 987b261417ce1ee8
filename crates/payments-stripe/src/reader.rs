//! Objects that were read: from Stripe's answer to messages.

use bytes::Bytes;
use connector::Message;
use ltv_core::{Origin, Provider, Timestamp};
use serde_json::value::RawValue;

use crate::error::MappingError;
use crate::kinds::ObjectKind;
use crate::model::Node;
use crate::substance::Substance;

/// How source ids of read objects begin.
pub(crate) const READ_PREFIX: &str = "api:";

/// A balance transaction becomes available by itself; that says nothing new.
const VOLATILE_OF_SETTLEMENTS: &[&str] = &["status", "available_on"];

/// Makes a message of an object that Stripe's API answered at `date`.
pub(crate) fn message(raw: &RawValue, wanted: ObjectKind, date: Timestamp) -> Result<Message, MappingError> {
    let object = Node::parse(raw.get(), "")?;
    let id = object.need_id()?;
    if object.need_text("object")? != wanted.word() {
        return Err(object.wrong_type("object", wanted.word()));
    }
    let except = match wanted {
        ObjectKind::BalanceTransaction => VOLATILE_OF_SETTLEMENTS,
        _ => &[],
    };
    let mut substance = Substance::of(wanted.word());
    if !substance.json(Some(raw), except) {
        return Err(MappingError::NotAnObject { pointer: String::new() });
    }
    Ok(Message {
        provider: Provider::Stripe,
        origin: Origin::Read,
        source_id: format!("{READ_PREFIX}{}:{id}", wanted.word()),
        kind: wanted.word().to_owned(),
        observed_at: date,
        livemode: object.boolean("livemode"),
        account: None,
        substance: substance.finish(),
        payload: Bytes::copy_from_slice(raw.get().as_bytes()),
    })
}
