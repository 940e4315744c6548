#!/usr/bin/env bash
# Every command of every document is executed, and what a document shows is what comes.
# usage: tests/interop/documents/run.sh RUSHHOUR
set -euo pipefail
rushhour=$(realpath "${1:?the binary, such as build/release/rushhour}")
cd "$(dirname "$0")/../../.."

# A Python of one's own often lacks the package that apt gave to the system's.
for python in python3 /usr/bin/python3; do
    if "$python" -c 'import pandas' 2>/dev/null; then exec "$python" -B tests/interop/documents/execute.py "$rushhour"; fi
done
echo "needs python3-pandas: apt-get install python3-pandas" >&2
exit 1
