"""More of sigstore_cases.py: each case of the conformance suite that is not there, and what else signers, logs and
authorities of real life write."""
import copy
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from sigstore_world import (ARTIFACT, Authority, Signer, TimeAuthority, TreeLog, World, b64, entry_of, new_key, pae,
                            pem, sha256, sign, spki, stamp, statement)

V3 = "application/vnd.dev.sigstore.bundle.v0.3+json"


def changed(value, edit):
    value = copy.deepcopy(value)
    edit(value)
    return value


def malformed(c):
    _, b = c.signed()
    _, old = c.signed(2)
    for name, bundle, edit, want in (
            ("bundle-old-media-type", b, lambda x: x.update(mediaType=V3.replace(".v0.3+json", "+json;version=0.3")), ""),
            ("bundle-version", b, lambda x: x.update(mediaType=V3.replace(".v0.3+json", "+json;version=99.9")), "media type"),
            ("bundle-base64", b, lambda x: x["messageSignature"].update(signature="not base64!"), "signature"),
            ("bundle-negative-index", b, lambda x: entry_of(x).update(logIndex="-1"), "logIndex"),
            ("bundle-empty-chain", old, lambda x: x["verificationMaterial"]["x509CertificateChain"].update(certificates=[]),
             "empty"),
            ("bundle-chain-not-certificates", old,
             lambda x: x["verificationMaterial"]["x509CertificateChain"]["certificates"].append({"rawBytes": "AAAA"}),
             "certificate")):
        c.put(name, changed(bundle, edit), want)
    c.put("bundle-not-json", "{not json", "JSON")
    # The intermediate may be there, as older clients have it; the root may not.
    for name, n, want in (("intermediate", 1, ""), ("root", 2, "root certificate")):
        c.put("chain-with-" + name, changed(old, lambda x: x["verificationMaterial"]["x509CertificateChain"][
            "certificates"].extend(c.world.ca.chain()[:n])), want)
    c.put("instance-other", b, "not trusted", World(c.world.now, c.folder).root())


def entries(c):
    w = c.world
    s, b = c.signed()
    sig = s.message(ARTIFACT)[0]
    mine = __import__("base64").b64decode(b["messageSignature"]["signature"])
    other = Signer(w)
    for name, spec, want in (
            ("artifact", s.hashedrekord(mine, sha256(b"another")), "another digest"),
            ("signature", s.hashedrekord(sig, sha256(ARTIFACT)), "another signature"),
            ("certificate", other.hashedrekord(mine, sha256(ARTIFACT)), "another certificate"),
            ("kind-unknown", ("rekord", "0.0.1", {}), "not supported"),
            ("version-unknown", ("hashedrekord", "1.0.0", s.hashedrekord(mine, sha256(ARTIFACT))[2]), "not supported")):
        wrong = changed(b, lambda x: x["verificationMaterial"].update(tlogEntries=[w.rekor.entry(*spec, w.now)]))
        c.put("entry-of-another-" + name, wrong, want)
    c.put("entry-in-future", c.signed(at=w.now + 86400)[1], "expired")
    at_end = Signer(w, end=w.now)
    c.put("leaf-end-inclusive", c.signed(signer=at_end, at=w.now)[1])
    c.put("leaf-end-passed", c.signed(signer=at_end, at=w.now + 1)[1], "expired")
    c.put("sct-extensions", c.signed(signer=Signer(w, sct_extensions=b"\0\1\2\3"))[1])
    two = changed(b, lambda x: x["verificationMaterial"]["tlogEntries"].append(
        w.rekor2.entry(*s.hashedrekord(mine, sha256(ARTIFACT), True), None, False)))
    c.put("entries-of-two-logs", two)
    c.put("entries-one-wrong", changed(two, lambda x: entry_of(x, 1).update(logId={"keyId": b64(bytes(32))})), "not trusted")


def attestations(c):
    w = c.world
    payload = statement(ARTIFACT)
    tokens = lambda sig: [w.tsa.token(sig)]  # noqa: E731
    for name, spec in (("dsse", lambda s, sig, p: s.dsse(sig, p, True)),
                       ("hashedrekord", lambda s, sig, p: s.hashedrekord(sig, sha256(pae(p)), True))):
        s = Signer(w)
        sig, content = s.envelope(payload)
        entry = w.rekor2.entry(*spec(s, sig, payload), None, False)
        c.put(f"rekor2-{name}-of-envelope", s.bundle(content, 3, [entry], tokens(sig)))
        sig2, content2 = s.envelope(statement(ARTIFACT, predicate={"b": 1}))
        c.put(f"rekor2-{name}-other-envelope", s.bundle(content2, 3, [entry], tokens(sig2)), "another")
        again, _ = s.envelope(payload)
        c.put(f"rekor2-{name}-other-signature", s.bundle(content, 3, [w.rekor2.entry(*spec(s, again, payload), None, False)],
                                                         tokens(sig)), "another signature")
        forged = sign(new_key(), pae(payload))
        content = changed(content, lambda x: x["dsseEnvelope"]["signatures"][0].update(sig=b64(forged)))
        c.put(f"rekor2-{name}-forged", s.bundle(content, 3, [w.rekor2.entry(*spec(s, forged, payload), None, False)],
                                                tokens(forged)), "does not hold")
    # Of a kind that tells no time, without a promise: a keyed bundle needs none.
    s = Signer(w, keyed=True)
    keyed = {"args": ["--key", "key.pub"], "files": {"key.pub": pem(s.key)}}
    sig, content = s.envelope(payload)
    c.put("key-intoto-proof-only", s.bundle(content, 3, [w.rekor.entry(*s.intoto(sig, payload, False), 0, False)]), **keyed)
    c.put("key-unknown-statement", c.attested(statement(ARTIFACT, _type="https://in-toto.io/Statement/v9"),
                                              signer=s)[1], "_type", **keyed)
    b = s.bundle(s.message(ARTIFACT)[1])
    c.put("key-empty-root", b, root={"mediaType": w.root()["mediaType"]}, **keyed)
    c.put("key-no-hint", changed(b, lambda x: x["verificationMaterial"].update(publicKey={})), **keyed)
    c.put("key-other-hint", changed(b, lambda x: x["verificationMaterial"].update(publicKey={"hint": "my key"})), **keyed)


def checkpoints(c):
    w = c.world
    _, b = c.rekor2()
    proof = entry_of(b)["inclusionProof"]
    root_hash, size = __import__("base64").b64decode(proof["rootHash"]), int(proof["treeSize"])
    good = w.rekor2.note(size, root_hash)
    text, line = good.split("\n\n")
    origin, rest = text.split("\n", 1)
    witness = TreeLog(ed25519.Ed25519PrivateKey.generate(), "witness.example")
    cosigned = f"— {witness.host} {b64(witness.id[:4] + bytes(8) + bytes(64))}\n"
    # The log's own second signature, a cosignature, is by another id.
    own = f"— {w.rekor2.host} {b64(sha256(b'cosignature')[:4] + bytes(72))}\n"
    bad = w.rekor2.note(size, root_hash, ed25519.Ed25519PrivateKey.generate()).split("\n\n")[1]
    for name, note, want in (
            ("cosigned", good + cosigned, ""), ("cosigned-twice", good + cosigned + cosigned.replace("witness", "other"), ""),
            ("log-not-first", f"{text}\n\n{cosigned}{line}", ""), ("two-of-log", good + own, ""),
            ("two-of-log-cosigned", f"{text}\n\n{own}{cosigned}{line}", ""),
            ("extension-line", w.rekor2.note(size, root_hash), ""),
            ("only-cosigned", f"{text}\n\n{cosigned}", "not signed by the log"),
            ("no-signature", text + "\n", "note"), ("only-own-other-id", f"{text}\n\n{own}", "not signed by the log"),
            ("wrong-first", f"{text}\n\n{bad}{line}", "checkpoint"),
            ("no-origin", good.replace(origin + "\n", "", 1), "checkpoint"),
            ("no-size", good.replace(f"\n{size}\n", "\n", 1), "checkpoint"),
            ("no-root", good.replace(f"\n{proof['rootHash']}\n", "\n", 1), "checkpoint"),
            ("bad-hint", w.rekor2.note(size, root_hash, hint=b"\0\1\2\3"), "not signed by the log")):
        c.put("rekor2-checkpoint-" + name, changed(b, lambda x: entry_of(x)["inclusionProof"]["checkpoint"].update(
            envelope=note)), want)
    c.put("rekor2-no-proof", changed(b, lambda x: entry_of(x).pop("inclusionProof")), "inclusionProof")
    # What is 0 or empty is left out by writers of protobuf's JSON.
    alone = TreeLog(w.rekor2.key, w.rekor2.host)
    alone.alone = True
    s = Signer(w)
    sig, content = s.message(ARTIFACT)
    entry = alone.entry(*s.hashedrekord(sig, sha256(ARTIFACT), True), None, False)
    first = s.bundle(content, 3, [entry], [w.tsa.token(sig)])
    c.put("rekor2-first-entry", first)

    def leave_out(x):
        for o, key in ((entry_of(x), "logIndex"), (entry_of(x)["inclusionProof"], "logIndex"),
                       (entry_of(x)["inclusionProof"], "hashes")):
            o.pop(key)
    c.put("rekor2-first-entry-defaults-left-out", changed(first, leave_out))
    c.put("rekor2-first-entry-nulls", changed(first, lambda x: entry_of(x).update(
        inclusionPromise=None, integratedTime="0", logIndex=0)))
    # A root may name the log and its checkpoints' key apart; an entry is by either.
    root = w.root()
    root["tlogs"][1].update(logId={"keyId": b64(sha256(spki(w.rekor2.key)))},
                            checkpointKeyId={"keyId": b64(w.rekor2.id)})
    c.put("rekor2-checkpoint-key-id", b, root=root)
    by_log = changed(b, lambda x: entry_of(x).update(logId=root["tlogs"][1]["logId"]))
    c.put("rekor2-checkpoint-key-id-entry-by-log", by_log, root=root)
    short = changed(root, lambda x: x["tlogs"][1].update(checkpointKeyId={"keyId": b64(w.rekor2.id[:4])}))
    c.put("rekor2-checkpoint-key-id-short", by_log, root=short)
    c.put("rekor2-checkpoint-key-id-too-short", b, "checkpointKeyId", changed(
        root, lambda x: x["tlogs"][1].update(checkpointKeyId={"keyId": "AAA="})))
    c.put("rekor2-checkpoint-key-id-other", by_log, "not signed by the log", changed(
        root, lambda x: x["tlogs"][1].update(checkpointKeyId={"keyId": b64(bytes(32))})))


def authorities(c):
    """Of time stamps: with intermediates, with certificates in the token, expired since."""
    w = c.world
    s = Signer(w)
    sig, content = s.message(ARTIFACT)
    entry = w.rekor2.entry(*s.hashedrekord(sig, sha256(ARTIFACT), True), None, False)

    def root_of(tsa):
        return changed(w.root(), lambda x: x["timestampAuthorities"][0]["certChain"].update(certificates=tsa.chain()))

    stranger, deep = TimeAuthority(w.now, c.folder), TimeAuthority(w.now, c.folder, between=True)
    end = int(time.time()) + 3
    brief = TimeAuthority(w.now, c.folder, end=end)
    early = brief.token(sig)
    while time.time() < end + 1.1:
        time.sleep(0.1)
    for name, token, root, want in (
            ("embedded", w.tsa.token(sig, True), None, ""), ("intermediate", deep.token(sig), root_of(deep), ""),
            ("intermediate-embedded", deep.token(sig, True), root_of(deep), ""),
            ("untrusted-embedded", stranger.token(sig, True), None, "timestamp"),
            ("authority-expired-since", early, root_of(brief), ""),
            ("authority-expired", brief.token(sig), root_of(brief), "expired"),
            ("not-a-token", b"\x30\x03\x02\x01\x00", None, "timestamp")):
        c.put("rekor2-token-" + name, s.bundle(content, 3, [entry], [token]), want, root)


def roots(c):
    w = c.world
    _, b = c.signed()
    for name, kind, want in (("v0.1-new", ".v0.1+json", ""), ("v0.2-new", ".v0.2+json", ""),
                             ("v9", "+json;version=9", "media type")):
        c.put("root-media-type-" + name, b, want, {**w.root(), "mediaType": "application/vnd.dev.sigstore.trustedroot" + kind})
    # What an instance has of old keys in forms that are read no more.
    old = {"baseUrl": "https://old", "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(bytes(32))}, "publicKey": {
        "rawBytes": "MIICCgKCAgEA", "keyDetails": "PKCS1_RSA_PKCS1V5",
        "validFor": {"start": "2021-03-14T00:00:00Z", "end": "2022-07-31T00:00:00.999Z"}}}
    c.put("root-old-keys", b, root=changed(w.root(), lambda x: [x[k].insert(0, old) for k in ("tlogs", "ctlogs")]))
    c.put("root-without-range", b, "validFor", changed(w.root(), lambda x: x["tlogs"][0]["publicKey"].pop("validFor")))
    deep = Authority(w.now)
    deep.deepen(w.now)
    s = Signer(w, ca=deep)
    for name, certs, want in (("two-intermediates", deep.chain(), ""), ("intermediate-missing", deep.chain()[::2], "certificate")):
        c.put("root-ca-" + name, c.signed(signer=s)[1], want, changed(
            w.root(), lambda x: x["certificateAuthorities"][0]["certChain"].update(certificates=certs)))
    day = w.now - 86400
    for name, start, want in (("before", day, ""), ("after", w.now + 60, "certificate authority")):
        c.put("root-ca-starts-" + name, b, want, changed(
            w.root(), lambda x: x["certificateAuthorities"][0]["validFor"].update(start=stamp(start))))
    same = changed(w.root(), lambda x: x["certificateAuthorities"].insert(0, {
        **x["certificateAuthorities"][0], "certChain": {"certificates": Authority(w.now).chain()}}))
    c.put("root-two-authorities-rekor2", c.rekor2()[1], root=same)


def without_logs(c):
    """An instance of a company, for which time stamps are all that there is; its root says so."""
    w = c.world
    s = Signer(w, sct=False)
    p = statement(ARTIFACT)
    sig, content = s.envelope(p)
    private = s.bundle(content, 3, [], [w.tsa.token(sig)])
    logged = s.bundle(content, 3, [w.rekor.entry(*s.dsse(sig, p), w.now)], [w.tsa.token(sig)])
    none = {k: v for k, v in w.root().items() if k not in ("tlogs", "ctlogs")}
    old = {"baseUrl": "https://old", "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(bytes(32))}, "publicKey": {
        "rawBytes": "AAAA", "keyDetails": "PKIX_ED25519_PH", "validFor": {"start": "2021-03-14T00:00:00Z"}}}
    for name, bundle, root, want in (
            ("no-logs", private, none, ""), ("no-logs-empty", private, {**none, "tlogs": [], "ctlogs": []}, ""),
            ("no-logs-entry", logged, none, "not trusted"),
            ("no-logs-no-time", s.bundle(content, 3), none, "when it was signed"),
            ("no-ct-logs", logged, {**none, "tlogs": w.root()["tlogs"]}, ""),
            ("no-tlogs", private, {**none, "ctlogs": w.root()["ctlogs"]}, "SCT"),
            ("only-old-tlogs", private, {**none, "tlogs": [old]}, "transparency log"),
            ("only-old-ct-logs", private, {**none, "ctlogs": [old]}, "SCT"),
            ("with-logs", private, w.root(), "transparency log")):
        c.put("root-" + name, bundle, want, root)
    # Several roots in one file, one on each line: each is for itself, so that one without logs frees no other of them.
    strange = World(w.now, c.folder).root()
    for name, bundle, lines, want in (
            ("second", private, (w.root(), none), ""), ("first", c.signed()[1], (w.root(), strange), ""),
            ("none", logged, (strange, strange), "by the next root"),
            ("mixed", private, (w.root(), {**strange, "tlogs": [], "ctlogs": []}), "by the next root"),
            ("one-bad", logged, (w.root(), {"mediaType": "x"}), "root 2 of the file"),
            ("too-many", logged, [w.root()] * 17, "more than 16")):
        c.put("roots-" + name, bundle, want, "\n".join(json.dumps(x) for x in lines) + "\n")
    c.put("root-over-lines", c.signed()[1], root=json.dumps(w.root(), indent=2) + "\n")
    c.put("root-over-lines-twice", c.signed()[1], "JSON", json.dumps(w.root(), indent=2) + "\n" + json.dumps(none))
    c.put("root-empty-file", c.signed()[1], "empty", "\n")


def algorithms(c):
    """Keys and hashes of signers, and of logs."""
    w = c.world
    p384, p521 = new_key(ec.SECP384R1()), new_key(ec.SECP521R1())
    big = rsa.generate_private_key(65537, 2048)
    ed = ed25519.Ed25519PrivateKey.generate()
    for name, key, by in (("p384", p384, hashes.SHA384()), ("p521", p521, hashes.SHA512()),
                          ("p384-sha256", p384, None), ("p521-sha256", p521, None), ("rsa", big, None)):
        s = Signer(w, key=key, by=by)
        sig, content = s.message(ARTIFACT)
        bits = 8 * by.digest_size if by else 256
        digest = hashes.Hash(by or hashes.SHA256())
        digest.update(ARTIFACT)
        digest = digest.finalize()
        content["messageSignature"]["messageDigest"] = {"algorithm": f"SHA2_{bits}", "digest": b64(digest)}
        b = s.bundle(content, 3, [w.rekor.entry(*s.hashedrekord(sig, digest), w.now)])
        c.put("signer-" + name, b)
        entry = w.rekor2.entry(*s.hashedrekord(sig, digest, True), None, False)
        c.put(f"signer-{name}-rekor2", s.bundle(content, 3, [entry], [w.tsa.token(sig)]))
        if by:
            wrong = bytes(len(digest))
            c.put(f"signer-{name}-entry-other", s.bundle(content, 3, [w.rekor.entry(*s.hashedrekord(sig, wrong), w.now)]),
                  "another digest")
            c.put(f"signer-{name}-digest-other", changed(b, lambda x: x["messageSignature"]["messageDigest"].update(
                digest=b64(wrong))), "another artifact")
            c.put(f"signer-{name}-by-digest", b, "does not hold", args=[*c.keyless, "DIGEST"])
        p = statement(ARTIFACT)
        sig, content = s.envelope(p)
        c.put(f"signer-{name}-attestation", s.bundle(content, 3, [w.rekor.entry(*s.dsse(sig, p), w.now)]))
    s = Signer(w, key=ed)
    c.put("signer-ed25519", c.signed(signer=s)[1])
    c.put("signer-ed25519-attestation", c.attested(signer=s)[1])
    for name, key, details in (("rsa", big, "PKIX_RSA_PKCS1V15_2048_SHA256"), ("ed25519", ed, "PKIX_ED25519"),
                               ("p384", p384, "PKIX_ECDSA_P384_SHA_384")):
        log = TreeLog(key, "rekor3.sigstore.test")
        by = hashes.SHA384() if name == "p384" else None
        log.by = by
        s = Signer(w)
        sig, content = s.message(ARTIFACT)
        root = changed(w.root(), lambda x: x["tlogs"].append({
            **copy.deepcopy(x["tlogs"][0]), "logId": {"keyId": b64(log.id)}}))
        root["tlogs"][-1]["publicKey"].update(rawBytes=b64(spki(key)), keyDetails=details)
        c.put("log-by-" + name, s.bundle(content, 3, [log.entry(*s.hashedrekord(sig, sha256(ARTIFACT)), w.now)]), root=root)


ALL = (malformed, entries, attestations, checkpoints, authorities, roots, without_logs, algorithms)
