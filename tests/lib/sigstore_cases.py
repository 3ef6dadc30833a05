#!/usr/bin/python3
"""Bundles with what a verifier must say to them, in the manner of the sigstore projects' conformance suite.

    sigstore_cases.py DIR     writes DIR/<name>/{bundle.json,root.json,artifact,args,want}

A folder's `args` has the verifier's options, one a line; `want` is empty when the bundle is to be accepted, and else a
word of the reason for which it is not."""
import copy
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cryptography import x509  # noqa: E402
from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: E402
import sigstore_forms  # noqa: E402
from sigstore_world import (ARTIFACT, IDENTITY, ISSUER, Authority, Signer, TimeAuthority, World, b64,  # noqa: E402
                            entry_of, new_key, pem, sha256, spki, stamp, statement)

NOW = int(time.time())
KEYLESS = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER]


class Cases:
    def __init__(self, folder):
        self.folder, self.keyless = folder, KEYLESS
        self.world = World(NOW, folder)
        self.n = 0

    def put(self, name, bundle, want="", root=None, args=None, files=None, artifact=ARTIFACT):
        d = os.path.join(self.folder, name)
        os.mkdir(d)
        root = self.world.root() if root is None else root
        for file, data in {"bundle.json": bundle, "root.json": root, "artifact": artifact,
                           "args": "\n".join(KEYLESS if args is None else args), "want": want, **(files or {})}.items():
            if isinstance(data, (dict, list)):
                data = json.dumps(data)
            with open(os.path.join(d, file), "wb") as f:
                f.write(data.encode() if isinstance(data, str) else data)
        self.n += 1

    def signed(self, minor=3, promise=True, proof=True, signer=None, at=NOW):
        """An artifact signed with an entry of Rekor 1, and the parts of it."""
        s = signer or Signer(self.world)
        sig, content = s.message(ARTIFACT)
        e = self.world.rekor.entry(*s.hashedrekord(sig, sha256(ARTIFACT)), at, promise, proof)
        return s, s.bundle(content, minor, [e])

    def attested(self, payload=None, kind="dsse", signer=None):
        s = signer or Signer(self.world)
        payload = statement(ARTIFACT) if payload is None else payload
        sig, content = s.envelope(payload)
        spec = {"dsse": lambda: s.dsse(sig, payload), "intoto": lambda: s.intoto(sig, payload),
                "canonical": lambda: s.intoto(sig, payload, twice=False),
                "hashedrekord": lambda: s.hashedrekord(sig, sha256(b"DSSEv1 28 application/vnd.in-toto+json %d %s"
                                                                   % (len(payload), payload)))}[kind]()
        return s, s.bundle(content, 3, [self.world.rekor.entry(*spec, NOW)])

    def rekor2(self, signer=None, tokens=1, tsa=None):
        s = signer or Signer(self.world)
        sig, content = s.message(ARTIFACT)
        e = self.world.rekor2.entry(*s.hashedrekord(sig, sha256(ARTIFACT), True), None, False)
        made = [(tsa or self.world.tsa).token(sig) for _ in range(tokens)]
        return s, s.bundle(content, 3, [e], made)


def versions(c):
    c.put("v0.3", c.signed()[1])
    c.put("v0.2", c.signed(2)[1])
    c.put("v0.1", c.signed(1, proof=False)[1])
    c.put("v0.1-proof", c.signed(1)[1])
    c.put("v0.3-promise-only", c.signed(3, proof=False)[1], "inclusionProof")
    c.put("v0.2-promise-only", c.signed(2, proof=False)[1], "inclusionProof")
    c.put("v0.1-proof-only", c.signed(1, promise=False)[1], "inclusionPromise")
    c.put("v0.3-proof-only", c.signed(3, promise=False)[1], "when it was signed")
    _, b = c.signed(2)
    b["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.3+json"
    c.put("v0.3-chain", b, "x509CertificateChain")
    _, b = c.signed()
    c.put("no-log", {**b, "verificationMaterial": {**b["verificationMaterial"], "tlogEntries": []}}, "transparency log")
    for name, change in (("media-type", {"mediaType": "application/vnd.dev.sigstore.bundle.v0.4+json"}),
                         ("unknown-member", {"extra": 1}), ("no-content", {"messageSignature": None})):
        c.put(name, {**b, **change}, {"media-type": "media type", "unknown-member": "unknown member",
                                      "no-content": "messageSignature"}[name])
    c.put("duplicate-member", json.dumps(b)[:-1] + ', "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}',
          "duplicate")
    c.put("trailing-bytes", json.dumps(b) + "x", "JSON")


def messages(c):
    _, b = c.signed()
    wrong = copy.deepcopy(b)
    wrong["messageSignature"]["messageDigest"]["digest"] = b64(sha256(b"another"))
    c.put("digest-mismatch", wrong, "another artifact")
    c.put("other-artifact", b, "another artifact", artifact=b"another")
    silent = copy.deepcopy(b)
    del silent["messageSignature"]["messageDigest"]
    c.put("no-digest", silent)
    c.put("no-digest-other-artifact", silent, "does not hold", artifact=b"another")
    _, other = c.signed()
    wrong = copy.deepcopy(b)
    wrong["messageSignature"]["signature"] = other["messageSignature"]["signature"]
    c.put("signature-of-another", wrong, "does not hold")
    wrong = copy.deepcopy(b)
    wrong["verificationMaterial"]["certificate"] = other["verificationMaterial"]["certificate"]
    c.put("certificate-of-another", wrong, "does not hold")
    c.put("by-digest", b, args=KEYLESS + ["DIGEST"])


def identities(c):
    _, b = c.signed()
    c.put("identity-other", b, "not asked for", args=["--certificate-identity", IDENTITY + "x", *KEYLESS[2:]])
    c.put("identity-case", b, "not asked for", args=["--certificate-identity", IDENTITY.upper(), *KEYLESS[2:]])
    c.put("issuer-other", b, "not asked for", args=[*KEYLESS[:2], "--certificate-oidc-issuer", "https://example.com"])
    c.put("identity-regexp", b, args=["--certificate-identity-regexp", "^https://git[.]example[.]com/team/", *KEYLESS[2:]])
    c.put("identity-regexp-other", b, "not asked for",
          args=["--certificate-identity-regexp", "^https://git[.]example[.]com/other/", *KEYLESS[2:]])
    c.put("issuer-regexp", b, args=[*KEYLESS[:2], "--certificate-oidc-issuer-regexp", "accounts"])
    c.put("identity-alone", b, "identity and an issuer", args=KEYLESS[:2])
    c.put("bad-regexp", b, "regular expression", args=["--certificate-identity-regexp", "(", *KEYLESS[2:]])
    w = c.world
    mail = [x509.RFC822Name("dev@example.com")]
    c.put("e-mail", c.signed(signer=Signer(w, san=mail))[1], args=["--certificate-identity", "dev@example.com", *KEYLESS[2:]])
    other = [x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), b"\x0c\x05token")]
    c.put("other-name", c.signed(signer=Signer(w, san=other))[1], args=["--certificate-identity", "token", *KEYLESS[2:]])
    two = mail + [x509.UniformResourceIdentifier(IDENTITY)]
    c.put("two-names", c.signed(signer=Signer(w, san=two))[1], "exactly one")
    c.put("dns-name", c.signed(signer=Signer(w, san=[x509.DNSName("example.com")]))[1], "no e-mail",
          args=["--certificate-identity", "example.com", *KEYLESS[2:]])
    c.put("issuer-old-extension", c.signed(signer=Signer(w, issuer=None, old_issuer=ISSUER))[1])
    c.put("issuers-equal", c.signed(signer=Signer(w, old_issuer=ISSUER))[1])
    c.put("issuers-differ", c.signed(signer=Signer(w, old_issuer="https://example.com"))[1], "two issuers")
    c.put("issuer-none", c.signed(signer=Signer(w, issuer=None))[1], "does not tell")


def certificates(c):
    w = c.world
    c.put("leaf-expired", c.signed(signer=Signer(w, start=NOW - 600, end=NOW - 300))[1], "expired")
    c.put("leaf-not-yet", c.signed(signer=Signer(w, start=NOW + 60, end=NOW + 300))[1], "not yet")
    c.put("leaf-valid-then", c.signed(signer=Signer(w, start=NOW - 900, end=NOW - 600), at=NOW - 700)[1])
    c.put("server-certificate", c.signed(signer=Signer(w, usage=[ExtendedKeyUsageOID.SERVER_AUTH]))[1], "code signing")
    c.put("unknown-ca", c.signed(signer=Signer(w, ca=Authority(NOW)))[1], "certificate")
    c.put("sct-none", c.signed(signer=Signer(w, sct=False))[1], "SCT")
    c.put("sct-of-unknown-log", c.signed(signer=Signer(w, ct_key=new_key()))[1], "SCT")
    _, b = c.signed()
    root = w.root()
    root["ctlogs"][0]["publicKey"]["rawBytes"] = w.root()["tlogs"][0]["publicKey"]["rawBytes"]
    c.put("sct-wrong-key", b, "SCT", root)
    root = w.root()
    root["ctlogs"][0]["publicKey"]["validFor"]["end"] = stamp(NOW - 301)
    c.put("sct-log-retired", b, "SCT", root)
    root["ctlogs"][0]["publicKey"]["validFor"]["end"] = stamp(NOW - 300)
    c.put("sct-log-end-inclusive", b, root=root)
    root = w.root()
    decoy = copy.deepcopy(root["certificateAuthorities"][0])
    decoy["certChain"]["certificates"] = Authority(NOW).chain()
    root["certificateAuthorities"].insert(0, decoy)
    c.put("two-intermediates-of-one-name", b, root=root)
    root = w.root()
    root["certificateAuthorities"][0]["validFor"]["end"] = stamp(NOW - 1)
    c.put("ca-retired", b, "certificate authority", root)
    root["certificateAuthorities"][0]["validFor"]["end"] = stamp(NOW)
    c.put("ca-end-inclusive", b, root=root)
    del root["certificateAuthorities"][0]["validFor"]["start"]
    c.put("ca-without-start", b, "no start", root)


def hostile_certificates(c):
    """What an authority should not have certified, and what only looks like what was asked for."""
    w = c.world
    code = ExtendedKeyUsageOID.CODE_SIGNING
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    ca_bits = (True, False, False, False, False, True, False, False, False)
    no_bits = (False, False, False, False, True, False, False, False, False)
    for name, leaf, want in (
            ("leaf-is-ca", {"more": [(x509.BasicConstraints(True, None), True)], "bits": ca_bits}, "CA"),
            ("leaf-no-ca", {"more": [(x509.BasicConstraints(False, None), True)]}, ""),
            ("leaf-not-for-signatures", {"bits": no_bits}, "digital signatures"),
            ("leaf-two-usages", {"usage": [code, ExtendedKeyUsageOID.TIME_STAMPING]}, "code signing alone"),
            ("leaf-any-usage", {"usage": [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]}, "code signing"),
            ("leaf-unknown-critical", {"more": [(unknown, True)]}, "critical"),
            ("leaf-unknown-extension", {"more": [(unknown, False)]}, ""),
            ("identity-nul", {"san": [x509.UniformResourceIdentifier(IDENTITY + "\0.evil")]}, "no text"),
            ("identity-nul-mail", {"san": [x509.RFC822Name._init_without_validation("dev@example.com\0@evil.test")]}, "no text"),
            ("identity-line-feed", {"san": [x509.UniformResourceIdentifier(IDENTITY + "\nx")]}, ""),
            ("issuer-nul", {"issuer": ISSUER + "\0x"}, "no text"),
            ("issuer-old-nul", {"issuer": None, "old_issuer": ISSUER + "\0x"}, "no text"),
            ("issuer-empty", {"issuer": None, "more": [(x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), b"\x0c\x00"), False)]}, "text"),
            ("issuer-not-utf8string", {"issuer": None, "more": [(x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), b"\x16" + bytes([len(ISSUER)]) + ISSUER.encode()),
                False)]}, "UTF8String"),
            ("issuer-trailing", {"issuer": None, "more": [(x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), b"\x0c" + bytes([len(ISSUER)]) + ISSUER.encode() + b"x"),
                False)]}, "UTF8String")):
        args = KEYLESS if name != "identity-nul-mail" else ["--certificate-identity", "dev@example.com", *KEYLESS[2:]]
        if name == "identity-line-feed":
            want = "not asked for"
        c.put(name, c.signed(signer=Signer(w, **leaf))[1], want, args=args)
    # Found anywhere in the text, a line at a time for nobody: the end is the end of the text.
    c.put("identity-line-feed-regexp", c.signed(signer=Signer(w, san=[x509.UniformResourceIdentifier("x\n" + IDENTITY)]))[1],
          "not asked for", args=["--certificate-identity-regexp", "^https://git", *KEYLESS[2:]])
    c.put("identity-regexp-empty", c.signed()[1], "everybody",
          args=["--certificate-identity-regexp", "", *KEYLESS[2:]])
    for name, ca, want in (
            ("intermediate-no-ca", Authority(NOW, is_ca=False), "certificate"),
            ("root-path-length", Authority(NOW, path_len=0), "certificate"),
            ("intermediate-names-excluded", Authority(NOW, more=[(x509.NameConstraints(
                None, [x509.UniformResourceIdentifier("git.example.com")]), True)]), "certificate"),
            ("intermediate-unknown-critical", Authority(NOW, more=[(unknown, True)]), "certificate")):
        root = w.root()
        root["certificateAuthorities"][0]["certChain"]["certificates"] = ca.chain()
        c.put(name, c.signed(signer=Signer(w, ca=ca))[1], want, root)
    # The leaf of another authority, whose intermediate is offered as a root of its own: it is not one here.
    other = Authority(NOW)
    _, b = c.signed(2, signer=Signer(w, ca=other))
    b["verificationMaterial"]["x509CertificateChain"]["certificates"] += other.chain()[:1]
    c.put("chain-brings-its-own", b, "certificate")


def logs(c):
    w = c.world
    _, b = c.signed()
    _, other = c.signed()
    wrong = copy.deepcopy(b)
    wrong["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    c.put("entry-swapped", wrong, "another signature")
    for name, edit, want in (
            ("promise-other", lambda e: e["inclusionPromise"].update(
                signedEntryTimestamp=entry_of(other)["inclusionPromise"]["signedEntryTimestamp"]), "promise"),
            ("promise-time", lambda e: e.update(integratedTime=str(NOW - 1)), "promise"),
            ("promise-index", lambda e: e.update(logIndex="1018"), "promise"),
            ("proof-hash", lambda e: e["inclusionProof"]["hashes"].__setitem__(0, b64(bytes(32))), "inclusion proof"),
            ("proof-short", lambda e: e["inclusionProof"]["hashes"].pop(), "inclusion proof"),
            ("proof-index", lambda e: e["inclusionProof"].update(logIndex="0"), "inclusion proof"),
            ("proof-size", lambda e: e["inclusionProof"].update(treeSize="5"), "proof"),
            ("proof-root", lambda e: e["inclusionProof"].update(rootHash=b64(bytes(32))), "inclusion proof"),
            ("log-id", lambda e: e["logId"].update(keyId=b64(bytes(32))), "log that is not trusted"),
            ("kind", lambda e: e["kindVersion"].update(version="0.0.2"), "another kind"),
            ("no-body", lambda e: e.pop("canonicalizedBody"), "canonicalizedBody"),
            ("no-checkpoint", lambda e: e["inclusionProof"].pop("checkpoint"), "checkpoint")):
        wrong = copy.deepcopy(b)
        edit(entry_of(wrong))
        c.put("log-" + name, wrong, want)
    # Version 0.1 may do without a checkpoint, not with a proof that is wrong.
    for name, edit, want in (("proof", lambda p: p, ""),
                             ("wrong-proof", lambda p: p.update(rootHash=b64(bytes(32))), "inclusion proof")):
        _, old = c.signed(1)
        entry_of(old)["inclusionProof"].pop("checkpoint")
        edit(entry_of(old)["inclusionProof"])
        c.put("v0.1-no-checkpoint-" + name, old, want)
    proof = entry_of(b)["inclusionProof"]
    root_hash, size = __import__("base64").b64decode(proof["rootHash"]), int(proof["treeSize"])
    for name, note, want in (
            ("other-key", w.rekor.note(size, root_hash, new_key()), "checkpoint"),
            ("other-root", w.rekor.note(size, bytes(32)), "another tree"),
            ("other-size", w.rekor.note(size + 1, root_hash), "another tree"),
            ("not-signed", w.rekor.note(size, root_hash).split("—")[0] + "— x AAAAAAAA\n", "not signed by the log"),
            ("other-name", w.rekor.note(size, root_hash).replace("— rekor", "— rekorx"), "not signed by the log"),
            ("cosigned", w.rekor.note(size, root_hash) + "— witness.example AAAAAAAA\n", "")):
        wrong = copy.deepcopy(b)
        entry_of(wrong)["inclusionProof"]["checkpoint"]["envelope"] = note
        c.put("checkpoint-" + name, wrong, want)
    root = w.root()
    root["tlogs"][0]["publicKey"]["validFor"]["end"] = stamp(NOW - 1)
    c.put("log-retired", b, "not in use", root)
    root["tlogs"][0]["publicKey"]["validFor"]["end"] = stamp(NOW)
    c.put("log-end-inclusive", b, root=root)
    del root["tlogs"][0]["publicKey"]["validFor"]["start"]
    c.put("log-without-start", b, "no start", root)


def envelopes(c):
    for kind in ("dsse", "intoto", "canonical", "hashedrekord"):
        c.put("dsse-entry-" + kind, c.attested(kind=kind)[1])
        s, b = c.attested(kind=kind)
        _, other = c.attested(kind=kind, signer=s)
        wrong = copy.deepcopy(b)
        wrong["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
        c.put(f"dsse-entry-{kind}-other-signature", wrong, "another")
        _, other = c.attested(statement(ARTIFACT, predicate={"b": 1}), kind, s)
        wrong["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
        c.put(f"dsse-entry-{kind}-other-payload", wrong, "another")
    c.put("statement-v0.1", c.attested(statement(ARTIFACT, _type="https://in-toto.io/Statement/v0.1"))[1])
    for name, payload, want in (
            ("no-type", statement(ARTIFACT, _type=None), "_type"),
            ("unknown-type", statement(ARTIFACT, _type="https://in-toto.io/Statement/v9"), "_type"),
            ("no-predicate-type", statement(ARTIFACT, predicateType=None), "predicateType"),
            ("no-subject", statement(ARTIFACT, subject=[]), "subject"),
            ("other-subject", statement(b"another"), "something else"),
            ("not-json", b"text", "JSON"), ("duplicate", statement(ARTIFACT)[:-1] + b',"_type":"x"}', "duplicate")):
        c.put("statement-" + name, c.attested(payload)[1], want)
    s = Signer(c.world)
    sig, content = s.envelope(statement(ARTIFACT), "text/plain")
    e = c.world.rekor.entry(*s.dsse(sig, statement(ARTIFACT)), NOW)
    c.put("payload-type", s.bundle(content, 3, [e]), "in-toto")
    _, b = c.attested()
    b["dsseEnvelope"]["signatures"] *= 2
    c.put("two-signatures", b, "exactly one")
    _, b = c.attested()
    b["dsseEnvelope"]["payload"] = b64(statement(ARTIFACT, predicate={"b": 1}))
    c.put("payload-changed", b, "does not hold")


def timestamps(c):
    w = c.world
    _, b = c.rekor2()
    c.put("rekor2", b)
    s = Signer(w)
    payload = statement(ARTIFACT)
    sig, content = s.envelope(payload)
    e = w.rekor2.entry(*s.dsse(sig, payload, True), None, False)
    c.put("rekor2-dsse", s.bundle(content, 3, [e], [w.tsa.token(sig)]))
    c.put("rekor2-no-time", s.bundle(content, 3, [e]), "when it was signed")
    sig2, _ = s.envelope(statement(ARTIFACT, predicate={"b": 1}))
    c.put("rekor2-token-of-another", s.bundle(content, 3, [e], [w.tsa.token(sig2)]), "timestamp")
    stranger = TimeAuthority(NOW, c.folder)
    c.put("rekor2-unknown-authority", c.rekor2(tsa=stranger)[1], "timestamp")
    root = w.root()
    two = copy.deepcopy(root["timestampAuthorities"][0])
    two["certChain"]["certificates"] = stranger.chain()
    root["timestampAuthorities"].insert(0, two)
    c.put("rekor2-two-authorities", b, root=root)
    token = __import__("base64").b64decode(
        b["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0]["signedTimestamp"])
    at = w.tsa.time(token)
    root = w.root()
    root["timestampAuthorities"][0]["validFor"]["end"] = stamp(at - 1)
    c.put("rekor2-authority-retired", b, "not in use", root)
    # An authority without certificates proves nothing for another.
    root["timestampAuthorities"].append({"uri": "https://other.test", "validFor": {"start": stamp(NOW - 86400)}})
    c.put("rekor2-authority-validity-borrowed", b, "not in use", root)
    root = w.root()
    root["timestampAuthorities"][0]["validFor"]["end"] = stamp(at)
    c.put("rekor2-authority-end-inclusive", b, root=root)
    root = w.root()
    root["tlogs"][1]["publicKey"]["validFor"]["end"] = stamp(at - 1)
    c.put("rekor2-log-retired", b, "not in use", root)
    c.put("rekor2-leaf-expired", c.rekor2(Signer(w, start=NOW - 900, end=NOW - 600))[1], "expired")
    # Two times, the second after the certificate's end: all of them count.
    end = int(time.time()) + 5
    s = Signer(w, start=NOW - 300, end=end)
    sig, content = s.message(ARTIFACT)
    e = w.rekor2.entry(*s.hashedrekord(sig, sha256(ARTIFACT), True), None, False)
    first = w.tsa.token(sig)
    while time.time() < end + 1.1:
        time.sleep(0.1)
    c.put("rekor2-one-of-two-times-outside", s.bundle(content, 3, [e], [first, w.tsa.token(sig)]), "expired")
    c.put("rekor2-first-of-them", s.bundle(content, 3, [e], [first]))
    _, b = c.rekor2()
    _, other = c.rekor2()
    b["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    c.put("rekor2-entry-swapped", b, "another signature")
    _, b = c.rekor2()
    entry_of(b)["logIndex"] = "2"
    c.put("rekor2-other-index", b, "another place")


def keys(c):
    s = Signer(c.world, keyed=True)
    keyed = {"args": ["--key", "key.pub"], "files": {"key.pub": pem(s.key)}}
    _, b = c.signed(signer=s)
    c.put("key", b, **keyed)
    c.put("key-no-log", s.bundle(s.message(ARTIFACT)[1]), **keyed)
    c.put("key-wrong", b, "none of the 1 trusted keys", args=["--key", "key.pub"], files={"key.pub": pem(new_key())})
    c.put("key-and-identity", b, "exclude", args=["--key", "key.pub", *KEYLESS], files={"key.pub": pem(s.key)})
    c.put("key-not-asked", b, "none of the 0 trusted keys")
    c.put("key-attestation", c.attested(signer=s)[1], **keyed)
    c.put("key-attestation-no-type", c.attested(statement(ARTIFACT, _type=None), signer=s)[1], "_type", **keyed)
    _, other = c.signed(signer=s)
    b["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    c.put("key-entry-swapped", b, "another signature", **keyed)
    c.put("certificate-not-asked", c.signed()[1], "only keys", **keyed)


def revoked(c):
    """Keys that `trust revoke` names count nowhere in what proves a signature."""
    w = c.world
    s, b = c.signed()
    _, b2 = c.rekor2()
    by_key = Signer(w, keyed=True)
    sig, content = by_key.message(ARTIFACT)
    keyed = by_key.bundle(content, 3, [w.rekor2.entry(*by_key.hashedrekord(sig, sha256(ARTIFACT), True), None, False)],
                          [w.tsa.token(sig)])
    pub = {"key.pub": pem(by_key.key)}
    for name, bundle, key, want in (
            ("nobody", b, new_key(), ""), ("root", b, w.ca.root_key, "revoked"),
            ("intermediate", b, w.ca.key, "revoked"), ("leaf", b, s.key, "revoked"),
            ("log", b, w.rekor.key, "revoked"), ("other-log", b, w.rekor2.key, ""), ("sct-log", b, w.ct_key, "SCT"),
            ("log2", b2, w.rekor2.key, "revoked"), ("tsa", b2, w.tsa.key, "revoked"),
            ("tsa-root", b2, w.tsa.root_key, "revoked")):
        c.put("revoked-" + name, bundle, want, files={"revoke": "key:sha256:" + sha256(spki(key)).hex()})
    for name, key, want in (("key", by_key.key, "none of the 0 trusted keys"), ("key-log", w.rekor2.key, "revoked"),
                            ("key-tsa", w.tsa.key, "revoked"), ("key-ca", w.ca.key, "")):
        c.put("revoked-" + name, keyed, want, args=["--key", "key.pub"],
              files={"revoke": "key:sha256:" + sha256(spki(key)).hex(), **pub})


def main():
    folder = os.path.abspath(sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    c = Cases(folder)
    for part in (versions, messages, identities, certificates, hostile_certificates, logs, envelopes, timestamps, keys, revoked,
                 *sigstore_forms.ALL):
        part(c)
    print(c.n)


if __name__ == "__main__":
    main()
