# Finds or installs Maven; sourced by ./holdfast and ./run-tests.
# shellcheck shell=bash

find_maven() {
    command -v mvn > /dev/null && return 0
    if ((EUID == 0)) && command -v apt-get > /dev/null; then
        echo "installing maven…" >&2
        install_packages maven && return 0
    fi
    echo "holdfast: needs Maven to build: install it (Debian: apt-get install maven)" >&2
    return 1
}

# Installs Debian packages, as root; quiet unless it goes wrong.
install_packages() {
    local output
    output=$(
        {
            export DEBIAN_FRONTEND=noninteractive
            apt-get install -y --no-install-recommends "$@" < /dev/null ||
                # The package lists may be old or, in a container, missing.
                { apt-get update && apt-get install -y --no-install-recommends "$@"; } < /dev/null
        } 2>&1
    ) && return 0
    printf '%s\n' "$output" | tail -n 15 >&2
    echo "holdfast: these packages could not be installed: $*" >&2
    return 1
}
