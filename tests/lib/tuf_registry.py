#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What somebody who holds a registry, and perhaps some keys, does to the TUF metadata in it.

    tuf_registry.py get REF DIR            the files of the artifact, as their titles, into DIR
    tuf_registry.py put REF DIR            DIR as the artifact, whatever is in it
    tuf_registry.py tag REF DIGEST         moves the tag of an image
    tuf_registry.py sign FILE JQ KEYDIR [KEYID...]
                                           changes what FILE signs (jq) and signs it with the keys named, or all it names
    tuf_registry.py check DIR [NAME:TAG]   what an independent verifier says of it; prints versions, the target's sha256

Nothing here shares code with what is tested: keys are used by Python's cryptography, canonical JSON and signatures are
checked by securesystemslib, which is Debian's, where it is installed.
"""
import hashlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
ARTIFACT = 'application/vnd.plimsoll.tuf.v1+json'
TITLE = 'org.opencontainers.image.title'


def call(method, url, data=None, **headers):
    request = urllib.request.Request(url, data=data, method=method,
                                     headers={k.replace('_', '-'): v for k, v in headers.items()})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read(), dict(response.headers)


def split(ref):
    host, _, rest = ref.partition('/')
    name, _, tag = rest.rpartition(':')
    return f'http://{host}/v2/{name}', tag


def get(ref, folder):
    base, tag = split(ref)
    manifest = json.loads(call('GET', f'{base}/manifests/{tag}', accept=MANIFEST)[0])
    assert manifest['artifactType'] == ARTIFACT, manifest
    os.makedirs(folder, exist_ok=True)
    for layer in manifest['layers']:
        data = call('GET', f'{base}/blobs/{layer["digest"]}')[0]
        with open(f'{folder}/{layer["annotations"][TITLE]}', 'wb') as f:
            f.write(data)


def blob(base, data):
    digest = 'sha256:' + hashlib.sha256(data).hexdigest()
    try:
        call('HEAD', f'{base}/blobs/{digest}')
    except urllib.error.HTTPError:
        location = call('POST', f'{base}/blobs/uploads/', b'')[1]['Location']
        call('PUT', f'{location}&digest={digest}', data, content_type='application/octet-stream')
    return {'mediaType': 'application/vnd.tuf+json', 'digest': digest, 'size': len(data)}


def put(ref, folder):
    base, tag = split(ref)
    layers = []
    for name in sorted(os.listdir(folder)):
        with open(f'{folder}/{name}', 'rb') as f:
            layers.append({**blob(base, f.read()), 'annotations': {TITLE: name}})
    config = {**blob(base, b'{}'), 'mediaType': 'application/vnd.oci.empty.v1+json'}
    manifest = {'schemaVersion': 2, 'mediaType': MANIFEST, 'artifactType': ARTIFACT, 'config': config,
                'layers': layers}
    call('PUT', f'{base}/manifests/{tag}', json.dumps(manifest).encode(), content_type=MANIFEST)


def tag_as(ref, digest):
    base, tag = split(ref)
    data = call('GET', f'{base}/manifests/{digest}', accept=MANIFEST)[0]
    call('PUT', f'{base}/manifests/{tag}', data, content_type=MANIFEST)


def canonical(v):
    """OLPC canonical JSON."""
    if isinstance(v, str):
        return '"' + v.replace('\\', '\\\\').replace('"', '\\"') + '"'
    if isinstance(v, dict):
        return '{' + ','.join(canonical(k) + ':' + canonical(v[k]) for k in sorted(v)) + '}'
    if isinstance(v, list):
        return '[' + ','.join(map(canonical, v)) + ']'
    return json.dumps(v)


def sign(path, change, keys, *keyids):
    with open(path, 'rb') as f:
        envelope = json.load(f)
    text = subprocess.run(['jq', '-c', change], input=json.dumps(envelope['signed']).encode(), check=True,
                          stdout=subprocess.PIPE).stdout
    envelope['signed'] = json.loads(text)
    data = canonical(envelope['signed']).encode()
    keyids = keyids or [s['keyid'] for s in envelope['signatures']]
    envelope['signatures'] = []
    for keyid in keyids:
        with open(f'{keys}/{keyid}.pem', 'rb') as f:
            key = serialization.load_pem_private_key(f.read(), None)
        if isinstance(key, ed25519.Ed25519PrivateKey):
            sig = key.sign(data)
        else:
            sig = key.sign(data, ec.ECDSA(hashes.SHA256()))
        envelope['signatures'].append({'keyid': keyid, 'sig': sig.hex()})
    with open(path, 'w') as f:
        json.dump(envelope, f)


# The verifier

def verify(envelope, by, role):
    try:
        from securesystemslib.formats import encode_canonical
        from securesystemslib.keys import verify_signature
    except ImportError:
        encode_canonical, verify_signature = canonical, None
    keyids = by['roles'][role]['keyids'] if isinstance(by['roles'], dict) else \
        next(r for r in by['roles'] if r['name'] == role)['keyids']
    threshold = by['roles'][role]['threshold'] if isinstance(by['roles'], dict) else \
        next(r for r in by['roles'] if r['name'] == role)['threshold']
    data = encode_canonical(envelope['signed']).encode()
    assert data == canonical(envelope['signed']).encode()
    good = set()
    for s in envelope['signatures']:
        if s['keyid'] not in keyids:
            continue
        key = by['keys'][s['keyid']]
        assert s['keyid'] == hashlib.sha256(canonical(key).encode()).hexdigest()
        if verify_signature:
            assert verify_signature({**key, 'keyid': s['keyid']}, s, data), (role, s)
        if key['keytype'] == 'ed25519':
            ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(key['keyval']['public'])).verify(
                bytes.fromhex(s['sig']), data)
        else:
            serialization.load_pem_public_key(key['keyval']['public'].encode()).verify(
                bytes.fromhex(s['sig']), data, ec.ECDSA(hashes.SHA256()))
        good.add(s['keyid'])
    assert len(good) >= threshold, f'{role}: {len(good)} of {threshold}'


def load(folder, name, meta=None):
    with open(f'{folder}/{name}', 'rb') as f:
        data = f.read()
    if meta:
        assert len(data) == meta['length'], name
        assert hashlib.sha256(data).hexdigest() == meta['hashes']['sha256'], name
    envelope = json.loads(data)
    if meta:
        assert envelope['signed']['version'] == meta['version'], name
    return envelope


def check(folder, target=None):
    root = load(folder, '1.root.json')
    verify(root, root['signed'], 'root')
    while os.path.exists(f'{folder}/{root["signed"]["version"] + 1}.root.json'):
        following = load(folder, f'{root["signed"]["version"] + 1}.root.json')
        verify(following, root['signed'], 'root')
        verify(following, following['signed'], 'root')
        assert following['signed']['version'] == root['signed']['version'] + 1
        root = following
    timestamp = load(folder, 'timestamp.json')
    verify(timestamp, root['signed'], 'timestamp')
    meta = timestamp['signed']['meta']['snapshot.json']
    snapshot = load(folder, f'{meta["version"]}.snapshot.json', meta)
    verify(snapshot, root['signed'], 'snapshot')
    meta = snapshot['signed']['meta']['targets.json']
    targets = load(folder, f'{meta["version"]}.targets.json', meta)
    verify(targets, root['signed'], 'targets')
    listed = dict(targets['signed']['targets'])
    for role in targets['signed'].get('delegations', {}).get('roles', ()):
        meta = snapshot['signed']['meta'].get(role['name'] + '.json')
        if meta:
            delegated = load(folder, f'{meta["version"]}.{role["name"]}.json', meta)
            verify(delegated, targets['signed']['delegations'], role['name'])
            listed = {**delegated['signed']['targets'], **listed}
    print(root['signed']['version'], timestamp['signed']['version'], snapshot['signed']['version'],
          targets['signed']['version'])
    if target:
        print(listed[target]['hashes']['sha256'])


if __name__ == '__main__':
    {'get': get, 'put': put, 'tag': tag_as, 'sign': sign, 'check': check}[sys.argv[1]](*sys.argv[2:])
