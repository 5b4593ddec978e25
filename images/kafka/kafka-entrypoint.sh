#!/usr/bin/env bash
# Formats the storage at the first start, then becomes the broker, so that signals reach it.
#
#   KAFKA_CONFIG        the properties (log.dirs: one directory, below a volume)
#   KAFKA_USERS_DIR     a file for each SCRAM-SHA-512 user: its name is the user's, its content the password
#   KAFKA_CLUSTER_ID    22 characters of base64; made up at the first start if not given
#   KAFKA_HEAP_OPTS, KAFKA_OPTS   options of the JVM
#
# A broker that asks everybody for a password needs its users before its first client comes: formatting makes them.
# Later changes of a password file change nothing, because the broker keeps users in its metadata.
set -euo pipefail
# Passwords pass through a file; nobody else reads it.
umask 077

fail() {
    echo "kafka: $*" >&2
    exit 1
}

config=$KAFKA_CONFIG
[ -r "$config" ] || fail "KAFKA_CONFIG is $config, which cannot be read: mount the broker's properties there"
log_dir=$(sed -n 's/^[[:space:]]*log\.dirs[[:space:]]*=[[:space:]]*//p' "$config" | tail -n 1)
case "$log_dir" in
    /*,*) fail "log.dirs is $log_dir in $config: expected one directory" ;;
    /*) ;;
    *) fail "log.dirs is '$log_dir' in $config: expected the path of a directory" ;;
esac

# The logging configuration lies on the class path: named by a property, Kafka's other logging library chokes on it.
classpath="/opt/kafka/conf:/opt/kafka/lib/*"
arguments=""

cluster_id() {
    local id=${KAFKA_CLUSTER_ID:-}
    # 16 bytes in the base64 of URLs; a leading dash would be taken for an option.
    until [[ $id =~ ^[A-Za-z0-9_][A-Za-z0-9_-]{21}$ ]]; do
        [ -z "${KAFKA_CLUSTER_ID:-}" ] || fail "KAFKA_CLUSTER_ID is '$id': expected 22 letters, digits, _ and -"
        id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    done
    echo "$id"
}

format() {
    local id file name password
    id=$(cluster_id)
    # The JVM reads its command line from a file, because anybody in the pod can read the real one.
    arguments=$(mktemp)
    trap 'rm -f "$arguments"' EXIT
    {
        printf '%s\n' -Xmx128m -cp "\"$classpath\""
        printf '%s\n' kafka.tools.StorageTool format --standalone --cluster-id "$id" --config "\"$config\""
        for file in "$KAFKA_USERS_DIR"/*; do
            # A mounted Secret holds links to its files, and hidden folders that the pattern passes over.
            [ -f "$file" ] || continue
            name=${file##*/}
            password=$(<"$file")
            [[ $name =~ ^[A-Za-z0-9._-]+$ ]] \
                || fail "the user '$name' of $KAFKA_USERS_DIR: expected letters, digits and . _ -"
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
exec java $KAFKA_HEAP_OPTS ${KAFKA_OPTS:-} -cp "$classpath" kafka.Kafka "$config" "$@"
