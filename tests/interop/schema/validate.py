"""Validates profiles against profile.schema.json with python3-jsonschema, which knows nothing of our reader.

usage: validate.py SCHEMA PROFILES_FOLDER BROKEN_FOLDER

Every shipped profile must be valid. Of the broken profiles, those must be refused whose mistake a schema can see. And the
schema must notice each of a list of small changes to a good profile. Comments and trailing commas are taken out here,
independently of the reader under test.
"""

import copy
import json
import pathlib
import sys

import jsonschema

# What a broken profile's name begins with, when its mistake is one of shape, word, unit or range that a schema can see.
VISIBLE = (
    "unknown-", "dotted-key", "not-an-object", "null-value", "missing-", "duration-", "rate-without-time",
    "share-without-percent", "count-in-quotes", "count-with-decimals", "bool-in-quotes", "text-as-number",
    "attempts-of-zero", "sessions-above-range", "no-regions", "region-name", "endpoint-with-path",
    "endpoint-without-scheme", "endpoint-with-password", "literal-", "half-reference", "key-as-number", "proxy-scheme",
    "api-version-form", "path-with-query", "no-stages", "window-without-zone", "fault-unknown", "fault-rate-missing",
    "latency-half", "latency-unknown", "clock-start",
)


def strip(text):
    """JSON without comments and trailing commas: a scan that only knows strings, comments and commas."""
    out = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            out.append(text[at:end + 1])
            at = end + 1
        elif text.startswith("//", at):
            at = text.index("\n", at) if "\n" in text[at:] else len(text)
        elif text.startswith("/*", at):
            at = text.index("*/", at) + 2
        else:
            if text[at] in "}]":
                while out and out[-1].isspace():
                    out.pop()
                if out and out[-1] == ",":
                    out.pop()
            out.append(text[at])
            at += 1
    return "".join(out)


def changes(good):
    """Small changes to a good profile, each of which makes it wrong: (what, profile)."""
    def changed(what, change):
        profile = copy.deepcopy(good)
        change(profile)
        return what, profile

    yield changed("a key that nobody knows", lambda p: p.update(lod={}))
    yield changed("no name", lambda p: p.pop("name"))
    yield changed("a duration without unit", lambda p: p["session"].update(think_time="2"))
    yield changed("a duration as a number", lambda p: p["session"].update(think_time=2))
    yield changed("an unknown word", lambda p: p["load"].update(model="closed"))
    yield changed("a literal key", lambda p: p["regions"][0].update(auth={"api_key": "0123456789abcdef"}))
    yield changed("a literal token", lambda p: p["regions"][0].update(auth={"token": "eyJ0"}))
    yield changed("a path in the endpoint", lambda p: p["regions"][0].update(endpoint="https://a.example.com/openai"))
    yield changed("a stage without target", lambda p: p["load"]["stages"][0].pop("target"))
    yield changed("a rate without time", lambda p: p["load"].update(connect_rate="5"))
    yield changed("zero attempts", lambda p: p["retry"].update(attempts=0))
    yield changed("a price that is text", lambda p: p["prices"].update(model={"text_in": "4"}))
    yield changed("an unknown price", lambda p: p["prices"].update(model={"text": 4}))
    yield changed("an unknown fault", lambda p: p.update(simulator={"faults": [{"fault": "x", "rate": "1%"}]}))


def main(schema_file, profiles, broken):
    schema = json.loads(pathlib.Path(schema_file).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    passed, failed = 1, 0

    def judge(what, profile, valid):
        nonlocal passed, failed
        error = jsonschema.exceptions.best_match(validator.iter_errors(profile))
        if (error is None) == valid:
            passed += 1
            return
        failed += 1
        print(f"{what}: {'accepted' if error is None else error.message}", file=sys.stderr)

    for path in sorted(pathlib.Path(profiles).glob("*.json")):
        if path.name.endswith(".schema.json"):
            continue
        profile = json.loads(strip(path.read_text(encoding="utf-8")))
        judge(path.name, profile, True)
        if path.name == "two-regions.json":
            for what, wrong in changes(profile):
                judge(f"{path.name} with {what}", wrong, False)
    for path in sorted(pathlib.Path(broken).glob("*.json")):
        if path.name.startswith(VISIBLE):
            judge(path.name, json.loads(strip(path.read_text(encoding="utf-8"))), False)

    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed < 50 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
