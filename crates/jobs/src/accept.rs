//! Accept: what we now know and what must be said, in one transaction; either both exist or neither.

use chat::Notice;
use jiff::Timestamp;
use state::{Lease, MAX_WRITES, Table, TargetChange, TransactionError, Write, key};

use crate::context::Context;

/// One whole fact: it is never split over two transactions.
#[derive(Debug, Default)]
pub(crate) struct Accepted(Vec<Write>);

impl Accepted {
    /// A fact that is remembered by these writes.
    pub(crate) fn remembered(writes: Vec<Write>) -> Self {
        Self(writes)
    }

    /// It must also be said, on every channel that is routed to it. `name` tells the fact from every other accepted
    /// in the same millisecond.
    pub(crate) fn said(mut self, context: &Context, notice: &Notice, name: &str) -> Self {
        let id = key::notice_id(notice.at, name);
        let stored = notice.to_stored();
        let routed = context.routed(notice);
        self.0
            .extend(routed.map(|channel| Write::enqueue(channel, &id, &stored)));
        self
    }

    /// The one transaction of a fact that is of no target.
    pub(crate) fn into_writes(self) -> Vec<Write> {
        self.0
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Writes facts about a leased target, several to a transaction; with the last of them `finish` changes the target, with
/// those before `meanwhile`. Every transaction fails unless the lease is still ours, so two workers never tell the same.
pub(crate) async fn accept(
    table: &Table,
    lease: &Lease,
    facts: Vec<Accepted>,
    meanwhile: TargetChange,
    finish: TargetChange,
) -> Result<(), TransactionError> {
    let mut finish = Some(finish);
    let mut batches = batches(facts).into_iter().peekable();
    while let Some(mut writes) = batches.next() {
        let change = match batches.peek() {
            None => finish.take().unwrap_or_default(),
            Some(_) => meanwhile.clone(),
        };
        writes.push(lease.hold(change));
        table.transact(writes).await?;
    }
    if let Some(finish) = finish
        && !table.change(lease, finish).await?
    {
        return Err(TransactionError::Changed);
    }
    Ok(())
}

/// Packs whole facts into transactions, each with room for the target's own write.
fn batches(facts: Vec<Accepted>) -> Vec<Vec<Write>> {
    let mut batches: Vec<Vec<Write>> = Vec::new();
    for fact in facts {
        match batches.last_mut() {
            Some(batch) if batch.len() + fact.len() < MAX_WRITES => batch.extend(fact.0),
            _ => batches.push(fact.0),
        }
    }
    batches
}

/// The time of acceptance of a fact that must come after another of the same subject, whatever the clock did between.
pub(crate) fn not_before(now: Timestamp, previous: Option<Timestamp>) -> Timestamp {
    let after = previous.and_then(|previous| Timestamp::from_millisecond(previous.as_millisecond() + 1).ok());
    after.map_or(now, |after| after.max(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(writes: usize) -> Accepted {
        let write = |n: usize| Write::enqueue("team", &n.to_string(), "{}");
        Accepted((0..writes).map(write).collect())
    }

    #[test]
    fn facts_share_transactions_but_are_never_split() {
        for (facts, expected) in [
            (vec![], vec![]),
            (vec![3], vec![3]),
            (vec![3, 3, 3], vec![9]),
            (vec![50, 49], vec![99]),
            (vec![50, 50], vec![50, 50]),
            (vec![99, 1], vec![99, 1]),
        ] {
            let lengths: Vec<_> = batches(facts.iter().copied().map(fact).collect())
                .iter()
                .map(Vec::len)
                .collect();
            assert_eq!(lengths, expected, "{facts:?}");
        }
    }

    #[test]
    fn a_later_fact_sorts_after_an_earlier_one_even_if_the_clock_jumped_back() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        assert_eq!(not_before(at(500), Some(at(1000))), at(1001));
        assert_eq!(not_before(at(5000), Some(at(1000))), at(5000));
        assert_eq!(not_before(at(5000), None), at(5000));
    }
}
