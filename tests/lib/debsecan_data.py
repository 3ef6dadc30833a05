#!/usr/bin/env python3
"""The same data for Debian's debsecan and for plimsoll, in the format of each.

    debsecan_data.py make STATUS              a tracker's JSON about the packages of a dpkg status file: every state that
                                              the tracker knows, fixed versions around those that are installed
    debsecan_data.py tsv FILE                 the same from "source CVE fixed-version dist" lines
    debsecan_data.py convert JSON RELEASE     what debsecan fetches for RELEASE: zlib, "VERSION 1" (read from debsecan's own
                                              fetch_data and Vulnerability)

All to standard output."""
import json, sys, zlib


def sources(status):
    """{source: {versions of it that are installed}} of a dpkg status file, read as debsecan reads it."""
    found = {}
    for stanza in open(status, encoding="utf-8").read().split("\n\n"):
        fields = {}
        for line in stanza.split("\n"):
            if line and line[0] not in " \t" and ":" in line:
                key, value = line.split(":", 1)
                fields[key] = value.strip()
        if "installed" not in fields.get("Status", "").split():
            continue
        source, version = fields.get("Source", fields["Package"]), fields["Version"]
        if " (" in source:
            source, version = source[:-1].split(" (")
        found.setdefault(source, set()).add(version)
    return found


def around(version):
    """Versions at, before and after one, by the corners of dpkg's order."""
    epoch, _, rest = version.rpartition(":")
    up = str(int(epoch or 0) + 1)
    yield from (version, version + "~", version + "~~", version + "+b1", version + ".1", version + "~deb12u1", "0.0.1",
                up + ":0", "999999:1", up + ":" + rest, version + "a", version + "+")
    yield rest if epoch else "0:" + rest


def make(status):
    states = [
        {"status": "open", "urgency": "not yet assigned"},
        {"status": "open", "urgency": "low", "nodsa": "Minor issue", "nodsa_reason": ""},
        {"status": "open", "urgency": "medium**", "nodsa": "Later", "nodsa_reason": "postponed"},
        {"status": "open", "urgency": "high", "nodsa": "No", "nodsa_reason": "ignored"},
        {"status": "open", "urgency": "unimportant"},
        {"status": "open", "urgency": "end-of-life"},
        {"status": "undetermined", "urgency": "not yet assigned"},
        {"status": "resolved", "fixed_version": "0", "urgency": "low"},
    ]
    tracker, n = {}, 0
    for source, versions in sorted(sources(status).items()):
        cves = tracker.setdefault(source, {})
        cases = [dict(states[(n + i) % len(states)]) for i in range(3)]
        cases += [{"status": "resolved", "fixed_version": v, "urgency": "unimportant" if i % 7 == 3 else "low"}
                  for version in sorted(versions) for i, v in enumerate(around(version))]
        for case in cases:
            n += 1
            case["repositories"] = {"bookworm": sorted(versions)[0]}
            # Other releases say other things, which must not show.
            cves[f"CVE-2024-{n:04}"] = {"description": f"case {n}", "releases": {
                "bookworm": case, "sid": {"status": "open", "urgency": "high"},
                "trixie": {"status": "resolved", "fixed_version": "0", "urgency": "low"}}}
    # What is not installed, and a source named as a binary package of another.
    tracker["not-installed"] = {"CVE-2023-0001": {"releases": {"bookworm": states[0]}}}
    tracker["libc6"] = {"TEMP-0000000-ABCDEF": {"releases": {"bookworm": states[0]}}}
    return tracker


def tsv(path):
    tracker = {}
    for line in open(path, encoding="utf-8"):
        source, cve, fixed, _ = line.rstrip("\n").split("\t")
        tracker.setdefault(source, {})[cve] = {"releases": {
            "bookworm": {"status": "resolved", "fixed_version": fixed, "urgency": "not yet assigned"}}}
    return tracker


def convert(tracker, release):
    names, numbers, lines = [], {}, []
    for source, cves in sorted(tracker.items()):
        for cve, entry in sorted(cves.items()):
            state = entry["releases"].get(release)
            if not state or (state["status"] == "resolved" and state["fixed_version"] == "0"):
                continue
            if cve not in numbers:
                numbers[cve] = len(names)
                names.append(f"{cve},,{entry.get('description', '')}")
            fixed = state["fixed_version"] if state["status"] == "resolved" else ""
            urgency = {"low": "L", "medium": "M", "high": "H"}.get(state["urgency"].rstrip("*"), " ")
            lines.append(f"{source},{numbers[cve]},S{urgency} {'F' if fixed else ' '},{fixed},")
    text = "VERSION 1\n" + "".join(n + "\n" for n in names) + "\n" + "".join(x + "\n" for x in lines) + "\n"
    return zlib.compress(text.encode())


if sys.argv[1] == "make":
    json.dump(make(sys.argv[2]), sys.stdout)
elif sys.argv[1] == "tsv":
    json.dump(tsv(sys.argv[2]), sys.stdout)
else:
    sys.stdout.buffer.write(convert(json.load(open(sys.argv[2], encoding="utf-8")), sys.argv[3]))
