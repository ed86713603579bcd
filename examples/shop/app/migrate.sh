#!/bin/sh
# Brings the database to what the release needs, before any of its services starts. It runs again with every deployment
# of a release, so it adds only what is not there yet. MIGRATION in the settings says how it ends: works, or fails.
set -eu
. /app/settings.env
echo "migration of release $VERSION: adding the column 'gift' to the orders, unless it is there"
if [ "${MIGRATION:-works}" = fails ]; then
    echo "migration of release $VERSION: ERROR: 12 orders have no customer, nothing was changed"
    exit 1
fi
echo "migration of release $VERSION: done"
