#!/usr/bin/env python3
"""Compares an image in an OCI layout with one that `docker save` wrote: what the configuration says
and what the file system is when all layers lie on one another.

    compare_images.py LAYOUT NAME SAVED.tar

One line for every difference, 'WHERE: ours OURS, docker THEIRS', and exit status 1 when there is one.
Times are compared where docker's is older than the test: a file that came from the context.
"""
import gzip
import hashlib
import io
import itertools
import json
import os
import re
import sys
import tarfile

NEW = 1_600_000_000  # the tests' contexts are older, what a build makes is younger
CONFIG = ["ArgsEscaped", "Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "OnBuild", "Shell",
          "StopSignal", "User", "Volumes", "WorkingDir"]


class Node:
    """A file, or a link's target: two names of one node are hard links."""

    def __init__(self, member, content):
        self.kind = {tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link", tarfile.CHRTYPE: "char device",
                     tarfile.BLKTYPE: "block device", tarfile.FIFOTYPE: "fifo"}.get(member.type, "file")
        self.mode = oct(member.mode & 0o7777) if self.kind != "link" else None
        self.owner = f"{member.uid}:{member.gid}"
        self.mtime = int(member.mtime)
        self.target = member.linkname if self.kind == "link" else None
        self.device = (member.devmajor, member.devminor) if "device" in self.kind else None
        self.content = hashlib.sha256(content).hexdigest()[:12] if self.kind == "file" else None
        self.size = len(content) if self.kind == "file" else None
        self.xattrs = {k[len("SCHILY.xattr."):]: v.encode("utf-8", "surrogateescape").hex()
                       for k, v in member.pax_headers.items() if k.startswith("SCHILY.xattr.")}


def remove(tree, path):
    for name in [n for n in tree if n == path or n.startswith(path + "/")]:
        del tree[name]


def add_layer(tree, blob):
    """Whiteouts speak of the layers below, whatever their place in the archive."""
    if blob[:2] == b"\x1f\x8b":
        blob = gzip.decompress(blob)
    with tarfile.open(fileobj=io.BytesIO(blob), errors="surrogateescape") as tar:
        members = [(os.path.normpath("/" + m.name).replace("//", "/"), m) for m in tar]
        for path, _ in members:
            folder, base = os.path.split(path)
            if base == ".wh..wh..opq":
                for name in [n for n in tree if n.startswith(folder.rstrip("/") + "/") and n != "/"]:
                    del tree[name]
            elif base.startswith(".wh."):
                remove(tree, os.path.join(folder, base[4:]))
        for path, member in members:
            if os.path.basename(path).startswith(".wh."):
                continue
            if member.islnk():
                remove(tree, path)
                tree[path] = tree[os.path.normpath("/" + member.linkname).replace("//", "/")]
                continue
            if path in tree and not (member.isdir() and tree[path].kind == "folder"):
                remove(tree, path)
            content = tar.extractfile(member).read() if member.isreg() else b""
            tree[path] = Node(member, content)


def read_layout(layout, name):
    def blob(digest):
        with open(os.path.join(layout, "blobs", *digest.split(":")), "rb") as f:
            return f.read()

    with open(os.path.join(layout, "index.json"), encoding="utf-8") as f:
        index = json.load(f)
    for desc in index["manifests"]:
        if desc.get("annotations", {}).get("org.opencontainers.image.ref.name") == name:
            manifest = json.loads(blob(desc["digest"]))
            break
    else:
        sys.exit(f"no image {name} in {layout}")
    tree = {}
    for layer in manifest["layers"]:
        add_layer(tree, blob(layer["digest"]))
    return json.loads(blob(manifest["config"]["digest"])), tree


def read_saved(path):
    tree = {}
    with tarfile.open(path) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))[0]
        config = json.load(tar.extractfile(manifest["Config"]))
        for layer in manifest["Layers"]:
            member = tar.getmember(layer)
            # A layer that is there twice is a link to the first.
            if member.issym():
                member = tar.getmember(os.path.normpath(os.path.join(os.path.dirname(layer), member.linkname)))
            add_layer(tree, tar.extractfile(member).read())
    return config, tree


def names(tree):
    """Of every node with several names, all of them."""
    groups = {}
    for path, node in tree.items():
        groups.setdefault(id(node), []).append(path)
    return {path: sorted(groups[id(node)]) for path, node in tree.items()}


def history(config):
    """What BuildKit and ours both write: the instructions as carried out. BuildKit leaves out ONBUILD, the flags of
    COPY and ADD and the mounts of RUN, and dumps its own structure for HEALTHCHECK."""
    texts = []
    for entry in config.get("history") or []:
        text = re.sub(r" # buildkit$", "", entry.get("created_by", ""))
        text = re.sub(r"^(COPY|ADD) (--\S+ )+", r"\1 ", text)
        text = re.sub(r"^RUN (--mount=\S+ )+", "RUN ", text)
        text = re.sub(r"^HEALTHCHECK .*", "HEALTHCHECK", text, flags=re.S)
        if not text.startswith("ONBUILD "):
            texts.append(text)
    return texts


def by_buildkit(config):
    return any(h.get("comment") == "buildkit.dockerfile.v0" for h in config.get("history") or [])


def compare(ours, docker):
    def differ(where, a, b):
        if a != b:
            found.append(f"{where}: ours {json.dumps(a)}, docker {json.dumps(b)}")

    found = []
    (our_config, our_tree), (docker_config, docker_tree) = ours, docker
    a, b = our_config.get("config") or {}, docker_config.get("config") or {}
    for key in CONFIG:
        # docker writes what was not said as an empty value, ours leaves it out.
        differ(key, a.get(key) or None, b.get(key) or None)
    for key in ["architecture", "os", "author"]:
        differ(key, our_config.get(key) or None, docker_config.get(key) or None)
    if by_buildkit(docker_config):
        for i, (x, y) in enumerate(itertools.zip_longest(history(our_config), history(docker_config))):
            differ(f"history {i}", x, y)
    our_names, docker_names = names(our_tree), names(docker_tree)
    for path in sorted(set(our_tree) | set(docker_tree)):
        x, y = our_tree.get(path), docker_tree.get(path)
        if not x or not y:
            # The root folder stands in a layer only when something changed it.
            if path != "/":
                differ(path, x and x.kind, y and y.kind)
            continue
        for key in ["kind", "mode", "owner", "target", "device", "size", "content", "xattrs"]:
            differ(f"{path} {key}", getattr(x, key), getattr(y, key))
        differ(f"{path} names", our_names[path], docker_names[path])
        if y.mtime < NEW:
            differ(f"{path} time", x.mtime, y.mtime)
    return found


def main():
    layout, name, saved = sys.argv[1:]
    found = compare(read_layout(layout, name), read_saved(saved))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
