#!/usr/bin/env bash
# What is installed, by the programs that it is made for: shells complete, groff sets the manual pages, and the package
# installs and runs in a Debian where nothing else is.
# usage: run.sh RUSHHOUR
set -euo pipefail
rushhour=$(realpath "$1")
build=$(dirname "$rushhour")
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT

cmake --install "$build" --prefix "$scratch/prefix" >/dev/null
python3 test_shells.py "$scratch/prefix"
for page in "$scratch"/prefix/share/man/man*/*; do
    warnings=$(groff -man -Tutf8 -ww -z "$page" 2>&1)
    [ -z "$warnings" ] || { echo "$page: $warnings"; exit 1; }
done
echo "manual pages: $(find "$scratch/prefix/share/man" -type f | wc -l), groff has no complaint"

# systemd looks for a program by its bare name in the folders of the system alone: here it is given the installed one
mkdir "$scratch/units"
for unit in "$scratch"/prefix/lib/systemd/system/*; do
    name=$(basename "$unit")
    sed -E "s#^(Exec[A-Za-z]*=)rushhour#\1$scratch/prefix/bin/rushhour#" "$unit" >"$scratch/units/${name/@./@peak.}"
    cp "$scratch/units/${name/@./@peak.}" "$scratch/units/$name"
done
if command -v systemd-analyze >/dev/null; then
    complaints=$(cd "$scratch/units" && SYSTEMD_UNIT_PATH=$PWD: systemd-analyze verify --man=no ./*@peak.* 2>&1) ||
        { echo "systemd-analyze: $complaints"; exit 1; }
    [ -z "$complaints" ] || { echo "systemd-analyze: $complaints"; exit 1; }
    echo "units: $(find "$scratch/units" -name '*@peak.*' | wc -l), systemd has no complaint"
else
    echo "left out: the units, as there is no systemd-analyze"
fi

(cd "$scratch" && cpack --config "$build/packaging.cmake" -B "$scratch" >cpack.log 2>&1) || { cat "$scratch/cpack.log"; exit 1; }
if [ "$(id -u)" = 0 ]; then
    ./fresh-root "$scratch"/rushhour_*.deb "$scratch/root"
else
    echo "left out: installing the package in a fresh root needs root"
fi
