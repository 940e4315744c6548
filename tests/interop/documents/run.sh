#!/usr/bin/env bash
# Every command of every document is executed, and what a document shows is what comes.
# usage: tests/interop/documents/run.sh RUSHHOUR
set -euo pipefail
rushhour=$(realpath "${1:?the binary, such as build/release/rushhour}")
cd "$(dirname "$0")/../../.."
exec python3 -B tests/interop/documents/execute.py "$rushhour"
