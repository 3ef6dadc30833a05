#!/usr/bin/python3
"""make_layout.py DIR NAME [BYTES]: an OCI layout that holds one image named NAME, of two layers (the first BYTES long,
of noise), and one manifest whose subject is the image, as a signature is stored. Prints the image's digest."""
import gzip
import hashlib
import io
import json
import os
import random
import sys
import tarfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def main(where, name, size):
    os.makedirs(f"{where}/blobs/sha256", exist_ok=True)
    noise = random.Random(name)

    def put(data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{where}/blobs/sha256/{digest}", "wb") as f:
            f.write(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def layer(path, length):
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as tar:
            info = tarfile.TarInfo(path)
            info.size = length
            tar.addfile(info, io.BytesIO(noise.randbytes(length)))
        return raw.getvalue()

    layers = [layer("etc/noise", size), layer("etc/more", 100)]
    config = put(json.dumps({
        "os": "linux", "architecture": "amd64", "created": "2026-11-01T00:00:00Z", "config": {},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(x).hexdigest() for x in layers]},
        "history": [{"created_by": "RUN make noise"}, {"created_by": "COPY more /etc"}],
    }).encode(), "application/vnd.oci.image.config.v1+json")
    image = put(json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config,
        "layers": [put(gzip.compress(x, 1, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip") for x in layers],
    }).encode(), MANIFEST)
    signature = put(json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.cncf.notary.signature",
        "config": put(b"{}", "application/vnd.oci.empty.v1+json"),
        "layers": [put(b'{"payload":"' + name.encode() + b'"}', "application/jose+json")],
        "subject": image, "annotations": {"org.opencontainers.image.created": "2026-11-01T00:00:01Z"},
    }).encode(), MANIFEST)
    named = dict(image, annotations={"org.opencontainers.image.ref.name": name})
    with open(f"{where}/index.json", "w") as f:
        json.dump({"schemaVersion": 2, "manifests": [named, signature]}, f)
    with open(f"{where}/oci-layout", "w") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')
    print(image["digest"])


main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 300000)
