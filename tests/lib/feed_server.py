#!/usr/bin/env python3
"""A web server on loopback for the tests of `advisories update`: what a publisher of advisories may do, and may not.

    feed_server.py DIR PORTFILE LOG [CERT KEY]

Serves the files of DIR with ETag and Last-Modified; honours If-None-Match, Range and If-Range. A file DIR/.behave holds
one line a path, "PATH WHAT", read at every request:

    cut N         the connection ends after N bytes of the body
    once-cut N    the same, the first time only
    slow          a byte a second
    lie           Content-Length is ten more than comes
    weak          the ETag is a weak one
    noetag        neither ETag nor Last-Modified
    norange       Range is not honoured
    wrongrange    another range than was asked for
    status N      an error
    away URL      a redirect
    huge          Content-Length of a petabyte

LOG gets a line a request: METHOD PATH STATUS RANGE."""
import hashlib, http.server, os, ssl, sys, time
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

ROOT, PORTFILE, LOG = sys.argv[1:4]
SEEN = set()


def behaviour(path):
    try:
        with open(os.path.join(ROOT, ".behave")) as f:
            for line in f:
                words = line.split()
                if words and words[0] == path:
                    return words[1:]
    except FileNotFoundError:
        pass
    return []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, status):
        with open(LOG, "a") as f:
            f.write(f"{self.command} {self.path} {status} {self.headers.get('Range', '-')}\n")

    def answer(self, status, body=b"", length=None, headers=None):
        self.note(status)
        self.send_response(status)
        for k, v in (headers or {}).items():
            self.send_header(k, v)
        if status != 304:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        return body

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)[1:]
        what = behaviour(path)
        full = os.path.join(ROOT, path)
        if what[:1] == ["status"]:
            return self.wfile.write(self.answer(int(what[1]), b"no"))
        if what[:1] == ["away"]:
            return self.answer(302, headers={"Location": what[1]})
        if not os.path.isfile(full):
            return self.wfile.write(self.answer(404, b"not here"))
        with open(full, "rb") as f:
            body = f.read()
        self.file(path, full, body, what)

    def file(self, path, full, body, what):
        tag = '"' + hashlib.md5(body).hexdigest() + '"'
        if what[:1] == ["weak"]:
            tag = "W/" + tag
        date = formatdate(int(os.stat(full).st_mtime), usegmt=True)
        headers = {"ETag": tag, "Last-Modified": date}
        if what[:1] == ["noetag"]:
            headers = {}
        elif self.headers.get("If-None-Match") == tag:
            return self.answer(304, headers=headers)
        status, first = 200, 0
        rng = self.headers.get("Range", "")
        if rng.startswith("bytes=") and self.headers.get("If-Range") in (tag, date) and what[:1] != ["norange"]:
            first = int(rng[6:].split("-")[0])
            if first >= len(body):
                return self.answer(416, headers={"Content-Range": f"bytes */{len(body)}"})
            said = first + 1 if what[:1] == ["wrongrange"] else first
            headers["Content-Range"] = f"bytes {said}-{len(body) - 1}/{len(body)}"
            status = 206
        self.body(path, body[first:], status, headers, what)

    def body(self, path, body, status, headers, what):
        length = {"lie": len(body) + 10, "huge": 10 ** 15}.get(what[0] if what else "", len(body))
        self.answer(status, body, length, headers)
        try:
            if what[:1] == ["cut"] or (what[:1] == ["once-cut"] and path not in SEEN):
                SEEN.add(path)
                self.wfile.write(body[: int(what[1])])
                self.close_connection = True
            elif what[:1] == ["slow"]:
                for i in range(len(body)):
                    self.wfile.write(body[i : i + 1])
                    self.wfile.flush()
                    time.sleep(1)
            else:
                self.wfile.write(body)
                self.close_connection = what[:1] in (["lie"], ["huge"])
        except OSError:
            self.close_connection = True


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 5:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(PORTFILE + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(PORTFILE + ".new", PORTFILE)
server.serve_forever()
