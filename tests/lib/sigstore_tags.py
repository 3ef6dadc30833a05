#!/usr/bin/python3
"""Keyless signatures and attestations under cosign's tags, as cosign 1 and 2 left them in registries.

    sigstore_tags.py STATE REPOSITORY DIGEST CASE

writes them beside an image of the store, and root.json into the current folder."""
import hashlib
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cryptography.hazmat.primitives import serialization  # noqa: E402
from sigstore_world import PAYLOAD_TYPE, Signer, World, b64, pae, sha256, sign, spki  # noqa: E402

STATE, REPOSITORY, DIGEST, CASE = sys.argv[1:]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
NOW = int(time.time())


def put(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{STATE}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def entry(world, spec):
    """A log's promise as an annotation has it."""
    e = world.rekor.entry(*spec, NOW, proof=False)
    return {"SignedEntryTimestamp": e["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {"body": e["canonicalizedBody"], "integratedTime": NOW, "logIndex": 1017,
                        "logID": world.rekor.id.hex()}}


def tag(ending, layer):
    config = put({"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}})
    manifest = put({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer],
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config}})
    path = f"{STATE}/index.json"
    with open(path) as f:
        index = json.load(f)
    name = f"{REPOSITORY}:{DIGEST.replace(':', '-')}.{ending}"
    index["manifests"] = [m for m in index["manifests"]
                          if m.get("annotations", {}).get("org.opencontainers.image.ref.name") != name]
    index["manifests"].append({"mediaType": MANIFEST, **manifest,
                               "annotations": {"org.opencontainers.image.ref.name": name}})
    with open(path, "w") as f:
        json.dump(index, f)


def main():
    world = World(NOW, os.getcwd())
    signer, other = Signer(world), Signer(world)
    kind, _, how = CASE.partition("-")
    if kind == "sig":
        payload = json.dumps({"critical": {"identity": {"docker-reference": REPOSITORY}, "image": {
            "docker-manifest-digest": DIGEST}, "type": "cosign container image signature"}, "optional": None}).encode()
        sig = sign(signer.key, payload)
        spec = signer.hashedrekord(sig, sha256(payload if how != "other" else b"other"))
        media, text = "application/vnd.dev.cosign.simplesigning.v1+json", b64(sig)
    else:
        statement = json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://cyclonedx.org/bom",
                                "subject": [{"name": REPOSITORY, "digest": {"sha256": DIGEST[7:]}}],
                                "predicate": {"bomFormat": "CycloneDX"}}).encode()
        sig = sign(signer.key, pae(statement))
        payload = json.dumps({"payloadType": PAYLOAD_TYPE, "payload": b64(statement),
                              "signatures": [{"keyid": "", "sig": b64(sig)}]}).encode()
        old = {"content": {"hash": {"algorithm": "sha256", "value": sha256(
            payload if how != "other" else payload + b" ").hex()}}, "publicKey": b64(
                (other if how == "certificate" else signer).pem())}
        spec = signer.dsse(sig, statement) if how == "dsse" else ("intoto", "0.0.1", old)
        media, text = "application/vnd.dsse.envelope.v1+json", ""
    notes = {"dev.cosignproject.cosign/signature": text,
             "dev.sigstore.cosign/certificate": signer.cert.public_bytes(serialization.Encoding.PEM).decode(),
             "dev.sigstore.cosign/chain": "".join(c.public_bytes(serialization.Encoding.PEM).decode()
                                                  for c in (world.ca.cert, world.ca.root)),
             "dev.sigstore.cosign/bundle": json.dumps(entry(world, spec))}
    if how == "nolog":
        del notes["dev.sigstore.cosign/bundle"]
    if how == "promise":
        bad = entry(world, spec)
        bad["Payload"]["integratedTime"] += 1
        notes["dev.sigstore.cosign/bundle"] = json.dumps(bad)
    tag(kind, {"mediaType": media, **put(payload), "annotations": notes})
    with open("root.json", "w") as f:
        json.dump(world.root(), f)
    print("key:sha256:" + sha256(spki(world.ca.key)).hex())


main()
