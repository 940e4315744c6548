#!/usr/bin/env bash
# Holds our histograms and their log against the HdrHistogram of the JVM, in both directions.
# usage: tests/interop/hdrhistogram/run.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "${1:?build folder, such as build/release}")
cd "$(dirname "$0")"

jar=${HDRHISTOGRAM_JAR:-/usr/share/java/hdrhistogram.jar}
if [ ! -f "$jar" ] || ! command -v javac >/dev/null; then
    echo "needs a JDK and $jar (or HDRHISTOGRAM_JAR=FILE): apt-get install default-jdk-headless libhdrhistogram-java" >&2
    exit 1
fi
if ! cmake --build "$build" --target hdr_tool >"$build/hdr_tool.log" 2>&1; then
    cat "$build/hdr_tool.log" >&2
    exit 1
fi
tool=$build/tests/interop/hdr_tool

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
javac -d "$scratch" -cp "$jar" HdrInterop.java
jvm() { java -cp "$jar:$scratch" HdrInterop "$@"; }

passed=0
failed=0

# Counts the rows of two summaries that agree: whole numbers to the last digit (as text: awk's own numbers are too
# short for them), times to the millisecond that the JVM's reader may cut off, mean and deviation to 1e-9.
agree() { # what, file of the writer, file of the reader
    local verdict right wrong
    verdict=$(paste -d ' ' "$2" "$3" | awk -v what="$1" '
        function near(a, b, limit) { return a - b <= limit && b - a <= limit }
        function close_to(a, b) { return near(a, b, 1e-9 * (a < 0 ? -a : a)) }
        {
            ok = NF == 22 && $1 "" == $12 "" && near($2, $13, 1) && near($3, $14, 1)
            for (i = 4; i <= 9; i++) ok = ok && $i "" == $(i + 11) ""
            ok = ok && close_to($10, $21) && close_to($11, $22)
            if (ok) { right++ } else { wrong++; print "DISAGREE (" what "): " $0 > "/dev/stderr" }
        }
        END { print right + 0, wrong + 0 }')
    read -r right wrong <<<"$verdict"
    count "$1" "$right" "$wrong"
}

count() { # what, right, wrong; no row at all is a failure too
    local wrong=$3
    if [ "$(($2 + $3))" -eq 0 ]; then wrong=1; fi
    echo "$1: $2 agree, $wrong do not"
    passed=$((passed + $2))
    failed=$((failed + wrong))
}

"$tool" write "$scratch/ours.hlog" >"$scratch/ours.txt"
jvm read "$scratch/ours.hlog" >"$scratch/ours.jvm.txt"
agree "our log, read by the JVM" "$scratch/ours.txt" "$scratch/ours.jvm.txt"

jvm payloads "$scratch/ours.hlog" >"$scratch/payloads.txt"
count "our payloads, byte by byte as the JVM encodes them" \
    "$(grep -c ' same$' "$scratch/payloads.txt" || true)" "$(grep -c ' different$' "$scratch/payloads.txt" || true)"

jvm write "$scratch/jvm.hlog" >"$scratch/jvm.txt"
"$tool" read "$scratch/jvm.hlog" >"$scratch/jvm.ours.txt"
agree "the JVM's log, read by us" "$scratch/jvm.txt" "$scratch/jvm.ours.txt"

"$tool" copy "$scratch/jvm.hlog" "$scratch/copy.hlog"
jvm read "$scratch/copy.hlog" >"$scratch/copy.jvm.txt"
agree "the JVM's log, copied by us, read by the JVM" "$scratch/jvm.txt" "$scratch/copy.jvm.txt"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
