#!/usr/bin/env python3
"""Compares images in an OCI layout with those that `docker save` wrote: what the configuration says
and what the file system is when all layers lie on one another.

    compare_images.py LAYOUT SAVED.tar <CASES

A line 'NAME TAG [built-otherwise]' of standard input is a case: the layout's NAME:1 and the saved NAME:TAG. One line for
every difference, 'NAME TAG WHERE: ours OURS, docker THEIRS', and exit status 1 when there is one. Times are compared where
docker's is older than the test: a file that came from the context. The history is not compared of what was built otherwise.
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

    def __init__(self, member, size, content):
        self.kind = {tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link", tarfile.CHRTYPE: "char device",
                     tarfile.BLKTYPE: "block device", tarfile.FIFOTYPE: "fifo"}.get(member.type, "file")
        self.mode = oct(member.mode & 0o7777) if self.kind != "link" else None
        self.owner = f"{member.uid}:{member.gid}"
        self.mtime = int(member.mtime)
        self.target = member.linkname if self.kind == "link" else None
        self.device = (member.devmajor, member.devminor) if "device" in self.kind else None
        self.content = content
        self.size = size
        self.xattrs = {k[len("SCHILY.xattr."):]: v.encode("utf-8", "surrogateescape").hex()
                       for k, v in member.pax_headers.items() if k.startswith("SCHILY.xattr.")}


def remove(tree, path):
    for name in [n for n in tree if n == path or n.startswith(path + "/")]:
        del tree[name]


def read_layer(blob):
    """Path, member, and of a file its size and the digest of what it holds."""
    if blob[:2] == b"\x1f\x8b":
        blob = gzip.decompress(blob)
    with tarfile.open(fileobj=io.BytesIO(blob), errors="surrogateescape") as tar:
        found = []
        for m in tar:
            size = content = None
            if m.isreg():
                data = tar.extractfile(m).read()
                size, content = len(data), hashlib.sha256(data).hexdigest()[:12]
            found.append((os.path.normpath("/" + m.name).replace("//", "/"), m, size, content))
        return found


def add_layer(tree, layer):
    """Whiteouts speak of the layers below, whatever their place in the archive."""
    for path, *_ in layer:
        folder, base = os.path.split(path)
        if base == ".wh..wh..opq":
            for name in [n for n in tree if n.startswith(folder.rstrip("/") + "/") and n != "/"]:
                del tree[name]
        elif base.startswith(".wh."):
            remove(tree, os.path.join(folder, base[4:]))
    for path, member, size, content in layer:
        if os.path.basename(path).startswith(".wh."):
            continue
        if member.islnk():
            remove(tree, path)
            tree[path] = tree[os.path.normpath("/" + member.linkname).replace("//", "/")]
            continue
        if path in tree and not (member.isdir() and tree[path].kind == "folder"):
            remove(tree, path)
        tree[path] = Node(member, size, content)


class Layout:
    def __init__(self, path):
        self.path, self.layers = path, {}
        with open(os.path.join(path, "index.json"), encoding="utf-8") as f:
            self.images = {desc.get("annotations", {}).get("org.opencontainers.image.ref.name"): desc["digest"]
                           for desc in json.load(f)["manifests"]}

    def blob(self, digest):
        with open(os.path.join(self.path, "blobs", *digest.split(":")), "rb") as f:
            return f.read()

    def read(self, name):
        """Configuration, and the files that all layers come to."""
        manifest, tree = json.loads(self.blob(self.images[name])), {}
        for layer in manifest["layers"]:
            digest = layer["digest"]
            if digest not in self.layers:
                self.layers[digest] = read_layer(self.blob(digest))
            add_layer(tree, self.layers[digest])
        return json.loads(self.blob(manifest["config"]["digest"])), tree


class Saved:
    def __init__(self, path):
        self.tar, self.layers = tarfile.open(path), {}
        self.images = {tag: image for image in json.load(self.tar.extractfile("manifest.json"))
                       for tag in image["RepoTags"]}

    def read(self, name):
        image, tree = self.images[name], {}
        for layer in image["Layers"]:
            member = self.tar.getmember(layer)
            # A layer that is there twice is a link to the first.
            if member.issym():
                member = self.tar.getmember(os.path.normpath(os.path.join(os.path.dirname(layer), member.linkname)))
            if member.name not in self.layers:
                self.layers[member.name] = read_layer(self.tar.extractfile(member).read())
            add_layer(tree, self.layers[member.name])
        return json.load(self.tar.extractfile(image["Config"])), tree


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


def compare(ours, docker, otherwise):
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
    if by_buildkit(docker_config) and not otherwise:
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
    layout, saved = Layout(sys.argv[1]), Saved(sys.argv[2])
    status = 0
    for case in sys.stdin:
        name, tag, *how = case.split()
        for line in compare(layout.read(f"{name}:1"), saved.read(f"{name}:{tag}"), how == ["built-otherwise"]):
            print(name, tag, line)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
