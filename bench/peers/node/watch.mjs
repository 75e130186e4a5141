// The scheduled pass on Node: a monitor by fetch and JSON.parse, as in the recipe for a Worker, with its state in one item;
// then GitHub's documented script that redelivers failed deliveries, with octokit:
// https://docs.github.com/en/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-a-repository-webhook
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { IncomingWebhook } from "@slack/webhook";
import { Octokit } from "octokit";
import { run } from "./runtime.mjs";

const TableName = process.env.STATE.replace("dynamodb:", "");
const SecretId = process.env.SECRETS.replace("aws:", "");
const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const secretsManager = new SecretsManagerClient({});

async function watchCopr(webhook) {
  const [ownername, projectname] = process.env.COPR_PROJECTS.split("/");
  const url = new URL("/api_3/monitor", process.env.COPR_URL);
  url.search = new URLSearchParams({ ownername, projectname, "additional_fields[]": "url_build_log" });
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Copr answered ${response.status}`);
  const { packages } = JSON.parse(await response.text());
  const failing = {};
  for (const { name, chroots } of packages) {
    const broken = Object.entries(chroots).filter(([, chroot]) => chroot.state === "failed");
    if (broken.length > 0) failing[name] = broken.map(([chroot, { build_id }]) => `${chroot} ${build_id}`);
  }
  const Key = { pk: "node", sk: "failing" };
  const before = (await table.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item?.failing ?? {};
  for (const name of Object.keys(failing).filter((name) => !(name in before))) {
    await webhook.send({ text: `${name} fails: ${failing[name].join(", ")}` });
  }
  await table.send(new PutCommand({ TableName, Item: { ...Key, failing } }));
  return packages.length;
}

async function redeliverFailed(octokit, owner, repo, hook_id) {
  const variable = { owner, repo, name: "LAST_REDELIVERY_RUN" };
  const { data: last } = await octokit.request("GET /repos/{owner}/{repo}/actions/variables/{name}", variable);
  const lastRedelivery = Number(last.value) || Date.now() - 24 * 60 * 60 * 1000;
  const newRedelivery = Date.now();
  const deliveries = [];
  const pages = octokit.paginate.iterator("GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries", { owner, repo, hook_id, per_page: 100 });
  for await (const { data } of pages) {
    const oldest = data.at(-1)?.delivered_at;
    deliveries.push(...data.filter((delivery) => new Date(delivery.delivered_at).getTime() > lastRedelivery));
    if (!oldest || new Date(oldest).getTime() < lastRedelivery) break;
  }
  const byGuid = {};
  for (const delivery of deliveries) (byGuid[delivery.guid] ??= []).push(delivery);
  const failed = Object.values(byGuid).filter((all) => !all.some(({ status }) => status === "OK")).map((all) => all[0].id);
  for (const delivery_id of failed) {
    await octokit.request("POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts", { owner, repo, hook_id, delivery_id });
  }
  await octokit.request("PATCH /repos/{owner}/{repo}/actions/variables/{name}", { ...variable, value: String(newRedelivery) });
  return failed.length;
}

run(async () => {
  const found = await secretsManager.send(new GetSecretValueCommand({ SecretId }));
  const secrets = JSON.parse(found.SecretString);
  const webhook = new IncomingWebhook(secrets.channels[0].url.replace("slack+", ""));
  const octokit = new Octokit({ auth: secrets.github_token, baseUrl: process.env.GITHUB_API_URL });
  const [, owner, repo, hook] = process.env.GITHUB_HOOKS.match(/^repo:(.+)\/(.+):(\d+)$/);
  const packages = await watchCopr(webhook);
  const redelivered = await redeliverFailed(octokit, owner, repo, Number(hook));
  return { complete: true, packages, redelivered };
});
