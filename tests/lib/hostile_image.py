#!/usr/bin/python3
"""hostile_image.py LAYOUT BASE CONFIG [ENTRY...]: an OCI layout with one image of two layers: BASE, a tar, and one of the
entries given, in that order; CONFIG is the image's "config" as JSON, or @FILE. Further layers begin at an entry "--".

    PATH -> TARGET    a symbolic link          PATH => TARGET    a hard link
    PATH/             a folder                 PATH = TEXT       a file
    PATH | fifo       a pipe                   PATH | c 1 3      a device (c or b)
    PATH < FILE       a file with FILE's bytes, executable
"""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

OCI = "application/vnd.oci.image."


def entry(tar, text):
    """Adds one entry."""
    for word, kind in ((" -> ", tarfile.SYMTYPE), (" => ", tarfile.LNKTYPE)):
        if word in text:
            name, target = text.split(word, 1)
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, target, 0o777
            tar.addfile(info)
            return
    if " | " in text:
        name, what = text.split(" | ", 1)
        info = tarfile.TarInfo(name)
        info.mode = 0o666
        if what == "fifo":
            info.type = tarfile.FIFOTYPE
        else:
            kind, major, minor = what.split()
            info.type = tarfile.CHRTYPE if kind == "c" else tarfile.BLKTYPE
            info.devmajor, info.devminor = int(major), int(minor)
        tar.addfile(info)
        return
    data, mode = b"", 0o755
    if " < " in text:
        text, path = text.split(" < ", 1)
        with open(path, "rb") as f:
            data = f.read()
    elif " = " in text:
        text, words = text.split(" = ", 1)
        data = words.encode()
    info = tarfile.TarInfo(text.rstrip("/"))
    info.mode, info.size = mode, len(data)
    info.type = tarfile.DIRTYPE if text.endswith("/") else tarfile.REGTYPE
    tar.addfile(info, io.BytesIO(data))


def layer(entries):
    """The bytes of a layer."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for text in entries:
            entry(tar, text)
    return raw.getvalue()


def main(where, base, config, entries):
    """Writes the layout."""
    os.makedirs(f"{where}/blobs/sha256", exist_ok=True)

    def put(data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{where}/blobs/sha256/{digest}", "wb") as f:
            f.write(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    groups = [[]]
    for text in entries:
        if text == "--":
            groups.append([])
        else:
            groups[-1].append(text)
    with open(base, "rb") as f:
        tars = [f.read()] + [layer(g) for g in groups if g]
    if config.startswith("@"):
        with open(config[1:], encoding="utf-8") as f:
            config = f.read()
    described = put(json.dumps({
        "os": "linux", "architecture": "amd64", "created": "2026-11-01T00:00:00Z", "config": json.loads(config),
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(t).hexdigest() for t in tars]},
        "history": [{"created_by": "COPY"} for _ in tars],
    }).encode(), OCI + "config.v1+json")
    image = put(json.dumps({
        "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": described,
        "layers": [put(gzip.compress(t, 1, mtime=0), OCI + "layer.v1.tar+gzip") for t in tars],
    }).encode(), OCI + "manifest.v1+json")
    with open(f"{where}/oci-layout", "w", encoding="utf-8") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')
    with open(f"{where}/index.json", "w", encoding="utf-8") as f:
        json.dump({"schemaVersion": 2, "manifests": [
            image | {"annotations": {"org.opencontainers.image.ref.name": "hostile:1"}}]}, f)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
