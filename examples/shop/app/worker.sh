#!/bin/sh
# Packs an order every two seconds, until it is told to stop.
set -eu
. /app/settings.env
trap 'echo "worker release $VERSION: stopping after $packed orders"; exit 0' TERM INT
packed=0
echo "worker release $VERSION: waiting for orders"
while :; do
    sleep 2 &
    wait $!
    packed=$((packed + 1))
    echo "worker release $VERSION: packed order $packed"
done
