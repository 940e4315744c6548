#!/usr/bin/env bash
# Holds profiles/profile.schema.json and every profile against python3-jsonschema, an independent validator.
# usage: tests/interop/schema/run.sh [RUSHHOUR]   (the binary is not needed: a unit test keeps the schema file up to date)
set -euo pipefail
cd "$(dirname "$0")/../../.."

# A Python of one's own often lacks the package that apt gave to the system's.
for python in python3 /usr/bin/python3; do
    if "$python" -c 'import jsonschema' 2>/dev/null; then
        exec "$python" tests/interop/schema/validate.py profiles/profile.schema.json profiles tests/data/profiles
    fi
done
echo "needs python3-jsonschema: apt-get install python3-jsonschema" >&2
exit 1
