#!/usr/bin/env python3
"""The servers of a test's own network (tests/lib/net.bash): net_server.py DIR, which has a file net.ready when all listen.

198.51.100.1 and .2: HTTP on 80 (files of DIR/www; paths beneath /x/ answer in ways of their own), TLS on 443 with a
certificate made here, a proxy on 3128, TCP on 7 that sends back what it gets, UDP on 7 that does the same.
198.51.100.1: a name server that knows *.example.test."""
import http.server, os, socket, socketserver, ssl, struct, subprocess, sys, threading, urllib.request

DIR = sys.argv[1]
NAMES = {"web.example.test": "198.51.100.1", "other.example.test": "198.51.100.2", "alias.example.test": "198.51.100.1"}


class Threads(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64


class Web(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args):
        super().__init__(*args, directory=DIR + "/www")

    def log_message(self, *args):
        pass

    def do_GET(self):
        if not self.path.startswith("/x/"):
            return super().do_GET()
        kind = self.path[3:].split("?")[0]
        if kind == "chunked":
            self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nchun\r\n3;x=y\r\nked\r\n0\r\n\r\n")
        elif kind == "toend":
            self.raw(b"HTTP/1.0 200 OK\r\n\r\nto the end")
            self.close_connection = True
        elif kind == "short":
            self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
            self.close_connection = True
        elif kind == "missing":
            self.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone")
        else:
            self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.raw(b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nmade")

    def raw(self, data):
        self.wfile.write(data)
        self.wfile.flush()


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        with urllib.request.urlopen(self.path) as f:
            body = f.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self):
        name, port = self.path.rsplit(":", 1)
        there = socket.create_connection((NAMES.get(name, name), int(port)))
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.wfile.flush()
        threading.Thread(target=pump, args=(there, self.connection), daemon=True).start()
        pump(self.connection, there)
        self.close_connection = True


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        pump(self.request, self.request)


class EchoUdp(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(self.request[0], self.client_address)


class Dns(socketserver.BaseRequestHandler):
    def handle(self):
        q = self.request[0]
        at, labels = 12, []
        while q[at]:
            labels.append(q[at + 1:at + 1 + q[at]].decode("latin1").lower())
            at += 1 + q[at]
        kind = struct.unpack(">H", q[at + 1:at + 3])[0]
        address = NAMES.get(".".join(labels))
        answers = b""
        if address and kind == 1:
            answers = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
        head = q[:2] + struct.pack(">HHHHH", 0x8180 if address else 0x8183, 1, 1 if answers else 0, 0, 0)
        self.request[1].sendto(head + q[12:at + 5] + answers, self.client_address)


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main():
    os.makedirs(DIR + "/www", exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=test", "-keyout", DIR + "/net.key", "-out", DIR + "/net.crt"], check=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(DIR + "/net.crt", DIR + "/net.key")
    socketserver.TCPServer.allow_reuse_address = True
    for ip in "198.51.100.1", "198.51.100.2":
        serve(Threads((ip, 80), Web))
        secure = Threads((ip, 443), Web)
        secure.socket = tls.wrap_socket(secure.socket, server_side=True)
        serve(secure)
        serve(Threads((ip, 3128), Proxy))
        serve(socketserver.ThreadingTCPServer((ip, 7), Echo))
        serve(socketserver.ThreadingUDPServer((ip, 7), EchoUdp))
    serve(socketserver.ThreadingUDPServer(("198.51.100.1", 53), Dns))
    open(DIR + "/net.ready", "w").close()
    threading.Event().wait()


main()
