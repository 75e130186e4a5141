//! Examples of each command, under its `--help`.

pub(crate) const COPPERBELL: &str = "\
Begin here:
  copperbell demo                                    See it ring, on stand-ins
  copperbell watch --copr-projects @copr/copr        Ring on this terminal
  copperbell doctor                                  Does each part work? What to do where not
  copperbell help watch                              All about a command, its settings too";

pub(crate) const WATCH: &str = "\
Examples:
  copperbell watch --copr-projects @copr/copr,alice/demo
  copperbell watch --json | jq .complete
  */10 * * * *  cd /srv/copperbell && copperbell watch         (in a crontab)";

pub(crate) const SERVE: &str = "\
Examples:
  copperbell serve
  copperbell serve --listen 0.0.0.0:8787 --every 5m --log-format json";

pub(crate) const RING: &str = "\
Examples:
  copperbell ring payload.json --event issues
  copperbell ring payload.json --event issues --url https://bell.example.org/webhook";

pub(crate) const STATUS: &str = "\
Examples:
  copperbell status
  copperbell status --json | jq '.incidents[].package'";

pub(crate) const OUTBOX: &str = "\
Examples:
  copperbell outbox list
  copperbell outbox retry                              All dead letters once more
  copperbell outbox retry --to ops '1795338000123#…'      One of them, on another channel";

pub(crate) const OUTBOX_LIST: &str = "\
Example:
  copperbell outbox list";

pub(crate) const OUTBOX_RETRY: &str = "\
Examples:
  copperbell outbox retry
  copperbell outbox retry --to ops";

pub(crate) const OUTBOX_DROP: &str = "\
Example:
  copperbell outbox drop '1795338000123#copr.broken#alice/demo/beta/42'      (an id of `outbox list`)";

pub(crate) const DOCTOR: &str = "\
Examples:
  copperbell doctor
  copperbell doctor --ring          Every channel gets a test notice";

pub(crate) const REDELIVERY: &str = "\
Examples:
  copperbell redelivery plan --since 3d
  copperbell redelivery run
  copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958";

pub(crate) const REDELIVERY_RUN: &str = "\
Example:
  copperbell redelivery run --github-hooks repo:acme/app:123 --since 3d";

pub(crate) const REDELIVERY_PLAN: &str = "\
Example:
  copperbell redelivery plan --since 3d --json";

pub(crate) const REDELIVERY_RETRY: &str = "\
Example:
  copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958      (a guid of `redelivery plan`)";

pub(crate) const REPORT: &str = "\
Examples:
  copperbell report --since 30d --by label
  copperbell report --format html --output /srv/www/issues.html";

pub(crate) const EXPORT: &str = "\
Examples:
  copperbell export --output events.ndjson
  copperbell export --since 30d --format csv --output events.csv";

pub(crate) const BACKFILL: &str = "\
Example:
  copperbell backfill acme/app --sink sqlite:issues.db";

pub(crate) const BACKUP: &str = "\
Examples:
  copperbell backup copperbell-backup.db
  copperbell backup --force /backups/copperbell.db      (in a crontab, say)";

pub(crate) const RESTORE: &str = "\
Examples:
  copperbell restore copperbell-backup.db
  copperbell restore --force copperbell-backup.db       In place of the state there is";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  copperbell completions bash > ~/.local/share/bash-completion/completions/copperbell
  copperbell completions zsh > \"${fpath[1]}/_copperbell\"
  copperbell completions fish > ~/.config/fish/completions/copperbell.fish";

pub(crate) const DEMO: &str = "\
Example:
  copperbell demo";
