//! `copperbell doctor`: does each part work, and what to do about those that do not?

use jobs::Finding;

use crate::connect::Standalone;
use crate::output::print;

pub(crate) async fn run(standalone: &Standalone, ring: bool) -> anyhow::Result<bool> {
    let Standalone { loaded, watch, .. } = standalone;
    let mut broken = Ok(());
    let show = |finding: Finding| {
        let mark = if finding.well { "✓" } else { "✗" };
        let shown = print(&format!("{mark} {}: {}\n", finding.part, finding.said));
        if broken.is_ok() {
            broken = shown;
        }
    };
    let well = jobs::examine(&loaded.context, &loaded.keys, watch, ring, show).await;
    broken?;
    Ok(well)
}
