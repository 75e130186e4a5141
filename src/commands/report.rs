//! `copperbell report`: how long issues take.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use metrics::{Asked, By, IssueReport, Warehouse};

use crate::bad_start::BadStart;
use crate::cli::{ReportArgs, ReportFormat};
use crate::connect::Standalone;
use crate::report::{csv, destination, html, markdown, table};

pub(crate) async fn run(standalone: &Standalone, args: ReportArgs) -> anyhow::Result<bool> {
    let warehouse = warehouse(standalone)?;
    let now = standalone.loaded.context.outbound.clock.now();
    let asked = Asked {
        since_s: args.since.seconds(now),
        until_s: now.as_second(),
        repository: args.repo.map(|repository| repository.to_string()),
        by: args.by.unwrap_or_default(),
        ignored: standalone.watch.digest.ignored.clone(),
    };
    if asked.since_s >= asked.until_s {
        return Err(BadStart::new("--since: that is not in the past").into());
    }
    let report = IssueReport::read(&asked, warehouse.as_ref()).await?;
    let shown = match args.format {
        ReportFormat::Table => table::table(&report).into_bytes(),
        ReportFormat::Markdown => markdown::markdown(&report).into_bytes(),
        ReportFormat::Json => {
            let mut json = serde_json::to_vec_pretty(&report).context("Failed to write JSON")?;
            json.push(b'\n');
            json
        }
        ReportFormat::Csv => csv::csv(&report).context("Failed to write CSV")?,
        // Its first numbers are of all issues together, which do not follow from those of groups.
        ReportFormat::Html if asked.by == By::All => html::page(&report, &report.figures).into_bytes(),
        ReportFormat::Html => {
            let by = By::All;
            let whole = IssueReport::read(&Asked { by, ..asked }, warehouse.as_ref()).await?;
            html::page(&report, &whole.figures).into_bytes()
        }
    };
    let path = args.output.as_deref();
    let mut to = destination::open(path)?;
    let outcome = to.write_all(&shown).and_then(|()| to.flush());
    destination::written(outcome, path)?;
    Ok(true)
}

/// Where the records are asked about.
pub(crate) fn warehouse(standalone: &Standalone) -> Result<&Arc<dyn Warehouse>, BadStart> {
    let warehouse = standalone.loaded.context.records.warehouse.as_ref();
    warehouse.ok_or_else(|| {
        BadStart::new(
            "WAREHOUSE: it is not set, so there are no records to ask: set SINK=sqlite:PATH for `serve` to keep some, or \
             WAREHOUSE to where they are",
        )
    })
}
