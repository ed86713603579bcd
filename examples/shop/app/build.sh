#!/bin/sh
# Makes the files that a web service serves. Argument: the service.
set -eu
service=$1
. /app/settings.env
mkdir -p /www/api
render() { sed -e "s/@SERVICE@/$service/g" -e "s/@VERSION@/$VERSION/g" "/app/$1" > "/www/$2"; }

case "$service" in
storefront)
    render storefront.html index.html
    render health.json health
    ;;
api)
    render items.json api/items
    render health.json api/health
    ;;
esac
echo "$service" > /www/service
