#!/usr/bin/python3
"""osv_expected.py DBPATH BACKEND ECOSYSTEM FILE: which installed packages of an rpm database the OSV documents of FILE (one a
line) concern, worked out without plimsoll: rpm lists the packages and compares the versions. Prints "ID PACKAGE INSTALLED"
by line, sorted; ID is each CVE that the document is related to, or its own where there is none."""
import collections
import json
import subprocess
import sys

QUERY = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\t%|MODULARITYLABEL?{%{MODULARITYLABEL}}:{}|\\n"
COMPARE = r"%{lua: for l in io.lines() do local a, b = l:match('([^ ]+) ([^ ]+)'); print(rpm.vercmp(a, b) .. '\n') end}"


def rpm(*args, text=None):
    return subprocess.run(["rpm", *args], check=True, input=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True).stdout


def same_stream(label, fixed, summary):
    """A module's fix is for packages of that stream, another's for packages of none."""
    if bool(label) != (".module" in fixed):
        return False
    module = label.split(":")[0]
    named = [w for w in summary.split() if w.startswith(module + ":")] if label else []
    return not named or ":".join(label.split(":")[:2]) in named


def main(dbpath, backend, ecosystem, path):
    installed = collections.defaultdict(list)
    for line in rpm("--dbpath", dbpath, "--define", f"_db_backend {backend}", "-qa", "--qf", QUERY).splitlines():
        name, version, label = line.split("\t")
        if name not in ("gpg-pubkey", "kernel-headers"):
            installed[name].append((version, label))
    found = []
    with open(path, encoding="utf-8") as f:
        for doc in map(json.loads, f):
            for affected in doc["affected"]:
                package = affected["package"]
                if package["ecosystem"] != ecosystem:
                    continue
                for version, label in installed[package["name"]]:
                    for r in affected["ranges"]:
                        events = {k: v for e in r["events"] for k, v in e.items()}
                        found.append((doc, package["name"], version, label, events["fixed"]))
    orders = rpm("--eval", COMPARE, text="".join(f"{x[2]} {x[4]}\n" for x in found)).split()
    assert len(orders) == len(found)
    lines = set()
    for (doc, name, version, label, fixed), order in zip(found, orders):
        if int(order) < 0 and same_stream(label, fixed, doc["summary"]):
            version = version[2:] if version.startswith("0:") else version
            for cve in [x for x in doc.get("related", []) if x.startswith("CVE-")] or [doc["id"]]:
                lines.add(f"{cve} {name} {version}")
    print("\n".join(sorted(lines)))


if __name__ == "__main__":
    main(*sys.argv[1:])
