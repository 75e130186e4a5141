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
                [sys.executable, "-m", "ministack"],
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

    def keys(self, function):
        """The access keys of a function's environments, which ministack makes of the version and its role."""
        client = self.aws.client("lambda")
        versions = client.list_versions_by_function(FunctionName=self.resources[function])["Versions"]
        digest = lambda version: hashlib.sha256(f"{version['FunctionArn']}:{version['Role']}".encode()).hexdigest()
        return {f"ASIA{digest(version)[:16].upper()}" for version in versions}
