"""An AWS on 127.0.0.1: ministack, which runs the functions' own binaries and holds them to their policies."""

import ctypes
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import boto3

ACCOUNT = "000000000000"

# What AWS does not want, and the local one does.
LOCAL_POLICY = "here"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LocalAws:
    """Runs as long as the `with` that started it."""

    def __init__(self, home):
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": os.environ["AWS_DEFAULT_REGION"],
        }

    def __enter__(self):
        settings = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "127.0.0.1",
            # A broker that listens on every address.
            "IOT_MTLS_ENABLED": "0",
            # Policies are enforced, and each call is remembered.
            "AUTH": "true",
            "CLOUDTRAIL_RECORDING": "1",
            "CLOUDTRAIL_MAX_EVENTS": "1000000",
        }
        with open(self.home / "ministack.log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "tests/deploy/ministack_here.py"],
                env=self.environment | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A group of its own, which the functions' processes join, so that all of them can be ended.
                start_new_session=True,
                # PR_SET_PDEATHSIG: it ends when we do, whatever ended us.
                preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGTERM),
            )
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5).close()
                return self
            except OSError:
                assert self.process.poll() is None, "ministack ended; target/deploy/ministack.log says why"
                time.sleep(0.1)
        raise TimeoutError("ministack does not answer")

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        finally:
            # What is left of the group; there may be nothing.
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.url,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
            region_name=self.environment["AWS_REGION"],
        )

    def calls(self, key):
        """The newest calls with an access key, and its newest transactions, 50 of each at most."""
        trail = self.client("cloudtrail")
        of = [{"AttributeKey": "AccessKeyId", "AttributeValue": key}]
        transactions = [{"AttributeKey": "EventName", "AttributeValue": "TransactWriteItems"}]
        found = [trail.lookup_events(LookupAttributes=attributes) for attributes in (of, of + transactions)]
        return [json.loads(event["CloudTrailEvent"]) for events in found for event in events["Events"]]


class Stack:
    """The stack, deployed by `sam deploy`."""

    def __init__(self, aws, name, build, parameters):
        self.aws = aws
        self.name = name
        self.parameters = parameters
        self.asked = {"WatchFunction": set(), "WebhookFunction": set()}
        self.deploy(build)
        self.import_routes()

    def deploy(self, build):
        command = ["sam", "deploy", "--config-env", "dev", "--config-file", os.path.abspath("samconfig.toml")]
        command += ["--template-file", str(build / "template.yaml"), "--stack-name", self.name, "--no-progressbar"]
        command += ["--parameter-overrides", *(f'{name}="{value}"' for name, value in self.parameters.items())]
        done = subprocess.run(command, env=self.aws.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        cloudformation = self.aws.client("cloudformation")
        [stack] = cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        resources = cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        self.resources = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}

    def import_routes(self):
        """ministack leaves the routes in an API's body unread, so they are made of it here."""
        template = self.aws.client("cloudformation").get_template(StackName=self.name, TemplateStage="Processed")
        body = template["TemplateBody"]
        body = json.loads(body) if isinstance(body, str) else body
        paths = body["Resources"]["WebhookApi"]["Properties"]["Body"]["paths"]
        gateway, api = self.aws.client("apigatewayv2"), self.resources["WebhookApi"]
        for path, methods in paths.items():
            for method, operation in methods.items():
                integration = operation["x-amazon-apigateway-integration"]
                assert integration["uri"]["Fn::Sub"].endswith("/${WebhookFunctionAliaslive}/invocations")
                made = gateway.create_integration(
                    ApiId=api,
                    IntegrationType="AWS_PROXY",
                    IntegrationUri=self.resources["WebhookFunctionAliaslive"],
                    PayloadFormatVersion=integration["payloadFormatVersion"],
                )
                target = f"integrations/{made['IntegrationId']}"
                gateway.create_route(ApiId=api, RouteKey=f"{method.upper()} {path}", Target=target)

    def post(self, delivery, secret):
        """Sends a delivery through the API; its answer is a status and a text."""
        api = self.resources["WebhookApi"]
        connection = http.client.HTTPConnection("127.0.0.1", self.aws.port, timeout=30)
        headers = delivery.headers(secret) | {"Host": f"{api}.execute-api.127.0.0.1:{self.aws.port}"}
        try:
            connection.request("POST", "/webhook", delivery.body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def watch(self, event):
        """Invokes the watch function as the scheduler does."""
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.resources["WatchFunction"],
            Qualifier="live",
            Payload=json.dumps(event),
        )
        report = json.load(answer["Payload"])
        assert "FunctionError" not in answer, report
        return report

    def lines(self, log):
        """The JSON lines of a log; others are the local AWS's own."""
        logs, group = self.aws.client("logs"), self.resources[log]
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [event["message"] for page in pages for event in page["events"]]
        return [line for line in lines if line.startswith("{")]

    def figures(self):
        """The figures that the functions have declared: the local AWS takes none from logs, so the lines are read here."""
        declared = set()
        for log in ["WatchLog", "WebhookLog"]:
            for line in map(json.loads, self.lines(log)):
                for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
                    assert ["FunctionName"] in directive["Dimensions"], line
                    names = [metric["Name"] for metric in directive["Metrics"]]
                    declared |= {(directive["Namespace"], name, line["FunctionName"]) for name in names}
        return declared

    def note_asked(self):
        """What the functions ask of AWS is noted after each step, since the trail shows the newest calls alone."""
        for function, asked in self.asked.items():
            for key in self.keys(function):
                asked.update(*map(actions, self.aws.calls(key)))

    def allowed(self, role):
        """What a role's own policies allow, each on a resource of the stack's alone, but for its lost ticks."""
        iam, name = self.aws.client("iam"), self.resources[role]
        found = set()
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            if policy == LOCAL_POLICY:
                continue
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                resources = one_or_more(statement["Resource"])
                names = {self.name, self.name.replace("-", "_"), "catalog"}
                ours = all(any(name in resource for name in names) for resource in resources)
                assert statement["Effect"] == "Allow" and ours, statement
                found |= one_or_more(statement["Action"])
        return found - {"sqs:SendMessage"}

    def allow_here(self, role, actions):
        """Here some actions are asked for by names, or on resources, that AWS does not have."""
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        self.aws.client("iam").put_role_policy(
            RoleName=self.resources[role],
            PolicyName=LOCAL_POLICY,
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )

    def keys(self, function):
        """The access keys of a function's environments, which ministack makes of the role and how it was invoked."""
        client, name = self.aws.client("lambda"), self.resources[function]
        versions = client.list_versions_by_function(FunctionName=name)["Versions"]
        aliases = client.list_aliases(FunctionName=name)["Aliases"]
        arns = [version["FunctionArn"] for version in versions] + [alias["AliasArn"] for alias in aliases]
        digest = lambda arn: hashlib.sha256(f"{arn}:{versions[0]['Role']}".encode()).hexdigest()
        return {f"ASIA{digest(arn)[:16].upper()}" for arn in arns}


def one_or_more(value):
    """A policy writes one as itself, and more as a list."""
    return {value} if isinstance(value, str) else set(value)


def actions(call):
    """The IAM actions of a call. A transaction has none of its own, but those of what is in it."""
    service = call["eventSource"].removesuffix(".amazonaws.com")
    if call["eventName"] != "TransactWriteItems":
        return {f"{service}:{call['eventName']}"}
    kinds = {kind for item in call["requestParameters"]["TransactItems"] for kind in item}
    return {f"{service}:{kind}Item" for kind in kinds}
