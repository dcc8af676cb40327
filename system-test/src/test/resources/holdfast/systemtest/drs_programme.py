"""A disaster recovery programme with boto3, as a user writes it: two servers, from their points to their
deletion. What boto3 has no operation for yet, recovery plans, is signed by its own means. Arguments:
endpoint, seconds to wait. Reads the servers' ids once their agents are started."""

import datetime
import json
import os
import sys
import time

import boto3
import botocore.auth
import botocore.httpsession
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

endpoint, patience = sys.argv[1], float(sys.argv[2])
session = boto3.session.Session()
drs = session.client("drs", endpoint_url=endpoint)
http = botocore.httpsession.URLLib3Session(verify=os.environ["AWS_CA_BUNDLE"])


def until(wanted, look):
    deadline = time.monotonic() + patience
    while True:
        seen = look()
        if wanted(seen):
            return seen
        assert time.monotonic() < deadline, seen
        time.sleep(0.2)


def completed(job):
    return until(
        lambda seen: seen["status"] == "COMPLETED",
        lambda: drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"][0],
    )


def launched(job):
    return [
        (server["launchStatus"], server["recoveryInstanceID"])
        for server in completed(job)["participatingServers"]
    ]


def server(id):
    return drs.describe_source_servers(filters={"sourceServerIDs": [id]})["items"][0]


def continuous(id):
    return until(
        lambda seen: seen["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS",
        lambda: server(id),
    )


def plan(operation, **request):
    signed = AWSRequest("POST", f"{endpoint}/{operation}", data=json.dumps(request))
    botocore.auth.SigV4Auth(session.get_credentials(), "drs", session.region_name).add_auth(signed)
    answer = http.send(signed.prepare())
    assert answer.status_code // 100 == 2, answer.text
    return json.loads(answer.text)


drs.initialize_service()
template = drs.create_replication_configuration_template(
    stagingAreaSubnetId="subnet-01234567",
    associateDefaultSecurityGroup=True,
    replicationServersSecurityGroupsIDs=[],
    replicationServerInstanceType="t3.small",
    useDedicatedReplicationServer=False,
    defaultLargeStagingDiskType="GP3",
    ebsEncryption="DEFAULT",
    bandwidthThrottling=0,
    dataPlaneRouting="PRIVATE_IP",
    createPublicIP=False,
    stagingAreaTags={},
    pitPolicy=[
        {"units": "MINUTE", "interval": 10, "retentionDuration": 60},
        {"units": "HOUR", "interval": 1, "retentionDuration": 24},
        {"units": "DAY", "interval": 1, "retentionDuration": 7},
    ],
)
assert template["replicationConfigurationTemplateID"].startswith("rct-"), template
print("template made", flush=True)
ids = sys.stdin.readline().split()

arns = [continuous(id)["arn"] for id in ids]
first = ids[0]
assert server(first)["dataReplicationInfo"]["lagDuration"].startswith("PT")
points = drs.describe_recovery_snapshots(sourceServerID=first, order="DESC")["items"]
assert points[0]["sourceServerID"] == first, points

job = drs.start_recovery(isDrill=True, sourceServers=[{"sourceServerID": first}])["job"]
[(status, instance)] = launched(job)
print("drill", status)
log = drs.describe_job_log_items(jobID=job["jobID"])["items"]
print("log", *[item["event"] for item in log])
found = drs.describe_recovery_instances(filters={"recoveryInstanceIDs": [instance]})["items"]
assert found[0]["ec2InstanceState"] == "RUNNING", found
ended = completed(drs.terminate_recovery_instances(recoveryInstanceIDs=[instance])["job"])
print("terminated", ended["participatingServers"][0]["launchStatus"])
assert not drs.describe_recovery_instances(filters={"recoveryInstanceIDs": [instance]})["items"]

chosen = points[-1]
[(status, instance)] = launched(
    drs.start_recovery(
        isDrill=False,
        sourceServers=[{"sourceServerID": first, "recoverySnapshotID": chosen["snapshotID"]}],
    )["job"]
)
found = drs.describe_recovery_instances(filters={"recoveryInstanceIDs": [instance]})["items"][0]
assert found["pointInTimeSnapshotDateTime"] == chosen["timestamp"], (found, chosen)
assert not found["isDrill"]
print("recovered", status)

made = plan("CreateRecoveryPlan", name="site")["recoveryPlan"]["recoveryPlanArn"]
servers = [
    {"serverStepConfiguration": {"servers": [{"serverArn": arn, "impactLevel": "CRITICAL"}]}}
    for arn in arns
]
wait = {"waitStepConfiguration": {"waitDurationMinutes": 1}}
for name, configuration in zip(("one", "wait", "two"), (servers[0], wait, servers[1])):
    plan("CreateRecoveryPlanStep", recoveryPlanArn=made, stepName=name, configuration=configuration)
run = plan("StartRecoveryPlanExecution", recoveryPlanArn=made, mode="RECOVERY")
execution = run["recoveryPlanExecution"]["recoveryPlanExecutionArn"]
ended = until(
    lambda seen: seen["status"] not in ("CREATED", "IN_PROGRESS"),
    lambda: plan("GetRecoveryPlanExecution", recoveryPlanExecutionArn=execution)[
        "recoveryPlanExecution"
    ],
)
print("plan", ended["status"])
running = drs.describe_recovery_instances(filters={"sourceServerIDs": ids})["items"]
assert sorted(found["sourceServerID"] for found in running) == sorted(ids), running
left = [found["recoveryInstanceID"] for found in running]
completed(drs.terminate_recovery_instances(recoveryInstanceIDs=left)["job"])

for id in ids:
    gone = drs.disconnect_source_server(sourceServerID=id)
    assert gone["dataReplicationInfo"]["dataReplicationState"] == "DISCONNECTED", gone
    drs.delete_source_server(sourceServerID=id)
assert not drs.describe_source_servers(filters={"sourceServerIDs": ids})["items"]
print("deleted", len(ids))

real = datetime.datetime


class Late(real):
    """Six minutes behind, which is more than may be."""

    @classmethod
    def utcnow(cls):
        return real.utcnow() - datetime.timedelta(minutes=6)


botocore.auth.datetime.datetime = Late
try:
    drs.describe_jobs()
except ClientError as error:
    assert error.response["Error"]["Code"] == "InvalidSignatureException", error
    assert "Signature expired" in str(error), error
    print("skew refused")
