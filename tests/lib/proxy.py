#!/usr/bin/python3
"""proxy.py PORT LOG: an HTTP proxy that knows CONNECT and nothing else, on all addresses. It makes LOG once it listens
and writes each host that it was asked to connect to as a line."""
import socket
import sys
import threading


def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    finally:
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(4096)
        if not more:
            return
        head += more
    method, target = head.split()[:2]
    with open(sys.argv[2], "a") as f:
        f.write(f"{method.decode()} {target.decode()}\n")
    if method != b"CONNECT":
        client.sendall(b"HTTP/1.1 405 No\r\n\r\n")
        return client.close()
    host, port = target.decode().rsplit(":", 1)
    server = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


listener = socket.create_server(("", int(sys.argv[1])))
open(sys.argv[2], "w").close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
