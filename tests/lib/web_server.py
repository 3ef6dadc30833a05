#!/usr/bin/env python3
"""A web server on loopback for the tests of ADD, contexts and git; hostile by path.

    web_server.py DIR PORTFILE LOG [CERT KEY]

Serves the files of DIR, with ETag and Last-Modified (If-None-Match is honoured), and bare git repositories beneath
DIR/git by git http-backend at /git/. Paths beneath /bad/ misbehave, each in its own way. LOG gets a line a request:
METHOD PATH STATUS AUTHORIZATION."""
import base64, hashlib, http.server, os, ssl, subprocess, sys, threading, time
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

ROOT, PORTFILE, LOG = sys.argv[1:4]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, status):
        with open(LOG, "a") as f:
            f.write(f"{self.command} {self.path} {status} {self.headers.get('Authorization', '-')}\n")

    def answer(self, status, body=b"", **headers):
        self.note(status)
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.git(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/bad/"):
            self.bad(path[5:])
        elif path.startswith("/git/"):
            self.git(b"")
        elif path.startswith("/private/"):
            if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"user:s3cret").decode():
                return self.answer(401, WWW_Authenticate='Basic realm="x"')
            self.file(path[9:])
        else:
            self.file(path[1:])

    def file(self, name):
        full = os.path.join(ROOT, name)
        if not os.path.isfile(full):
            return self.answer(404, b"not here")
        body = open(full, "rb").read()
        tag = '"' + hashlib.md5(body).hexdigest() + '"'
        date = formatdate(int(os.stat(full).st_mtime), usegmt=True)
        if self.headers.get("If-None-Match") == tag:
            return self.answer(304, ETag=tag)
        self.answer(200, body, ETag=tag, Last_Modified=date, Content_Type="application/octet-stream",
                    Content_Disposition="attachment; filename=evil")

    def bad(self, what):
        if what == "loop":
            return self.answer(302, Location="/bad/loop")
        if what == "file":
            return self.answer(302, Location="file:///etc/passwd")
        if what == "ftp":
            return self.answer(301, Location="ftp://127.0.0.1/x")
        if what == "plain":
            return self.answer(302, Location=f"http://127.0.0.1:{PORT}/a")
        if what.startswith("hops"):
            n = int(what[4:])
            return self.answer(302, Location=f"/bad/hops{n - 1}" if n else "/hello")
        if what == "away":
            return self.answer(302, Location=f"http://localhost:{PORT}/hello")
        if what == "500":
            return self.answer(500, b"no")
        self.note(200)
        self.close_connection = True
        self.send_response(200)
        if what == "short":
            self.send_header("Content-Length", "100")
        if what == "huge":
            self.send_header("Content-Length", "99999999999999")
        self.end_headers()
        try:
            if what == "endless":
                while True:
                    self.wfile.write(b"x" * 65536)
            if what == "slow":
                for _ in range(600):
                    time.sleep(1)
            self.wfile.write(b"part")
        except OSError:
            pass

    def git(self, body):
        url = urlsplit(self.path)
        env = dict(os.environ, GIT_PROJECT_ROOT=os.path.join(ROOT, "git"), GIT_HTTP_EXPORT_ALL="1",
                   PATH_INFO=url.path[4:], QUERY_STRING=url.query, REQUEST_METHOD=self.command,
                   CONTENT_TYPE=self.headers.get("Content-Type", ""), CONTENT_LENGTH=str(len(body)),
                   GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")
        for name in ("Git-Protocol", "Content-Encoding"):
            if self.headers.get(name):
                env["HTTP_" + name.upper().replace("-", "_")] = self.headers[name]
        out = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        status, headers = 200, {}
        for line in head.decode().split("\r\n"):
            key, _, value = line.partition(": ")
            if key == "Status":
                status = int(value.split()[0])
            elif key:
                headers[key] = value
        self.answer(status, rest, **headers)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
PORT = server.server_address[1]
if len(sys.argv) > 5:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(PORTFILE + ".new", "w") as f:
    f.write(str(PORT))
os.rename(PORTFILE + ".new", PORTFILE)
server.serve_forever()
