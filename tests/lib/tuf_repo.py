#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A TUF repository for tests, its web server, and a client that is driven against it.

Keys are made and used by openssl(1), or Python's cryptography: nothing here shares code with what is tested. All of it can be bent:
whatever is in `docs` is what the next publish() signs, whatever is in `served` is what the server gives.
"""
import copy
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse

try:  # a process less for each signature; openssl does without
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError:
    Ed25519PrivateKey = None

TOP = ('root', 'timestamp', 'snapshot', 'targets')
GENERATE = {
    'ed25519': ['genpkey', '-algorithm', 'ED25519'],
    'ecdsa-sha2-nistp256': ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    'ecdsa-sha2-nistp384': ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    'ecdsa-sha2-nistp521': ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
    'rsassa-pss-sha256': ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    'rsassa-pss-sha512': ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
    'rsa-pkcs1v15-sha256': ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
}
HASHES = {'ecdsa-sha2-nistp384': 'sha384', 'ecdsa-sha2-nistp521': 'sha512', 'rsassa-pss-sha512': 'sha512'}
work = tempfile.mkdtemp(prefix='tuf.', dir=os.environ.get('BATS_TEST_TMPDIR'))


def openssl(*args, data=None):
    return subprocess.run(['openssl', *args], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True).stdout


def canonical(v):
    """OLPC canonical JSON."""
    if isinstance(v, str):
        return '"' + v.replace('\\', '\\\\').replace('"', '\\"') + '"'
    if isinstance(v, dict):
        return '{' + ','.join(canonical(k) + ':' + canonical(v[k]) for k in sorted(v)) + '}'
    if isinstance(v, list):
        return '[' + ','.join(map(canonical, v)) + ']'
    assert v is None or isinstance(v, (bool, int))
    return json.dumps(v)


def stamp(days):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + days * 86400))


class Key:
    count = 0

    def __init__(self, scheme='ed25519', keytype=None, **extra):
        Key.count += 1
        self.scheme = scheme
        self.file = f'{work}/{Key.count}.pem'
        self.private = Ed25519PrivateKey.generate() if scheme == 'ed25519' and Ed25519PrivateKey else None
        if not self.private:
            openssl(*GENERATE[scheme], '-out', self.file)
        if self.private:
            public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        elif scheme == 'ed25519':
            public = openssl('pkey', '-in', self.file, '-pubout', '-outform', 'DER')[-32:].hex()
        else:
            public = openssl('pkey', '-in', self.file, '-pubout').decode()
        self.value = {'keytype': keytype or scheme.split('-')[0].replace('rsassa', 'rsa'), 'scheme': scheme,
                      'keyval': {'public': public}, **extra}
        self.id = hashlib.sha256(canonical(self.value).encode()).hexdigest()

    def sign(self, data):
        if self.private:
            return self.private.sign(data).hex()
        hash_name = HASHES.get(self.scheme, 'sha256')
        with open(f'{work}/message', 'wb') as f:
            f.write(data)
        if self.scheme == 'ed25519':
            return openssl('pkeyutl', '-sign', '-rawin', '-inkey', self.file, '-in', f'{work}/message').hex()
        pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-1'] if 'pss' in self.scheme else []
        return openssl('dgst', '-' + hash_name, '-sign', self.file, *pss, f'{work}/message').hex()


class Repo:
    def __init__(self, key=Key):
        self.new_key = key
        self.docs, self.signers, self.published = {}, {}, {}
        self.served = {}    # role -> function(version or None) -> bytes, instead of what was published
        self.targets = {}   # path on the server -> bytes
        self.log = []       # requests for metadata: (role as asked, version or None)
        self.target_log = []
        self.hashes = False
        self.base = ''      # of its URLs, as it is asked for
        common = {'spec_version': '1.0.31', 'version': 0}
        self.docs['root'] = {**common, '_type': 'root', 'expires': stamp(30), 'consistent_snapshot': True,
                             'keys': {}, 'roles': {r: {'keyids': [], 'threshold': 1} for r in TOP}}
        self.docs['timestamp'] = {**common, '_type': 'timestamp', 'expires': stamp(30),
                                  'meta': {'snapshot.json': {'version': 1}}}
        self.docs['snapshot'] = {**common, '_type': 'snapshot', 'expires': stamp(30),
                                 'meta': {'targets.json': {'version': 1}}}
        self.docs['targets'] = self.new_targets()
        for role in TOP:
            self.add_key(role)
        self.publish('targets', 'snapshot', 'timestamp', 'root')

    @staticmethod
    def new_targets(days=30):
        return {'_type': 'targets', 'spec_version': '1.0.31', 'version': 0, 'expires': stamp(days), 'targets': {}}

    root = property(lambda self: self.docs['root'])
    snapshot = property(lambda self: self.docs['snapshot'])
    timestamp = property(lambda self: self.docs['timestamp'])

    # Keys

    def add_key(self, role, key=None, threshold=None):
        key = key or self.new_key()
        self.root['keys'][key.id] = copy.deepcopy(key.value)
        self.root['roles'][role]['keyids'].append(key.id)
        if threshold:
            self.root['roles'][role]['threshold'] = threshold
        self.signers.setdefault(role, []).append(key)
        return key

    def rotate(self, role):
        self.root['roles'][role]['keyids'].clear()
        self.signers[role].clear()
        return self.add_key(role)

    # Publishing

    def envelope(self, role, signed=None):
        signed = signed or self.docs[role]
        data = canonical(signed).encode()
        return {'signatures': [{'keyid': k.id, 'sig': k.sign(data)} for k in self.signers[role]],
                'signed': copy.deepcopy(signed)}

    def note(self, role, data):
        """What the next snapshot or timestamp will say of these bytes."""
        meta = {'version': self.docs[role]['version']}
        if self.hashes:
            meta.update(length=len(data), hashes={'sha256': hashlib.sha256(data).hexdigest()})
        if role == 'snapshot':
            self.timestamp['meta']['snapshot.json'] = meta
        elif role not in TOP or role == 'targets':
            self.snapshot['meta'][role + '.json'] = meta

    def publish(self, *roles, bump=True, change=None):
        for role in roles:
            if bump:
                self.docs[role]['version'] += 1
            envelope = self.envelope(role)
            if change:
                change(envelope)
            data = json.dumps(envelope, indent=1).encode()
            self.published.setdefault(role, {})[self.docs[role]['version']] = data
            self.published[role][None] = data
            self.note(role, data)

    def publish_all(self):
        self.publish('targets', 'snapshot', 'timestamp')

    def delegate(self, by, name, paths=('*',), terminating=False, keys=None, threshold=1, days=30, **more):
        d = self.docs[by].setdefault('delegations', {'keys': {}, 'roles': []})
        keys = keys or [self.new_key()]
        d['keys'].update({k.id: k.value for k in keys})
        role = {'name': name, 'keyids': [k.id for k in keys], 'threshold': threshold, 'terminating': terminating}
        role.update(more if 'path_hash_prefixes' in more else {'paths': list(paths)})
        d['roles'].append(role)
        self.docs.setdefault(name, self.new_targets(days))
        self.signers.setdefault(name, []).extend(keys)

    def add_target(self, role, path, data, **more):
        digest = hashlib.sha256(data).hexdigest()
        self.docs[role]['targets'][path] = {'length': len(data), 'hashes': {'sha256': digest, **more}}
        folder, slash, base = path.rpartition('/')
        self.targets[path] = data
        self.targets[f'{folder}{slash}{digest}.{base}'] = data

    # Serving

    def answer(self, path):
        """Bytes, or None for 404."""
        kind, _, rest = path.partition('/')
        if kind == 'targets':
            self.target_log.append(rest)
            return self.targets.get(urllib.parse.unquote(rest))
        name = rest[:-len('.json')]
        version, dot, role = name.partition('.')
        if not dot or not version.isdigit() or name == 'timestamp':
            version, role = None, name
        version = int(version) if version else None
        self.log.append((role, version))
        role = urllib.parse.unquote(role)
        if role in self.served:
            return self.served[role](version)
        return self.published.get(role, {}).get(version)

    def serve(self):
        repo = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                base, path = self.path[1:len(repo.base) + 1], self.path[len(repo.base) + 1:]
                data = repo.answer(path.lstrip('/')) if base == repo.base else None
                if isinstance(data, int) or data is None:
                    self.send_error(data or 404)
                    return
                self.send_response(200)
                self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f'http://127.0.0.1:{self.server.server_port}'


class Client:
    """Runs the client under test; remembers what it said last."""

    def __init__(self, repo, init=True):
        self.repo = repo
        self.url = repo.serve()
        self.dir = tempfile.mkdtemp(dir=work)
        self.metadata, self.targets = f'{self.dir}/metadata', f'{self.dir}/targets'
        os.mkdir(self.metadata)
        os.mkdir(self.targets)
        self.said = ''
        if init:
            assert self.init(repo.published['root'][1]) == 0, self.said

    def run(self, *args, days=0):
        cmd = os.environ['PLIMSOLL'].split() + ['trust', 'tuf-client', '--metadata-dir', self.metadata, *args]
        env = dict(os.environ)
        if days:
            if not shutil.which('faketime'):
                raise SystemExit(77)
            cmd = ['faketime', '-f', f'+{days}d', *cmd]
            env['ASAN_OPTIONS'] = 'verify_asan_link_order=0:' + env.get('ASAN_OPTIONS', '')
        p = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, timeout=120)
        self.said = p.stdout.decode(errors='replace')
        return p.returncode

    def init(self, root):
        with open(f'{self.dir}/first.json', 'wb') as f:
            f.write(root)
        return self.run('init', f'{self.dir}/first.json')

    def refresh(self, days=0):
        self.repo.log.clear()
        return self.run('--metadata-url', self.url + '/metadata', 'refresh', days=days)

    def download(self, *names, days=0):
        self.repo.log.clear()
        self.repo.target_log.clear()
        named = [a for name in names for a in ('--target-name', name)]
        return self.run('--metadata-url', self.url + '/metadata/', *named, '--target-base-url',
                        self.url + '/targets/', '--target-dir', self.targets, 'download', days=days)

    def bytes_of(self, role):
        try:
            with open(f'{self.metadata}/{role}.json', 'rb') as f:
                return f.read()
        except FileNotFoundError:
            return None

    def version(self, role):
        data = self.bytes_of(role)
        return json.loads(data)['signed']['version'] if data else None

    def trusted(self):
        names = [n[:-len('.json')] for n in os.listdir(self.metadata) if n.endswith('.json')]
        return {n: self.version(n) for n in names}

    def have(self):
        """What was downloaded: name -> bytes; a hidden file would be something half-done."""
        got = {}
        for name in os.listdir(self.targets):
            with open(f'{self.targets}/{name}', 'rb') as f:
                got[name] = f.read()
        return got

    def ok(self, what=None):
        assert what is None or what in self.said, self.said
