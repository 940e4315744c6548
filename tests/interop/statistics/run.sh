#!/usr/bin/env bash
# Holds our statistics, and the figures of a run, against scipy and statsmodels.
# usage: tests/interop/statistics/run.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "${1:?build folder, such as build/release}")
cd "$(dirname "$0")"

if ! python3 -c 'import scipy, statsmodels' 2>/dev/null; then
    echo "needs scipy and statsmodels: apt-get install python3-scipy python3-statsmodels" >&2
    exit 1
fi
if ! cmake --build "$build" --target stats_tool >"$build/stats_tool.log" 2>&1; then
    cat "$build/stats_tool.log" >&2
    exit 1
fi
python3 -B compare.py "$build/tests/interop/stats_tool"

# The figures of a run, worked out again from its rows.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0
"$build/rushhour" run ../../../profiles/demo.json --simulate --duration 18m -q -o "$scratch/demo" 2>"$scratch/said" || status=$?
case $status in 0 | 3 | 4 | 99) ;; *) cat "$scratch/said" >&2; exit 1 ;; esac
python3 -B recompute.py "$scratch/demo"
