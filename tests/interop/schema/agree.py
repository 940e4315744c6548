"""Holds the schema and the reader to each other: every key that the schema names is given the same values, one at a time.

usage: agree.py SCHEMA RUSHHOUR

What the reader takes the schema must take, or editors mark a profile that runs. Of another kind of value (a list for a number)
neither may take what the other refuses; what text means, and which keys go together, a schema cannot say.
"""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

GOOD = {"name": "x", "regions": [{"name": "a", "endpoint": "https://a.example.com", "deployment": "d",
                                  "auth": {"api_key": "${KEY}"}}]}
ELEMENTS = {"stages": {"duration": "30s", "target": 5}, "faults": {"fault": "server_error", "rate": "5%"}}
KINDS = [None, True, False, [], {}, [7], [["word"]], [None], {"word": "text"}]
NOTATIONS = [
    0, 7, -1, 0.5, "", "0", "word", "5s", "5 s", "1.5s", "5us", "1d", "5/s", "300/m", "5%", "0.25%", "5", "64KiB", "now",
    "2026-04-14T06:00:00-07:00", "07:00-09:00", "07:00-09:00@UTC,mon-fri", "${NAME}", "${file:/a/b}", "https://b.example.com",
    "http://localhost:1", "/path", "2025-04-01-preview", "2026-10-01", ["1m", "peak=07:00-09:00@UTC,mon-fri"], ["0%", "50%"],
    ["failure_rate < 1%"], ["5%"] * 24, ["5%"] * 23, {"zone": "UTC", "rates": ["5%"] * 24}, {"median": "5ms", "p99": "9ms"},
    {"median": "5ms"}, {"x-team": "load"}, ["word"],
]


def keys(schema, path=()):
    """Every key that holds a value: its path, with 0 for the element of a list, and its schema."""
    for name, inner in schema.get("properties", {}).items():
        if "properties" in inner:
            yield from keys(inner, path + (name,))
            continue
        yield path + (name,), inner
        if "properties" in inner.get("items", {}):
            yield from keys(inner["items"], path + (name, 0))
    more = schema.get("additionalProperties")
    if isinstance(more, dict) and "properties" in more:
        yield from keys(more, path + ("some-name",))


def with_value(path, value):
    profile = copy.deepcopy(GOOD)
    at = profile
    for part, following in zip(path, path[1:]):
        if part == 0:
            at = at[0]
        elif following == 0:
            at = at.setdefault(part, [copy.deepcopy(ELEMENTS.get(part, {}))])
        else:
            at = at.setdefault(part, {})
    at[path[-1]] = value
    return profile


def notations_of(inner):
    """The common ones, and those around this key's own bounds and words."""
    words = list(inner.get("enum", []))
    own = words[:3] + [f"{word}x" for word in words[:1]]
    for bound, step in (("minimum", -1), ("maximum", 1)):
        if bound in inner:
            own += [inner[bound], inner[bound] + step]
    return NOTATIONS + own + ([inner["default"]] if "default" in inner else [])


def main(schema_file, rushhour):
    schema = json.loads(pathlib.Path(schema_file).read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    tried, wrong = 0, []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "profile.json"

        def judge(key, value, both_ways):
            profile = with_value(key, value)
            path.write_text(json.dumps(profile), encoding="utf-8")
            told = subprocess.run([rushhour, "plan", path], capture_output=True, text=True, check=False)
            reads, valid = told.returncode == 0, validator.is_valid(profile)
            if reads and not valid or both_ways and valid and not reads:
                wrong.append(f"{'.'.join(map(str, key))} = {json.dumps(value)}: "
                             f"{'read, but not valid' if reads else 'valid, but ' + told.stderr.strip()}")

        for key, inner in keys(schema):
            for value in KINDS:
                judge(key, value, both_ways=True)
            for value in notations_of(inner):
                judge(key, value, both_ways=False)
            tried += 1
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{tried} keys, {len(wrong)} disagreements")
    return 1 if wrong or tried < 100 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
