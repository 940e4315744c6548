"""What the HTTP client of src/net meets, from software that knows nothing of it: four listeners on 127.0.0.1.

usage: peer.py CERTIFICATE KEY    (PEM)    prints "TLS PLAIN PROXY SOCKS" ports, serves until standard input ends
"""
import base64
import socket
import ssl
import sys
import threading
import time

KEPT = ("/kept", "/stream", "/busy")  # the connection stays open after these
LOGIN = "Basic " + base64.b64encode(b"someone:proxy-password").decode()


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(4096)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(fields.get("content-length", 0)):
        body += connection.recv(4096)
    return lines[0], fields, body


def answer(connection, line, fields, body, count):
    path = line.split(" ")[1]
    if path == "/length":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Name:  one \r\nSet-Cookie: no\r\n\r\nhello and more")
    elif path == "/chunked":
        connection.sendall(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"3\r\n", b"abc", b"\r\n2;x=", b"y\r\nde\r\n0\r\n", b"\r\n"):
            connection.sendall(piece)
    elif path == "/close":
        connection.sendall(b"HTTP/1.0 503 No\n\nuntil the end")
    elif path == "/interim":
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\nA: b\r\n\r\n")
    elif path == "/short":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
    elif path == "/large":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100000)
    elif path == "/kept":
        text = f"request {count} of this connection"
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
    elif path == "/stream":
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Name: one\r\n\r\n")
        for number in range(5):
            piece = b"data: %d\n\n" % number
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(0.01)
        connection.sendall(b"0\r\n\r\n")
    elif path == "/cut":
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 0\n\n\r\n")
    elif path == "/busy":
        connection.sendall(b"HTTP/1.1 429 Too Many Requests\r\nretry-after-ms: 250\r\nContent-Length: 4\r\n\r\nwait")
    elif path == "/silent":
        connection.recv(1)
    elif path == "/garbage":
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    elif path == "/echo":
        text = f"{line}|{fields.get('host')}|{fields.get('connection')}|{fields.get('api-key')}|" \
               f"{fields.get('content-type')}|{body.decode()}"
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())


def serve(connection, context):
    try:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        count = 0
        while request := read_request(connection):
            count += 1
            answer(connection, *request, count)
            if request[1].get("connection") == "close" or not request[0].split(" ")[1] in KEPT:
                break
        connection.close()
    except OSError:
        pass


def pump(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve_proxy(client, _):
    line, fields, _ = read_request(client)
    method, target, _ = line.split(" ")
    if method != "CONNECT" or fields.get("proxy-authorization") != LOGIN:
        client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno")
        client.close()
        return
    host, _, port = target.rpartition(":")
    upstream = socket.create_connection((host.strip("[]"), int(port)))
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    threading.Thread(target=pump, args=(upstream, client), daemon=True).start()
    pump(client, upstream)


def receive(connection, length):
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise OSError("the client has left")
        data += piece
    return data


def serve_socks(client, _):
    """RFC 1928 with a login by RFC 1929; only names, which this end resolves."""
    try:
        methods = receive(client, receive(client, 2)[1])
        if 2 not in methods:
            client.sendall(b"\x05\xff")
            client.close()
            return
        client.sendall(b"\x05\x02")
        user = receive(client, receive(client, 2)[1])
        password = receive(client, receive(client, 1)[0])
        good = (user, password) == (b"someone", b"proxy-password")
        client.sendall(b"\x01\x00" if good else b"\x01\x01")
        kind = receive(client, 4)[3]
        if kind != 3:
            client.sendall(b"\x05\x08\x00\x01" + bytes(6))
            client.close()
            return
        name = receive(client, receive(client, 1)[0]).decode()
        port = int.from_bytes(receive(client, 2), "big")
        upstream = socket.create_connection(("127.0.0.1" if name == "localhost" else name, port))
        client.sendall(b"\x05\x00\x00\x01" + bytes(6))
        threading.Thread(target=pump, args=(upstream, client), daemon=True).start()
        pump(client, upstream)
    except OSError:
        client.close()


def listen(handler, context):
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=handler, args=(connection, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    print(listen(serve, context), listen(serve, None), listen(serve_proxy, None), listen(serve_socks, None), flush=True)
    sys.stdin.read()


main()
