#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Notary Project envelopes in COSE form by cbor2 and cryptography, which share nothing with plimsoll.

    cose_peer.py check FILE                     verify the signature under the leaf; print what it says as JSON
    cose_peer.py make KEY CERT DESCRIPTOR [FAULT]   an envelope over a descriptor (JSON), to standard output
"""
import json
import sys
import time

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

P = 'io.cncf.notary.'
CTY = 'application/vnd.cncf.notary.payload.v1+json'
CURVES = {'secp256r1': (-7, hashes.SHA256(), 32), 'secp384r1': (-35, hashes.SHA384(), 48),
          'secp521r1': (-36, hashes.SHA512(), 66)}


def to_be_signed(protected, payload):
    return cbor2.dumps(['Signature1', protected, b'', payload])


def check(path):
    data = open(path, 'rb').read()
    tag = cbor2.loads(data)
    assert tag.tag == 18 and len(tag.value) == 4
    head, unprotected, payload, signature = tag.value
    protected = cbor2.loads(head)
    again = {k: cbor2.CBORTag(1, int(v.timestamp())) if hasattr(v, 'timestamp') else v for k, v in protected.items()}
    assert cbor2.dumps(again, canonical=True) == head, 'the header is not in its deterministic form'
    leaf = x509.load_der_x509_certificate(unprotected[33][0])
    alg, digest, width = CURVES[leaf.public_key().curve.name]
    assert protected[1] == alg and len(signature) == 2 * width
    der = utils.encode_dss_signature(int.from_bytes(signature[:width], 'big'), int.from_bytes(signature[width:], 'big'))
    leaf.public_key().verify(der, to_be_signed(head, payload), ec.ECDSA(digest))
    said = {str(k): v for k, v in protected.items() if k in (1, 2, 3, P + 'signingScheme')}
    said['signed'] = protected[P + 'signingTime'].timestamp()
    said['expires'] = protected[P + 'expiry'].timestamp() if P + 'expiry' in protected else None
    said['payload'] = json.loads(payload)
    print(json.dumps(said))


def header(fault):
    now = int(time.time()) - 60
    h = {1: -7, 2: [P + 'signingScheme'], 3: CTY, P + 'signingScheme': 'notary.x509',
         P + 'signingTime': cbor2.CBORTag(1, now)}
    if fault == 'critical':
        h[2] = [P + 'signingScheme', 'com.example.new']
        h['com.example.new'] = 1
    if fault == 'expired':
        h[2] = [P + 'signingScheme', P + 'expiry']
        h[P + 'expiry'] = cbor2.CBORTag(1, now + 1)
    if fault == 'algorithm':
        h[1] = -35
    if fault == 'authority':
        h[P + 'signingScheme'] = 'notary.x509.signingAuthority'
    return h


def make(key, cert, descriptor, fault=None):
    key = serialization.load_pem_private_key(open(key, 'rb').read(), None)
    cert = x509.load_pem_x509_certificate(open(cert, 'rb').read())
    payload = json.dumps({'targetArtifact': json.loads(descriptor)}).encode()
    head = cbor2.dumps(header(fault))
    if fault == 'twice':  # the algorithm once more, before the others
        head = bytes([head[0] + 1]) + cbor2.dumps(1) + cbor2.dumps(-35) + head[1:]
    if fault == 'indefinite':
        head = b'\xbf' + head[1:] + b'\xff'
    r, s = utils.decode_dss_signature(key.sign(to_be_signed(head, payload), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, 'big') + s.to_bytes(32, 'big')
    if fault == 'payload':
        payload = payload.replace(b'"size": ', b'"size": 1')
    der = cert.public_bytes(serialization.Encoding.DER)
    unprotected = {33: [der], P + 'signingAgent': 'peer/1'}
    whole = cbor2.dumps(cbor2.CBORTag(18, [head, unprotected, payload, signature]))
    sys.stdout.buffer.write(whole + (b'\0' if fault == 'trailing' else b''))


{'check': check, 'make': make}[sys.argv[1]](*sys.argv[2:])
