# A sigstore of our own: a certificate authority with an SCT log, a transparency log in the manner of Rekor 1 and 2, a
# time-stamp authority, their trusted root, and signers. What it makes are the JSON values of bundles, to be bent.
import base64
import copy
import datetime
import hashlib
import json
import os
import struct
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ARTIFACT = b"the artifact\n"
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
ISSUER = "https://accounts.example.com"
IDENTITY = "https://git.example.com/team/app/release.yml@refs/heads/main"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


def b64(b):
    return base64.b64encode(b).decode()


def sha256(b):
    return hashlib.sha256(b).digest()


def canonical(j):
    return json.dumps(j, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def private_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def sign(key, data, by=None):
    by = by or hashes.SHA256()
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), by)
    return key.sign(data, ec.ECDSA(by))


def new_key(curve=None):
    return ec.generate_private_key(curve or ec.SECP256R1())


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "sigstore.test"),
                      x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def when(t):
    return datetime.datetime.utcfromtimestamp(t)


def stamp(t):
    return when(t).strftime("%Y-%m-%dT%H:%M:%SZ")


def pae(payload, kind=PAYLOAD_TYPE):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def certificate(subject, key, issuer, issuer_key, start, end, extensions):
    b = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    b = b.serial_number(x509.random_serial_number()).not_valid_before(when(start)).not_valid_after(when(end))
    for value, critical in extensions:
        b = b.add_extension(value, critical)
    return b, issuer_key


class Authority:
    """A root and one intermediate, which issues leaves."""

    def __init__(self, now, cn="sigstore-intermediate", is_ca=True, path_len=None, more=()):
        self.root_key, self.key = new_key(), new_key()
        ca = [(x509.BasicConstraints(True, path_len), True),
              (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)]
        between = [(x509.BasicConstraints(is_ca, None), True), ca[1], *more]
        day = 86400
        b, k = certificate(name("sigstore"), self.root_key, name("sigstore"), self.root_key, now - 100 * day,
                           now + 100 * day, ca)
        self.root = b.sign(k, hashes.SHA256())
        b, k = certificate(name(cn), self.key, name("sigstore"), self.root_key, now - 100 * day, now + 100 * day,
                           between)
        self.cert = b.sign(k, hashes.SHA256())

        self.above = []

    def deepen(self, now):
        """One more authority below, which issues from now on."""
        key = new_key()
        ca = [(x509.BasicConstraints(True, 0), True),
              (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True),
              (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)]
        b, k = certificate(name("sigstore-intermediate l2"), key, self.cert.subject, self.key, now - 86400,
                           now + 86400, ca)
        self.above, self.key, self.cert = [self.cert, *self.above], key, b.sign(k, hashes.SHA256())

    def chain(self):
        return [{"rawBytes": b64(der(c))} for c in (self.cert, *self.above, self.root)]


def entry_of(bundle, i=0):
    return bundle["verificationMaterial"]["tlogEntries"][i]


class TreeLog:
    """A log of which the tree has a few leaves of others besides ours."""

    def __init__(self, key, host):
        self.key, self.host, self.by, self.alone = key, host, None, False
        self.id, self.origin = sha256(spki(key)), f"{host} - 7"
        if isinstance(key, ed25519.Ed25519PrivateKey):  # as signed notes have it, and so Rekor 2
            self.origin = host
            self.id = sha256(host.encode() + b"\n\x01" + key.public_key().public_bytes(
                serialization.Encoding.Raw, serialization.PublicFormat.Raw))

    def tree(self, body):
        leaf = sha256(b"\0" + body)
        if self.alone:
            return [], leaf, 0, 1
        left = sha256(b"\0other")
        right = sha256(b"\x01" + sha256(b"\0third") + sha256(b"\0fourth"))
        mine = sha256(b"\x01" + left + leaf)
        return [left, right], sha256(b"\x01" + mine + right), 1, 4

    def note(self, size, root, key=None, hint=None):
        text = f"{self.origin}\n{size}\n{b64(root)}\n"
        raw = (hint or self.id[:4]) + sign(key or self.key, text.encode(), self.by)
        return f"{text}\n— {self.host} {b64(raw)}\n"

    def entry(self, kind, version, spec, time, promise=True, proof=True):
        body = canonical({"kind": kind, "apiVersion": version, "spec": spec})
        hashes_, root, index, size = self.tree(body)
        e = {"logIndex": "1017" if promise else str(index), "logId": {"keyId": b64(self.id)}, "kindVersion": {"kind": kind, "version": version},
             "canonicalizedBody": b64(body)}
        if time:
            e["integratedTime"] = str(time)
        if promise:
            e["inclusionPromise"] = {"signedEntryTimestamp": b64(self.promise(body, time))}
        if proof:
            e["inclusionProof"] = {"logIndex": str(index), "rootHash": b64(root), "treeSize": str(size),
                                   "hashes": [b64(h) for h in hashes_],
                                   "checkpoint": {"envelope": self.note(size, root)}}
        return e

    def promise(self, body, time, key=None):
        return sign(key or self.key, canonical({"body": b64(body), "integratedTime": time, "logID": self.id.hex(),
                                                "logIndex": 1017}), self.by)


class TimeAuthority:
    """openssl ts, whose clock is this machine's."""

    def __init__(self, now, folder, end=None, between=False):
        """end: of its own certificate. between: an authority more between that and the root."""
        self.dir = tempfile.mkdtemp(dir=folder)
        self.root_key, self.key = new_key(), new_key()
        self.between = []
        ca = [(x509.BasicConstraints(True, None), True),
              (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)]
        leaf = [(x509.BasicConstraints(False, None), True),
                (x509.KeyUsage(True, False, False, False, False, False, False, False, False), True),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)]
        b, k = certificate(name("tsa root"), self.root_key, name("tsa root"), self.root_key, now - 86400, now + 864000,
                           ca)
        self.root = b.sign(k, hashes.SHA256())
        above, above_key = name("tsa root"), self.root_key
        if between:
            key = new_key()
            b, k = certificate(name("tsa between"), key, above, above_key, now - 86400, now + 864000, ca)
            self.between = [b.sign(k, hashes.SHA256())]
            above, above_key = name("tsa between"), key
        b, k = certificate(name("tsa"), self.key, above, above_key, now - 86400, end or now + 864000, leaf)
        self.cert = b.sign(k, hashes.SHA256())
        for file, data in (("key", private_pem(self.key)),
                           ("crt", self.cert.public_bytes(serialization.Encoding.PEM)),
                           ("serial", b"01\n"),
                           ("conf", b"[tsa]\nserial=serial\ncrypto_device=builtin\nsigner_digest=sha256\n"
                                    b"default_policy=1.2.3.4\ndigests=sha256\nordering=yes\ntsa_name=no\n"
                                    b"ess_cert_id_chain=no\n")):
            with open(os.path.join(self.dir, file), "wb") as f:
                f.write(data)

    def run(self, *args):
        return subprocess.run(["openssl", "ts", *args], cwd=self.dir, check=True, capture_output=True).stdout

    def token(self, data, embed=False):
        with open(os.path.join(self.dir, "data"), "wb") as f:
            f.write(data)
        self.run("-query", "-data", "data", "-sha256", "-no_nonce", *(["-cert"] if embed else []), "-out", "query")
        self.run("-reply", "-config", "conf", "-section", "tsa", "-queryfile", "query", "-signer", "crt", "-inkey",
                 "key", "-out", "token")
        with open(os.path.join(self.dir, "token"), "rb") as f:
            return f.read()

    def time(self, token):
        with open(os.path.join(self.dir, "token"), "wb") as f:
            f.write(token)
        for line in self.run("-reply", "-in", "token", "-text").decode().splitlines():
            if line.startswith("Time stamp: "):
                t = datetime.datetime.strptime(line[12:], "%b %d %H:%M:%S %Y GMT")
                return int(t.replace(tzinfo=datetime.timezone.utc).timestamp())
        raise ValueError("no time")

    def chain(self):
        return [{"rawBytes": b64(der(c))} for c in (self.cert, *self.between, self.root)]


class World:
    def __init__(self, now, folder):
        self.now = now
        self.ca = Authority(now)
        self.ct_key = new_key()
        self.rekor = TreeLog(new_key(), "rekor.sigstore.test")
        self.rekor2 = TreeLog(ed25519.Ed25519PrivateKey.generate(), "log2026.rekor.sigstore.test")
        self.tsa = TimeAuthority(now, folder)

    def root(self):
        since = {"validFor": {"start": stamp(self.now - 86400)}}

        def log(key, details, host="ct.sigstore.test"):
            return {"baseUrl": f"https://{host}", "hashAlgorithm": "SHA2_256",
                    "publicKey": {"rawBytes": b64(spki(key)), "keyDetails": details, **copy.deepcopy(since)},
                    "logId": {"keyId": b64(TreeLog(key, host).id)}}

        def authority(of):
            return {"subject": {"organization": "sigstore.test", "commonName": "sigstore"},
                    "uri": "https://ca.sigstore.test", "certChain": {"certificates": of.chain()},
                    **copy.deepcopy(since)}

        return {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.rekor.key, "PKIX_ECDSA_P256_SHA_256", self.rekor.host),
                          log(self.rekor2.key, "PKIX_ED25519", self.rekor2.host)],
                "certificateAuthorities": [authority(self.ca)],
                "ctlogs": [log(self.ct_key, "PKIX_ECDSA_P256_SHA_256")],
                "timestampAuthorities": [authority(self.tsa)]}

    def leaf(self, key, start=None, end=None, san=None, usage=None, issuer=ISSUER, old_issuer=None, ct_key=None,
             sct=True, sct_extensions=b"", ca=None, more=(), bits=(True, False, False, False, False, False, False, False, False)):
        """A certificate with its SCT, made over the same without it."""
        ca = ca or self.ca
        start = self.now - 300 if start is None else start
        end = self.now + 300 if end is None else end
        der_string = bytes([0x0c, len(issuer)]) + issuer.encode() if issuer else b""
        extensions = [
            (x509.KeyUsage(*bits), True),
            (x509.ExtendedKeyUsage(usage or [ExtendedKeyUsageOID.CODE_SIGNING]), False),
            (x509.SubjectAlternativeName(san or [x509.UniformResourceIdentifier(IDENTITY)]), True)]
        if issuer:
            extensions.append((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), der_string),
                               False))
        if old_issuer:
            extensions.append((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1"),
                                                          old_issuer.encode()), False))
        b, k = certificate(x509.Name([]), key, ca.cert.subject, ca.key, start, end, extensions + list(more))
        if not sct:
            return b.sign(k, hashes.SHA256())
        tbs = b.sign(k, hashes.SHA256()).tbs_certificate_bytes
        log = ct_key or self.ct_key
        at = struct.pack(">Q", start * 1000)
        extra = struct.pack(">H", len(sct_extensions)) + sct_extensions
        text = b"\0\0" + at + b"\0\1" + sha256(spki(ca.key)) + struct.pack(">I", len(tbs))[1:] + tbs + extra
        sig = sign(log, text)
        one = b"\0" + sha256(spki(log)) + at + extra + b"\4\3" + struct.pack(">H", len(sig)) + sig
        listed = struct.pack(">H", len(one) + 2) + struct.pack(">H", len(one)) + one
        octets = b"\x04" + (bytes([len(listed)]) if len(listed) < 128 else bytes([0x81, len(listed)])) + listed
        b = b.add_extension(x509.UnrecognizedExtension(SCT_LIST, octets), False)
        return b.sign(k, hashes.SHA256())


def statement(artifact, **changes):
    s = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": sha256(artifact).hex()}}],
         "predicateType": "https://example.com/predicate", "predicate": {}}
    s.update(changes)
    return canonical({k: v for k, v in s.items() if v is not None})


class Signer:
    """A key, with its certificate or without, and the entries that logs have of what it signs."""

    def __init__(self, world, key=None, by=None, **leaf):
        """by: the hash of its signatures, of SHA-256 when not told."""
        self.world, self.key, self.by = world, key or new_key(), by or hashes.SHA256()
        self.cert = None if leaf.get("keyed") else world.leaf(self.key, **leaf)

    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM) if self.cert else pem(self.key)

    def verifier(self):
        v = {"keyDetails": "PKIX_ECDSA_P256_SHA_256"}
        if self.cert:
            v["x509Certificate"] = {"rawBytes": b64(der(self.cert))}
        else:
            v["publicKey"] = {"rawBytes": b64(spki(self.key))}
        return v

    def hashedrekord(self, sig, digest, v2=False):
        bits = 8 * len(digest)
        if v2:
            return "hashedrekord", "0.0.2", {"hashedRekordV002": {
                "data": {"algorithm": f"SHA2_{bits}", "digest": b64(digest)},
                "signature": {"content": b64(sig), "verifier": self.verifier()}}}
        return "hashedrekord", "0.0.1", {"data": {"hash": {"algorithm": f"sha{bits}", "value": digest.hex()}},
                                         "signature": {"content": b64(sig),
                                                       "publicKey": {"content": b64(self.pem())}}}

    def dsse(self, sig, payload, v2=False):
        if v2:
            return "dsse", "0.0.2", {"dsseV002": {
                "payloadHash": {"algorithm": "SHA2_256", "digest": b64(sha256(payload))},
                "signatures": [{"content": b64(sig), "verifier": self.verifier()}]}}
        return "dsse", "0.0.1", {"envelopeHash": {"algorithm": "sha256", "value": "00" * 32},
                                 "payloadHash": {"algorithm": "sha256", "value": sha256(payload).hex()},
                                 "signatures": [{"signature": b64(sig), "verifier": b64(self.pem())}]}

    def intoto(self, sig, payload, twice=True):
        text = b64(b64(sig).encode()) if twice else b64(sig)
        return "intoto", "0.0.2", {"content": {
            "envelope": {"payloadType": PAYLOAD_TYPE, "signatures": [{"publicKey": b64(self.pem()), "sig": text}]},
            "hash": {"algorithm": "sha256", "value": "00" * 32},
            "payloadHash": {"algorithm": "sha256", "value": sha256(payload).hex()}}}

    def material(self, minor, entries, tokens):
        m = {"tlogEntries": entries}
        if not self.cert:
            m["publicKey"] = {"hint": b64(sha256(spki(self.key)))}
        elif minor == 3:
            m["certificate"] = {"rawBytes": b64(der(self.cert))}
        else:
            m["x509CertificateChain"] = {"certificates": [{"rawBytes": b64(der(self.cert))}]}
        if tokens:
            m["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": b64(t)} for t in tokens]}
        return m

    def bundle(self, content, minor=3, entries=(), tokens=()):
        kind = ("application/vnd.dev.sigstore.bundle.v0.3+json" if minor == 3
                else f"application/vnd.dev.sigstore.bundle+json;version=0.{minor}")
        return {"mediaType": kind, "verificationMaterial": self.material(minor, list(entries), list(tokens)), **content}

    def message(self, artifact):
        sig = sign(self.key, artifact, self.by)
        return sig, {"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(sha256(artifact))},
                                          "signature": b64(sig)}}

    def envelope(self, payload, kind=PAYLOAD_TYPE):
        sig = sign(self.key, pae(payload, kind), self.by)
        return sig, {"dsseEnvelope": {"payload": b64(payload), "payloadType": kind, "signatures": [{"sig": b64(sig)}]}}
