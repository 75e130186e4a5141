//! One run of a story: its stage, its processes, and what is looked through afterwards.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use jobs::{Context, Pass, Report, Watch};
use outbound::Deadline;
use serde_json::Value;
use world::GitHub;

use crate::log::Log;
use crate::past::{Moment, Past, Step};
use crate::plan::{Blow, Made, Plan};
use crate::stage::Stage;
use crate::story::Scene;

/// How long may a pass take? A Lambda's timeout.
const PASS: Duration = Duration::from_mins(5);

/// A story on its way.
pub struct Run<'a> {
    pub stage: &'a Stage,
    pub github: Option<&'a GitHub>,
    plan: Arc<Plan>,
    log: &'a Log,
    /// Whatever people may read: reports, and the log.
    said: RefCell<String>,
    tape: Tape<'a>,
    /// How many steps of the story have begun.
    steps: Cell<usize>,
}

/// Where a run begins.
pub enum Tape<'a> {
    /// At the beginning, and its steps are kept.
    Recorded(RefCell<Vec<Step>>),
    /// With this step of those.
    Played(&'a Past, usize),
}

impl<'a> Run<'a> {
    pub fn new(scene: &'a Scene, log: &'a Log, blows: Vec<Blow>, tape: Tape<'a>) -> Self {
        log.take();
        let stage = scene.stage();
        Self {
            plan: Plan::new(blows, stage.clock.clone()),
            stage,
            github: scene.github(),
            log,
            said: RefCell::default(),
            tape,
            steps: Cell::default(),
        }
    }

    /// What was kept of the steps.
    pub fn past(self) -> Option<Past> {
        match self.tape {
            Tape::Recorded(steps) => Some(Past::new(steps.into_inner())),
            Tape::Played(..) => None,
        }
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// A step of the story. One before the run's beginning brings what it brought.
    pub async fn step<T: Any + Clone + Send + Sync>(&self, happens: impl AsyncFnOnce() -> T) -> T {
        let number = self.steps.replace(self.steps.get() + 1);
        match &self.tape {
            Tape::Recorded(steps) => {
                let before = Moment::of(self);
                let outcome = Box::pin(happens()).await;
                steps.borrow_mut().push(Step::new(before, outcome.clone()));
                outcome
            }
            Tape::Played(past, first) if number < *first => past.outcome(number),
            Tape::Played(past, first) => {
                if number == *first && number > 0 {
                    past.come_back(self, number);
                }
                Box::pin(happens()).await
            }
        }
    }

    /// Asks the table past everything that may fail.
    pub fn ask_table(&self, operation: &str, request: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let (status, answer) = self.stage.engine.answer(&target, request.to_string().as_bytes());
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    pub fn made(&self) -> Vec<Made> {
        self.plan.made()
    }

    /// How often may a fact come more than once?
    pub fn repeats(&self) -> usize {
        self.plan.repeats()
    }

    /// Have all faults befallen a call?
    pub fn is_done(&self) -> bool {
        self.plan.is_done()
    }

    /// Everything that people may have read so far.
    pub fn said(&self) -> String {
        let mut said = self.said.borrow_mut();
        said.push_str(&self.log.take());
        said.clone()
    }

    /// This was said before.
    pub fn has_said(&self, said: &str) {
        said.clone_into(&mut self.said.borrow_mut());
    }

    pub fn says(&self, what: &impl std::fmt::Debug) {
        use std::fmt::Write as _;
        let _ = writeln!(self.said.borrow_mut(), "{what:?}");
    }

    /// A process that faults may befall, which has `limit` from now on. `None`: it died.
    pub async fn process<T: Any + Clone + Send + Sync>(
        &self,
        limit: Duration,
        work: impl AsyncFnOnce(Context, Watch, Deadline) -> T,
    ) -> Option<T> {
        self.step(async || self.runs(limit, work).await).await
    }

    async fn runs<T>(&self, limit: Duration, work: impl AsyncFnOnce(Context, Watch, Deadline) -> T) -> Option<T> {
        let deadline = self.stage.clock.now() + limit;
        let faults = self.plan.process(deadline);
        let mut work = Box::pin(async {
            let (context, watch) = self.stage.process(faults.clone());
            Some(work(context, watch, Deadline::at(deadline)).await)
        });
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = faults.died() => return None,
            () = faults.frozen() => {}
        }
        self.plan.suspended();
        for minutes in [3, 10] {
            self.later(minutes);
            self.clean_pass().await;
        }
        faults.thaw();
        work.await
    }

    /// A pass that faults may befall. `None`: the process died.
    pub async fn pass(&self) -> Option<Report> {
        self.step(async || {
            self.sync_feishu();
            let tick = self.stage.clock.now();
            let pass = async |context: Context, watch: Watch, deadline: Deadline| {
                jobs::run(&context, &watch, Pass::new(tick, deadline), |_| {}).await
            };
            let report = self.runs(PASS, pass).await;
            self.says(&report);
            report
        })
        .await
    }

    /// A pass, and where it was not all it should be, the next one of the schedule, which nothing befalls.
    pub async fn pass_and_mend(&self) {
        let report = self.pass().await;
        let waits = |report: &Report| report.channels.iter().any(|channel| channel.waiting > 0);
        if report.is_none_or(|report| !report.complete || waits(&report)) {
            self.later(10);
            self.clean_pass().await;
        }
    }

    /// A pass that nothing befalls.
    pub async fn clean_pass(&self) -> Report {
        self.step(async || {
            self.sync_feishu();
            let report = self.stage.pass().await;
            self.says(&report);
            report
        })
        .await
    }

    pub fn later(&self, minutes: u64) {
        self.stage.later(minutes);
    }

    fn sync_feishu(&self) {
        self.stage.feishu.set_now(self.stage.clock.now().as_second());
    }
}
