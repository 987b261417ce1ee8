//! Objects that messages refer to and that nobody has shown: read one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use connector::{Message, ObjectRef, PaymentProvider};
use ltv_core::{Body, ObjectKey, Observation, Origin};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{JobRow, Store, StoreError};

use super::progress::Progress;
use super::runner::{JobError, Step};
use crate::ask::AskError;
use crate::pipeline::Inner;

/// How many objects one job reads.
const OBJECTS_MAX: usize = 500;

/// An object to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Need {
    object_type: String,
    key: ObjectKey,
    /// It need not be read once these have been shown; `None`: it is always read.
    known_by: Option<BTreeSet<ObjectKey>>,
}

/// What the messages of a batch need, by integration.
pub(crate) type Needs = BTreeMap<String, BTreeSet<Need>>;

impl Need {
    /// What a message needs, given what it shows.
    pub(crate) fn of(
        provider: &dyn PaymentProvider,
        message: &Message,
        observations: &[Observation],
    ) -> Vec<Self> {
        let needs = provider.needs(message);
        needs.into_iter().filter_map(|object| Self::unless_known(object, message, observations)).collect()
    }

    fn unless_known(object: ObjectRef, message: &Message, observations: &[Observation]) -> Option<Self> {
        let shown = observations.iter().find(|observation| observation.object == object.key);
        let itself = || Some(BTreeSet::from([object.key.clone()]));
        let known_by = match shown.map(|observation| &observation.body) {
            // Reading it again right after it was read would not show more.
            Some(_) if message.origin == Origin::Read => return None,
            // It lacks its discounts; or else some of its items, which nobody else shows.
            Some(Body::Subscription(body)) if body.discounts.is_empty() => None,
            Some(Body::Subscription(body)) => {
                let key = |id: &String| ObjectKey::new(object.key.provider(), id.as_str());
                Some(body.discounts.iter().map(key).collect())
            }
            Some(_) => itself(),
            // A message that shows nothing by itself only says that the object has changed.
            None if observations.is_empty() => None,
            // Either what it shows is to be completed, or what it refers to is to be shown.
            None => {
                let parts = observations.iter().filter(|observation| !is_whole(&observation.body));
                let parts: BTreeSet<ObjectKey> =
                    parts.map(|observation| observation.object.clone()).collect();
                if parts.is_empty() { itself() } else { Some(parts) }
            }
        };
        Some(Self { object_type: object.object_type, key: object.key, known_by })
    }

    /// Whether these objects make reading it needless.
    pub(crate) fn is_among(&self, shown: &BTreeSet<&ObjectKey>) -> bool {
        self.known_by.as_ref().is_some_and(|known_by| known_by.iter().all(|key| shown.contains(key)))
    }

    fn reference(&self) -> ObjectRef {
        ObjectRef { object_type: self.object_type.clone(), key: self.key.clone() }
    }

    async fn is_known(&self, store: &dyn Store) -> Result<bool, StoreError> {
        let Some(known_by) = &self.known_by else { return Ok(false) };
        for key in known_by {
            let shown = store.observations(key).await?;
            if !shown.iter().any(|observation| is_whole(&observation.body)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// False where a message shows an object without what matters: an invoice without all of its lines, a discount without
/// what it takes off.
pub(crate) fn is_whole(body: &Body) -> bool {
    match body {
        Body::Invoice(invoice) => invoice.lines_complete,
        Body::Discount(discount) => discount.percent_off.is_some() || discount.amount_off.is_some(),
        _ => true,
    }
}

#[derive(Debug, Deserialize)]
struct Input {
    integration: String,
    objects: Vec<Need>,
}

pub(super) fn input(integration: &str, needs: &[Need]) -> Value {
    json!({ "integration": integration, "objects": needs })
}

/// Reads one object.
pub(super) async fn objects(
    inner: &Arc<Inner>,
    job: &JobRow,
    mut progress: Progress,
) -> Result<Step, JobError> {
    let input: Input = serde_json::from_value(job.input.clone())?;
    let live = inner.integration_of(Some(&input.integration));
    let Some(live) = live else {
        return Ok(Step::Done(progress, json!({ "skipped": "the integration is stopped" })));
    };
    let Some(need) = input.objects.get(progress.place) else {
        let result =
            json!({ "read": progress.pages, "skipped": progress.skipped, "missing": progress.missing });
        return Ok(Step::Done(progress, result));
    };
    if need.is_known(inner.store.as_ref()).await? {
        progress.skipped = progress.skipped.saturating_add(1);
    } else {
        match live.provider.fetch(&need.reference()).await {
            Ok(message) => {
                let new = inner.reader.keep(&live, vec![message]).await?;
                progress.add(1, new);
            }
            Err(error) if error.is_retryable() => return Err(error.into()),
            Err(error) => {
                tracing::warn!(object = %need.key, %error, "Could not read {}: {error}", need.key);
                progress.missing = progress.missing.saturating_add(1);
            }
        }
    }
    progress.place = progress.place.saturating_add(1);
    Ok(Step::More(progress))
}

impl Inner {
    /// Has the objects read that are needed and not known.
    pub(crate) async fn fetch_needed(&self, needs: Needs) -> Result<(), AskError> {
        for (integration, needs) in needs {
            if !self.integrations.live().get(&integration).is_some_and(|live| live.view.has_api_key) {
                continue;
            }
            let mut unknown = Vec::new();
            for need in needs {
                if !need.is_known(self.store.as_ref()).await? {
                    unknown.push(need);
                }
            }
            for part in unknown.chunks(OBJECTS_MAX) {
                self.add_job(self.new_fetch(&integration, part)).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use connector::testkit::fake::{FakeProvider, message};
    use ltv_core::testkit::{a_discount, a_refund, a_subscription, day, key};

    use super::*;

    fn needs(origin: Origin, object_type: &str, id: &str, observations: &[Observation]) -> Vec<Need> {
        let fake = FakeProvider::new(Box::new(|_, _| Ok(connector::Observed::default())));
        fake.let_need("m_1", vec![ObjectRef { object_type: object_type.to_owned(), key: key(id) }]);
        Need::of(&fake, &message(origin, "m_1", "kind", "", day(1)), observations)
    }

    fn known_by(found: &[Need]) -> Option<Vec<ObjectKey>> {
        found[0].known_by.as_ref().map(|keys| keys.iter().cloned().collect())
    }

    #[test]
    fn what_a_message_refers_to_is_known_once_it_was_shown() {
        let refund = a_refund("re_1").of("ch_1", "1.00 GBP").build();
        let found = needs(Origin::Webhook, "charge", "ch_1", &[refund]);
        assert_eq!(known_by(&found), Some(vec![key("ch_1")]));
        assert!(found[0].is_among(&BTreeSet::from([&key("ch_1")])));
        assert!(!found[0].is_among(&BTreeSet::from([&key("ch_2")])));
    }

    #[test]
    fn a_subscription_is_known_once_its_discounts_were_shown() {
        let told = a_subscription("sub_1", "30.00 GBP").with_discount("di_1").build();
        let found = needs(Origin::Webhook, "subscription", "sub_1", std::slice::from_ref(&told));
        assert_eq!(known_by(&found), Some(vec![key("di_1")]));
        assert_eq!(needs(Origin::Read, "subscription", "sub_1", &[told]), [], "it has just been read");
        let bare = a_subscription("sub_1", "30.00 GBP").build();
        assert_eq!(known_by(&needs(Origin::Webhook, "subscription", "sub_1", &[bare])), None);
    }

    #[test]
    fn a_discount_without_what_it_takes_off_is_not_whole() {
        let mut told = a_discount("di_1").of("sub_1").percent("50").build();
        assert!(is_whole(&told.body));
        let Body::Discount(body) = &mut told.body else { panic!("a discount") };
        body.percent_off = None;
        assert!(!is_whole(&told.body));
        let found = needs(Origin::Webhook, "subscription", "sub_1", &[told]);
        assert_eq!(known_by(&found), Some(vec![key("di_1")]));
    }

    #[test]
    fn what_a_message_only_announces_is_always_read() {
        let found = needs(Origin::Webhook, "charge", "ch_1", &[]);
        assert_eq!(known_by(&found), None);
        assert!(!found[0].is_among(&BTreeSet::from([&key("ch_1")])));
    }
}
