#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""hurt_referrers.py LAYOUT NAME: what whoever may push beside the image NAME of a layout can put there against its
signatures, and one good signature after all of it, whose digest is printed: referrers that name the shared blob {} with
another size, or as a layer that no registry holds, a chain of them, and rubbish under cosign's tag for one."""
import json
import sys
from functools import partial

import blobs

WHERE, NAME = sys.argv[1:]
REF = "org.opencontainers.image.ref.name"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

put = partial(blobs.put, WHERE)


def refer(subject, text, size=2, kind="application/vnd.oci.empty.v1+json"):
    """One more referrer, with its entry in index.json."""
    doc = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example.signature",
           "config": dict(put(b"{}", kind), size=size),
           "layers": [put(text, "text/plain")], "subject": subject}
    entry = put(json.dumps(doc).encode(), MANIFEST)
    listed.append(dict(entry, artifactType=doc["artifactType"]))
    return entry


with open(f"{WHERE}/index.json", encoding="utf-8") as f:
    top = json.load(f)
listed = []
image = next(e for e in top["manifests"] if e.get("annotations", {}).get(REF) == NAME)
image = {k: image[k] for k in ("mediaType", "digest", "size")}
refer(image, b"a liar", 3)
refer(image, b"held by nobody", 2, "application/vnd.oci.image.layer.nondistributable.v1.tar")
under = image
for i in range(8):
    under = refer(under, b"link %d" % i)
rubbish = put(b'{"schemaVersion": 2}', MANIFEST)
listed.append(dict(rubbish, annotations={REF: f"sha256-{under['digest'][7:]}.sig"}))
bare = refer(image, b"bare")
listed.append(dict(rubbish, annotations={REF: f"sha256-{bare['digest'][7:]}.sig"}))
print(refer(image, b"a good signature")["digest"])
# Before those that are there: the first one is whom a reader may believe.
top["manifests"] = listed + top["manifests"]
with open(f"{WHERE}/index.json", "w", encoding="utf-8") as f:
    json.dump(top, f)
