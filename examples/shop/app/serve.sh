#!/bin/sh
# Serves /www on port 8080. MODE in the settings says how the release behaves:
#   healthy    serve
#   exits      end at once with code 3, as a process does whose configuration is wrong
#   unhealthy  listen, and answer 503 to everything, as a process does whose database is away
set -eu
exec 2>&1 # one stream, so that the lines of the log keep their order
service=$(cat /www/service)
. /app/settings.env
echo "$service release $VERSION: starting"

case "$MODE" in
healthy)
    httpd -f -p 8080 -h /www &
    ;;
exits)
    echo "$service release $VERSION: reading the price list"
    sleep "${EXITS_AFTER:-0}"
    echo "$service release $VERSION: FATAL: price list has no currency, giving up"
    exit 3
    ;;
unhealthy)
    echo "$service release $VERSION: cannot reach the database, answering 503 until it is back"
    nc -ll -p 8080 -e /bin/sh /app/unavailable.sh &
    ;;
*)
    echo "MODE=$MODE is not a mode: allowed are healthy, exits, unhealthy"
    exit 2
    ;;
esac

# The first process of a container gets no default signal handling: without this trap a stop would take until the kill.
server=$!
trap 'echo "$service release $VERSION: stopping"; kill "$server"; exit 0' TERM INT
echo "$service release $VERSION: listening on port 8080"
wait "$server"
