#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cosign_layout.py LAYOUT NAME TEXT...: a manifest of one layer for each TEXT under cosign's tag for signatures of the
image NAME of a layout, in place of what it was; prints the manifest's digest. TEXT=NOTE: an annotation, else there are none."""
import json
import sys
from functools import partial

import blobs

WHERE, NAME, TEXTS = sys.argv[1], sys.argv[2], sys.argv[3:]
REF = "org.opencontainers.image.ref.name"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

put = partial(blobs.put, WHERE)


def layer(text):
    text, _, note = text.partition("=")
    entry = put(text.encode(), "application/vnd.dev.cosign.simplesigning.v1+json")
    return dict(entry, annotations={"dev.cosignproject.cosign/signature": note}) if note else entry


with open(f"{WHERE}/index.json", encoding="utf-8") as f:
    top = json.load(f)
image = next(e for e in top["manifests"] if e.get("annotations", {}).get(REF) == NAME)
tag = f"sha256-{image['digest'][7:]}.sig"
config = put(b"{}", "application/vnd.oci.image.config.v1+json")
doc = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer(t) for t in TEXTS]}
entry = put(json.dumps(doc).encode(), MANIFEST)
print(entry["digest"])
top["manifests"] = [e for e in top["manifests"] if e.get("annotations", {}).get(REF) != tag]
top["manifests"].append(dict(entry, annotations={REF: tag}))
with open(f"{WHERE}/index.json", "w", encoding="utf-8") as f:
    json.dump(top, f)
