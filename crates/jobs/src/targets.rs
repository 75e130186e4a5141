//! In which order targets are observed, and how many at once.

use std::collections::HashMap;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use state::Stored;

/// The targets that were observed longest ago come first, so that a pass that runs out of time starves nobody. Each with
/// its place in the settings.
pub(crate) fn oldest_first<'a, T: ToString, S>(targets: &'a [T], known: &[(String, Stored<S>)]) -> Vec<(usize, &'a T)> {
    let ticks: HashMap<_, _> = known
        .iter()
        .map(|(name, stored)| (name.as_str(), stored.tick))
        .collect();
    let mut targets: Vec<_> = targets.iter().enumerate().collect();
    targets.sort_by_cached_key(|(_, target)| ticks.get(target.to_string().as_str()).copied().flatten());
    targets
}

/// Observes targets, `most` at once. What came of each is in the order of the settings.
pub(crate) async fn at_once<'a, T, F: Future>(
    most: usize,
    targets: Vec<(usize, &'a T)>,
    observe: impl Fn(&'a T) -> F,
) -> Vec<F::Output> {
    let mut waiting = targets.into_iter();
    let mut running = FuturesUnordered::new();
    let mut observed = Vec::new();
    loop {
        for (place, target) in waiting.by_ref().take(most - running.len()) {
            let observation = observe(target);
            running.push(async move { (place, observation.await) });
        }
        match running.next().await {
            Some(done) => observed.push(done),
            None => break,
        }
    }
    observed.sort_by_key(|(place, _)| *place);
    observed.into_iter().map(|(_, report)| report).collect()
}
