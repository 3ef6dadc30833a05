#!/usr/bin/python3
"""make_dated.py LAYOUT NAME DATE [TYPE...]: adds to an OCI layout an image NAME without layers that was made at DATE,
and a referrer of each artifact type TYPE. Prints the image's digest, then those of the referrers."""
import hashlib
import json
import os
import sys

LAYOUT, NAME, DATE = sys.argv[1:4]
IMAGE = "application/vnd.oci.image.manifest.v1+json"
os.makedirs(f"{LAYOUT}/blobs/sha256", exist_ok=True)
with open(f"{LAYOUT}/oci-layout", "w") as f:
    f.write('{"imageLayoutVersion":"1.0.0"}')


def put(doc, kind):
    data = json.dumps(doc).encode()
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{LAYOUT}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"mediaType": kind, "digest": "sha256:" + digest, "size": len(data)}


try:
    with open(f"{LAYOUT}/index.json") as f:
        top = json.load(f)
except FileNotFoundError:
    top = {"schemaVersion": 2, "manifests": []}
config = put({"os": "linux", "architecture": "amd64", "created": DATE, "rootfs": {"type": "layers", "diff_ids": []},
              "config": {"Labels": {"name": NAME}}}, "application/vnd.oci.image.config.v1+json")
image = put({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": []}, IMAGE)
top["manifests"].append({**image, "annotations": {"org.opencontainers.image.ref.name": NAME}})
print(image["digest"])
for kind in sys.argv[4:]:
    empty = put({}, "application/vnd.oci.empty.v1+json")
    extra = put({"schemaVersion": 2, "mediaType": IMAGE, "artifactType": kind, "config": empty, "layers": [empty],
                 "subject": image}, IMAGE)
    top["manifests"].append({**extra, "artifactType": kind})
    print(extra["digest"])
with open(f"{LAYOUT}/index.json", "w") as f:
    json.dump(top, f)
