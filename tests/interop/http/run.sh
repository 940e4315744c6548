#!/usr/bin/env bash
# What nghttpd serves over HTTP/2, against what our HTTP client receives.
# usage: tests/interop/http/run.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "${1:?build folder, such as build/release}")
cd "$(dirname "$0")"

if ! cmake --build "$build" --target http_tool >"$build/http_tool.log" 2>&1; then
    cat "$build/http_tool.log" >&2
    exit 1
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>"$scratch/openssl.log" ||
    { cat "$scratch/openssl.log" >&2; exit 1; }

python3 served.py "$build/tests/interop/http_tool" "$scratch"
