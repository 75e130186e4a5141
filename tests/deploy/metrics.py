"""Proves on a local AWS that records of issues reach Athena as Parquet, and that it answers as SQLite does.

Each webhook goes to the stack (API, function, Firehose, S3) and to the standalone program (SQLite). Its arguments: where
the build is, and the program. What AWS would add, this cannot show: here Firehose writes an object for each record, and
DuckDB stands for Athena, whose dialect is another."""

import json
import os
import platform
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

from history import history
from local_aws import LocalAws, Stack, free_port
from proof import step, tick, wait_for
from stand_ins import Copr, Slack

STACK = "copperbell-metrics"

PROJECT = "alice/demo"

# How many webhooks come while the stream is gone?
UNSUNK = 10

# Of a transfer and a deletion GitHub does not say when they happened: that is when we heard of them.
TIMELESS = {"transferred", "deleted"}


class Standalone:
    """`copperbell serve`, which keeps its records in a SQLite file. Runs as long as the `with` that started it."""

    def __init__(self, home, program, copr, secret):
        self.records = home / "records.db"
        self.program = program
        for path in home.glob("*.db*"):
            path.unlink()
        secrets = home / "secrets.json"
        secrets.write_text(json.dumps({"github_webhook_secret": secret, "channels": []}))
        secrets.chmod(0o600)
        self.port = free_port()
        self.environment = {
            "STATE": str(home / "state.db"),
            "SECRETS": str(secrets),
            "LISTEN": f"127.0.0.1:{self.port}",
            "STATUS_LISTEN": f"127.0.0.1:{free_port()}",
            "COPR_PROJECTS": PROJECT,
            "COPR_URL": copr.url,
            "SINK": f"sqlite:{self.records}",
            "SINK_TITLES": "true",
        }
        self.log = home / "serve.log"

    def __enter__(self):
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.program, "serve"], env=self.environment, stdout=log, stderr=log)
        wait_for("the program listens", self.answers, 30)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def answers(self):
        assert self.process.poll() is None, f"it ended; {self.log} says why"
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).status == 200
        except OSError:
            return False

    def post(self, delivery, secret):
        url = f"http://127.0.0.1:{self.port}/webhook"
        request = urllib.request.Request(url, delivery.body, delivery.headers(secret))
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status

    def ask(self, sql):
        """The answer of SQLite to a query, all values as texts."""
        with sqlite3.connect(self.records) as database:
            return [texts(row) for row in database.execute(sql)]


class Proof:
    def __init__(self, aws, home, program):
        self.aws = aws
        self.home = home
        self.program = program
        self.copr, self.slack = Copr(PROJECT), Slack()
        self.copr.monitor = b'{"output": "ok", "message": "", "packages": []}'
        today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        self.webhooks = history(today - timedelta(days=60))
        # The present of all questions.
        self.until = int((today + timedelta(days=2)).timestamp())

    def deploy(self):
        parameters = {
            "Architecture": "x86_64" if platform.machine() == "x86_64" else "arm64",
            "CoprProjects": PROJECT,
            "CoprUrl": self.copr.url,
            "KeepTitles": "true",
            "Metrics": "true",
            "ReportEvery": "7d",
            "ReportIgnore": "dot",
            "ScheduleExpression": "rate(1 day)",
            "SchedulePeriod": 21600,
        }
        self.stack = Stack(self.aws, STACK, self.home / "build", parameters)
        # Which workgroup a query is of, the local AWS does not look up.
        self.stack.allow_here("WatchFunctionRole", ["athena:GetQueryExecution", "athena:GetQueryResults"])
        manager, secret = self.aws.client("secretsmanager"), self.stack.outputs["SecretArn"]
        document = json.loads(manager.get_secret_value(SecretId=secret)["SecretString"])
        document["channels"] = [self.slack.channel | {"events": ["copperbell.*"]}]
        manager.put_secret_value(SecretId=secret, SecretString=json.dumps(document))
        self.secret = document["github_webhook_secret"]
        self.stream = self.stack.outputs["Sink"].removeprefix("firehose:")
        self.workgroup, self.database = self.stack.outputs["Warehouse"].removeprefix("athena:").split("/")

    def ask(self, sql):
        """The answer of Athena to a query."""
        athena = self.aws.client("athena")
        context = {"Database": self.database}
        started = athena.start_query_execution(QueryString=sql, WorkGroup=self.workgroup, QueryExecutionContext=context)
        query = started["QueryExecutionId"]

        def ended():
            status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            assert status["State"] != "FAILED", (status["StateChangeReason"], sql)
            return status["State"] == "SUCCEEDED"

        wait_for("the query's end", ended, 120)
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
        return [tuple(value.get("VarCharValue") for value in row) for row in rows[1:]]

    def a_month_of_issues_goes_both_ways(self):
        for webhook in self.webhooks:
            assert self.stack.post(webhook, self.secret)[0] == 200
            assert self.standalone.post(webhook, self.secret) == 200
        print(f"   {len(self.webhooks)} webhooks")

    def objects(self, prefix):
        bucket = self.stack.outputs["RecordsBucketArn"].removeprefix("arn:aws:s3:::")
        pages = self.aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [(bucket, found["Key"]) for page in pages for found in page.get("Contents", [])]

    def the_stream_writes_parquet(self):
        s3, objects = self.aws.client("s3"), self.objects("issue_events/")
        for bucket, key in objects:
            assert re.match(r"issue_events/dt=\d{4}-\d\d-\d\d/", key), key
            assert s3.get_object(Bucket=bucket, Key=key)["Body"].read(4) == b"PAR1", key
        bodies = {webhook.body for webhook in self.webhooks}
        assert len(objects) >= len(bodies), f"{len(objects)} objects of {len(bodies)} events"
        assert not self.objects("errors/")
        print(f"   {len(objects)} objects of {len(bodies)} events")

    def both_hold_the_same_records(self):
        """But for the times of arrival, which are made the same then: the questions are about times."""
        with sqlite3.connect(self.standalone.records) as database:
            columns = [row[1] for row in database.execute("PRAGMA table_info(issue_events)")]
        key = ["delivery_id", "body_digest"]
        sql = f"SELECT {', '.join(columns)} FROM issue_events ORDER BY delivery_id, received_s DESC"
        # Of a record that is there twice the first arrival stays, which is the last in this order.
        there, here = (
            {tuple(row[columns.index(name)] for name in key): dict(zip(columns, row)) for row in rows}
            for rows in (self.ask(sql), self.standalone.ask(sql))
        )
        assert there.keys() == here.keys() and len(here) >= 60
        moments = []
        for key, record in there.items():
            twin = here[key]
            of_arrival = {"received_s"} | ({"occurred_s"} if record["action"] in TIMELESS else set())
            differ = {name for name in columns if record[name] != twin[name]}
            assert differ <= of_arrival, [(name, record[name], twin[name]) for name in differ]
            moments.append((int(record["received_s"]), int(record["occurred_s"]), *key))
        with sqlite3.connect(self.standalone.records) as database:
            update = "UPDATE issue_events SET received_s = ?, occurred_s = ? WHERE delivery_id = ? AND body_digest = ?"
            database.executemany(update, moments)
        print(f"   {len(here)} records of {len(columns)} columns")

    def every_saved_query_answers_alike(self):
        athena = self.aws.client("athena")
        found = athena.list_named_queries(WorkGroup=self.workgroup)["NamedQueryIds"]
        queries = athena.batch_get_named_query(NamedQueryIds=found)["NamedQueries"]
        assert queries
        for query in sorted(queries, key=lambda query: query["Name"]):
            assert query["Database"] == self.database
            # The present is the same in both, and not the last arrival.
            present = f"MAX({self.until})"
            sql, count = re.subn(r"COALESCE\(MAX\(received_s\), 0\) \+ 1", present, query["QueryString"])
            assert count == 1, "the present of a saved query is not where it was"
            there, here = self.ask(sql), self.standalone.ask(sql)
            assert there == here, f"{query['Name']}: {differences(there, here)}"
            assert there, f"{query['Name']} says nothing"
            print(f"   {query['Name']}: {len(there)} rows")

    def the_program_reports_alike(self):
        aws = {name: value for name, value in self.aws.environment.items() if name.startswith("AWS_")}
        warehouses = {"WAREHOUSE": self.stack.outputs["Warehouse"]} | aws, {}
        for arguments in [[], ["--by", "repository"], ["--by", "label"], ["--by", "assignee"], ["--by", "month"]]:
            command = [self.program, "report", "--format", "json", "--since", "90d", *arguments]
            for _ in range(20):
                # Both begin within one second, most of the time: their present is whole seconds.
                running = [
                    subprocess.Popen(command, env=self.standalone.environment | more, stdout=subprocess.PIPE)
                    for more in warehouses
                ]
                there, here = (json.loads(process.communicate()[0]) for process in running)
                assert all(process.returncode == 0 for process in running)
                if there["asked"] == here["asked"]:
                    break
            assert there == here, f"{arguments}: {json.dumps(there)} {json.dumps(here)}"
            print(f"   {' '.join(arguments) or 'all'}: {len(there['figures'])} figures, {len(there['days'])} days")

    def the_watch_function_rings_with_the_figures(self):
        """And sends the records that the stream did not take within a second."""
        assert not self.slack.titles
        report = self.stack.watch(tick())
        assert report["complete"] and not report["why_not"], report
        [title] = self.slack.titles
        print(f"   {title}; {report['sink']['sent']} records had waited")

    def records(self):
        [[count]] = self.ask("SELECT COUNT(DISTINCT delivery_id) FROM issue_events")
        return int(count)

    def waiting(self):
        answer = self.aws.client("dynamodb").query(
            TableName=self.stack.outputs["TableName"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "outbox#sink:"}},
        )
        return answer["Count"]

    def without_a_stream_records_wait_and_none_is_lost(self):
        assert self.waiting() == 0
        before = self.records()
        firehose = self.aws.client("firehose")
        described = firehose.describe_delivery_stream(DeliveryStreamName=self.stream)["DeliveryStreamDescription"]
        destination = described["Destinations"][0]["ExtendedS3DestinationDescription"]
        firehose.delete_delivery_stream(DeliveryStreamName=self.stream)

        day = datetime.now(timezone.utc) - timedelta(days=50)
        late = history(day)[:UNSUNK]
        guids = len({webhook.guid for webhook in late})
        for webhook in late:
            assert self.stack.post(webhook, self.secret)[0] == 200
        assert self.waiting() == guids
        report = self.stack.watch(tick())
        assert report["complete"] and report["sink"]["waiting"] == guids, report
        assert "ResourceNotFoundException" in report["sink"]["error"], report["sink"]
        assert self.records() == before

        firehose.create_delivery_stream(
            DeliveryStreamName=self.stream,
            ExtendedS3DestinationConfiguration={name: destination[name] for name in destination if destination[name] != ""},
        )
        report = self.stack.watch(tick())
        assert report["sink"]["sent"] == guids and not report["sink"]["waiting"], report
        assert self.waiting() == 0 and self.records() == before + guids
        report = self.stack.watch(tick())
        assert not report["sink"]["sent"] and self.records() == before + guids
        print(f"   {guids} records waited, and came once")

    def the_alarm_about_waiting_records_watches_a_figure_that_is_written(self):
        resources = self.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        [alarm] = [alarm for alarm in resources if alarm["MetricName"] == "RowsWaiting"]
        [dimension] = alarm["Dimensions"]
        assert (alarm["Namespace"], "RowsWaiting", dimension["Value"]) in self.stack.figures()

    def the_policies_allow_what_was_asked_alone(self):
        """Of the stream and of Athena; what Athena asks of Glue and S3 in the function's name, none asks here."""
        for function, asked in self.stack.asked.items():
            allowed = self.stack.allowed(f"{function}Role")
            ours = lambda actions: {action for action in actions if action.startswith(("athena:", "firehose:"))}
            print(f"   {function}: {', '.join(sorted(ours(asked)))}")
            assert ours(asked) == ours(allowed), f"asked {ours(asked)}, allowed {ours(allowed)}"


def texts(row):
    return tuple(None if value is None else str(value) for value in row)


def differences(there, here):
    return {"in Athena alone": sorted(set(there) - set(here), key=str), "in SQLite alone": sorted(set(here) - set(there), key=str)}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    home, program = Path(sys.argv[1]), os.path.abspath(sys.argv[2])
    with LocalAws(home) as aws:
        proof = Proof(aws, home, program)
        with step("the stack is deployed with metrics"):
            proof.deploy()
        place = home / "standalone"
        place.mkdir(exist_ok=True)
        with Standalone(place, program, proof.copr, proof.secret) as proof.standalone:
            for name, run in [
                ("a month of issues goes both ways", proof.a_month_of_issues_goes_both_ways),
                ("the watch function rings with the figures", proof.the_watch_function_rings_with_the_figures),
                ("the stream writes Parquet", proof.the_stream_writes_parquet),
                ("both hold the same records", proof.both_hold_the_same_records),
                ("every saved query answers alike", proof.every_saved_query_answers_alike),
                ("the program reports alike", proof.the_program_reports_alike),
                ("without a stream records wait, and none is lost", proof.without_a_stream_records_wait_and_none_is_lost),
                ("its alarm watches a figure that is written", proof.the_alarm_about_waiting_records_watches_a_figure_that_is_written),
                ("the policies allow what was asked alone", proof.the_policies_allow_what_was_asked_alone),
            ]:
                with step(name):
                    run()
                    proof.stack.note_asked()


if __name__ == "__main__":
    main()
