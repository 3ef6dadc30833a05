#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""many_referrers.py LAYOUT NAME COUNT [THUMBPRINT]: as many signature-like manifests that refer to the image NAME of a
layout. With the thumbprint of a certificate they say that they are Notary Project signatures, and by that one."""
import json
import sys
from functools import partial

import blobs

WHERE, NAME, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
THUMBPRINT = sys.argv[4] if len(sys.argv) > 4 else None
TYPE = "application/vnd.cncf.notary.signature" if THUMBPRINT else "application/vnd.example.signature"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

put = partial(blobs.put, WHERE)

with open(f"{WHERE}/index.json", encoding="utf-8") as f:
    top = json.load(f)
image = next(e for e in top["manifests"] if e.get("annotations", {}).get("org.opencontainers.image.ref.name") == NAME)
subject = {k: image[k] for k in ("mediaType", "digest", "size")}
empty = put(b"{}", "application/vnd.oci.empty.v1+json")
for i in range(COUNT):
    layer = put(b"signature %d" % i, "application/jose+json" if THUMBPRINT else "application/x-signature")
    doc = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": TYPE,
           "config": empty, "layers": [layer], "subject": subject}
    if THUMBPRINT:
        doc["annotations"] = {"io.cncf.notary.x509chain.thumbprint#S256": json.dumps([THUMBPRINT])}
    top["manifests"].append(dict(put(json.dumps(doc).encode(), MANIFEST), artifactType=doc["artifactType"]))
with open(f"{WHERE}/index.json", "w", encoding="utf-8") as f:
    json.dump(top, f)
