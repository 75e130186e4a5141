//! One run of a story: its stage, its processes, and what is looked through afterwards.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use jobs::{Context, Pass, Report, Watch};
use outbound::Deadline;

use crate::log::Log;
use crate::plan::{Blow, Made, Plan};
use crate::stage::Stage;

/// How long may a pass take? A Lambda's timeout.
const PASS: Duration = Duration::from_mins(5);

/// A story on its way.
pub struct Run<'a> {
    pub stage: &'a Stage,
    plan: Arc<Plan>,
    log: &'a Log,
    /// Whatever people may read: reports, and the log.
    said: RefCell<String>,
}

impl<'a> Run<'a> {
    pub fn new(stage: &'a Stage, log: &'a Log, blows: Vec<Blow>) -> Self {
        log.take();
        Self {
            plan: Plan::new(blows, stage.clock.clone()),
            stage,
            log,
            said: RefCell::default(),
        }
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

    pub fn says(&self, what: &impl std::fmt::Debug) {
        use std::fmt::Write as _;
        let _ = writeln!(self.said.borrow_mut(), "{what:?}");
    }

    /// A process that faults may befall, which has `limit` from now on. `None`: it died.
    pub async fn process<T>(
        &self,
        limit: Duration,
        work: impl AsyncFnOnce(Context, Watch, Deadline) -> T,
    ) -> Option<T> {
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
        self.sync_feishu();
        let tick = self.stage.clock.now();
        let pass = async |context: Context, watch: Watch, deadline: Deadline| {
            jobs::run(&context, &watch, Pass::new(tick, deadline), |_| {}).await
        };
        let report = self.process(PASS, pass).await;
        self.says(&report);
        report
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
        self.sync_feishu();
        let report = Box::pin(self.stage.pass()).await;
        self.says(&report);
        report
    }

    pub fn later(&self, minutes: u64) {
        self.stage.later(minutes);
    }

    fn sync_feishu(&self) {
        self.stage.feishu.set_now(self.stage.clock.now().as_second());
    }
}
