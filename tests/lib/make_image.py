#!/usr/bin/python3
"""make_image.py STATE NAME LAYER...: adds an image to the OCI layout at STATE (made when missing) and prints its digest.
LAYER is a folder, taken as it is (files named .wh.X are whiteouts), or a .tar or .tar.gz, taken as its bytes. What
stands in LAYER.instruction is the layer's line in the image's history."""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

OCI = "application/vnd.oci.image."


def layer_tar(path):
    """The layer's uncompressed tar."""
    if os.path.isfile(path):
        with open(path, "rb") as f:
            data = f.read()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(folders + files):
                full = os.path.join(folder, name)
                tar.add(full, arcname=os.path.relpath(full, path), recursive=False)
    return raw.getvalue()


def main(state, name, layers):
    os.makedirs(f"{state}/blobs/sha256", exist_ok=True)

    def put(data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{state}/blobs/sha256/{digest}", "wb") as f:
            f.write(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def instruction(path):
        try:
            with open(path.rstrip("/") + ".instruction", encoding="utf-8") as f:
                return f.read().strip()
        except FileNotFoundError:
            return f"COPY {os.path.basename(path)} /"

    tars = [layer_tar(x) for x in layers]
    config = put(json.dumps({
        "os": "linux", "architecture": "amd64", "created": "2026-11-01T00:00:00Z", "config": {},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(t).hexdigest() for t in tars]},
        "history": [{"created_by": "ENV made=here", "empty_layer": True}] +
                   [{"created_by": instruction(x)} for x in layers],
    }).encode(), OCI + "config.v1+json")
    image = put(json.dumps({
        "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config,
        "layers": [put(gzip.compress(t, 6, mtime=0), OCI + "layer.v1.tar+gzip") for t in tars],
    }).encode(), OCI + "manifest.v1+json")

    with open(f"{state}/oci-layout", "w", encoding="utf-8") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')
    index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": []}
    if os.path.exists(f"{state}/index.json"):
        with open(f"{state}/index.json", encoding="utf-8") as f:
            index = json.load(f)
    name = name if ":" in name else name + ":latest"
    ref = "org.opencontainers.image.ref.name"
    index["manifests"] = [m for m in index["manifests"] if m.get("annotations", {}).get(ref) != name]
    index["manifests"].append(image | {"annotations": {ref: name}})
    with open(f"{state}/index.json", "w", encoding="utf-8") as f:
        json.dump(index, f)
    print(image["digest"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
