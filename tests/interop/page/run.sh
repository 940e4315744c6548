#!/usr/bin/env bash
# Opens report.html of a run, and the page of a comparison, in Chromium: no error, no request, and every figure equal to the JSON.
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
# An advisory over the first interval, for the run's first region: its charts over time shade it.
from=$(sed -n 2p "$run/intervals.csv" | cut -d, -f1)
to=$(sed -n 2p "$run/intervals.csv" | cut -d, -f2)
cat >"$scratch/health.json" <<EOF
{"value": [{"properties": {"title": "An <advisory>", "eventType": "ServiceIssue", "status": "Resolved",
 "impactStartTime": "$from", "impactMitigationTime": "$to",
 "impact": [{"impactedService": "Azure OpenAI", "impactedRegions": [{"impactedRegion": "Elsewhere"}]}]}}]}
EOF
first=$(cut -d, -f3 "$run/intervals.csv" | sed -n 2p)
second=$(cut -d, -f3 "$run/intervals.csv" | sed -n 3p)
"$rushhour" report "$run" --service-health "$first=$scratch/health.json" --format html -o "$scratch/report.html"
"$rushhour" report "$run" --format json -o "$scratch/report.json"
for form in html json; do # whatever the verdict is
    "$rushhour" compare "$run" --regions "$first" "$second" --format "$form" -o "$scratch/compare.$form" || [ $? -ge 3 ]
done
node compare.mjs "$scratch/compare.html" "$scratch/compare.json"
node page.mjs "$scratch/report.html" "$scratch/report.json" "$run/run.json"
