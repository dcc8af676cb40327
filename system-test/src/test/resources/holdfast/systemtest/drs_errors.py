"""Calls operations with boto3 as it is told, one JSON object a line: operation, request, key, secret,
twice. Answers each with a line: the exception's class, or that this boto3 lacks the operation, and the
message. Argument: endpoint."""

import itertools
import json
import os
import sys

import boto3
import botocore.httpsession
from botocore.config import Config
from botocore.exceptions import ClientError

others = itertools.count()
repeat = botocore.httpsession.URLLib3Session(verify=os.environ["AWS_CA_BUNDLE"])
clients = {}


def client(key, secret, use=""):
    if key + use not in clients:
        clients[key + use] = boto3.client(
            "drs",
            endpoint_url=sys.argv[1],
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            # what is wrong is to be told by the server
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        )
    return clients[key + use]


def send_first(request, **_):
    """What is repeated might be done again, as it would change nothing, but for a change in between."""
    repeat.send(request)
    try:
        other.untag_resource(
            resourceArn="arn:aws:drs:eu-central-1:000000000000:job/drsjob-0",
            tagKeys=[f"boto{next(others)}"],
        )
    except ClientError:
        pass  # it was let in


for line in sys.stdin:
    call = json.loads(line)
    drs = client(call["key"], call["secret"])
    if call["twice"]:
        other = client(call["key"], call["secret"], "other")
        drs.meta.events.register("before-send.drs", send_first)
    methods = {api: name for name, api in drs.meta.method_to_api_mapping.items()}
    said = {"type": "none", "message": ""}
    try:
        if call["operation"] in methods:
            getattr(drs, methods[call["operation"]])(**call["request"])
        else:
            said["type"] = "lacking"
    except ClientError as error:
        said = {"type": type(error).__name__, "message": error.response["Error"]["Message"]}
    finally:
        drs.meta.events.unregister("before-send.drs", send_first)
    print(json.dumps(said), flush=True)
