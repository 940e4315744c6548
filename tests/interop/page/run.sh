#!/usr/bin/env bash
# Opens report.html of a run in Chromium: no error, no request, and every figure equal to run.json.
# usage: tests/interop/page/run.sh RUSHHOUR_BINARY RUN_FOLDER
set -euo pipefail
rushhour=$(realpath "${1:?the rushhour binary}")
run=$(realpath "${2:?a run folder}")
cd "$(dirname "$0")"

if [ ! -d node_modules/playwright-core ]; then
    npm ci --no-audit --no-fund --silent
fi
if [ ! -x /usr/bin/chromium ]; then
    echo "page: /usr/bin/chromium is missing (apt-get install chromium)" >&2
    exit 1
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$rushhour" report "$run" --format html -o "$scratch/report.html"
"$rushhour" report "$run" --format json -o "$scratch/report.json"
node page.mjs "$scratch/report.html" "$scratch/report.json" "$run/run.json"
