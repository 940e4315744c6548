#!/usr/bin/env bash
# The official openai SDK against `rushhour simulate`, over TLS, in each of its forms.
# usage: tests/interop/openai/run.sh RUSHHOUR_BINARY
set -euo pipefail
rushhour=$(realpath "${1:?path of the rushhour binary}")
cd "$(dirname "$0")"

npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

exec {ready_pipe}< <(exec "$rushhour" simulate profile.json)
simulator=$!
trap 'kill "$simulator" 2>/dev/null || true' EXIT
if ! IFS= read -r -t 30 ready <&"$ready_pipe"; then
    echo "the simulator said nothing for 30 s" >&2
    exit 1
fi

NODE_EXTRA_CA_CERTS=$(node -p 'JSON.parse(process.argv[1]).ca_file' "$ready") node sdk.mjs "$ready"
