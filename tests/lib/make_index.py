#!/usr/bin/python3
"""make_index.py LAYOUT NAME INDEX-NAME: adds an index to an OCI layout: the image NAME for linux/amd64, a copy of it
with an annotation for linux/arm64/v8, and to the index and the copy a referrer each, and one to the first referrer. A
cosign-like manifest stands under the tag sha256-<hex>.sig of the index. Prints the index's digest, then the digests of
all manifests, one a line."""
import hashlib
import json
import sys

LAYOUT, NAME, INDEX_NAME = sys.argv[1:4]
REF = "org.opencontainers.image.ref.name"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def put(data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    with open(f"{LAYOUT}/blobs/sha256/{digest[7:]}", "wb") as f:
        f.write(data)
    return {"digest": digest, "size": len(data)}


def put_json(doc, kind):
    return {"mediaType": kind, **put(json.dumps(doc).encode())}


def artifact(kind, subject, text):
    doc = {"schemaVersion": 2, "mediaType": IMAGE, "artifactType": kind,
           "config": {"mediaType": "application/vnd.oci.empty.v1+json", **put(b"{}")},
           "layers": [{"mediaType": "text/plain", **put(text)}]}
    if subject:
        doc["subject"] = {k: subject[k] for k in ("mediaType", "digest", "size")}
    return put_json(doc, IMAGE)


with open(f"{LAYOUT}/index.json") as f:
    top = json.load(f)
first = next(e for e in top["manifests"] if e.get("annotations", {}).get(REF) == NAME)
first = {k: first[k] for k in ("mediaType", "digest", "size")}
with open(f"{LAYOUT}/blobs/sha256/{first['digest'][7:]}") as f:
    second = put_json({**json.load(f), "annotations": {"for": "arm"}}, IMAGE)
index = put_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
    {**first, "platform": {"os": "linux", "architecture": "amd64"}},
    {**second, "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}}]}, INDEX)
sig = artifact("application/vnd.example.signature", index, b"signature of the index")
sbom = artifact("application/vnd.example.sbom", second, b"sbom of the second")
more = artifact("application/vnd.example.signature", sig, b"signature of the signature")
cosign = artifact("application/vnd.example.cosign", None, b"as cosign has them")
prefix = INDEX_NAME.rsplit(":", 1)[0] + ":" if ":" in INDEX_NAME else ""
top["manifests"].append({**index, "annotations": {REF: INDEX_NAME}})
top["manifests"].append({**cosign, "annotations": {REF: f"{prefix}sha256-{index['digest'][7:]}.sig"}})
for entry, kind in ((sig, "signature"), (sbom, "sbom"), (more, "signature")):
    top["manifests"].append({**entry, "artifactType": f"application/vnd.example.{kind}"})
with open(f"{LAYOUT}/index.json", "w") as f:
    json.dump(top, f)
for entry in (index, first, second, sig, sbom, more, cosign):
    print(entry["digest"])
