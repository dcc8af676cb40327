#!/bin/sh
# Brings up the network and runs the failback client.
#
# usage: [IPADDR=… NETMASK=… GATEWAY=… DNS=… CONFIG_NETWORK=1] start.sh [<arguments of the client>]
#
# Without CONFIG_NETWORK=1 addresses come by DHCP. Without arguments, those of the kernel's command
# line are taken.
export PATH=/bin HOME=/root
. /lib/holdfast/network
network || exit 5
if [ -e /etc/holdfast/ca.pem ] && [ -z "${AWS_CA_BUNDLE:-}" ]; then
    export AWS_CA_BUNDLE=/etc/holdfast/ca.pem
fi
echo "Starting the client ..."
set -f
# shellcheck disable=SC2046 # several arguments
[ $# -gt 0 ] || set -- $(cat /run/arguments)
/opt/holdfast/holdfast-failback --log-file /var/log/holdfast-failback.log "$@"
status=$?
[ $status = 0 ] || echo "The client ended with status $status; its log is /var/log/holdfast-failback.log."
exit $status
