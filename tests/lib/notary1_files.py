#!/usr/bin/python3
"""notary1_files.py PORT LOG

Serves the folder ./served on loopback to whoever shows a token, which /token gives for the asking: LOG gets a line for
each, with the scope that was asked for."""
import sys
import urllib.parse
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

PORT, LOG = int(sys.argv[1]), sys.argv[2]


class Handler(SimpleHTTPRequestHandler):
    def do_GET(self):
        at = urllib.parse.urlsplit(self.path)
        if at.path == "/token":
            scope = urllib.parse.parse_qs(at.query).get("scope", [""])[0]
            with open(LOG, "a") as f:
                f.write(scope + "\n")
            return self.answer(200, b'{"token":"t-' + scope.encode() + b'"}')
        if at.path.startswith("/v2/") and "/_trust/" in at.path:
            gun = at.path[len("/v2/"):].split("/_trust/")[0]
            if self.headers.get("Authorization") != f"Bearer t-repository:{gun}:pull":
                return self.answer(401, b"{}", f'Bearer realm="http://127.0.0.1:{PORT}/token",service="n",'
                                   f'scope="repository:{gun}:pull"')
        return super().do_GET()

    def answer(self, status, body, challenge=None):
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", PORT), lambda *a: Handler(*a, directory="served")).serve_forever()
