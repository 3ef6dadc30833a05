#!/usr/bin/python3
"""Docker archives as docker save makes them, and ones that lie.

docker_archive.py OUT CASE: writes OUT; CASE "good" is an image web:1 of two layers, the others differ in what they
are named after.
"""
import hashlib
import io
import json
import sys
import tarfile

REG, SYM, HARD, CHR, DIR = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE


def member(tar, name, data=b"", kind=REG, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(data)
    info.devmajor, info.devminor = 8, 0
    tar.addfile(info, io.BytesIO(data))


def layer(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for m in members:
            member(tar, *m)
    return out.getvalue()


def sha(data):
    return hashlib.sha256(data).hexdigest()


def build(case):
    layers = [layer(("etc/one", b"1\n")), layer(("etc/two", b"2\n"))]
    climbing = {
        "layer-dots": ("../../../../escaped", b"x"),
        "layer-device": ("disk", b"", CHR),
    }
    if case in climbing:
        layers[1] = layer(climbing[case])
    if case == "layer-through-link":
        layers[1] = layer(("l", b"", SYM, "/tmp"), ("l/escaped", b"x"))
    if case == "layer-not-tar":
        layers[1] = b"no tar at all" * 100
    diff_ids = ["sha256:" + sha(d) for d in layers]
    names = [sha(d) + "/layer.tar" for d in layers]
    if case == "diff-id":
        diff_ids[1] = diff_ids[0]
    if case == "diff-id-missing":
        diff_ids.pop()
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/x"], "Labels": {"a": "b"}},
                         "rootfs": {"type": "layers", "diff_ids": diff_ids}}, indent=1).encode()
    if case == "config-not-json":
        config = b"{"
    if case == "config-no-rootfs":
        config = b'{"architecture":"amd64","os":"linux"}'
    config_name = sha(config) + ".json"
    if case == "config-hash":
        config_name = "0" * 64 + ".json"
    entry = {"Config": config_name, "RepoTags": ["web:1", "example.test/web:latest"], "Layers": list(names)}
    if case == "layer-missing":
        entry["Layers"][1] = "0" * 64 + "/layer.tar"
    if case == "layer-order":
        entry["Layers"].reverse()
    if case == "layer-more":
        entry["Layers"].append(names[0])
    if case == "layer-number":
        entry["Layers"][1] = 7
    if case == "layer-path":
        entry["Layers"][1] = "../../../../etc/passwd"
    manifest = [entry]
    if case == "two":
        manifest.append({"Config": config_name, "RepoTags": ["other:1"], "Layers": names})
    if case == "same-name":
        manifest.append({"Config": config_name, "RepoTags": ["web:1"], "Layers": names})
    if case == "empty":
        manifest = []
    text = json.dumps(manifest).encode()
    if case == "manifest-object":
        text = b"{}"
    if case == "manifest-twice-key":
        text = text.replace(b'"Config"', b'"Config": "x", "Config"', 1)
    members = [(n, d) for n, d in zip(names, layers)] + [(config_name, config)]
    if case == "member-twice":
        members.append((config_name, config))
    if case == "layer-link":  # as docker writes a layer that another image has
        members[1] = ("shared/layer.tar", layers[1])
        members.append((names[1], b"", SYM, "../shared/layer.tar"))
    if case == "link-out":
        members[1] = (names[1], b"", SYM, "../../../../../../etc/passwd")
    if case == "link-absolute":
        members[1] = (names[1], b"", SYM, "/etc/passwd")
    if case == "link-circle":
        members[1] = (names[1], b"", SYM, "../loop")
        members.append(("loop", b"", SYM, names[1]))
    if case == "member-dots":
        members.append(("../escaped", b"x"))
    if case == "manifest-link":
        members.append(("m", text))
        members.append(("manifest.json", b"", SYM, "m"))
    elif case != "manifest-device":
        members.append(("manifest.json", text))
    else:
        members.append(("manifest.json", b"", CHR))
    if case == "many":
        members += [("d/%d" % i, b"") for i in range(16 * 1024)]
    out = layer(*members)
    return out[:len(out) * 2 // 3] if case == "short" else out


with open(sys.argv[1], "wb") as f:
    f.write(build(sys.argv[2]))
