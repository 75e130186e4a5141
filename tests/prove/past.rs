//! What a story was like before each of its steps, so that a run begins with the step that its first fault befalls: what
//! comes before is the same each time.

use std::any::Any;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use world::{ChatMemory, GitHubMemory};

use crate::plan::SoFar;
use crate::run::Run;

/// How many items one request may put?
const AT_ONCE: usize = 25;

/// A step of a story: what was so before it, and what it brought.
pub struct Step {
    before: Moment,
    outcome: Box<dyn Any + Send + Sync>,
}

/// The steps of a story that nothing befell.
pub struct Past {
    steps: Vec<Step>,
}

/// Everything that a process meets.
pub struct Moment {
    now: Timestamp,
    /// What tokens and jitter are drawn from.
    lots: u64,
    plan: SoFar,
    said: String,
    items: Vec<Value>,
    slack: ChatMemory,
    feishu: ChatMemory,
    github: Option<GitHubMemory>,
    /// The file of the records.
    records: Option<Vec<u8>>,
}

impl Step {
    pub fn new(before: Moment, outcome: impl Any + Send + Sync) -> Self {
        let outcome = Box::new(outcome);
        Self { before, outcome }
    }
}

impl Past {
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// The step in which the call of this number was made.
    pub fn step_of(&self, call: usize) -> usize {
        let begun = |step: &Step| step.before.plan.made().len() <= call;
        self.steps.iter().rposition(begun).unwrap_or_default()
    }

    /// What a step brought.
    pub fn outcome<T: Any + Clone>(&self, number: usize) -> T {
        let outcome = self.steps[number].outcome.downcast_ref::<T>();
        outcome.expect("a story has the same steps each time").clone()
    }

    /// Everything is as it was before a step. The table of this run is empty.
    pub fn come_back(&self, run: &Run<'_>, number: usize) {
        self.steps[number].before.come_back(run);
    }
}

impl Moment {
    pub fn of(run: &Run<'_>) -> Self {
        let stage = run.stage;
        Self {
            now: stage.clock.now(),
            lots: fastrand::get_seed(),
            plan: run.plan().so_far().clone(),
            said: run.said(),
            items: all_items(run),
            slack: stage.slack.remember(),
            feishu: stage.feishu.remember(),
            github: run.github.map(world::GitHub::remember),
            records: stage.records().and_then(|file| std::fs::read(file).ok()),
        }
    }

    fn come_back(&self, run: &Run<'_>) {
        let stage = run.stage;
        let ahead = self.now.duration_since(stage.clock.now());
        stage
            .clock
            .advance(Duration::try_from(ahead).expect("what is skipped takes no time"));
        fastrand::seed(self.lots);
        run.plan().so_far().clone_from(&self.plan);
        run.has_said(&self.said);
        put(run, &self.items);
        stage.slack.recall(&self.slack);
        stage.feishu.recall(&self.feishu);
        if let (Some(github), Some(memory)) = (run.github, &self.github) {
            github.recall(memory);
        }
        if let (Some(file), Some(records)) = (stage.records(), &self.records) {
            std::fs::write(file, records).unwrap();
        }
    }
}

fn all_items(run: &Run<'_>) -> Vec<Value> {
    let answer = run.ask_table("Scan", &json!({"TableName": "copperbell"}));
    answer["Items"].as_array().unwrap().clone()
}

fn put(run: &Run<'_>, items: &[Value]) {
    for items in items.chunks(AT_ONCE) {
        let puts: Vec<Value> = items.iter().map(|item| json!({"PutRequest": {"Item": item}})).collect();
        let answer = run.ask_table("BatchWriteItem", &json!({"RequestItems": {"copperbell": puts}}));
        assert_eq!(answer["UnprocessedItems"], json!({}));
    }
}
