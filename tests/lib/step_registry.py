#!/usr/bin/python3
"""step_registry.py PORT-FILE LOG CONTROL

A small registry on loopback for what happens when a push fails at any of its requests. Each writing request is a line
"METHOD KIND REFERENCE STATUS" of LOG. CONTROL is a file read at each request, JSON:

    {"fail": N}             the Nth writing request since CONTROL changed is refused with 403
    {"deny": "REGEX"}       writing requests are refused whose media type, or type of artifact, matches
    {"kill": N, "pid": P}   process P is killed with SIGKILL when the Nth writing request came, before it is done
    {"referrers": MODE}     api (default) | none: 404, the fallback tag serves | claims: 200 and an empty list, and the
                            fallback tag is taken and forgotten | drops: every referrer is taken and forgotten

    {"moves": {"NAME:TAG": DIGEST}} asked for the tag a second time, by GET or HEAD, it has become DIGEST
    {"forget": "NAME:TAG"}  at first the tag is not there
    {"wrote": {"NAME:TAG": DIGEST}} before the tag is written the first time it has become DIGEST, and If-Match is heeded
    {"over": {"NAME:TAG": DIGEST}}  after the tag is written the first time it becomes DIGEST

GET /state answers {"tags": {...}, "manifests": [...]}; all requests count per repository alike."""
import hashlib
import json
import os
import re
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT_FILE, LOG, CONTROL = sys.argv[1:4]
INDEX = "application/vnd.oci.image.index.v1+json"
blobs, manifests, tags = {}, {}, {}
count = {"control": None, "n": 0, "asked": set()}


def control():
    try:
        with open(CONTROL) as f:
            text = f.read()
    except OSError:
        text = ""
    if text != count["control"]:
        count.update(control=text, n=0, asked=set())
        tags.pop(json.loads(text or "{}").get("forget"), None)
    return json.loads(text or "{}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body=b"", kind="application/json", **headers):
        self.status = status
        self.send_response(status)
        self.send_header("Content-Length", str(headers.pop("Length", len(body))))
        self.send_header("Content-Type", kind)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code):
        self.reply(status, json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode())

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        self.control = control()
        writing = self.command in ("PUT", "POST", "PATCH", "DELETE")
        path = self.path.split("?")[0]
        self.status = 0
        if writing:
            count["n"] += 1
            if self.stopped(path):
                return
        self.route(path)
        if writing:
            with open(LOG, "a") as f:
                f.write(f"{self.command} {path} {self.kind()} {self.status}\n")

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

    def kind(self):
        try:
            doc = json.loads(self.body)
            return doc.get("artifactType") or doc.get("mediaType") or "-"
        except (ValueError, AttributeError):
            return "-"

    def stopped(self, path):
        """Whether the request is refused here."""
        if self.control.get("kill") == count["n"]:
            os.kill(self.control["pid"], signal.SIGKILL)
        deny = self.control.get("deny")
        if self.control.get("fail") == count["n"] or (deny and re.search(deny, self.kind())):
            self.error(403, "DENIED")
            with open(LOG, "a") as f:
                f.write(f"{self.command} {path} {self.kind()} 403\n")
            return True
        return False

    def route(self, path):
        if path == "/v2/":
            return self.reply(200, b"{}")
        if path == "/state":
            return self.reply(200, json.dumps({"tags": tags, "manifests": sorted(manifests), "requests": count["n"]}).encode())
        for pattern, method in ((r"/v2/(.+)/manifests/([^/]+)", self.manifest),
                                (r"/v2/(.+)/blobs/uploads/(.*)", self.upload),
                                (r"/v2/(.+)/blobs/(sha256:[^/]+)", self.blob),
                                (r"/v2/(.+)/referrers/(.+)", self.referrers)):
            m = re.fullmatch(pattern, path)
            if m:
                return method(*m.groups())
        self.error(404, "NAME_UNKNOWN")

    def manifest(self, name, ref):
        if self.command == "PUT":
            return self.put_manifest(name, ref)
        tag = f"{name}:{ref}"
        digest = tags.get(tag, ref)
        if tag in self.control.get("moves", {}):
            if tag in count["asked"]:
                digest = self.control["moves"][tag]
            count["asked"].add(tag)
        if digest not in manifests:
            return self.error(404, "MANIFEST_UNKNOWN")
        kind, body = manifests[digest]
        self.reply(200, body, kind, Docker_Content_Digest=digest)

    def put_manifest(self, name, ref):
        digest = "sha256:" + hashlib.sha256(self.body).hexdigest()
        doc = json.loads(self.body)
        for d in [doc.get("config")] + doc.get("layers", []):
            if d and d["digest"] not in blobs:
                return self.error(404, "MANIFEST_BLOB_UNKNOWN")
        tag = f"{name}:{ref}"
        if tag in self.control.get("wrote", {}) and self.moved(tag):
            return self.error(412, "PRECONDITION_FAILED")
        mode = self.control.get("referrers", "api")
        headers = {"Docker_Content_Digest": digest}
        if "subject" in doc and mode != "none":
            headers["OCI_Subject"] = doc["subject"]["digest"]
        if mode == "drops" and "subject" in doc or mode in ("claims", "drops") and ref.startswith("sha256-"):
            return self.reply(201, **headers)
        manifests[digest] = (self.headers["Content-Type"], self.body)
        if not ref.startswith("sha256:"):
            tags[tag] = digest
        if tag in self.control.get("over", {}) and tag not in count["asked"]:
            tags[tag] = self.control["over"][tag]
            count["asked"].add(tag)
        self.reply(201, **headers)

    def moved(self, tag):
        if tag not in count["asked"]:
            tags[tag] = self.control["wrote"][tag]
            count["asked"].add(tag)
        want = self.headers.get("If-Match") or self.headers.get("If-None-Match")
        return bool(want) and want != f'"{tags[tag]}"'

    def blob(self, name, digest):
        if digest not in blobs:
            return self.error(404, "BLOB_UNKNOWN")
        self.reply(200, blobs[digest], "application/octet-stream")

    def upload(self, name, session):
        if self.command == "POST" and "mount=" not in self.path and "digest=" not in self.path:
            return self.reply(202, Location=f"/v2/{name}/blobs/uploads/1?s=1")
        m = re.search(r"digest=(sha256:|sha256%3[Aa])([0-9a-f]{64})", self.path)
        if not m:
            return self.reply(202, Location=f"/v2/{name}/blobs/uploads/1?s=1")
        digest = "sha256:" + m.group(2)
        if "sha256:" + hashlib.sha256(self.body).hexdigest() != digest:
            return self.error(400, "DIGEST_INVALID")
        blobs[digest] = self.body
        self.reply(201, Location=f"/v2/{name}/blobs/{digest}", Docker_Content_Digest=digest)

    def referrers(self, name, subject):
        mode = self.control.get("referrers", "api")
        if mode == "none":
            return self.error(404, "NAME_UNKNOWN")
        found = []
        for digest, (kind, body) in manifests.items():
            doc = json.loads(body)
            if mode == "api" and doc.get("subject", {}).get("digest") == subject:
                found.append({"mediaType": kind, "digest": digest, "size": len(body),
                              "artifactType": doc.get("artifactType", ""), "annotations": doc.get("annotations", {})})
        self.reply(200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).encode(), INDEX)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(PORT_FILE + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
