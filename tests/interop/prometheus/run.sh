#!/usr/bin/env bash
# A real Prometheus scrapes a simulated run; promtool reads the plain text; the Grafana dashboard asks for what exists.
# usage: tests/interop/prometheus/run.sh RUSHHOUR_BINARY
set -euo pipefail
rushhour=$(realpath "${1:?path of the rushhour binary}")
cd "$(dirname "$0")/../../.."
for program in prometheus promtool; do
    if ! command -v "$program" >/dev/null; then
        echo "needs $program: apt-get install prometheus" >&2
        exit 1
    fi
done
exec python3 tests/interop/prometheus/scrape.py "$rushhour" profiles/grafana/dashboard.json
