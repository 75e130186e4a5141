//! The stories that are told, as short as they can be.

mod copr;
mod dead;
mod issue;
mod outage;
mod rotation;
mod together;

use std::fmt;

use outbound::Outbound;
use tempfile::TempDir;
use world::{Aws, GitHub};

use crate::invariants::Told;
use crate::run::Run;
use crate::stage::Stage;
use crate::stage::hooks::HookStage;

/// What happens in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Story {
    /// A build breaks, is rebuilt, is well.
    Build,
    /// An issue is opened, labelled, commented on and closed; strangers try the door.
    Issue,
    /// A hook that points at us loses deliveries: they are redelivered or pulled.
    Outage,
    /// A hook that points elsewhere loses all of them for a while.
    Elsewhere,
    /// The webhook's secret is rotated, and issue events are streamed.
    Rotation,
    /// Two passes at once.
    Twice,
    /// The webhook and a pass have news for one channel at once.
    Together,
    /// A channel refuses a notice; a person sends it again.
    DeadLetter,
}

/// Where a story plays.
pub enum Scene {
    Plain(Stage),
    /// With a directory for files, which lives as long.
    Home(
        Stage,
        #[expect(dead_code, reason = "dropping it removes the directory")] TempDir,
    ),
    Hook(HookStage),
    Cloud(Stage, Aws),
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Story {
    /// A stage for it, whose processes leave by `outbound`.
    pub async fn scene(self, outbound: &Outbound) -> Scene {
        let mut scene = match self {
            Self::Build | Self::Twice | Self::DeadLetter => Scene::Plain(Stage::new().await),
            Self::Issue => issue::scene().await,
            Self::Outage => Scene::Hook(outage::here().await),
            Self::Elsewhere => Scene::Hook(outage::elsewhere().await),
            Self::Rotation => rotation::scene().await,
            Self::Together => together::scene().await,
        };
        scene.stage_mut().leave_by(outbound);
        scene
    }

    /// May a run of it begin in its middle? Not where several processes run at once, and not where the story itself looks
    /// at what a process left, or keeps something of it.
    pub fn has_a_past(self) -> bool {
        matches!(self, Self::Build | Self::Issue | Self::Outage | Self::Elsewhere)
    }

    /// Do several processes run at once? How many calls each makes then depends on which of them is first.
    pub fn is_at_once(self) -> bool {
        matches!(self, Self::Twice | Self::Together)
    }

    /// Plays it.
    pub async fn play(self, run: &Run<'_>, scene: &Scene) -> Result<Told, String> {
        match (self, scene) {
            (Self::Build, _) => Ok(copr::build(run).await),
            (Self::Issue, _) => issue::life(run).await,
            (Self::Outage, Scene::Hook(hook)) => outage::heals_here(run, hook).await,
            (Self::Elsewhere, Scene::Hook(hook)) => outage::heals_elsewhere(run, hook).await,
            (Self::Rotation, Scene::Cloud(_, aws)) => rotation::rotates(run, aws).await,
            (Self::Twice, _) => Ok(together::two_passes(run).await),
            (Self::Together, _) => together::webhook_and_pass(run).await,
            (Self::DeadLetter, _) => dead::dies_and_returns(run).await,
            _ => unreachable!("{self} does not play here"),
        }
    }

    /// After the longest rest one pass should mend everything; a clock that was wrong may cost another, and a redelivery
    /// is seen by the pass after it.
    pub fn passes_to_rest(self) -> usize {
        if self == Self::Outage { 3 } else { 2 }
    }

    /// What must hold besides, once all is at rest.
    pub fn check(self, run: &Run<'_>, scene: &Scene) -> Result<(), String> {
        match (self, scene) {
            (Self::Outage | Self::Elsewhere, Scene::Hook(hook)) => outage::check(self, run, hook),
            (Self::Rotation, Scene::Cloud(_, aws)) => rotation::check(aws),
            _ => Ok(()),
        }
    }
}

impl Scene {
    pub fn stage(&self) -> &Stage {
        match self {
            Self::Plain(stage) | Self::Home(stage, _) | Self::Cloud(stage, _) => stage,
            Self::Hook(hook) => &hook.stage,
        }
    }

    pub fn github(&self) -> Option<&GitHub> {
        match self {
            Self::Hook(hook) => Some(&hook.github),
            Self::Plain(_) | Self::Home(..) | Self::Cloud(..) => None,
        }
    }

    fn stage_mut(&mut self) -> &mut Stage {
        match self {
            Self::Plain(stage) | Self::Home(stage, _) | Self::Cloud(stage, _) => stage,
            Self::Hook(hook) => &mut hook.stage,
        }
    }
}
