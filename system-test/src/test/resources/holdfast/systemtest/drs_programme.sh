#!/usr/bin/env bash
# A disaster recovery programme with the AWS CLI, as a user writes it: one server, from the template that
# there is to the server's deletion. Arguments: endpoint, seconds to wait. Reads the server's id once its agent is started.
# The command has no operation for recovery plans yet.
set -euo pipefail
endpoint=$1 patience=$2

drs() {
    /usr/bin/aws --endpoint-url "$endpoint" --output text drs "$@"
}

# until <wanted> <command...>: waits for the command to print that
until_says() {
    local wanted=$1 seen
    shift
    SECONDS=0
    while seen=$("$@") && [[ $seen != "$wanted" ]]; do
        ((SECONDS < patience)) || { echo "still $seen, not $wanted: $*" >&2; return 1; }
        sleep 0.2
    done
}

completed() {
    until_says COMPLETED drs describe-jobs --filters "jobIDs=$1" --query 'items[0].status'
}

instance_of() {
    drs describe-jobs --filters "jobIDs=$1" \
        --query 'items[0].participatingServers[0].recoveryInstanceID'
}

drs initialize-service
template=$(drs describe-replication-configuration-templates \
    --query 'items[0].replicationConfigurationTemplateID')
drs update-replication-configuration-template --replication-configuration-template-id "$template" \
    --bandwidth-throttling 900 > /dev/null
echo "template changed"
read -r server

until_says CONTINUOUS drs describe-source-servers --filters "sourceServerIDs=$server" \
    --query 'items[0].dataReplicationInfo.dataReplicationState'
point=$(drs describe-recovery-snapshots --source-server-id "$server" --order ASC \
    --query 'items[0].snapshotID')
[[ $point == pit-* ]]

job=$(drs start-recovery --is-drill --source-servers "sourceServerID=$server" --query job.jobID)
completed "$job"
echo "log $(drs describe-job-log-items --job-id "$job" --query 'items[].event' | tr '\t' ' ')"
job=$(drs terminate-recovery-instances --recovery-instance-ids "$(instance_of "$job")" --query job.jobID)
completed "$job"

job=$(drs start-recovery --no-is-drill \
    --source-servers "sourceServerID=$server,recoverySnapshotID=$point" --query job.jobID)
completed "$job"
instance=$(instance_of "$job")
echo "recovered $(drs describe-recovery-instances --filters "recoveryInstanceIDs=$instance" \
    --query 'items[0].ec2InstanceState')"
job=$(drs terminate-recovery-instances --recovery-instance-ids "$instance" --query job.jobID)
completed "$job"

drs disconnect-source-server --source-server-id "$server" \
    --query dataReplicationInfo.dataReplicationState
drs delete-source-server --source-server-id "$server"
echo "left $(drs describe-source-servers --query "items[?sourceServerID=='$server'] | length(@)")"
/usr/bin/aws --endpoint-url "$endpoint" sts get-caller-identity --query Arn --output text
