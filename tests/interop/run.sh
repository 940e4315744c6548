#!/usr/bin/env bash
# Every suite that tests rushhour against software that we did not write.
# usage: tests/interop/run.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "${1:?build folder, such as build/release}")
cd "$(dirname "$0")/../.."
rushhour=$build/rushhour

# A Python of one's own often lacks the packages that apt gave to the system's.
if ! python3 -c 'import jsonschema, scipy, statsmodels' 2>/dev/null && [ -x /usr/bin/python3 ]; then
    PATH=/usr/bin:$PATH
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=()

suite() { # name, arguments of its run.sh
    local name=$1 script=tests/interop/$1/run.sh
    shift
    echo "--- $name"
    SECONDS=0
    if "$script" "$@"; then
        passed=$((passed + 1))
        echo "--- $name passed (${SECONDS}s)"
    else
        failed+=("$name")
        echo "--- $name FAILED (${SECONDS}s)"
    fi
}

# A run for the page to show; its verdict is not what is tested here.
make_run() {
    local status=0
    "$rushhour" run profiles/demo.json --simulate --quiet -o "$scratch/run" >"$scratch/run.txt" 2>&1 || status=$?
    case $status in
    0 | 3 | 4 | 99) ;;
    *) cat "$scratch/run.txt"; return 1 ;;
    esac
}

for script in tests/interop/*/run.sh; do
    name=$(basename "$(dirname "$script")")
    case $name in
    hdrhistogram | http | statistics | websocket) suite "$name" "$build" ;;
    page)
        if make_run; then suite "$name" "$rushhour" "$scratch/run"; else failed+=("$name: no run to show"); fi ;;
    *) suite "$name" "$rushhour" ;;
    esac
done

echo "interop: $passed passed, ${#failed[@]} failed${failed[*]:+: ${failed[*]}}"
[ ${#failed[@]} -eq 0 ]
