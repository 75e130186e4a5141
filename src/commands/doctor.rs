//! `copperbell doctor`: does each part work, and what to do about those that do not?

use jobs::Finding;

use crate::connect::Standalone;
use crate::dot_env::misspelt_in_environment;
use crate::output::print;

/// Where others look for a proxy.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

pub(crate) async fn run(standalone: &Standalone, ring: bool) -> anyhow::Result<bool> {
    let Standalone { loaded, watch, .. } = standalone;
    let mut broken = Ok(());
    let mut show = |finding: Finding| {
        let mark = if finding.well { "✓" } else { "✗" };
        let shown = print(&format!("{mark} {}: {}\n", finding.part, finding.said));
        if broken.is_ok() {
            broken = shown;
        }
    };
    if let Some(name) = PROXIES
        .into_iter()
        .find(|name| std::env::var_os(name).is_some_and(|url| !url.is_empty()))
    {
        show(Finding {
            part: "proxy".to_owned(),
            well: true,
            said: format!("{name} is set, and not used: every host is called directly"),
        });
    }
    let misspelt = misspelt_in_environment();
    for (name, meant) in &misspelt {
        show(Finding {
            part: name.clone(),
            well: false,
            said: format!("it is set in the environment, and is no setting: is {meant} meant?"),
        });
    }
    let well = jobs::examine(&loaded.context, &loaded.keys, watch, ring, &mut show).await;
    broken?;
    Ok(well && misspelt.is_empty())
}
