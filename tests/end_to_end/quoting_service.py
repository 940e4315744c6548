"""A realtime service that misbehaves: in every message, header and close reason it quotes what it was sent and who
sent it, plainly and encoded. It shares no code with the simulator.

usage: quoting_service.py CERTIFICATE KEY    (PEM)    prints its port, serves until standard input ends
"""

import base64
import itertools
import json
import re
import socket
import ssl
import struct
import sys
import threading
import urllib.parse

import websocket_peer

EKS = "ek_CanaryEphemeralT6bVx83KqZnY"
TRANSCRIPT = "CanaryTranscriptH2nLd57SrWoC"
AUDIO = b"CanaryAudioBytesJ9pXe46QuBtM"
dials, answers, quotes = itertools.count(), itertools.count(), itertools.count()


def spellings(text):
    """The same text as a service might show it."""
    raw = text.encode()
    return [text, urllib.parse.quote(text, safe=""), "".join(f"%{b:02x}" for b in raw), raw.hex(), raw.hex().upper(),
            *(base64.b64encode(b"u:"[:n] + raw).decode() for n in range(3)),
            *(base64.urlsafe_b64encode(b"u:"[:n] + raw).decode() for n in range(3)),
            json.dumps(text), json.dumps(json.dumps(text)), "".join(f"\\u{ord(c):04x}" for c in text)]


class Connection(websocket_peer.Peer):
    def __init__(self, sock):
        super().__init__(sock)
        self.seen = []

    def head(self):
        line, fields = self.read_head()
        self.read(int(fields.get("content-length", 0)))
        method, target, _ = line.split(" ")
        for name in ("api-key", "authorization", "x-own"):
            if name in fields:
                self.seen.append(fields[name].removeprefix("Bearer "))
        self.seen += urllib.parse.parse_qs(target.partition("?")[2]).get("api-key", [])
        return method, target, fields

    def quote(self):
        """One thing that was seen, in one spelling, another one each time."""
        shown = [spelling for text in self.seen for spelling in spellings(text)]
        return shown[next(quotes) % len(shown)]

    def say(self, **event):
        self.frame(websocket_peer.TEXT, json.dumps(event).encode())

    def error(self, code):
        return {"type": "server_error", "code": code, "message": f"cannot serve {self.quote()} as sent", "param": self.quote()[:200],
                "event_id": "turn-1"}

    def plain(self, status, body, extra=""):
        self.sock.sendall(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                          f"{extra}Connection: close\r\n\r\n{body}".encode())


def refuse(connection):
    quoted = connection.quote()
    header = re.sub(r"[^ -~]", "", connection.quote())[:150]
    body = json.dumps({"error": {"code": "500", "message": f"who is {quoted}? " + " ".join(connection.seen)}})
    connection.plain(500, body, f"x-request-id: {header}\r\napim-request-id: {header}\r\n")


def converse(connection):
    connection.say(type="session.created", event_id="e0", session={"id": "sess_1", "object": "realtime.session", "note": connection.quote()})
    for number in itertools.count():
        event = connection.event()
        if event["type"] == "session.update":
            connection.seen.append(event["session"].get("instructions", "none"))
            connection.seen += [tool["description"] for tool in event["session"].get("tools", [])]
            connection.say(type="session.updated", event_id="e1", session=event["session"])
        if event["type"] == "conversation.item.create":
            connection.seen += [part["text"] for part in event["item"]["content"]]
        if event["type"] != "response.create":
            continue
        response = {"id": f"resp_{number}", "object": "realtime.response"}
        connection.say(type="response.created", event_id="e2", response={**response, "status": "in_progress"})
        connection.say(type="response.output_audio_transcript.delta", event_id="e3", delta=TRANSCRIPT)
        connection.say(type="response.output_audio.delta", event_id="e4", delta=base64.b64encode(AUDIO).decode())
        connection.say(type=f"response.{connection.quote()[:60]}", event_id="e5")
        kind = next(answers) % 4
        if kind == 0:
            connection.say(type="error", event_id="e6", error=connection.error("server_error"))
            connection.say(type="response.done", event_id="e7", response={
                **response, "status": "failed", "status_details": {"type": "failed", "error": connection.error("server_error")}})
        elif kind == 1:
            connection.say(type="response.done", event_id="e7", response={
                **response, "status": "failed", "output": [{"transcript": TRANSCRIPT}],
                "status_details": {"type": "failed", "error": connection.error(connection.quote()[:60])}})
        elif kind == 2:
            connection.frame(websocket_peer.CLOSE, struct.pack(">H", 1011) + connection.quote().encode()[:120])
            raise EOFError
        else:
            connection.say(type="response.output_text.delta", event_id="e8", delta=TRANSCRIPT)
            connection.say(type="response.done", event_id="e9", response={
                **response, "status": "completed", "output": [{"type": "message", "content": [{"text": TRANSCRIPT}]}],
                "usage": {"total_tokens": 3, "input_tokens": 2, "output_tokens": 1}})


def serve(connection):
    method, target, fields = connection.head()
    if method == "POST":
        connection.plain(200, json.dumps({"value": EKS, "expires_at": 4102444800, "session": {"id": "sess_0"}}))
    elif "sec-websocket-key" not in fields:
        connection.plain(404, json.dumps({"error": {"code": "404", "message": " ".join([target, *connection.seen])}}))
    elif next(dials) % 3 == 0:
        refuse(connection)
    else:
        connection.upgrade(fields["sec-websocket-key"], f"x-request-id: {connection.quote()[:100]}\r\n")
        converse(connection)


def accept(sock, context):
    try:
        with context.wrap_socket(sock, server_side=True) as wrapped:
            serve(Connection(wrapped))
    except (EOFError, OSError, ValueError, UnicodeError):
        pass


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.verify_mode = ssl.CERT_OPTIONAL  # whoever has a certificate shows it
    context.load_verify_locations(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            threading.Thread(target=accept, args=(listener.accept()[0], context), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


main()
