#!/usr/bin/env python3
"""A receiver of webhooks on loopback for the tests of watching.

    hook_server.py DIR PORTFILE [CERT KEY]

What was accepted stands in DIR/taken, one JSON document a line; every request in DIR/log, "METHOD PATH STATUS TYPE". The
file DIR/answers, read at every request, says how the next ones are answered, one line each, the first is used up and
taken away: "STATUS" or "STATUS RETRY-AFTER", "drop" (the connection ends without an answer, but the document was
taken), "away URL" (a redirect), "hold" (204, once DIR/go is there). Without a line: 204."""
import http.server, json, os, ssl, sys, time

DIR, PORTFILE = sys.argv[1:3]


def next_answer():
    path = os.path.join(DIR, "answers")
    try:
        with open(path) as f:
            lines = f.read().splitlines()
    except FileNotFoundError:
        return ["204"]
    if not lines:
        return ["204"]
    with open(path + ".new", "w") as f:
        f.writelines(line + "\n" for line in lines[1:])
    os.rename(path + ".new", path)
    return lines[0].split()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def hold(self):
        open(os.path.join(DIR, "held"), "w").close()
        for _ in range(200):
            if os.path.exists(os.path.join(DIR, "go")):
                break
            time.sleep(0.1)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what = next_answer()
        if what[0] == "hold":
            self.hold()
            what = ["204"]
        with open(os.path.join(DIR, "log"), "a") as f:
            f.write(f"{self.command} {self.path} {what[0]} {self.headers.get('Content-Type', '-')}\n")
        if what[0] in ("200", "201", "202", "204", "drop"):
            with open(os.path.join(DIR, "taken"), "a") as f:
                f.write(json.dumps(json.loads(body), sort_keys=True) + "\n")
        if what[0] == "drop":
            self.close_connection = True
            return
        self.send_response(302 if what[0] == "away" else int(what[0]))
        if what[0] == "away":
            self.send_header("Location", what[1])
        elif len(what) > 1:
            self.send_header("Retry-After", what[1])
        if what[0] != "204":
            self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(PORTFILE + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(PORTFILE + ".new", PORTFILE)
server.serve_forever()
