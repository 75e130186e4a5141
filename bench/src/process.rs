//! A function as a process: what it takes of processor and memory, and how it is held to a share of one.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// Keeps this process, and what it starts from now on, on one core. Lambda gives a function of less than 1,769 MB no more,
/// and who answers on another core has to be woken there, which takes as long as the machine's hypervisor likes.
pub(crate) fn stay_on_one_core() -> anyhow::Result<()> {
    let this = Pid::from_raw(0);
    let ours = sched_getaffinity(this)?;
    // The last: a machine's interrupts are served by the first.
    let last = (0..CpuSet::count()).rfind(|&core| ours.is_set(core) == Ok(true));
    let mut one = CpuSet::new();
    one.set(last.context("a process may run on some core")?)?;
    sched_setaffinity(this, &one).context("Failed to stay on one core")
}

/// A running process; it is killed with this value.
pub(crate) struct Process {
    child: Child,
    pub(crate) started: Instant,
}

impl Process {
    /// Starts a command with this environment and nothing else; what it prints goes into `log`.
    pub(crate) fn start(command: &[String], env: &[(String, String)], log: &File) -> anyhow::Result<Self> {
        let (program, arguments) = command.split_first().context("a command has a program")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("Failed to start {program}"))?;
        Ok(Self { child, started })
    }

    /// The CPU time it has used so far, user and system, of all its threads.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let pid = Pid::from_raw(self.child.id().try_into()?);
        let spent = clock_gettime(clock_getcpuclockid(pid)?)?;
        Ok(spent.into())
    }

    /// The most memory it ever had resident, in bytes.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        Ok(kib.context("VmHWM should be known")? * 1024)
    }

    /// Holds it to a share of its core from now on.
    pub(crate) fn hold_to(&self, throttle: &Throttle) -> anyhow::Result<()> {
        std::fs::write(throttle.0.join("cgroup.procs"), self.child.id().to_string())
            .context("Failed to move a process into a control group")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A control group of which all processes together get a share of one core.
pub(crate) struct Throttle(PathBuf);

/// Lambda gives one core for 1,769 MB, in slices of 20 ms.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
const PERIOD_US: u32 = 20_000;

impl Throttle {
    /// As much of a core as Lambda gives for this memory.
    pub(crate) fn for_memory(mb: u32) -> anyhow::Result<Self> {
        let quota = PERIOD_US * mb / 1769;
        let name = format!("copperbell-bench-{}", std::process::id());
        let v1 = Path::new("/sys/fs/cgroup/cpu").join(&name);
        let v2 = Path::new("/sys/fs/cgroup").join(&name);
        for home in [v1, v2] {
            if !home.parent().is_some_and(|root| root.join("cgroup.procs").exists())
                || std::fs::create_dir(&home).is_err()
            {
                continue;
            }
            let group = Self(home);
            let set = |file: &str, value: String| std::fs::write(group.0.join(file), value).is_ok();
            let v1 = || set("cpu.cfs_period_us", PERIOD_US.to_string()) && set("cpu.cfs_quota_us", quota.to_string());
            if v1() || set("cpu.max", format!("{quota} {PERIOD_US}")) {
                return Ok(group);
            }
        }
        bail!("this machine has no control groups that we may make")
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}
