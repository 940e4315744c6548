#!/usr/bin/env bash
# A real Prometheus scrapes a simulated run; promtool reads the plain text and tests the alert rules; the Grafana dashboard and
# the rules ask for what exists.
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
promtool check rules profiles/prometheus/alerts.yml
# promtool looks for the rules beside the test
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp profiles/prometheus/alerts.yml tests/interop/prometheus/alerts.test.yml "$scratch"
promtool test rules "$scratch/alerts.test.yml"
python3 tests/interop/prometheus/scrape.py "$rushhour" profiles/grafana/dashboard.json profiles/prometheus/alerts.yml
