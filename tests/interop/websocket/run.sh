#!/usr/bin/env bash
# What npm's ws sends, against what our client receives: the receiving half of the Autobahn cases, over ws and wss.
# usage: tests/interop/websocket/run.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "${1:?build folder, such as build/release}")
cd "$(dirname "$0")"

npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
if ! cmake --build "$build" --target receive_tool >"$build/receive_tool.log" 2>&1; then
    cat "$build/receive_tool.log" >&2
    exit 1
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>"$scratch/openssl.log" ||
    { cat "$scratch/openssl.log" >&2; exit 1; }

node receive.mjs "$build/tests/interop/receive_tool" "$scratch/cert.pem" "$scratch/key.pem"
