#!/usr/bin/python3
"""What containers-policy.json(5) says of images, for builds of podman and skopeo that lack sigstore.

    containers_policy.py POLICY REGISTRIES CLAIMS

CLAIMS: {"signed": {DIGEST: [[KEY FILE, REPOSITORY], ...]}, "images": [[REPOSITORY, DIGEST], ...]}. Prints the
repositories of the images that are let pass, sorted.
"""
import json
import sys


def scopes(name):
    """The name, and all that is above it."""
    while name:
        yield name
        name = name.rpartition("/")[0]


def nearest(table, name, otherwise):
    return next((table[s] for s in scopes(name) if s in table), otherwise)


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def signed(want, name, claims):
    identity = want["signedIdentity"]
    names = {"matchRepository": name, "exactRepository": identity.get("dockerRepository")}
    wanted = names[identity["type"]]  # any other type is not known here
    key = read(want["keyPath"])
    return any(read(k) == key and repository == wanted for k, repository in claims)


def passes(policy, registries, name, claims):
    attachments = nearest(registries["docker"], name, {}).get("use-sigstore-attachments", False)
    requirements = nearest(policy["transports"]["docker"], name, policy["default"])
    if not requirements:
        raise SystemExit("an empty list of requirements is an error")
    for want in requirements:
        if want["type"] == "reject":
            return False
        if want["type"] != "sigstoreSigned":
            raise SystemExit(f"not known: {want}")
        if not attachments or not signed(want, name, claims):
            return False
    return True


def main():
    policy, registries, table = (json.loads(read(p)) for p in sys.argv[1:])
    for name, digest in sorted(table["images"]):
        if passes(policy, registries, name, table["signed"].get(digest, [])):
            print(name)


main()
