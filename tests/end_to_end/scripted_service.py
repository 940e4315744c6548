"""A realtime service in clear text on loopback that answers each response.create with what a test gives it. It shares no
code with the simulator."""

import contextlib
import json
import socket
import threading

import websocket_peer


class Connection(websocket_peer.Peer):
    def __init__(self, sock):
        super().__init__(sock)
        self.number = 0

    def say(self, type, **event):
        self.number += 1
        self.frame(websocket_peer.TEXT, json.dumps({"type": type, "event_id": f"event_{self.number}", **event}).encode())

    def on_close(self, payload):
        self.frame(websocket_peer.CLOSE, payload)

    def done(self, response="resp_1", status="completed", details=None, output=(), usage=None):
        self.say("response.done", response={"object": "realtime.response", "id": response, "status": status,
                                            "status_details": details, "output": list(output), "usage": usage})


def serve(sock, answer):
    connection = Connection(sock)
    try:
        with sock:
            _, fields = connection.read_head()
            if "sec-websocket-key" not in fields:
                sock.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            connection.upgrade(fields["sec-websocket-key"])
            connection.say("session.created", session={"id": "sess_1", "object": "realtime.session"})
            while True:
                event = connection.event()
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
