#!/usr/bin/python3
"""bad_registry.py LAYOUT PORT-FILE LOG MODE [CERT KEY]

A registry on loopback that serves the images of an OCI layout (any repository name, tag = the image's own) and takes
uploads into memory, but is broken in one way, MODE. It writes its port to PORT-FILE once it listens, and each request
as a line "METHOD PATH [range]" to LOG. With CERT and KEY it speaks TLS."""
import base64
import hashlib
import json
import os
import re
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LAYOUT, PORT_FILE, LOG, MODE = sys.argv[1:5]
INDEX = "application/vnd.oci.image.index.v1+json"
CHALLENGES = {
    "login": 'Bearer realm="https://auth.invalid/token",service="s"',
    "login-http": 'Bearer realm="http://192.0.2.1/token",service="s"',
    "login-garbled": 'Bearer realm="https://auth.invalid/token",realm="https://other.invalid/"',
    "login-negotiate": "Negotiate",
}
uploads, blobs, manifests, tags, seen = {}, {}, {}, {}, {}


def load():
    with open(f"{LAYOUT}/index.json") as f:
        entries = json.load(f)["manifests"]
    for name in os.listdir(f"{LAYOUT}/blobs/sha256"):
        with open(f"{LAYOUT}/blobs/sha256/{name}", "rb") as f:
            blobs["sha256:" + name] = f.read()
    for e in entries:
        manifests[e["digest"]] = (e["mediaType"], blobs[e["digest"]])
        name = e.get("annotations", {}).get("org.opencontainers.image.ref.name")
        if name:
            tags[name.rsplit(":", 1)[1]] = e["digest"]


def referrers(subject):
    found = []
    for digest, (kind, body) in manifests.items():
        doc = json.loads(body)
        if doc.get("subject", {}).get("digest") == subject:
            found.append({"mediaType": kind, "digest": digest, "size": len(body),
                          "artifactType": doc.get("artifactType", "")})
    return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        if "Content_Length" not in headers:
            headers["Content_Length"] = str(len(body))
        self.send_header("Content-Type", kind)
        for k, v in headers.items():
            if v is not None:
                self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, message):
        self.reply(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode())

    def cut(self):
        self.wfile.flush()
        self.close_connection = True

    def handle_any(self):
        with open(LOG, "a") as f:
            f.write(" ".join(filter(None, [self.command, self.path, self.headers.get("Range"),
                                           self.headers.get("Authorization")])) + "\n")
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        key = self.command + self.path.split("?")[0]
        seen[key] = seen.get(key, 0) + 1
        if self.early(key):
            return
        path = self.path.split("?")[0]
        if path == "/v2/":
            return self.reply(200, b"{}")
        for pattern, method in ((r"/v2/.+/manifests/([^/]+)", self.manifest), (r"/v2/.+/blobs/(sha256:[^/]+)", self.blob),
                                (r"/v2/.+/blobs/uploads/(.*)", self.upload),
                                (r"/v2/.+/referrers/(.+)", self.referrers),
                                (r"/v2/.+/(tags)/list", self.tags)):
            m = re.fullmatch(pattern, path)
            if m:
                return method(m.group(1))
        self.error(404, "NAME_UNKNOWN", "no such thing")

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

    def early(self, key):
        """Breakage of every path. True: answered."""
        if MODE == "html":
            self.reply(200, b"<html>hello</html>", "text/html; charset=utf-8")
        elif MODE == "garbage":
            self.wfile.write(b"\x00\xffSSH-2.0-not-http\r\n" * 4)
            self.cut()
        elif MODE == "down500":
            self.error(500, "UNKNOWN", "disk\x1b[31m on fire")
        elif MODE == "flaky" and seen[key] <= 2:
            self.error(503, "UNAVAILABLE", "later")
        elif MODE in CHALLENGES and self.path.startswith("/v2/"):
            self.send_response(401)
            self.send_header("WWW-Authenticate", CHALLENGES[MODE])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif MODE.startswith("echo") and "Authorization" not in self.headers:
            self.reply(401, WWW_Authenticate="Basic realm=x")
        elif MODE == "echo" and self.path != "/v2/":
            self.error(403, "DENIED", "not with " + base64.b64decode(self.headers["Authorization"][6:]).decode())
        elif MODE == "echo-type" and "/manifests/" in self.path:
            self.reply(200, b"{}", self.secret())
        elif MODE == "echo-digest" and "/manifests/" in self.path:
            self.reply(200, *manifests[next(iter(tags.values()))][::-1], Docker_Content_Digest=self.secret())
        elif MODE == "echo-warning" and "/manifests/" in self.path:
            self.reply(404, Warning=f'299 - "you are {self.secret()}"')
        elif MODE == "elsewhere-basic" and "localhost" in self.headers["Host"] and "Authorization" in self.headers:
            self.error(400, "LEAKED", "credentials for another host came here")
        elif MODE == "elsewhere-basic" and "localhost" not in self.headers["Host"] and "Authorization" not in self.headers:
            self.reply(401, WWW_Authenticate="Basic realm=x")
        elif MODE == "big-headers" and self.path != "/v2/":
            self.reply(200, b"{}", X_Big="a" * 60000, X_Big2="b" * 60000)
        else:
            return False
        return True

    def secret(self):
        """The credentials as they came, and what is in them."""
        text = self.headers["Authorization"][6:]
        return text + " " + base64.b64decode(text).decode()

    def manifest(self, ref):
        if self.command == "PUT":
            return self.put_manifest(ref)
        if self.command == "DELETE":
            return self.delete_manifest(ref)
        digest = tags.get(ref, ref)
        if digest not in manifests:
            return self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        kind, body = manifests[digest]
        if MODE == "html-manifest":
            return self.reply(200, b"<html>", "text/html")
        if MODE == "nonsense":
            return self.reply(200, b'{"schemaVersion":2,', kind)
        if MODE == "other-manifest":
            return self.reply(200, body.replace(b"{", b"{ ", 1), kind)
        if MODE == "other-by-digest" and ref not in tags:
            return self.reply(200, body.replace(b"{", b"{ ", 1), kind)
        if MODE == "liar":
            return self.reply(200, body, kind, Docker_Content_Digest="sha256:" + "0" * 64)
        if MODE == "wrong-type":
            return self.reply(200, body, INDEX)
        if MODE == "endless-manifest":
            self.reply(200, b"", kind, Content_Length=None, Connection="close")
            return self.endless(b" " * 65536)
        if MODE == "large-manifest":
            self.reply(200, b"", kind, Content_Length=str(100 << 20))
            return self.endless(b" " * 65536)
        if MODE == "changing" and ref in tags and seen["GET" + self.path] > 1:
            body = body.replace(b"{", b"{ ", 1)
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
        if MODE == "loop":
            return self.reply(307, Location=self.path + ("&" if "?" in self.path else "?") + "again")
        self.reply(200, body, kind, Docker_Content_Digest=digest)

    def delete_manifest(self, ref):
        digest = tags.get(ref, ref)
        if ref == digest or MODE == "deletes-all":
            manifests.pop(digest, None)
            for name in [n for n, d in tags.items() if d == digest]:
                del tags[name]
        tags.pop(ref, None)
        self.reply(202)

    def put_manifest(self, ref):
        digest = "sha256:" + hashlib.sha256(self.body).hexdigest()
        doc = json.loads(self.body)
        if MODE.startswith("if-match") and ref.startswith("sha256-") and self.moved(ref):
            return self.error(412, "PRECONDITION_FAILED", "it is another by now")
        if MODE == "no-sig-tag" and ref.endswith(".sig"):
            return self.error(404, "NAME_UNKNOWN", "no such tags here")
        if MODE == "no-subject" and "subject" in doc:
            return self.error(404, "MANIFEST_UNKNOWN", "what it refers to is unknown")
        for d in [doc.get("config")] + doc.get("layers", []):
            if d and d["digest"] not in blobs:
                return self.error(404, "MANIFEST_BLOB_UNKNOWN", d["digest"])
        manifests[digest] = (self.headers["Content-Type"], self.body)
        if not ref.startswith("sha256:"):
            tags[ref] = digest
        headers = {"Docker_Content_Digest": digest}
        if MODE in ("referrers", "empty-subject", "flood", "flood-bundles") and "subject" in doc:
            headers["OCI_Subject"] = doc["subject"]["digest"]
        # Somebody else's write of the same tag, once.
        if MODE == "race" and ref.startswith("sha256-") and seen.setdefault("raced", 0) == 0:
            seen["raced"] = 1
            other = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
            tags[ref] = "sha256:" + hashlib.sha256(other).hexdigest()
            manifests[tags[ref]] = (INDEX, other)
        self.reply(201, **headers)

    def moved(self, ref):
        """Looks at If-Match, after somebody else wrote the tag, once. if-match-etag: what is compared is no digest."""
        if seen.setdefault("wrote", 0) == 0:
            seen["wrote"] = 1
            image = next(d for d, (_, b) in manifests.items() if "config" in json.loads(b))
            entry = {"mediaType": manifests[image][0], "digest": image, "size": len(manifests[image][1])}
            other = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
            tags[ref] = "sha256:" + hashlib.sha256(other).hexdigest()
            manifests[tags[ref]] = (INDEX, other)
        if MODE == "if-match-etag":
            return "If-Match" in self.headers or "If-None-Match" in self.headers
        return self.headers.get("If-Match") != f'"{tags[ref]}"'

    def endless(self, chunk):
        try:
            for _ in range(100000):
                self.wfile.write(chunk)
        except OSError:
            pass
        self.cut()

    def blob(self, digest):
        if digest not in blobs or (MODE == "no-blob" and len(blobs[digest]) > 50000):
            return self.error(404, "BLOB_UNKNOWN", "blob unknown")
        body, first, kind = blobs[digest], 0, "application/octet-stream"
        if self.command == "HEAD":
            return self.reply(200, b"", kind, Content_Length=str(len(body)))
        m = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if MODE == "range-416" and m:
            return self.error(416, "RANGE_INVALID", "no ranges here")
        if MODE == "ignores-range":
            m = None
        if m:
            first = int(m.group(1))
        status, headers = (206, {"Content_Range": f"bytes {first}-{len(body) - 1}/{len(body)}"}) if m else (200, {})
        return self.send_blob(digest, body, first, status, kind, headers)

    def send_blob(self, digest, body, first, status, kind, headers):
        part, big, once = body[first:], len(body) > 50000, seen["GET" + self.path.split("?")[0]] == 1
        if MODE == "flipped" and big:
            part = part[:-9] + bytes([part[-9] ^ 1]) + part[-8:]
        if MODE == "short-honest" and big:
            part = part[:1000]
        if MODE == "endless-blob" and big:
            self.reply(200, b"", kind, Content_Length=None, Connection="close")
            return self.endless(b"x" * 65536)
        if MODE == "bad-range" and first:
            headers["Content_Range"] = f"bytes 0-{len(body) - 1}/{len(body)}"
        if MODE == "loop-blob":
            return self.reply(307, Location=self.path + ("&" if "?" in self.path else "?") + "again")
        if MODE == "to-http":
            return self.reply(307, Location="http://192.0.2.1:1/blob")
        if MODE in ("elsewhere", "elsewhere-basic") and "localhost" not in self.headers["Host"]:
            port = self.server.server_address[1]
            return self.reply(307, Location=f"http://localhost:{port}{self.path}")
        cut = MODE in ("truncated", "ignores-range", "bad-range") and once or MODE == "truncated-always"
        if (cut or MODE in ("silent", "drip")) and big:
            self.send_response(status)
            for k, v in dict(headers, Content_Length=str(len(part))).items():
                self.send_header(k.replace("_", "-"), v)
            self.end_headers()
            self.wfile.write(part[:len(part) // 2])
            self.wfile.flush()
            for i in range(600 if MODE in ("silent", "drip") else 0):
                time.sleep(0.2)
                if MODE == "drip":
                    self.wfile.write(part[len(part) // 2 + i:][:1])
                    self.wfile.flush()
            return self.cut()
        self.reply(status, part, kind, **headers)

    def upload(self, session):
        repo = self.path.split("/blobs/")[0]
        if self.command == "POST":
            if MODE == "away":
                return self.reply(202, Location="http://127.0.0.1:1/v2/x/blobs/uploads/1?_state=a")
            if MODE == "no-location":
                return self.reply(202)
            return self.reply(202, Location=f"{repo}/blobs/uploads/{len(seen)}?_state=a%2Fb")
        digest = re.search(r"digest=(sha256:[0-9a-f]+)", self.path).group(1)
        if "_state=a%2Fb&digest=" not in self.path:
            return self.error(400, "BLOB_UPLOAD_INVALID", "the state was lost")
        if hashlib.sha256(self.body).hexdigest() != digest[7:]:
            return self.error(400, "DIGEST_INVALID", "digest")
        blobs[digest] = self.body
        if MODE == "put500" and seen.setdefault("put", 0) == 0:
            seen["put"] = 1
            return self.error(500, "UNKNOWN", "stored, and then I fell over")
        if MODE == "put500-twice" and seen.setdefault("put", 0) < 2:
            seen["put"] += 1
            del blobs[digest]
            return self.error(502, "UNKNOWN", "lost it")
        self.reply(201)

    def tags(self, _):
        page = int((re.search(r"page=(\d+)", self.path) or [0, 0])[1])
        names = {"tags-endless": [f"t{page}"], "tags-nonsense": ["a", "b\x1b[31m"], "tags-null": None,
                 "tags-number": 7}.get(MODE, ["1", "2"])
        if MODE in ("deletes", "deletes-all", "other-by-digest"):
            names = sorted(tags)
        link = {"Link": f'<{self.path.split("?")[0]}?page={page + 1}>; rel="next"'}
        if MODE == "tags-elsewhere":
            link = {"Link": f'<http://192.0.2.1{self.path}>; rel="next"'}
        if MODE == "tags-garbled":
            link = {"Link": '</v2/x/tags/list?page=2; rel="next"'}
        if MODE == "tags-empty-end":
            names, link = (["1", "2"], link) if page == 0 else ([], {})
        body = json.dumps({"name": "x", "tags": names}).encode()
        if MODE == "tags-two-links":
            names = names[:1] if page == 0 else names[1:]
            body = json.dumps({"name": "x", "tags": names}).encode()
            self.send_response(200)
            self.send_header("Link", '</style.css>; rel="preload"')
            if page == 0:
                self.send_header("Link", f'<{self.path.split("?")[0]}?page=1>; rel="next"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            return self.wfile.write(body)
        self.reply(200, body, **(link if MODE in ("tags-loop", "tags-endless", "tags-elsewhere", "tags-garbled",
                                                    "tags-empty-end") else {}))

    def referrers(self, subject):
        found = referrers(subject)
        if MODE == "upgraded" and seen.get("GET/upgrade"):
            return self.reply(200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode(), INDEX)
        if MODE == "second-page-gone":
            if "page=" in self.path:
                return self.error(404, "NAME_UNKNOWN", "no such page")
            body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).encode()
            return self.reply(200, body, INDEX, Link=f'<{self.path}?page=1>; rel="next"')
        if MODE == "referrers":
            # Paged by one, with one entry that names a manifest of no subject.
            image = next(d for d, (_, b) in manifests.items() if "subject" not in json.loads(b))
            found.append({"mediaType": manifests[image][0], "digest": image, "size": len(manifests[image][1])})
            found.append({"mediaType": "text/plain", "digest": "sha256:zz", "size": -1})
            page = int((re.search(r"page=(\d+)", self.path) or [0, 0])[1])
            link = {"Link": f'<{self.path.split("?")[0]}?page={page + 1}>; rel="next"'} if page + 1 < len(found) else {}
            body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found[page:page + 1]}).encode()
            return self.reply(200, body, INDEX, **link)
        if MODE == "flood":
            junk = [dict(found[0], digest="sha256:" + format(i, "064x"), artifactType="x/junk") for i in range(150)]
            found = junk + found
            return self.reply(200, json.dumps({"schemaVersion": 2, "manifests": found}).encode(), INDEX)
        if MODE == "flood-bundles":
            # Bundles, then what anybody may add, then the signature, of which the list says no type.
            kinds = ["application/vnd.dev.sigstore.bundle.v0.3+json"] * 150 + ["x/junk"] * 150
            junk = [dict(found[0], digest="sha256:" + format(i, "064x"), artifactType=k) for i, k in enumerate(kinds)]
            for f in found:
                del f["artifactType"]
            return self.reply(200, json.dumps({"schemaVersion": 2, "manifests": junk + found}).encode(), INDEX)
        if MODE in ("empty-subject", "page-for-referrers"):
            return self.reply(200, b"<html>", "text/html")
        self.error(404, "NAME_UNKNOWN", "no referrers here")


load()
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 6:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[5], sys.argv[6])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(PORT_FILE + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
