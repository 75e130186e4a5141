// The issue bell on Node: verify, read the secret, accept in one conditional transaction, ring, remove. It makes the calls
// that Copperbell makes.
import { createHash, randomBytes } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand, BatchWriteCommand, DynamoDBDocumentClient, QueryCommand, TransactWriteCommand, UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { IncomingWebhook } from "@slack/webhook";
import { verify } from "@octokit/webhooks-methods";

const TableName = process.env.STATE.replace("dynamodb:", "");
const SecretId = process.env.SECRETS.replace("aws:", "");
const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const secretsManager = new SecretsManagerClient({});

let loading;

/** The secrets document; read once. */
export function secrets() {
  loading ??= load();
  return loading;
}

async function load() {
  const found = await secretsManager.send(new GetSecretValueCommand({ SecretId, VersionStage: "AWSCURRENT" }));
  const current = JSON.parse(found.SecretString);
  const keys = [current.github_webhook_secret].flat();
  const channels = current.channels.map(({ name, url }) => ({ name, webhook: new IncomingWebhook(url.replace("slack+", "")) }));
  return { keys, channels };
}

const answer = (statusCode, body) => ({ statusCode, headers: { "content-type": "text/plain" }, body, isBase64Encoded: false });

export async function handler(event) {
  const started = Date.now();
  const { keys, channels } = await secrets();
  const body = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body;
  const signature = event.headers["x-hub-signature-256"];
  if (!signature) return answer(401, "the signature is missing or wrong\n");
  const held = await Promise.all(keys.map((key) => verify(key, body, signature)));
  if (!held.includes(true)) return answer(401, "the signature is missing or wrong\n");
  const guid = event.headers["x-github-delivery"];
  const { action, issue, repository, sender } = JSON.parse(body);

  const digest = createHash("sha256").update(body).digest("hex");
  const heardOf = `heard#${repository.id}#${issue.id}`;
  const delivery = { pk: `delivery#${guid}`, sk: "accepted" };
  const known = { pk: `body#${digest}`, sk: "accepted" };
  const now = new Date();
  const expires_at = Math.floor(now / 1000) + 864000;
  const id = `${String(now.getTime()).padStart(15, "0")}#issues.${action}#${guid}`;
  const notice = JSON.stringify({
    v: 1, at: now, repository: repository.full_name, number: issue.number, title: issue.title, url: issue.html_url,
    who: sender.login, action,
  });
  const put = (Item) => ({ Put: { TableName, Item, ConditionExpression: "attribute_not_exists(pk)" } });
  const TransactItems = [
    put({ ...delivery, doc: { hook: event.headers["x-github-hook-id"], subject: `issues.${action}`, body: digest }, rev: 1, expires_at }),
    put({ ...known, doc: guid, rev: 1, expires_at }),
  ];
  for (const { name } of channels) {
    TransactItems.push(put({ pk: `outbox#${name}`, sk: id, doc: notice, rev: 1 }));
    TransactItems.push(put({ pk: heardOf, sk: name, doc: now.toISOString(), rev: 1, expires_at: expires_at + 31536000 }));
  }
  try {
    await table.send(new TransactWriteCommand({ TransactItems }));
  } catch (error) {
    if (error.name !== "TransactionCanceledException") throw error;
    const Keys = [delivery, known];
    const found = await table.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }));
    if (found.Responses[TableName].length === 0) throw error;
    return answer(200, "ok\n");
  }
  const sent = await Promise.all(channels.map(deliver));
  console.log(JSON.stringify({
    timestamp: new Date(), level: "INFO", message: "answered", Accepted: 1, Sent: sent.reduce((a, b) => a + b, 0),
    Duration: (Date.now() - started) / 1000,
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [{
        Namespace: "Copperbell", Dimensions: [["FunctionName"]],
        Metrics: [{ Name: "Accepted", Unit: "Count" }, { Name: "Sent", Unit: "Count" }, { Name: "Duration", Unit: "Seconds" }],
      }],
    },
  }));
  return answer(200, "ok\n");
}

const query = (pk) =>
  table.send(new QueryCommand({
    TableName, KeyConditionExpression: "pk = :pk", ExpressionAttributeValues: { ":pk": pk }, ConsistentRead: true,
  }));

/** One sender per channel: takes its lease, sends what waits, removes it, and gives the lease back. */
async function deliver({ name, webhook }) {
  let sent = 0;
  const pk = `outbox#${name}`;
  let knocked;
  do {
    const Key = { pk: "channel", sk: name };
    const token = randomBytes(16).toString("hex");
    const now = Date.now();
    await table.send(new UpdateCommand({
      TableName, Key, ReturnValues: "ALL_NEW",
      UpdateExpression: "SET lease_owner = :owner, lease_token = :token, lease_until = :until",
      ConditionExpression: "attribute_not_exists(lease_until) OR lease_until < :now",
      ExpressionAttributeValues: { ":owner": "node", ":token": token, ":until": now + 20000, ":now": now },
    }));
    for (const { sk, doc } of (await query(pk)).Items) {
      await webhook.send(message(JSON.parse(doc)));
      await table.send(new BatchWriteCommand({ RequestItems: { [TableName]: [{ DeleteRequest: { Key: { pk, sk } } }] } }));
      sent += 1;
    }
    const before = await table.send(new UpdateCommand({
      TableName, Key, UpdateExpression: "REMOVE lease_owner, lease_token, lease_until, knocked", ReturnValues: "ALL_OLD",
      ConditionExpression: "lease_token = :token", ExpressionAttributeValues: { ":token": token },
    }));
    knocked = before.Attributes?.knocked;
  } while (knocked);
  return sent;
}

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function message({ repository, number, title, url, who, action }) {
  const text = `${repository}#${number} ${action} by ${who}: ${title}`;
  return {
    text: escape(text),
    blocks: [
      { type: "section", text: { type: "plain_text", text: text.slice(0, 3000) } },
      { type: "context", elements: [{ type: "mrkdwn", text: `<${url}|${repository}#${number}>` }] },
    ],
  };
}
