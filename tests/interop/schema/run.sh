#!/usr/bin/env bash
# Holds profiles/profile.schema.json and every profile against python3-jsonschema, an independent validator.
# A unit test keeps the schema file up to date; here the binary's reader is held to it, key by key. What rushhour itself writes
# is held to docs/schemas.
# usage: tests/interop/schema/run.sh RUSHHOUR
set -euo pipefail
rushhour=$(realpath "${1:?the binary, such as build/release/rushhour}")
cd "$(dirname "$0")/../../.."

# A Python of one's own often lacks the package that apt gave to the system's.
for python in python3 /usr/bin/python3; do
    if "$python" -c 'import jsonschema' 2>/dev/null; then
        "$python" tests/interop/schema/validate.py profiles/profile.schema.json profiles tests/data/profiles
        "$python" tests/interop/schema/agree.py profiles/profile.schema.json "$rushhour"
        exec "$python" -B tests/interop/schema/outputs.py docs/schemas "$rushhour"
    fi
done
echo "needs python3-jsonschema: apt-get install python3-jsonschema" >&2
exit 1
