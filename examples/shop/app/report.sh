#!/bin/sh
# Reports what was sold. It runs at its times, with what the environment has released.
set -eu
. /app/settings.env
echo "report of release $VERSION: 12 teapots and 40 cups were sold"
