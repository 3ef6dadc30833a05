#!/usr/bin/python3
"""token_server.py PORT-FILE LOG KEY.pem CERT.pem LIFE USER:PASSWORD...

A token server for docker-registry (auth: token), on loopback: distribution's "Token Authentication Specification" by
GET with Basic, and its OAuth2 by POST with a refresh token, which is "refresh-USER". Tokens are JWTs of RS256, made
with openssl, that live LIFE seconds. What users may do stands in their names: "reader" may only pull, nobody may do
nothing but pull "public/…". One line a request goes to LOG: who asked, how, and what was granted."""
import base64
import json
import os
import subprocess
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT_FILE, LOG, KEY, CERT, LIFE = sys.argv[1:6]
USERS = dict(u.split(":", 1) for u in sys.argv[6:])


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


with open(CERT) as f:
    X5C = "".join(line.strip() for line in f if "-----" not in line)


def token(user, service, access):
    now = int(time.time())
    head = {"typ": "JWT", "alg": "RS256", "x5c": [X5C]}
    body = {"iss": "plimsoll-test", "sub": user, "aud": service, "exp": now + int(LIFE), "nbf": now - 1, "iat": now,
            "jti": os.urandom(8).hex(), "access": access}
    text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(body).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", KEY], input=text.encode(), capture_output=True,
                               check=True).stdout
    return text + "." + b64(signature)


def granted(user, scopes):
    access = []
    for scope in scopes:
        kind, rest = scope.split(":", 1)
        name, actions = rest.rsplit(":", 1)
        allowed = {"reader": ["pull"], "": ["pull"] if name.startswith("public/") else []}.get(
            user, ["pull", "push", "delete", "*"])
        access.append({"type": kind, "name": name, "actions": [a for a in actions.split(",") if a in allowed]})
    return access


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, doc):
        body = json.dumps(doc).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, *words):
        with open(LOG, "a") as f:
            f.write(" ".join(words) + "\n")

    def give(self, how, user, q):
        scopes = [s for one in q.get("scope", []) for s in one.split(" ")]
        self.note(how, user or "-", q["service"][0], *scopes)
        doc = {"token": token(user, q["service"][0], granted(user, scopes)), "expires_in": int(LIFE)}
        if how == "POST":
            doc["access_token"] = doc.pop("token")
        self.reply(200, doc)

    def do_GET(self):
        q = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        auth, user = self.headers.get("Authorization"), ""
        if auth:
            user, password = base64.b64decode(auth.removeprefix("Basic ")).decode().split(":", 1)
            if USERS.get(user) != password:
                self.note("GET refused", user)
                return self.reply(401, {"errors": [{"code": "UNAUTHORIZED", "message": "no: " + password}]})
        self.give("GET", user, q)

    def do_POST(self):
        q = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        user = q.get("refresh_token", [""])[0].removeprefix("refresh-")
        if q.get("grant_type") != ["refresh_token"] or user not in USERS or self.headers.get("Authorization"):
            self.note("POST refused", user)
            return self.reply(400, {"error": "invalid_grant"})
        self.give("POST", user, q)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(PORT_FILE + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
