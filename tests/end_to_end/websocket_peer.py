"""The service's side of a WebSocket over a plain or TLS socket, as bytes, for services that a test writes itself (RFC 6455).
It shares no code with the simulator."""

import base64
import hashlib
import json
import struct

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE = 1, 8


class Peer:
    def __init__(self, sock):
        self.sock = sock

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def read_head(self):
        """The request line, and the headers by their names in lower case."""
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            data += self.read(1)
        lines = data.decode().split("\r\n")
        return lines[0], {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}

    def upgrade(self, key, extra=""):
        accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
        self.sock.sendall("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accept}\r\n{extra}\r\n".encode())

    def frame(self, opcode, payload):
        size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack(">H", len(payload))
        self.sock.sendall(bytes([0x80 | opcode]) + size + payload)

    def event(self):
        """The next event; EOFError at a Close frame, which on_close may answer first."""
        while True:
            first, size = self.read(2)
            size &= 0x7F
            if size == 126:
                size, = struct.unpack(">H", self.read(2))
            mask = self.read(4)
            payload = bytes(b ^ mask[i % 4] for i, b in enumerate(self.read(size)))
            if first & 0xF == CLOSE:
                self.on_close(payload)
                raise EOFError
            if first & 0xF == TEXT:
                return json.loads(payload)

    def on_close(self, payload):
        """Leaves it unanswered."""
