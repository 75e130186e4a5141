"""The issue bell on Python: verify, read the secret, accept in one conditional transaction, ring, remove. It makes the calls
that Copperbell makes."""

import base64
import datetime
import hashlib
import hmac
import json
import os
import secrets as random
import time

import boto3
import urllib3

TABLE = os.environ["STATE"].removeprefix("dynamodb:")
SECRET = os.environ["SECRETS"].removeprefix("aws:")
dynamodb = boto3.resource("dynamodb")
table = dynamodb.Table(TABLE)
secrets_manager = boto3.client("secretsmanager")
http = urllib3.PoolManager()

_loaded = None


def loaded():
    """The keys and the channels; read once."""
    global _loaded
    if _loaded is None:
        found = secrets_manager.get_secret_value(SecretId=SECRET, VersionStage="AWSCURRENT")
        current = json.loads(found["SecretString"])
        keys = [current["github_webhook_secret"]]
        channels = [(entry["name"], entry["url"].removeprefix("slack+")) for entry in current["channels"]]
        _loaded = keys, channels
    return _loaded


def answer(status, body):
    return {"statusCode": status, "headers": {"content-type": "text/plain"}, "body": body, "isBase64Encoded": False}


def handler(event, _context):
    started = time.time()
    keys, channels = loaded()
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
    signature = event["headers"].get("x-hub-signature-256", "")
    tags = ("sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest() for key in keys)
    if not any(hmac.compare_digest(tag, signature) for tag in tags):
        return answer(401, "the signature is missing or wrong\n")
    guid = event["headers"]["x-github-delivery"]
    payload = json.loads(body)
    action, issue, repository = payload["action"], payload["issue"], payload["repository"]

    digest = hashlib.sha256(body).hexdigest()
    heard_of = f"heard#{repository['id']}#{issue['id']}"
    delivery = {"pk": f"delivery#{guid}", "sk": "accepted"}
    known = {"pk": f"body#{digest}", "sk": "accepted"}
    now = time.time()
    at = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).isoformat()
    expires = int(now) + 864000
    notice_id = f"{int(now * 1000):015}#issues.{action}#{guid}"
    notice = json.dumps({
        "v": 1, "at": at, "repository": repository["full_name"], "number": issue["number"], "title": issue["title"],
        "url": issue["html_url"], "who": payload["sender"]["login"], "action": action,
    })
    hook = event["headers"]["x-github-hook-id"]
    items = [
        {**delivery, "doc": {"hook": hook, "subject": f"issues.{action}", "body": digest}, "rev": 1, "expires_at": expires},
        {**known, "doc": guid, "rev": 1, "expires_at": expires},
    ]
    for name, _ in channels:
        items.append({"pk": f"outbox#{name}", "sk": notice_id, "doc": notice, "rev": 1})
        items.append({"pk": heard_of, "sk": name, "doc": at, "rev": 1, "expires_at": expires + 31536000})
    puts = [{"Put": {"TableName": TABLE, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}} for item in items]
    try:
        dynamodb.meta.client.transact_write_items(TransactItems=puts)
    except dynamodb.meta.client.exceptions.TransactionCanceledException:
        wanted = {"Keys": [delivery, known], "ConsistentRead": True}
        found = dynamodb.meta.client.batch_get_item(RequestItems={TABLE: wanted})
        if not found["Responses"][TABLE]:
            raise
        return answer(200, "ok\n")
    sent = sum(deliver(name, url) for name, url in channels)
    metrics = [{"Name": "Accepted", "Unit": "Count"}, {"Name": "Sent", "Unit": "Count"}, {"Name": "Duration", "Unit": "Seconds"}]
    declared = [{"Namespace": "Copperbell", "Dimensions": [["FunctionName"]], "Metrics": metrics}]
    print(json.dumps({
        "timestamp": at, "level": "INFO", "message": "answered", "Accepted": 1, "Sent": sent,
        "Duration": time.time() - started, "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": declared},
    }))
    return answer(200, "ok\n")


def query(pk):
    return table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": pk}, ConsistentRead=True)["Items"]


def deliver(name, url):
    """One sender per channel: takes its lease, sends what waits, removes it, and gives the lease back."""
    sent = 0
    pk = f"outbox#{name}"
    key = {"pk": "channel", "sk": name}
    while True:
        token, now = random.token_hex(16), int(time.time() * 1000)
        table.update_item(
            Key=key,
            ReturnValues="ALL_NEW",
            UpdateExpression="SET lease_owner = :owner, lease_token = :token, lease_until = :until",
            ConditionExpression="attribute_not_exists(lease_until) OR lease_until < :now",
            ExpressionAttributeValues={":owner": "python", ":token": token, ":until": now + 20000, ":now": now},
        )
        for item in query(pk):
            post(url, message(json.loads(item["doc"])))
            delete = {"DeleteRequest": {"Key": {"pk": pk, "sk": item["sk"]}}}
            dynamodb.meta.client.batch_write_item(RequestItems={TABLE: [delete]})
            sent += 1
        before = table.update_item(
            Key=key,
            ReturnValues="ALL_OLD",
            UpdateExpression="REMOVE lease_owner, lease_token, lease_until, knocked",
            ConditionExpression="lease_token = :token",
            ExpressionAttributeValues={":token": token},
        )
        if not before["Attributes"].get("knocked"):
            return sent


def post(url, body):
    response = http.request("POST", url, json=body, timeout=2.0, retries=False)
    if response.status != 200 or response.data != b"ok":
        raise RuntimeError(f"Slack answered {response.status}")


def message(notice):
    text = f"{notice['repository']}#{notice['number']} {notice['action']} by {notice['who']}: {notice['title']}"
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    link = f"<{notice['url']}|{notice['repository']}#{notice['number']}>"
    return {
        "text": escaped,
        "blocks": [
            {"type": "section", "text": {"type": "plain_text", "text": text[:3000]}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": link}]},
        ],
    }
