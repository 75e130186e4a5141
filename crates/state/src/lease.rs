//! Leases: one worker at a time for a target (a project, a channel), also when a worker dies or is frozen.
//!
//! Every acquisition has a new token, and every write for a target conditions on it: a worker that was frozen while
//! its lease ran out changes nothing when it thaws.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::table::{Attributes, document, integer, stored, string, timestamp};
use crate::{Error, Key, Stored, Table, Write};

/// A tick or a lease that is further ahead than this was set by a clock that was wrong, and counts for nothing.
const AHEAD: Duration = Duration::from_hours(1);

/// The condition of every write for a leased target.
pub(crate) const OURS: &str = "lease_token = :token";

/// A lease that we hold, or held until its time was over.
#[derive(Clone, Debug)]
pub struct Lease {
    pub(crate) key: Key,
    pub(crate) token: String,
    until: Timestamp,
}

/// What came of asking for a lease.
#[derive(Debug)]
pub enum Acquired<T> {
    /// It is ours; with the target's document, if it has one yet.
    Ours(Lease, Option<Stored<T>>),
    /// Somebody else holds it.
    Held,
    /// This pass, or a later one, has already finished with the target.
    Done,
}

impl Lease {
    /// Does the lease outlive something that takes `need` at most?
    #[must_use]
    pub fn outlives(&self, now: Timestamp, need: Duration) -> bool {
        now.checked_add(need).is_ok_and(|end| end < self.until)
    }

    /// A write, for a transaction, that fails unless the lease is still ours, and makes `change`.
    #[must_use]
    pub fn hold(&self, change: TargetChange) -> Write {
        Write::Hold {
            key: self.key.clone(),
            token: self.token.clone(),
            change,
        }
    }
}

/// What becomes of a target whose lease we hold. The default: nothing.
#[derive(Clone, Debug, Default)]
pub struct TargetChange {
    doc: Option<AttributeValue>,
    tick: Option<Timestamp>,
    until: Option<Timestamp>,
    release: bool,
}

impl TargetChange {
    /// Stores the target's document.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub fn store<T: Serialize>(doc: &T) -> Result<Self, Error> {
        let key = Key {
            pk: "target".to_owned(),
            sk: std::any::type_name::<T>().to_owned(),
        };
        Ok(Self {
            doc: Some(document(&key, doc)?),
            ..Self::default()
        })
    }

    /// Gives the lease back.
    #[must_use]
    pub fn and_release(mut self) -> Self {
        self.release = true;
        self
    }

    /// Notes that the pass of `tick` has finished with the target, and gives the lease back.
    #[must_use]
    pub fn and_finish(mut self, tick: Timestamp) -> Self {
        self.tick = Some(tick);
        self.and_release()
    }

    /// The update expression and its values; `None` where nothing changes.
    pub(crate) fn expression(self) -> Option<(String, Attributes)> {
        let mut set = Vec::new();
        let mut values = Attributes::new();
        let mut assign = |name: &str, value: AttributeValue| {
            set.push(format!("{name} = :{name}"));
            values.insert(format!(":{name}"), value);
        };
        if let Some(doc) = self.doc {
            assign("doc", doc);
        }
        if let Some(tick) = self.tick {
            assign("tick", integer(tick.as_millisecond()));
        }
        if let Some(until) = self.until {
            assign("lease_until", integer(until.as_millisecond()));
        }
        let mut expression = String::new();
        if !set.is_empty() {
            expression = format!("SET {}", set.join(", "));
        }
        if self.release {
            expression.push_str(" REMOVE lease_owner, lease_token, lease_until, knocked");
        }
        (!expression.is_empty()).then_some((expression, values))
    }
}

impl Table {
    /// Asks for a target's lease until `until`, unless a pass of `tick` or later has finished with it.
    ///
    /// # Errors
    /// When the table cannot be reached or the target's document cannot be read.
    pub async fn acquire<T: DeserializeOwned>(
        &self,
        key: Key,
        owner: &str,
        until: Timestamp,
        tick: Option<Timestamp>,
    ) -> Result<Acquired<T>, Error> {
        let now = self.clock.now();
        let token = format!("{:032x}", fastrand::u128(..));
        let mut free = "(attribute_not_exists(lease_until) OR lease_until < :now OR lease_until > :absurd)".to_owned();
        if tick.is_some() {
            free.push_str(" AND (attribute_not_exists(tick) OR tick < :tick OR tick > :absurd)");
        }
        let mut request = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", string(&key.pk))
            .key("sk", string(&key.sk))
            .update_expression("SET lease_owner = :owner, lease_token = :token, lease_until = :until")
            .condition_expression(free)
            .expression_attribute_values(":owner", string(owner))
            .expression_attribute_values(":token", string(&token))
            .expression_attribute_values(":until", integer(until.as_millisecond()))
            .expression_attribute_values(":now", integer(now.as_millisecond()))
            .expression_attribute_values(":absurd", integer((now + AHEAD).as_millisecond()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(tick) = tick {
            request = request.expression_attribute_values(":tick", integer(tick.as_millisecond()));
        }
        let item = match request.send().await {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(error) => {
                let Some(UpdateItemError::ConditionalCheckFailedException(refused)) = error.as_service_error() else {
                    return Err(Error::unavailable("UpdateItem", &error));
                };
                let item = refused.item.clone().unwrap_or_default();
                // A first try whose answer was lost took the lease for us.
                if item.get("lease_token") != Some(&string(&token)) {
                    let done = tick.is_some_and(|tick| timestamp(&item, "tick").is_some_and(|last| last >= tick));
                    return Ok(if done { Acquired::Done } else { Acquired::Held });
                }
                item
            }
        };
        let doc = if item.contains_key("doc") {
            Some(stored(&key, &item)?)
        } else {
            None
        };
        Ok(Acquired::Ours(Lease { key, token, until }, doc))
    }

    /// Prolongs a lease until `until`. False when it is no longer ours.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn renew(&self, lease: &mut Lease, until: Timestamp) -> Result<bool, Error> {
        let longer = TargetChange {
            until: Some(until),
            ..TargetChange::default()
        };
        let ours = self.change(lease, longer).await?;
        if ours {
            lease.until = until;
        }
        Ok(ours)
    }

    /// Tells whoever holds a target's lease that there is more to do: they [hear](Self::release) it when they give the
    /// lease back. False: it has been given back already.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn knock(&self, key: &Key) -> Result<bool, Error> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", string(&key.pk))
            .key("sk", string(&key.sk))
            .update_expression("SET knocked = :knocked")
            .condition_expression("attribute_exists(lease_token)")
            .expression_attribute_values(":knocked", AttributeValue::Bool(true));
        Ok(updated(request).await?.is_some())
    }

    /// Gives a lease back. True when somebody may have [knocked](Self::knock) meanwhile.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn release(&self, lease: &Lease) -> Result<bool, Error> {
        let before = self.update(lease, TargetChange::default().and_release()).await?;
        // Of a lease that is not ours any more, perhaps since a first try whose answer was lost, nobody knows.
        Ok(before.is_none_or(|before| before.contains_key("knocked")))
    }

    /// Changes a target whose lease we hold. False when the lease is no longer ours.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn change(&self, lease: &Lease, change: TargetChange) -> Result<bool, Error> {
        Ok(self.update(lease, change).await?.is_some())
    }

    /// The target's attributes before the change; `None` when the lease is no longer ours.
    async fn update(&self, lease: &Lease, change: TargetChange) -> Result<Option<Attributes>, Error> {
        let Some((expression, values)) = change.expression() else {
            return Ok(Some(Attributes::new()));
        };
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", string(&lease.key.pk))
            .key("sk", string(&lease.key.sk))
            .update_expression(expression)
            .condition_expression(OURS)
            .set_expression_attribute_values(Some(values))
            .expression_attribute_values(":token", string(&lease.token));
        updated(request).await
    }
}

/// Makes an update; the attributes before it, or `None` where its condition does not hold.
async fn updated(request: UpdateItemFluentBuilder) -> Result<Option<Attributes>, Error> {
    match request.return_values(ReturnValue::AllOld).send().await {
        Ok(answer) => Ok(Some(answer.attributes.unwrap_or_default())),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(None)
        }
        Err(error) => Err(Error::unavailable("UpdateItem", &error)),
    }
}
