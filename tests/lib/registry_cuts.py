#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pushes and pulls through connections that break at random bytes, and through kills of plimsoll.

    registry_cuts.py FOLDER CUTS SEED UPSTREAM-PORT KIND [REGISTRY-ROOT]

A proxy on loopback stands between plimsoll and the registry at UPSTREAM-PORT and ends each connection after a random
number of bytes, by FIN or RST. Rounds of push and pull go on until CUTS connections or processes were ended in the
middle; each round is of a new image, run again until it succeeds, and what arrived is hashed. KIND is "sessions" for a
registry whose uploads can be gone on with, or "plain" for docker-registry, which forgets an upload that broke (it keeps
the bytes and refuses its own address for them), so that a blob begins anew. Prints one line of figures."""
import glob
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

PLIMSOLL = os.environ['PLIMSOLL']
MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
LAYERS = (6_000_000, 5_000_000, 300_000)
RUNS = 60       # of one push or pull, until it has to be through


class Proxy:
    """budget() gives how many bytes a connection lives for, or None for all of them."""

    def __init__(self, upstream):
        self.upstream, self.budget = upstream, lambda: None
        self.cuts = self.up = self.down = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.connection, args=(client,), daemon=True).start()

    def connection(self, client):
        server = socket.create_connection(('127.0.0.1', self.upstream))
        with self.lock:
            state = {'left': self.budget(), 'cut': False}
        ways = [threading.Thread(target=self.pump, args=(client, server, 'up', state), daemon=True),
                threading.Thread(target=self.pump, args=(server, client, 'down', state), daemon=True)]
        for t in ways:
            t.start()
        for t in ways:
            t.join()
        client.close()
        server.close()

    def pump(self, source, to, way, state):
        try:
            while data := source.recv(32768):
                with self.lock:
                    left = state['left']
                    if left is not None:
                        data = data[:left]
                        state['left'] -= len(data)
                    over = left is not None and state['left'] == 0
                    setattr(self, way, getattr(self, way) + len(data))
                    if over and not state['cut']:
                        state['cut'] = True
                        self.cuts += 1
                        rst = random.random() < 0.5
                to.sendall(data)
                if over:
                    if rst:
                        for s in (source, to):
                            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                    break
        except (OSError, UnboundLocalError):
            pass
        for s in (source, to):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Cuts:
    def __init__(self, folder, cuts, seed, upstream, kind, root):
        self.folder, self.want, self.kind, self.root = folder, cuts, kind, root
        self.upstream = upstream
        self.rng = random.Random(seed)
        self.proxy = Proxy(upstream)
        self.kills = self.rounds = self.pushed = self.pulled = self.runs = 0

    def budget(self, large):
        """Cut somewhere: often early, where requests are, and up to the end of a large blob."""
        def f():
            if self.rng.random() < 0.2:
                return self.rng.randint(1, 4000)
            # Of a registry that begins anew, one connection in two must come through.
            if large and self.rng.random() < 0.5:
                return None
            return self.rng.randint(1, 8_000_000 if large else 1_500_000)
        return f

    def make(self, state):
        os.makedirs(state + '/blobs/sha256')

        def put(data, kind):
            h = hashlib.sha256(data).hexdigest()
            with open(f'{state}/blobs/sha256/{h}', 'wb') as f:
                f.write(data)
            return {'mediaType': kind, 'digest': 'sha256:' + h, 'size': len(data)}
        layers = [put(self.rng.randbytes(n), 'application/vnd.oci.image.layer.v1.tar') for n in LAYERS]
        config = put(json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {
            'type': 'layers', 'diff_ids': [d['digest'] for d in layers]}}).encode(),
            'application/vnd.oci.image.config.v1+json')
        top = put(json.dumps({'schemaVersion': 2, 'mediaType': MANIFEST, 'config': config, 'layers': layers}).encode(),
                  MANIFEST)
        entry = dict(top, annotations={'org.opencontainers.image.ref.name': 'web:1'})
        for name, doc in (('oci-layout', {'imageLayoutVersion': '1.0.0'}),
                          ('index.json', {'schemaVersion': 2, 'manifests': [entry]})):
            with open(f'{state}/{name}', 'w', encoding='ascii') as f:
                json.dump(doc, f)
        return top['digest'], [config] + layers

    def until_through(self, argv, env):
        """Runs it until it succeeds; every third run is killed on the way."""
        for _ in range(RUNS):
            self.runs += 1
            with open(self.folder + '/out', 'wb') as out:
                p = subprocess.Popen(argv, env=env, stdout=out, stderr=out)
                if self.rng.random() < 0.33:
                    try:
                        p.wait(self.rng.random() * float(os.environ.get('CUTS_KILL_SECONDS', '1.5')))
                    except subprocess.TimeoutExpired:
                        p.send_signal(signal.SIGKILL)
                        self.kills += 1
                p.wait()
            if p.returncode == 0:
                return
            with open(self.folder + '/out', encoding='utf-8', errors='replace') as f:
                text = f.read()
            if os.environ.get('CUTS_VERBOSE'):
                print(p.returncode, self.proxy.cuts, self.kills, text, flush=True)
            # It may give up on the connection, and on nothing else.
            if p.returncode not in (7, -signal.SIGKILL):
                sys.exit(f'exit status {p.returncode} of {argv}:\n{text}')
        sys.exit(f'not through after {RUNS} runs: {argv}:\n{text}')

    def get(self, path):
        c = http.client.HTTPConnection('127.0.0.1', self.upstream)
        c.request('GET', path, headers={'Accept': MANIFEST})
        r = c.getresponse()
        data = r.read()
        assert r.status == 200, (path, r.status, data[:200])
        return data

    def round(self):
        self.rounds += 1
        name, here, there = f'r{self.rounds}/web', self.folder + '/here', self.folder + '/there'
        ref = f'127.0.0.1:{self.proxy.port}/{name}:1'
        env = dict(os.environ, PLIMSOLL_STALL_SECONDS='10', HOME=self.folder)
        top, blobs = self.make(here)
        total = sum(d['size'] for d in blobs)
        before = self.proxy.up
        self.proxy.budget = self.budget(self.kind == 'plain')
        self.until_through([PLIMSOLL, '-q', '--state', here, 'push', 'web:1', ref], env)
        self.proxy.budget = lambda: None
        self.again_up += self.proxy.up - before - total
        self.pushed += total
        for d in blobs:
            got = self.get(f'/v2/{name}/blobs/{d["digest"]}')
            assert 'sha256:' + hashlib.sha256(got).hexdigest() == d['digest']
        assert 'sha256:' + hashlib.sha256(self.get(f'/v2/{name}/manifests/1')).hexdigest() == top
        assert not glob.glob(here + '/tmp/*'), os.listdir(here + '/tmp')
        before = self.proxy.down
        self.proxy.budget = self.budget(False)
        self.until_through([PLIMSOLL, '-q', '--state', there, 'pull', ref], env)
        self.proxy.budget = lambda: None
        self.again_down += self.proxy.down - before - total
        self.pulled += total
        for d in blobs:
            with open(f'{there}/blobs/sha256/{d["digest"][7:]}', 'rb') as f:
                assert 'sha256:' + hashlib.sha256(f.read()).hexdigest() == d['digest']
        subprocess.run(['rm', '-rf', here, there], check=True)

    again_up = again_down = 0

    def run(self):
        began = time.monotonic()
        while self.proxy.cuts + self.kills < self.want:
            self.round()
        print(f'{self.kind}: {self.proxy.cuts} cuts and {self.kills} kills in {self.rounds} pushes and pulls ({self.runs} '
              f'runs, {time.monotonic() - began:.0f} s); pushed {self.pushed / 1e6:.0f} MB and {self.again_up / 1e6:.1f} MB '
              f'again, pulled {self.pulled / 1e6:.0f} MB and {self.again_down / 1e6:.1f} MB again; headers are counted')


if __name__ == '__main__':
    Cuts(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5],
         sys.argv[6] if len(sys.argv) > 6 else None).run()
