# Finds a JDK; sourced by ./holdfast and ./run-tests.
# shellcheck shell=bash

JDK_FEATURE_MIN=25

# Prints the feature version (25) of the JDK in folder $1, or nothing if there is no whole JDK there.
# Every JDK states its version in the file `release`; folder names and links lie.
jdk_feature() {
    local line version=""
    [[ -x $1/bin/java && -x $1/bin/javac ]] || return 0
    if [[ -r $1/release ]]; then
        while IFS= read -r line; do
            [[ $line == JAVA_VERSION=* ]] && version=${line#JAVA_VERSION=}
        done < "$1/release"
    fi
    if [[ -z $version ]]; then
        version=$("$1/bin/javac" -version 2>&1 | sed -n 's/^javac //p')
    fi
    version=${version//\"/}
    version=${version%%[.+-]*}
    [[ $version =~ ^[0-9]+$ ]] && printf '%s\n' "$version"
    return 0
}

# Sets JAVA_HOME to the first JDK that is new enough: what JAVA_HOME says, what `java` on the PATH
# belongs to, then the folders where distributions, SDKMAN and IDEs put JDKs.
find_jdk() {
    local candidate feature on_path home=${HOME:-$PWD} seen=""
    local candidates=()
    [[ -n ${JAVA_HOME:-} ]] && candidates+=("$JAVA_HOME")
    if on_path=$(command -v java); then
        on_path=$(readlink -f "$on_path")
        candidates+=("${on_path%/bin/java}")
    fi
    candidates+=(/usr/lib/jvm/* /opt/java/* "${SDKMAN_DIR:-$home/.sdkman}"/candidates/java/*
        "$home"/.jdks/*)
    for candidate in "${candidates[@]}"; do
        feature=$(jdk_feature "$candidate")
        if [[ -n $feature ]] && ((feature >= JDK_FEATURE_MIN)); then
            JAVA_HOME=$candidate
            export JAVA_HOME
            return 0
        fi
        [[ -n $feature && " $seen " != *" $feature "* ]] && seen="$seen $feature"
    done
    echo "holdfast: needs a JDK $JDK_FEATURE_MIN or newer (found:${seen:- none}): install one, for example Temurin from adoptium.net, or point JAVA_HOME at it" >&2
    return 1
}
