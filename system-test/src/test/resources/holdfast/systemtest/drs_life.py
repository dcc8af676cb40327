"""The life of a drill with boto3, as a user writes it. Arguments: endpoint, seconds to wait."""

import datetime
import sys
import time

import boto3
import botocore.auth
from botocore.exceptions import ClientError

endpoint, patience = sys.argv[1], float(sys.argv[2])
drs = boto3.client("drs", endpoint_url=endpoint)


def completed(job):
    deadline = time.monotonic() + patience
    while job["status"] != "COMPLETED":
        assert time.monotonic() < deadline, job
        time.sleep(0.5)
        job = drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"][0]
    return job


drs.initialize_service()
server = drs.describe_source_servers()["items"][0]
assert server["dataReplicationInfo"]["lagDuration"].startswith("PT"), server
snapshots = drs.describe_recovery_snapshots(
    sourceServerID=server["sourceServerID"], order="DESC"
)["items"]
assert snapshots[0]["sourceServerID"] == server["sourceServerID"]

drill = completed(
    drs.start_recovery(
        isDrill=True, sourceServers=[{"sourceServerID": server["sourceServerID"]}]
    )["job"]
)
participant = drill["participatingServers"][0]
print("drill", participant["launchStatus"])
log = drs.describe_job_log_items(jobID=drill["jobID"])["items"]
print("log", [item["event"] for item in log])

instance = participant["recoveryInstanceID"]
found = drs.describe_recovery_instances(filters={"recoveryInstanceIDs": [instance]})["items"]
assert found[0]["ec2InstanceState"] == "RUNNING", found
ended = completed(drs.terminate_recovery_instances(recoveryInstanceIDs=[instance])["job"])
print("terminated", ended["participatingServers"][0]["launchStatus"])
assert not drs.describe_recovery_instances(filters={"recoveryInstanceIDs": [instance]})["items"]


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
