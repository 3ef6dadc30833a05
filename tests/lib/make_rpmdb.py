#!/usr/bin/python3
"""make_rpmdb.py DIR: packages built by rpmbuild and installed by rpm, and the database of that in every form that rpm has
had, each in a folder of its own beneath DIR:

    sqlite/rpmdb.sqlite   as rpm itself wrote it
    ndb/Packages.db       written here, of the headers in sqlite/ (Debian's rpm has no ndb)
    hash/Packages         Berkeley DB made by db5.3_load of the same headers; also btree/, hash-be/, btree-be/
    wal/rpmdb.sqlite      with a log beside it that holds one more transaction
    want                  what rpm says of it: NAME|EVR|ARCH|SOURCERPM|MODULARITYLABEL|LICENSE, sorted, keys left out
    want-files            NAME PATH, sorted
"""
import os
import sqlite3
import struct
import subprocess
import sys
import zlib

SPECS = {
    # A source with an epoch, a package of it with a version of its own and none, and one with another.
    "perl": """
Name: perl
Epoch: 4
Version: 5.26.3
Release: 422.el8
Summary: x
License: GPL+ or Artistic
%description
x
%package libs
Summary: x
License: (GPL+ or Artistic) and HSRL and MIT and UCD
%description libs
x
%package File-Path
Epoch: 0
Version: 2.15
Summary: x
%description File-Path
x
%package Exporter
Epoch: 1
Version: 5.72
Release: 3~rc1^git.el8
Summary: x
%description Exporter
x
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/lib/perl5/nützlich
touch %{buildroot}/usr/bin/perl %{buildroot}/usr/lib/perl5/a.so %{buildroot}/usr/lib/perl5/nützlich/b
%files
/usr/bin/perl
%files libs
/usr/lib/perl5
%files File-Path
%files Exporter
""",
    "nodejs": """
Name: nodejs
Epoch: 1
Version: 18.19.1
Release: 1.module_el8.9.0+3743+e9eb5f36
ModularityLabel: nodejs:18:8090020240228165436:a75119d5
Summary: x
License: MIT
%description
x
%package npm
Version: 10.2.4
Release: 1.18.19.1.1.module_el8.9.0+3743+e9eb5f36
Summary: x
%description npm
x
%files
%files npm
""",
    # Long enough to lie on many overflow pages.
    "big": """
Name: big
Version: 1
Release: 1
Summary: x
License: x
%description
x
%install
mkdir -p %{buildroot}/opt/big
for i in $(seq 600); do mkdir %{buildroot}/opt/big/d$i; touch %{buildroot}/opt/big/d$i/a-file-with-a-name-of-some-length-$i; done
%files
/opt/big
""",
    # A key, as rpm keeps it.
    "gpg-pubkey": """
Name: gpg-pubkey
Version: 3abb34f8
Release: 5ffd890e
Summary: x
License: pubkey
%description
x
%files
""",
    # Enough of them for a tree of two levels.
    "filler": """
Name: filler
Version: 1.0
Release: 1
Summary: x
License: x
%description
x
""" + "".join(f"""
%package p{i}
Summary: x
%description p{i}
x
%files p{i}
""" for i in range(60)),
}
FORMAT = ("%{NAME}|%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}|%{ARCH}|%|SOURCERPM?{%{SOURCERPM}}:{}|"
          "|%|MODULARITYLABEL?{%{MODULARITYLABEL}}:{}||%{LICENSE}\\n")


def run(*args, text=None):
    env = os.environ | {"LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    return subprocess.run(args, check=True, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=env).stdout


def build(top):
    os.makedirs(top)
    for name, spec in SPECS.items():
        path = f"{top}/{name}.spec"
        with open(path, "w", encoding="utf-8") as f:
            f.write("BuildArch: noarch\n" + spec.lstrip())
        run("rpmbuild", "-bb", "--define", f"_topdir {top}", "--define", "__os_install_post %{nil}", "--define", "_build_name_fmt %%{NAME}.rpm", path)
    return sorted(f"{top}/RPMS/{x}" for x in os.listdir(f"{top}/RPMS"))


def ndb(blobs):
    """Slots, then blobs in blocks of 16 bytes; the slots out of order and with gaps, as after removals."""
    pages = len(blobs) // 200 + 1
    slots, data, block = [b"Slot" + bytes(12)] * (pages * 256 - 2), b"", pages * 256
    for i, (key, blob) in enumerate(blobs):
        body = b"BlbS" + struct.pack("<III", key, 0, len(blob)) + blob
        body += bytes(-(len(body) + 12) % 16)
        body += struct.pack("<II", zlib.adler32(body), len(blob)) + b"BlbE"
        slots[(i * 7) % len(blobs)] = b"Slot" + struct.pack("<III", key, block, len(body) // 16)
        body += bytes(16 * (i % 3))
        data += body
        block += len(body) // 16
    return b"RpmP" + struct.pack("<IIII", 0, 1, pages, len(blobs) + 1) + bytes(12) + b"".join(slots) + data


def bdb(path, blobs, kind, order):
    lines = ["VERSION=3", "format=bytevalue", f"type={kind}", "db_pagesize=4096", f"db_lorder={order}", "HEADER=END"]
    pack = "<I" if order == 1234 else ">I"
    for key, blob in [(0, struct.pack(pack, len(blobs)))] + blobs:
        lines += [" " + struct.pack(pack, key).hex(), " " + blob.hex()]
    os.makedirs(os.path.dirname(path))
    run("db5.3_load", path, text="\n".join(lines + ["DATA=END", ""]))


def leave_log(path):
    """Kills a writer after its transaction."""
    child = os.fork()
    if child == 0:
        db = sqlite3.connect(path)
        db.execute("pragma journal_mode = wal")
        db.execute("pragma wal_autocheckpoint = 0")
        db.execute("delete from Packages where hnum = (select max(hnum) from Packages)")
        db.commit()
        os._exit(0)
    os.waitpid(child, 0)


def main(top):
    rpms = build(f"{top}/build")
    path = f"{top}/sqlite"
    os.makedirs(path)
    rpm = ["rpm", "--dbpath", path, "--define", "_db_backend sqlite"]
    run(*rpm, "-i", "--justdb", "--nodeps", "--ignoreos", "--ignorearch", *rpms)
    for name in ("rpmdb.sqlite-wal", "rpmdb.sqlite-shm", ".rpm.lock"):
        if os.path.exists(f"{path}/{name}"):
            os.unlink(f"{path}/{name}")
    with sqlite3.connect(f"file:{path}/rpmdb.sqlite?immutable=1", uri=True) as db:
        blobs = [(key, blob) for key, blob in db.execute("select hnum, blob from Packages order by hnum")]
    os.makedirs(f"{top}/ndb")
    with open(f"{top}/ndb/Packages.db", "wb") as f:
        f.write(ndb(blobs))
    for kind in ("hash", "btree"):
        bdb(f"{top}/{kind}/Packages", blobs, kind, 1234)
        bdb(f"{top}/{kind}-be/Packages", blobs, kind, 4321)
    os.makedirs(f"{top}/wal")
    with open(f"{path}/rpmdb.sqlite", "rb") as f, open(f"{top}/wal/rpmdb.sqlite", "wb") as g:
        g.write(f.read())
    leave_log(f"{top}/wal/rpmdb.sqlite")

    def ask(name, fmt):
        lines = run(*rpm, "-qa", "--qf", fmt).splitlines()
        with open(f"{top}/{name}", "w", encoding="utf-8") as f:
            f.writelines(x + "\n" for x in sorted(lines) if not x.startswith("gpg-pubkey"))

    ask("want", FORMAT)
    ask("want-files", "[%{=NAME} %{FILENAMES}\\n]")


if __name__ == "__main__":
    main(sys.argv[1])
