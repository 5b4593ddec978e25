#!/usr/bin/env bash
# Formats the storage at the first start, then becomes the broker, so that signals reach it.
#
#   KAFKA_CONFIG_FILE   the properties (log.dirs: one directory, below a volume)
#   KAFKA_USERS_DIR     a file for each SCRAM-SHA-512 user: its name is the user's, its content the password
#   KAFKA_CLUSTER_ID    22 characters of base64; made up at the first start if not given
#   KAFKA_HEAP_OPTS, KAFKA_OPTS   options of the JVM
#
# SCRAM users must exist before the first client connects, and only formatting makes them without one. Later changes
# of a password file change nothing: the broker keeps users in its metadata (kafka.admin.ConfigCommand alters them).
set -euo pipefail
# Passwords pass through a file; nobody else reads it.
umask 077

fail() {
    echo "kafka: $*" >&2
    exit 1
}

config=$KAFKA_CONFIG_FILE
[ -r "$config" ] || fail "KAFKA_CONFIG_FILE is $config, which cannot be read: mount the broker's properties there"
log_dir=$(sed -n 's/^[[:space:]]*log\.dirs[[:space:]]*=[[:space:]]*//p' "$config" | tail -n 1)
case "$log_dir" in
    /*,*) fail "log.dirs is $log_dir in $config: expected one directory" ;;
    /*) ;;
    *) fail "log.dirs is '$log_dir' in $config: expected the path of a directory" ;;
esac

java=(java "-Dlog4j.configuration=file:/opt/kafka/log4j.properties" -cp "/opt/kafka/lib/*")

format() {
    local id=${KAFKA_CLUSTER_ID:-} file name password arguments
    if [ -z "$id" ]; then
        id=$("${java[@]}" -Xmx64m kafka.tools.StorageTool random-uuid)
    fi
    # The JVM reads its command line from a file, because anybody in the pod can read the real one.
    arguments=$(mktemp)
    trap 'rm -f "$arguments"' EXIT
    {
        printf '%s\n' "-Dlog4j.configuration=file:/opt/kafka/log4j.properties" -Xmx128m -cp '"/opt/kafka/lib/*"'
        printf '%s\n' kafka.tools.StorageTool format --standalone --cluster-id "$id" --config "\"$config\""
        for file in "$KAFKA_USERS_DIR"/*; do
            # A mounted Secret holds links to its files, and hidden folders that the pattern passes over.
            [ -f "$file" ] || continue
            name=${file##*/}
            password=$(<"$file")
            [[ $name =~ ^[A-Za-z0-9._-]+$ ]] || fail "the user $name of $KAFKA_USERS_DIR: expected letters, digits, . _ -"
            [[ $password =~ ^[A-Za-z0-9._~+/=-]+$ ]] \
                || fail "the password in $file: expected one line of letters, digits and . _ ~ + / = -"
            printf '%s\n' --add-scram "\"SCRAM-SHA-512=[name=$name,password=$password]\""
        done
    } >"$arguments"
    java "@$arguments"
    rm -f "$arguments"
    trap - EXIT
}

# The first process of a container ignores a signal that it has no trap for.
trap 'exit 143' TERM INT
# Written last by formatting: where it is, formatting came to its end.
if [ ! -f "$log_dir/meta.properties" ]; then
    format
fi
# shellcheck disable=SC2086 # several options in one variable, as Kafka's own scripts have it
exec "${java[@]}" $KAFKA_HEAP_OPTS ${KAFKA_OPTS:-} kafka.Kafka "$config" "$@"
