"""What nghttpd serves, over HTTP/2 and HTTP/1.1, against what our client receives.

usage: served.py HTTP_TOOL FOLDER    (cert.pem and key.pem for localhost are in it)
"""

import json
import pathlib
import random
import socket
import subprocess
import sys
import time

SIZES = (0, 1, 5, 1023, 16384, 16385, 65535, 65536, 1_000_003)
TIMES = 8  # each of them, all at once


def fnv(content):
    value = 2166136261
    for byte in content:
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def serve(folder, *options):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(["nghttpd", "--address=127.0.0.1", f"--htdocs={folder / 'files'}", *options, str(port),
                               str(folder / "key.pem"), str(folder / "cert.pem")], stdout=subprocess.DEVNULL)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return server, port
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise SystemExit("nghttpd does not listen")


def ask(tool, port, folder, offer, paths):
    result = subprocess.run([tool, str(port), str(folder / "cert.pem"), offer, *paths], capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        raise SystemExit(f"http_tool ended with {result.returncode}: {result.stderr}")
    return [json.loads(line) for line in result.stdout.splitlines()]


def main():
    tool, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    (folder / "files").mkdir()
    contents = {}
    for size in SIZES:
        contents[f"/{size}"] = random.Random(size).randbytes(size)
        (folder / "files" / str(size)).write_bytes(contents[f"/{size}"])
    server, port = serve(folder)
    try:
        answers = ask(tool, port, folder, "2", list(contents) * TIMES + ["/missing"])
        refused = ask(tool, port, folder, "1", ["/5"])
    finally:
        server.terminate()
        server.wait()
    assert len(answers) == len(SIZES) * TIMES + 1, answers
    for answer in answers:
        assert answer["version"] == 20, answer
        if answer["path"] == "/missing":
            assert answer["status"] == 404 and answer["bytes"] == 0 and answer["kept"] > 0, answer
            continue
        content = contents[answer["path"]]
        assert (answer["status"], answer["bytes"], answer["hash"]) == (200, len(content), fnv(content)), answer
    assert any(answer["reused"] for answer in answers), "a connection that is free serves the next"
    # nghttpd speaks HTTP/2 alone: who offers HTTP/1.1 alone gets no answer, and a reason
    assert refused[0]["status"] == 0 and refused[0]["detail"], refused
    print(f"{len(answers)} answers over HTTP/2 as they were served; HTTP/1.1: {refused[0]['detail']}")


main()
