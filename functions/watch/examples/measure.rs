//! Throwaway: CPU time and RSS of a release binary.
use aws_credential_types::Credentials;
use outbound::Outbound;
use serde_json::json;
use state::{Access, Table};
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use world::{Aws, Chat, Copr, Monitor, Reply, RuntimeApi};

fn cpu(pid: u32) -> (f64, usize) {
    let mut ns = 0u64;
    let mut n = 0;
    for t in std::fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let s = std::fs::read_to_string(t.unwrap().path().join("schedstat")).unwrap();
        ns += s.split_whitespace().next().unwrap().parse::<u64>().unwrap();
        n += 1;
    }
    (ns as f64 / 1e6, n)
}
fn hwm(pid: u32) -> u64 {
    let s = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    s.lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}
fn med(mut v: Vec<f64>) -> String {
    v.sort_by(f64::total_cmp);
    format!("median {:.2} min {:.2} max {:.2}", v[v.len() / 2], v[0], v[v.len() - 1])
}

#[tokio::main]
async fn main() {
    let bin = std::env::args().nth(1).unwrap();
    let runs: usize = std::env::args().nth(2).map_or(21, |n| n.parse().unwrap());
    let broken = std::env::args().nth(3).is_some();
    let (mut init, mut first, mut warm, mut rss, mut wi, mut wf) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    let mut threads = 0;
    for _ in 0..runs {
        let (aws, copr, slack, rt) = (
            Aws::start().await,
            Copr::start().await,
            Chat::slack().await,
            RuntimeApi::start().await,
        );
        let o = Outbound::new();
        let access = Access {
            http_client: embedded::http_client(aws.engine().clone(), &o),
            credentials: Credentials::from_keys("l", "l", None),
            region: "l".into(),
            endpoint_url: None,
        };
        Table::new("t", access, o.clock.clone())
            .create_if_missing()
            .await
            .unwrap();
        aws.set_secret(
            "s",
            &json!({"channels": [{"name": "team", "url": slack.url()}]}).to_string(),
            None,
        );
        let state = if broken { "failed" } else { "succeeded" };
        let mut m = Monitor::new("alice/demo");
        for n in 0..20 {
            m = m.package(
                &format!("package-{n}"),
                [(
                    "fedora-43-x86_64",
                    if n == 0 { state } else { "succeeded" },
                    7,
                    Some("1.0-1"),
                )],
            );
        }
        copr.set("alice/demo", Reply::monitor(m.json()));
        let t = Instant::now();
        let mut child = tokio::process::Command::new(Path::new(&bin))
            .env_clear()
            .envs([
                ("STATE", "dynamodb:t"),
                ("SECRETS", "aws:s"),
                ("COPR_PROJECTS", "alice/demo"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "a"),
                ("AWS_SECRET_ACCESS_KEY", "b"),
                ("AWS_SESSION_TOKEN", "c"),
                ("AWS_LAMBDA_FUNCTION_NAME", "f"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ])
            .env("COPR_URL", copr.url())
            .env("AWS_ENDPOINT_URL", aws.url())
            .env("AWS_LAMBDA_RUNTIME_API", rt.address())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let pid = child.id().unwrap();
        rt.first_poll().await;
        wi.push(t.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(60)).await;
        let (i, _) = cpu(pid);
        let t = Instant::now();
        let r = rt
            .invoke(json!({"time": "2026-03-01T12:00:00Z"}), 60_000)
            .await
            .unwrap();
        wf.push(t.elapsed().as_secs_f64() * 1e3);
        assert_eq!(r["complete"], true, "{r}");
        tokio::time::sleep(Duration::from_millis(60)).await;
        let (f, n) = cpu(pid);
        threads = threads.max(n);
        let _ = rt
            .invoke(json!({"time": "2026-03-01T12:05:00Z"}), 60_000)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
        let (w, _) = cpu(pid);
        init.push(i);
        first.push(f - i);
        warm.push(w - f);
        rss.push(hwm(pid) as f64 / 1024.0);
        child.kill().await.unwrap();
    }
    println!(
        "cpu ms: spawn→first poll: {}\n first invocation (on top): {}\n second: {}\n VmHWM MB: {}\n threads {threads}\n wall init {}\n wall first {}",
        med(init),
        med(first),
        med(warm),
        med(rss),
        med(wi),
        med(wf)
    );
}
