#!/usr/bin/env bash
# Makes the cluster at the first start, then runs the server until it is told to stop.
#
#   POSTGRES_PASSWORD_FILE      holds the superuser's password, which is set at every start: a volume outlives Secrets
#   POSTGRES_USER, POSTGRES_DB  the superuser and the database made for it
#   POSTGRES_LISTEN_ADDRESSES   every address of the container unless told otherwise
#   PGDATA                      the cluster's directory, below a volume
#
# Arguments go to the server, e.g. -c max_connections=50.
set -euo pipefail

fail() {
    echo "postgres: $*" >&2
    exit 1
}

password=${POSTGRES_PASSWORD_FILE:-}

check_password() {
    [ -n "$password" ] || fail "POSTGRES_PASSWORD_FILE is not set: expected the path of a file that holds the password"
    [ -r "$password" ] || fail "POSTGRES_PASSWORD_FILE is $password, which cannot be read: mount the password there"
    [ -s "$password" ] || fail "POSTGRES_PASSWORD_FILE is $password, which is empty: expected the password"
}

make_cluster() {
    local new=$PGDATA.new
    [[ $POSTGRES_DB =~ ^[a-z_][a-z0-9_]*$ ]] \
        || fail "POSTGRES_DB is '$POSTGRES_DB': expected lower-case letters, digits and _"
    # Made beside its place and moved there when it is whole: a start that was cut short leaves nothing half done.
    rm -rf "$new"
    # Over the socket the container's own user is the superuser: who may execute psql in the pod needs no password.
    initdb --pgdata="$new" --username="$POSTGRES_USER" --pwfile="$password" --auth-local=peer --auth-host=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 --data-checksums
    # initdb knows of 127.0.0.1 only.
    echo "host all all all scram-sha-256" >>"$new/pg_hba.conf"
    if [ "$POSTGRES_DB" != postgres ]; then
        # One process without a listener: nobody can connect before all is as it should be.
        echo "CREATE DATABASE \"$POSTGRES_DB\"" | postgres --single -D "$new" postgres >/dev/null
    fi
    mv "$new" "$PGDATA"
}

set_password() {
    local text
    text=$(<"$password")
    echo "ALTER ROLE \"$POSTGRES_USER\" PASSWORD '${text//\'/\'\'}'" | postgres --single -D "$PGDATA" postgres >/dev/null
}

# The first process of a container ignores a signal that it has no trap for.
trap 'exit 143' TERM INT
check_password
if [ -f "$PGDATA/PG_VERSION" ]; then
    set_password
else
    make_cluster
fi

# The socket is for psql in the container; /tmp is writable wherever it runs.
postgres -D "$PGDATA" -c listen_addresses="$POSTGRES_LISTEN_ADDRESSES" -c unix_socket_directories=/tmp \
    -c timezone=UTC -c log_timezone=UTC "$@" &
server=$!
# To the server SIGTERM means: wait until every client has left. A pod that is told to stop has no time for that;
# SIGINT rolls back what runs, ends the sessions and leaves nothing to recover.
trap 'kill -INT "$server"' TERM INT
# A trapped signal ends `wait`, not the server.
until wait "$server"; do
    status=$?
    kill -0 "$server" 2>/dev/null || exit "$status"
done
