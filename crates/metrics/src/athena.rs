//! Questions to Amazon Athena, which reads the Parquet files in S3.

use std::time::Duration;

use aws_sdk_athena::Client;
use aws_sdk_athena::config::retry::{ReconnectMode, RetryConfig};
use aws_sdk_athena::config::timeout::TimeoutConfig;
use aws_sdk_athena::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_sdk_athena::types::{QueryExecutionContext, QueryExecutionState};
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, StreamExt as _};
use outbound::{Access, Clock, Outbound, OwnUserAgent, SdkSleep};

use crate::refusal::refusal;
use crate::warehouse::{Question, Row, Select, Warehouse, WarehouseError};

/// How many queries run at once? An account may have twenty, and others use it, too.
const AT_ONCE: usize = 4;

/// How long may one query take, its queue included?
const TIMEOUT: Duration = Duration::from_mins(2);

/// How long is the first pause before asking whether a query has ended? Each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// And the longest?
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// A workgroup, which says where results are kept and how much may be read, and the database with `issue_events`.
#[derive(Clone, Debug)]
pub struct Athena {
    client: Client,
    workgroup: String,
    database: String,
    clock: Clock,
}

impl Athena {
    /// A client. No request is made yet.
    #[must_use]
    pub fn new(workgroup: &str, database: &str, access: Access, outbound: &Outbound) -> Self {
        let mut config = aws_sdk_athena::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(access.region))
            .credentials_provider(access.credentials)
            .http_client(access.http_client)
            .sleep_impl(SdkSleep(outbound.clock.clone()))
            // Each request has its own time-out in the connector.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(RetryConfig::standard().with_reconnect_mode(ReconnectMode::ReuseAllConnections))
            .interceptor(OwnUserAgent);
        config.set_endpoint_url(access.endpoint_url);
        Self {
            client: Client::from_conf(config.build()),
            workgroup: workgroup.to_owned(),
            database: database.to_owned(),
            clock: outbound.clock.clone(),
        }
    }

    async fn ask(&self, question: &Question, on_row: &mut (dyn FnMut(usize, Row) + Send)) -> Result<(), String> {
        let runs: Vec<BoxFuture<'_, _>> = question
            .selects
            .iter()
            .enumerate()
            .map(|(place, select)| async move { (place, select, self.run(question, select).await) }.boxed())
            .collect();
        let mut ended = stream::iter(runs).buffer_unordered(AT_ONCE);
        while let Some((place, select, execution)) = ended.next().await {
            let answered = match execution {
                Ok(execution) => self.each_row(&execution, |row| on_row(place, row)).await,
                Err(why) => Err(why),
            };
            answered.map_err(|why| format!("{why} (in {})", select.name))?;
        }
        Ok(())
    }

    /// Runs a query to its end. Its results wait under the id that is returned.
    async fn run(&self, question: &Question, select: &Select) -> Result<String, String> {
        let database = QueryExecutionContext::builder().database(&self.database).build();
        let started = self
            .client
            .start_query_execution()
            .query_string(question.text(select))
            .query_execution_context(database)
            .work_group(&self.workgroup)
            .send()
            .await;
        let started = started.map_err(|error| {
            refusal(&error, |code| match code {
                "AccessDeniedException" => Some("allow athena:StartQueryExecution on this workgroup"),
                "InvalidRequestException" => Some("is WAREHOUSE=athena:WORKGROUP/DATABASE right?"),
                _ => None,
            })
        })?;
        let execution = started.query_execution_id().ok_or("Athena gave the query no id")?;
        let until = self.clock.now() + TIMEOUT;
        let mut pause = FIRST_PAUSE;
        loop {
            let request = self.client.get_query_execution().query_execution_id(execution);
            let seen = request.send().await.map_err(|error| {
                refusal(&error, |code| {
                    (code == "AccessDeniedException").then_some("allow athena:GetQueryExecution on this workgroup")
                })
            })?;
            let status = seen.query_execution().and_then(|execution| execution.status());
            match status.and_then(|status| status.state()) {
                Some(QueryExecutionState::Succeeded) => return Ok(execution.to_owned()),
                Some(state @ (QueryExecutionState::Failed | QueryExecutionState::Cancelled)) => {
                    let why = status.and_then(|status| status.state_change_reason());
                    return Err(format!("the query {state}: {}", why.unwrap_or("no reason given")));
                }
                _ => {}
            }
            if self.clock.now() >= until {
                let state = status.and_then(|status| status.state());
                let state = state.map_or("unknown", QueryExecutionState::as_str);
                return Err(format!("the query is {state} after {} s", TIMEOUT.as_secs()));
            }
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn each_row(&self, execution: &str, mut on_row: impl FnMut(Row)) -> Result<(), String> {
        let request = self.client.get_query_results().query_execution_id(execution);
        let mut pages = request.into_paginator().send();
        // The first row of all has the columns' names.
        let mut names = true;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                refusal(&error, |code| {
                    let advice = "allow athena:GetQueryResults on this workgroup and s3:GetObject on its results";
                    (code == "AccessDeniedException").then_some(advice)
                })
            })?;
            for row in page.result_set().map_or(&[][..], |set| set.rows()) {
                if !std::mem::take(&mut names) {
                    let values = row.data().iter().map(|value| value.var_char_value().map(str::to_owned));
                    on_row(values.collect());
                }
            }
        }
        Ok(())
    }
}

impl Warehouse for Athena {
    fn name(&self) -> String {
        format!("athena:{}/{}", self.workgroup, self.database)
    }

    fn ask<'a>(
        &'a self,
        question: &'a Question,
        on_row: &'a mut (dyn FnMut(usize, Row) + Send),
    ) -> BoxFuture<'a, Result<(), WarehouseError>> {
        async move {
            self.ask(question, on_row).await.map_err(|why| WarehouseError {
                warehouse: self.name(),
                why,
            })
        }
        .boxed()
    }
}
