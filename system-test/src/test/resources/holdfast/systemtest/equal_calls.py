"""Makes equal calls in a tight loop, as boto3 comes. Arguments: endpoint, ARN, how many times, what:
`tag`, or `turn` for a tag that is set and removed by turns."""

import sys

import boto3

endpoint, arn, times, what = sys.argv[1:]
drs = boto3.client("drs", endpoint_url=endpoint)
for _ in range(int(times)):
    drs.tag_resource(resourceArn=arn, tags={what: "set"})
    if what == "turn":
        assert drs.list_tags_for_resource(resourceArn=arn)["tags"].get("turn") == "set"
        drs.untag_resource(resourceArn=arn, tagKeys=["turn"])
        assert "turn" not in drs.list_tags_for_resource(resourceArn=arn)["tags"]
