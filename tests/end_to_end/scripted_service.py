"""A realtime service in clear text on loopback that answers each response.create with what a test gives it. It shares no
code with the simulator."""

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Connection:
    def __init__(self, sock):
        self.sock, self.number = sock, 0

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def head(self):
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            data += self.read(1)
        lines = data.decode().split("\r\n")
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}

    def say(self, type, **event):
        self.number += 1
        payload = json.dumps({"type": type, "event_id": f"event_{self.number}", **event}).encode()
        size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack(">H", len(payload))
        self.sock.sendall(b"\x81" + size + payload)

    def hear(self):
        while True:
            first, size = self.read(2)
            size &= 0x7F
            if size == 126:
                size, = struct.unpack(">H", self.read(2))
            mask = self.read(4)
            payload = bytes(b ^ mask[i % 4] for i, b in enumerate(self.read(size)))
            if first & 0xF == 8:
                self.sock.sendall(b"\x88" + bytes([len(payload)]) + payload)
                raise EOFError
            if first & 0xF == 1:
                return json.loads(payload)

    def done(self, response="resp_1", status="completed", details=None, output=(), usage=None):
        self.say("response.done", response={"object": "realtime.response", "id": response, "status": status,
                                            "status_details": details, "output": list(output), "usage": usage})


def serve(sock, answer):
    connection = Connection(sock)
    try:
        with sock:
            fields = connection.head()
            if "sec-websocket-key" not in fields:
                sock.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            key = base64.b64encode(hashlib.sha1(fields["sec-websocket-key"].encode() + GUID).digest()).decode()
            sock.sendall("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         f"Sec-WebSocket-Accept: {key}\r\n\r\n".encode())
            connection.say("session.created", session={"id": "sess_1", "object": "realtime.session"})
            while True:
                event = connection.hear()
                if event["type"] == "session.update":
                    connection.say("session.updated", session=event["session"])
                elif event["type"] == "response.create":
                    connection.say("response.created", response={"id": "resp_1", "status": "in_progress", "output": []})
                    answer(connection)
    except (EOFError, OSError):
        pass


@contextlib.contextmanager
def service(answer):
    """Yields the endpoint of a service that answers so, from any number of connections."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)

    def run():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0], answer), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
