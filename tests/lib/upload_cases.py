#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Uploads to registries that break or lie in one way each: upload_cases.py NAME... runs these cases, --list names them.
Every one pushes an image with one layer of 6 MB, of which MIB are taken before something happens."""
import base64
import glob
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

from upload_server import Registry

PLIMSOLL = os.environ['PLIMSOLL']
MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
MIB = 1 << 20
SIZE = 6 * 1000 * 1000
LAYER = hashlib.shake_256(b'a layer').digest(SIZE)
DIGEST = 'sha256:' + hashlib.sha256(LAYER).hexdigest()
CASES = {}


def case(f):
    CASES[f.__name__] = f
    return f


def make_state(where):
    os.makedirs(where + '/blobs/sha256')

    def put(data, media_type):
        h = hashlib.sha256(data).hexdigest()
        with open(f'{where}/blobs/sha256/{h}', 'wb') as f:
            f.write(data)
        return {'mediaType': media_type, 'digest': 'sha256:' + h, 'size': len(data)}

    config = put(json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {
        'type': 'layers', 'diff_ids': [DIGEST]}}).encode(), 'application/vnd.oci.image.config.v1+json')
    layer = put(LAYER, 'application/vnd.oci.image.layer.v1.tar')
    top = put(json.dumps({'schemaVersion': 2, 'mediaType': MANIFEST, 'config': config, 'layers': [layer]}).encode(), MANIFEST)
    top['annotations'] = {'org.opencontainers.image.ref.name': 'web:1'}
    with open(where + '/oci-layout', 'w', encoding='ascii') as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')
    with open(where + '/index.json', 'w', encoding='ascii') as f:
        json.dump({'schemaVersion': 2, 'manifests': [top]}, f)


class Push:
    """One registry with its hook, one state folder."""

    def __init__(self, folder, hook=None):
        self.registry = Registry(hook)
        self.state = folder + '/state'
        self.env = dict(os.environ, PLIMSOLL_STALL_SECONDS='2', HOME=folder)
        make_state(self.state)

    def argv(self):
        return [PLIMSOLL, '--state', self.state, 'push', 'web:1', f'127.0.0.1:{self.registry.port}/a/web:1']

    def run(self, status=0, *words):
        began = time.monotonic()
        p = subprocess.run(self.argv(), env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                           check=False)
        self.output, self.took = p.stdout.decode(), time.monotonic() - began
        assert p.returncode == status, f'exit status {p.returncode}, expected {status}:\n{self.output}'
        for w in words:
            assert w in self.output, f'no {w!r} in:\n{self.output}'
        if status == 0:
            assert self.registry.blobs[DIGEST] == LAYER
            assert self.kept() == [], self.kept()
        else:
            assert '1' not in self.registry.manifests, 'a manifest was sent although a blob is missing'

    def kept(self):
        return glob.glob(self.state + '/tmp/*')

    def start(self):
        return subprocess.Popen(self.argv(), env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Hook:
    """What happens to the layer's PATCH number n (0, 1…), GET and PUT of its session; else all is well. The layer is
    the one blob that is sent by PATCH, so its session is the one that a PATCH names."""

    def __init__(self, patch=None, get=None, put=None, every=None):
        self.do = {'PATCH': patch, 'GET': get, 'PUT': put}
        self.every = every
        self.n = {'PATCH': 0, 'GET': 0, 'PUT': 0}
        self.sid = None

    def __call__(self, h):
        if self.every and self.every(h):
            return True
        if h.command == 'PATCH':
            self.sid = h.session
        f = self.do.get(h.command)
        if not f or not h.session or h.session != self.sid:
            return False
        n = self.n[h.command]
        self.n[h.command] += 1
        return f(h, n)


def part(h, most=MIB):
    """Takes a part of a PATCH as it should be."""
    h.take(h.registry.sessions[h.session], most)


def first(f):
    """A patch hook: f for the first, then all is well."""
    def hook(h, n):
        if n:
            return False
        part(h)
        f(h)
        return True
    return hook


def cut(h):
    h.cut()


def resumed(push, at=MIB):
    """All of it came, nothing twice but what was on its way."""
    patches = push.registry.seen('PATCH')
    assert f' {at}-{SIZE - 1} ' in patches[-1] + ' ', patches
    assert push.registry.received < SIZE + 4096, push.registry.received


# Sessions that are gone on with

@case
def whole(folder):
    push = Push(folder)
    push.run()
    assert len(push.registry.seen('PATCH')) == 1 and f' 0-{SIZE - 1} ' in push.registry.seen('PATCH')[0]
    assert not push.registry.seen('GET', 'uploads'), push.registry.log


@case
def cut_in_patch(folder):
    push = Push(folder, Hook(patch=first(cut)))
    push.run()
    resumed(push)


@case
def cut_ten_times(folder):
    def hook(h, n):
        if n == 10:
            return False
        part(h, MIB // 4)
        h.cut()
    push = Push(folder, Hook(patch=hook))
    push.run()
    resumed(push, 10 * MIB // 4)


@case
def error_500(folder):
    push = Push(folder, Hook(patch=first(lambda h: h.error(500, 'UNKNOWN'))))
    push.run()
    resumed(push)


@case
def error_408(folder):
    push = Push(folder, Hook(patch=first(lambda h: h.error(408, 'UNKNOWN'))))
    push.run()
    resumed(push)


@case
def retry_after_seconds(folder):
    push = Push(folder, Hook(patch=first(lambda h: h.error(429, 'TOOMANYREQUESTS', Retry_After='3'))))
    push.run()
    resumed(push)
    assert push.took > 3, push.took


@case
def retry_after_date(folder):
    push = Push(folder, Hook(patch=first(
        lambda h: h.error(503, 'UNAVAILABLE', Retry_After=formatdate(time.time() + 4, usegmt=True)))))
    push.run()
    resumed(push)
    assert push.took > 3, push.took


@case
def stall(folder):
    def silence(h):
        time.sleep(12)
        h.cut()
    push = Push(folder, Hook(patch=first(silence)))
    push.run()
    resumed(push)


@case
def status_fails_once(folder):
    push = Push(folder, Hook(patch=first(cut), get=lambda h, n: n == 0 and (h.error(502, 'UNKNOWN') or True)))
    push.run()
    resumed(push)


@case
def refused_from_there(folder):
    """416: less is there than it said."""
    def hook(h, n):
        if n == 0:
            part(h)
            h.cut()
        if n == 1:
            del h.registry.sessions[h.session][MIB // 2:]
        return False
    push = Push(folder, Hook(patch=hook))
    push.run()
    assert f' {MIB // 2}-{SIZE - 1} ' in push.registry.seen('PATCH')[-1]


@case
def refused_for_ever(folder):
    """416 for what it asked for: another session, and in the end none."""
    push = Push(folder, Hook(patch=lambda h, n: h.error(416, 'RANGE_INVALID') or True))
    push.run(7, 'upload')
    assert 2 <= len(push.registry.seen('PATCH')) <= 12


@case
def vanished(folder):
    def get(h, n):
        h.registry.sessions.clear()
        return False
    push = Push(folder, Hook(patch=first(cut), get=get))
    push.run()
    assert f' 0-{SIZE - 1} ' in push.registry.seen('PATCH')[-1]


@case
def kept_less_than_taken(folder):
    """202 for a part of it: the rest is sent."""
    def hook(h, n):
        if n:
            return False
        part(h, SIZE)
        del h.registry.sessions[h.session][MIB:]
        h.place(h.session, 202)
        return True
    push = Push(folder, Hook(patch=hook))
    push.run()
    assert f' {MIB}-{SIZE - 1} ' in push.registry.seen('PATCH')[-1]


@case
def put_lost_after_it_arrived(folder):
    def put(h, n):
        if n == 0:
            h.registry.blobs[DIGEST] = bytes(h.registry.sessions.pop(h.session))
            h.cut()
    push = Push(folder, Hook(put=put))
    push.run()
    # Once, and once more by libcurl, as on any connection that was kept open and turns out to be dead.
    assert len(push.registry.seen('PUT', DIGEST)) <= 2
    assert push.registry.received < SIZE + 4096


@case
def put_lost_before_it_arrived(folder):
    push = Push(folder, Hook(put=lambda h, n: n == 0 and h.cut()))
    push.run()
    assert push.registry.received < SIZE + 4096


@case
def no_sessions(folder):
    """A registry without PATCH gets it in one PUT."""
    push = Push(folder, Hook(patch=lambda h, n: h.error(405, 'UNSUPPORTED') or True))
    push.run()
    assert len(push.registry.seen('PATCH')) == 1


@case
def least_chunk(folder):
    """OCI-Chunk-Min-Length: what is sent is all of the rest, never a smaller piece before it."""
    def every(h):
        if h.command == 'POST':
            sid = format(len(h.registry.log), 'x')
            h.registry.sessions[sid] = bytearray()
            h.place(sid, 202, OCI_Chunk_Min_Length=str(2 * MIB))
            return True
        return False
    push = Push(folder, Hook(patch=first(cut), every=every))
    push.run()
    resumed(push)


@case
def token_expires(folder):
    """A token lives for three requests: renewed in the middle, and the upload goes on."""
    uses = {}

    def every(h):
        if h.route == '/token':
            token = f'token{len(uses)}'
            uses[token] = 0
            h.answer(200, json.dumps({'token': token, 'expires_in': 300}).encode())
            return True
        if not h.route.startswith('/v2/'):
            return False
        token = (h.headers.get('Authorization') or '')[7:]
        if token in uses and uses[token] < 3 and h.route != '/v2/':
            uses[token] += 1
            return False
        h.error(401, 'UNAUTHORIZED', WWW_Authenticate=f'Bearer realm="http://127.0.0.1:{h.registry.port}/token",service="s"')
        return True
    push = Push(folder, Hook(every=every))
    push.run()
    assert len(uses) >= 3, uses


# After a kill

def kill_in_the_middle(push, hook):
    """Kills a push when a part of the layer has arrived."""
    p = push.start()
    end = time.monotonic() + 60
    while time.monotonic() < end and not hook.waiting:
        time.sleep(0.05)
    p.send_signal(signal.SIGKILL)
    p.wait()
    hook.waiting = False
    time.sleep(0.3)


class Slow(Hook):
    """Takes a part of the first PATCH, then nothing."""

    def __init__(self, **kw):
        self.waiting = False

        def patch(h, n):
            if n:
                return False
            part(h)
            self.waiting = True
            while self.waiting:
                time.sleep(0.05)
            h.cut()
        super().__init__(patch=patch, **kw)


@case
def killed(folder):
    hook = Slow()
    push = Push(folder, hook)
    kill_in_the_middle(push, hook)
    kept = push.kept()
    assert len(kept) == 1, kept
    entry = json.load(open(kept[0], encoding='utf-8'))
    assert entry['repository'] == 'a/web' and entry['digest'] == DIGEST, entry
    assert os.stat(kept[0]).st_mode & 0o777 == 0o600
    push.run()
    resumed(push)
    assert len(push.registry.seen('POST')) == 2   # the layer's and the configuration's


@case
def killed_and_the_session_is_old(folder):
    hook = Slow()
    push = Push(folder, hook)
    kill_in_the_middle(push, hook)
    entry = json.load(open(push.kept()[0], encoding='utf-8'))
    entry['date'] -= 25 * 3600
    with open(push.kept()[0], 'w', encoding='utf-8') as f:
        json.dump(entry, f)
    push.run()
    assert f' 0-{SIZE - 1} ' in push.registry.seen('PATCH')[-1]
    # What nobody comes back for goes, too.
    stale = push.state + '/tmp/upload-' + '0' * 32
    with open(stale, 'w', encoding='ascii') as f:
        f.write('{}')
    os.utime(stale, (time.time() - 90000,) * 2)
    push.run()
    assert not os.path.exists(stale)


@case
def killed_and_the_session_is_gone(folder):
    hook = Slow()
    push = Push(folder, hook)
    kill_in_the_middle(push, hook)
    push.registry.sessions.clear()
    push.run()
    assert f' 0-{SIZE - 1} ' in push.registry.seen('PATCH')[-1]


@case
def killed_and_all_of_it_arrived(folder):
    """There is nothing to go on with, and no note of a session is left."""
    hook = Slow()
    push = Push(folder, hook)
    kill_in_the_middle(push, hook)
    push.registry.blobs[DIGEST] = LAYER
    push.run()
    assert not push.kept(), push.kept()


@case
def killed_and_the_session_has_other_bytes(folder):
    """What is there is not what we sent: noticed at the end, and all of it sent anew."""
    hook = Slow()
    push = Push(folder, hook)
    kill_in_the_middle(push, hook)
    push.registry.sessions[hook.sid][5] ^= 1
    push.run()


@case
def kept_entries_that_are_garbage(folder):
    for text in ('', '{', '[]', '{"location":7}', 'x' * 40000,
                 json.dumps({'registry': 'H', 'repository': 'a/web', 'digest': DIGEST, 'date': int(time.time()),
                             'location': 'http://localhost:1/v2/a/web/blobs/uploads/1'})):
        sub = tempfile.mkdtemp(dir=folder)
        hook = Slow()
        push = Push(sub, hook)
        kill_in_the_middle(push, hook)
        path = push.kept()[0]
        with open(path, 'w', encoding='ascii') as f:
            f.write(text.replace('"H"', f'"127.0.0.1:{push.registry.port}"'))
        push.run()
        assert f' 0-{SIZE - 1} ' in push.registry.seen('PATCH')[-1]
        push.registry.close()


# Lies

@case
def claims_more_than_there_is(folder):
    push = Push(folder, Hook(patch=first(cut), get=lambda h, n: h.place(h.session, 204, Range='0-99999999') or True))
    push.run(7, 'the registry says that it has 100000000 bytes of it')


@case
def claims_more_than_was_sent(folder):
    def get(h, n):
        h.place(h.session, 204, Range=f'0-{SIZE - 2}')
        return True

    def patch(h, n):
        h.connection.setsockopt(1, 8, 4096)   # SO_RCVBUF: not all of it is on its way
        part(h, 1000)
        h.cut()
    push = Push(folder, Hook(patch=patch, get=get))
    push.run(7, f'the registry says that it has {SIZE - 1} bytes of it')


@case
def claims_more_than_it_holds(folder):
    """Within what was sent: found out by the digest, and all of it sent anew."""
    def get(h, n):
        h.registry.sessions[h.session] += bytes(1000)
        return False
    push = Push(folder, Hook(patch=first(cut), get=get))
    push.run()
    assert f' 0-{SIZE - 1} ' in push.registry.seen('PATCH')[-1]


@case
def range_of_nonsense(folder):
    for text in ('bananas', '5-10', '0-', '0-18446744073709551615', '-1'):
        sub = tempfile.mkdtemp(dir=folder)
        push = Push(sub, Hook(patch=first(cut), get=lambda h, n, t=text: h.place(h.session, 204, Range=t) or True))
        push.run(7, 'Range')
        push.registry.close()


@case
def never_gets_on(folder):
    def patch(h, n):
        part(h, SIZE)
        del h.registry.sessions[h.session][1000:]
        h.place(h.session, 202)
        return True
    push = Push(folder, Hook(patch=patch))
    push.run(7, 'none came to its end')
    assert len(push.registry.seen('PATCH')) <= 12


@case
def accepted_for_ever(folder):
    push = Push(folder, Hook(put=lambda h, n: h.place(h.session, 202) or True))
    push.run(7, 'HTTP 202')
    assert len(push.registry.seen('PUT', DIGEST)) <= 6


@case
def says_another_digest(folder):
    push = Push(folder, Hook(put=lambda h, n: h.answer(201, Docker_Content_Digest='sha256:' + '0' * 64) or True))
    push.run(4, 'says that it has stored sha256:0000')


@case
def took_it_and_has_it_not(folder):
    def put(h, n):
        h.registry.sessions.pop(h.session)
        h.answer(201)
        return True
    push = Push(folder, Hook(patch=first(cut), put=put))
    push.run(7, 'does not have it')


@case
def hangs_for_ever(folder):
    def patch(h, n):
        time.sleep(30)
        h.cut()
    push = Push(folder, Hook(patch=patch))
    push.run(7, 'running?')
    assert len(push.registry.seen('PATCH')) <= 2


@case
def leads_away(folder):
    """A Location at another host, port or scheme: not followed, and nothing of ours goes there."""
    with open(folder + '/auth.json', 'w', encoding='ascii') as f:
        f.write('{}')
    secret = base64.b64encode(b'ann:secretword').decode()

    def every(h):
        if h.headers.get('Authorization') or h.registry.port != push.registry.port:
            return False
        h.error(401, 'UNAUTHORIZED', WWW_Authenticate='Basic realm=x')
        return True
    other = Registry()
    for at in ('patch', 'get'):
        for to in (f'http://localhost:{other.port}', f'http://127.0.0.1:{other.port}', 'https://127.0.0.1:1',
                   f'//localhost:{other.port}', 'ftp://127.0.0.1:1'):
            sub = tempfile.mkdtemp(dir=folder)

            def away(h, n, to=to):
                part(h, SIZE) if h.command == 'PATCH' else None
                h.place(h.session, 202 if h.command == 'PATCH' else 204, Location=to + h.path)
                return True
            hook = Hook(every=every, **({'patch': away} if at == 'patch' else {'patch': first(cut), 'get': away}))
            push = Push(sub, hook)
            push.env['REGISTRY_AUTH_FILE'] = sub + '/auth.json'
            with open(sub + '/auth.json', 'w', encoding='ascii') as f:
                json.dump({'auths': {f'127.0.0.1:{push.registry.port}': {'auth': secret}}}, f)
            push.run(7, 'Location')
            assert 'secretword' not in push.output and secret not in push.output
            push.registry.close()
    assert other.log == [], other.log


@case
def redirected(folder):
    """307 for what is sent: not followed, bodies go nowhere else."""
    other = Registry()
    push = Push(folder, Hook(patch=lambda h, n: h.answer(307, Location=f'http://127.0.0.1:{other.port}{h.path}') or True))
    push.run(7, 'HTTP 307')
    assert other.log == [], other.log


@case
def damaged_here(folder):
    """A blob that is not its digest is never completed."""
    push = Push(folder)
    with open(f'{push.state}/blobs/sha256/{DIGEST[7:]}', 'r+b') as f:
        f.seek(5_000_000)
        f.write(b'damage')
    push.run(4, 'bytes hash to sha256:')
    assert DIGEST not in push.registry.blobs and push.registry.received < SIZE
    assert push.registry.seen('DELETE', 'uploads') and not push.kept()
    assert not push.registry.sessions, push.registry.sessions.keys()


def one(name):
    with tempfile.TemporaryDirectory(dir=os.environ.get('BATS_TEST_TMPDIR')) as folder:
        began = time.monotonic()
        try:
            CASES[name](folder)
            print(f'ok {name} {time.monotonic() - began:.1f} s\n', end='', flush=True)
            return True
        except Exception:   # pylint: disable=broad-except
            print(f'not ok {name}\n{traceback.format_exc()}\n', end='', flush=True)
            return False


def main():
    names = sys.argv[1:]
    if names == ['--list']:
        print(*CASES, sep='\n')
        return 0
    # They wait more than they work.
    with ThreadPoolExecutor(6) as pool:
        return not all(list(pool.map(one, names or CASES)))


if __name__ == '__main__':
    sys.exit(main())
