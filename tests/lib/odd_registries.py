#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Registries that are odd but within the specifications, and a few that are not: odd_registries.py NAME... runs these
cases, --list names them. Each one pushes an image of one layer and pulls it again into another state folder."""
import base64
import gzip
import hashlib
import json
import os
import subprocess
import sys
import time
from email.utils import formatdate

import upload_cases
from upload_cases import Push, PLIMSOLL, DIGEST, LAYER
from upload_server import Registry

CASES = {}
AUTH = 'Basic ' + base64.b64encode(b'ann:secretword').decode()


def case(f):
    CASES[f.__name__] = f
    return f


class Road(Push):
    """One push and one pull."""

    def __init__(self, folder, hook=None, auth=None):
        super().__init__(folder, hook)
        self.folder = folder
        self.host = f'127.0.0.1:{self.registry.port}'
        self.env['REGISTRY_AUTH_FILE'] = folder + '/auth.json'
        self.env['CONTAINERS_REGISTRIES_CONF'] = '/dev/null'
        with open(folder + '/auth.json', 'w', encoding='ascii') as f:
            json.dump({'auths': {self.host: auth} if auth else {}}, f)

    def pull(self, status=0, *words):
        state = self.folder + '/pulled'
        p = subprocess.run([PLIMSOLL, '--state', state, 'pull', f'{self.host}/a/web:1'], env=self.env,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
        output = p.stdout.decode()
        assert p.returncode == status, f'pull: exit status {p.returncode}, expected {status}:\n{output}'
        for w in words:
            assert w in output, f'no {w!r} in:\n{output}'
        assert 'secretword' not in output, output
        if status == 0:
            with open(f'{state}/blobs/sha256/{DIGEST[7:]}', 'rb') as f:
                assert f.read() == LAYER
        return output

    def both(self):
        self.run()
        self.pull()


def tokens(answer, challenge='Bearer realm="{realm}",service="s"', post=None, life=1 << 30):
    """A hook: every request wants a token of this registry's own server, which answers with answer(n)."""
    given = {}

    def hook(h):
        realm = f'http://127.0.0.1:{h.registry.port}/token'
        if h.route == '/token':
            if h.command == 'POST' and post:
                return post(h)
            token = f'token{len(given)}'
            given[token] = 0
            h.answer(200, json.dumps(answer(token)).encode(), Content_Type='application/json')
            return True
        token = (h.headers.get('Authorization') or '').partition(' ')[2]
        if token in given and given[token] < life:
            given[token] += 1
            return False
        h.error(401, 'UNAUTHORIZED', WWW_Authenticate=challenge.format(realm=realm))
        return True
    hook.given = given
    return hook


# Who may: challenges and tokens

@case
def several_challenges(folder):
    Road(folder, tokens(lambda t: {'token': t}, 'Negotiate, Basic realm="x", Bearer realm="{realm}", service="s"')).both()


@case
def lower_case_and_spaces(folder):
    Road(folder, tokens(lambda t: {'token': t}, 'bearer  Realm = "{realm}" ,SERVICE=s , scope="repository:a/web:pull"')).both()


@case
def access_token_alone(folder):
    Road(folder, tokens(lambda t: {'access_token': t, 'expires_in': None, 'issued_at': None})).both()


@case
def token_of_long_ago(folder):
    Road(folder, tokens(lambda t: {'token': t, 'expires_in': 1, 'issued_at': '2009-11-10T23:00:00Z'})).both()


@case
def token_life_with_a_point(folder):
    Road(folder, tokens(lambda t: {'token': t, 'expires_in': 300.0})).both()


@case
def token_serves_twice(folder):
    hook = tokens(lambda t: {'token': t, 'expires_in': 3600}, life=2)
    Road(folder, hook).both()
    assert len(hook.given) > 3


@case
def refresh_token_without_post(folder):
    """404 or 405 to the form: the refresh token is a password then."""
    seen = []

    def post(h):
        h.answer(405)
        return True
    inner = tokens(lambda t: {'token': t}, post=post)

    def hook(h):
        if h.route == '/token' and h.command == 'GET':
            seen.append(h.headers.get('Authorization'))
        return inner(h)
    Road(folder, hook, {'identitytoken': 'secretword.refresh'}).both()
    assert seen and all(s == 'Basic ' + base64.b64encode(b'<token>:secretword.refresh').decode() for s in seen), seen


@case
def token_server_asks_to_wait(folder):
    inner, asked = tokens(lambda t: {'token': t}), []

    def hook(h):
        if h.route == '/token':
            asked.append(time.monotonic())
            if len(asked) == 1:
                h.error(429, 'TOOMANYREQUESTS', Retry_After='3')
                return True
        return inner(h)
    Road(folder, hook).both()
    assert asked[1] - asked[0] > 3, asked


# What they say, and how

@case
def warning_is_shown(folder):
    road = Road(folder)
    road.run()

    def hook(h):
        if '/manifests/' in h.route and h.command == 'GET':
            kind, body = h.registry.manifests['1']
            h.answer(200, body, Content_Type=kind, Warning='299 - "this registry closes \x1b[31m on Friday"')
            return True
        return False
    road.registry.hook = hook
    road.pull(7)   # an escape sequence is no header

    def plain(h):
        if '/manifests/1' in h.route and h.command == 'GET':
            kind, body = h.registry.manifests['1']
            h.answer(200, body, Content_Type=kind, Warning='299 - "this registry closes on Friday"')
            return True
        return False
    road.registry.hook = plain
    road.pull(0, 'this registry closes on Friday')


def manifest_as(make):
    """A hook: manifests are answered by make(h, type, bytes)."""
    def hook(h):
        ref = h.route.rpartition('/manifests/')[2]
        if h.command not in ('GET', 'HEAD') or ref not in h.registry.manifests:
            return False
        make(h, *h.registry.manifests[ref])
        return True
    return hook


@case
def type_is_not_known(folder):
    Road(folder, manifest_as(lambda h, kind, body: h.answer(200, body, Content_Type='application/json'))).both()


@case
def type_is_another(folder):
    road = Road(folder, manifest_as(lambda h, kind, body: h.answer(200, body, Content_Type='text/plain')))
    road.run()
    road.pull(7, 'text/plain')


@case
def type_with_parameters(folder):
    Road(folder, manifest_as(lambda h, kind, body: h.answer(200, body, Content_Type=kind + '; charset=utf-8'))).both()


@case
def gzip_though_nobody_asked(folder):
    Road(folder, manifest_as(lambda h, kind, body: h.answer(
        200, gzip.compress(body), Content_Type=kind, Content_Encoding='gzip'))).both()


@case
def gzip_without_end(folder):
    bomb = gzip.compress(b' ' * (64 << 20))
    road = Road(folder, manifest_as(lambda h, kind, body: h.answer(200, bomb, Content_Type=kind, Content_Encoding='gzip')))
    road.run()
    road.pull(7, 'more than 4194304 bytes')


def raw(h, head, body):
    h.wfile.write(head.encode() + b'\r\n\r\n' + body)
    h.wfile.flush()
    h.close_connection = True


@case
def chunked(folder):
    Road(folder, manifest_as(lambda h, kind, body: raw(
        h, f'HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked',
        b'' if h.command == 'HEAD' else b'%x\r\n%s\r\n0\r\n\r\n' % (len(body), body)))).both()


@case
def http_1_0(folder):
    Road(folder, manifest_as(lambda h, kind, body: raw(
        h, f'HTTP/1.0 200 OK\r\nContent-Type: {kind}', b'' if h.command == 'HEAD' else body))).both()


@case
def continue_though_nobody_asked(folder):
    def hook(h):
        if h.command in ('PUT', 'PATCH'):
            h.wfile.write(b'HTTP/1.1 100 Continue\r\n\r\n')
            h.wfile.flush()
        return False
    Road(folder, hook).both()


@case
def no_head(folder):
    Road(folder, lambda h: h.command == 'HEAD' and (h.error(405, 'UNSUPPORTED') or True)).both()


@case
def no_head_501(folder):
    Road(folder, lambda h: h.command == 'HEAD' and (h.error(501, 'UNSUPPORTED') or True)).both()


@case
def digests_of_another_algorithm(folder):
    """Docker-Content-Digest may be by sha512, of manifests and of blobs."""
    said = 'sha512:' + hashlib.sha512(b'whatever').hexdigest()
    made = []

    def hook(h):
        answer = h.answer

        def other(status, body=b'', **headers):
            if '/manifests/' in h.route or '/blobs/' in h.route:
                headers['Docker_Content_Digest'] = said
                made.append(status)
            answer(status, body, **headers)
        h.answer = other
        return False
    Road(folder, hook).both()
    assert 201 in made and 200 in made, made


@case
def less_than_asked_for(folder):
    """A range's answer that is a part of it is gone on with."""
    ranges = []

    def hook(h):
        if h.command != 'GET' or not h.route.endswith(DIGEST):
            return False
        first = int((h.headers.get('Range') or 'bytes=0-')[6:-1])
        part = LAYER[first:first + (2 << 20)]
        if not first:
            h.send_response(200)
            h.send_header('Content-Length', str(len(LAYER)))
            h.end_headers()
            h.wfile.write(part)
            h.wfile.flush()
            h.close_connection = True
            return True
        ranges.append(first)
        h.answer(206, part, Content_Range=f'bytes {first}-{first + len(part) - 1}/{len(LAYER)}')
        return True
    Road(folder, hook).both()
    assert ranges == [2 << 20, 4 << 20], ranges


@case
def wait_until(folder):
    began = time.monotonic()
    seen = []

    def hook(h):
        if h.command == 'GET' and '/manifests/1' in h.route and not seen:
            seen.append(1)
            h.error(429, 'TOOMANYREQUESTS', Retry_After=formatdate(time.time() + 3, usegmt=True))
            return True
        return False
    Road(folder, hook).both()
    assert seen and time.monotonic() - began > 2


@case
def referrers_are_no_word(folder):
    """400, 405 or 501 where others say 404."""
    for status in (400, 405, 501):
        os.mkdir(f'{folder}/{status}')
        Road(f'{folder}/{status}', lambda h, s=status: '/referrers/' in h.route and (h.error(s, 'UNSUPPORTED') or True)).both()


# Uploads

@case
def sent_on(folder):
    """307 and 308 to other paths of the same registry, for every request that changes something."""
    def hook(h):
        if h.command in ('POST', 'PATCH', 'PUT') and 'on=1' not in h.query:
            h.answer(308 if h.command == 'PUT' else 307, Location=h.path + ('&' if h.query else '?') + 'on=1')
            return True
        return False
    Road(folder, hook).both()


@case
def sent_away(folder):
    """To another registry: not with our credentials, not with our bytes."""
    other = Registry()
    road = Road(folder, lambda h: h.command == 'PATCH' and (h.answer(
        307, Location=f'http://localhost:{other.port}{h.path}') or True), {'auth': AUTH[6:]})
    road.run(7, 'HTTP 307')
    assert not other.log, other.log


@case
def relative_location(folder):
    def hook(h):
        if h.command != 'POST' or not h.route.endswith('/blobs/uploads/'):
            return False
        sid = format(len(h.registry.log), 'x')
        h.registry.sessions[sid] = bytearray()
        h.answer(202, Location=f'{sid}?a=b&c=d%2Fe')
        return True
    Road(folder, hook).both()


@case
def bare_answers(folder):
    """201 without Location, 200 instead of 201, no Docker-Content-Digest."""
    def hook(h):
        if h.command == 'PUT' and '/manifests/' in h.route:
            body = bytearray()
            h.take(body)
            for ref in (h.route.rpartition('/')[2], 'sha256:' + hashlib.sha256(body).hexdigest()):
                h.registry.manifests[ref] = (h.headers['Content-Type'], bytes(body))
            h.answer(status)
            return True
        return False
    for status in (200, 202, 204):
        os.mkdir(f'{folder}/{status}')
        Road(f'{folder}/{status}', hook).both()


@case
def accepted_and_not_there(folder):
    """Anything but 201 to a manifest is looked at."""
    def hook(h):
        if h.command == 'PUT' and '/manifests/' in h.route:
            h.take(bytearray())
            h.answer(status)
            return True
        return False
    for status in (200, 202, 204):
        os.mkdir(f'{folder}/{status}')
        Road(f'{folder}/{status}', hook).run(7, f'HTTP {status} instead of 201: it is not there')


def mount(folder, hook=None):
    """A push of what came from another repository of the registry."""
    road = Road(folder, hook)
    with open(road.state + '/index.json', encoding='ascii') as f:
        index = json.load(f)
    index['manifests'][0]['annotations']['org.opencontainers.image.ref.name'] = f'{road.host}/other/web:1'
    with open(road.state + '/index.json', 'w', encoding='ascii') as f:
        json.dump(index, f)
    argv = road.argv()
    argv[4] = f'{road.host}/other/web:1'
    road.argv = lambda: argv
    road.both()
    assert any('mount=' in line for line in road.registry.log)
    return road


@case
def no_mounts(folder):
    """403 to a mount from a repository that may not be read: sent instead."""
    mount(folder, lambda h: 'mount=' in h.query and (h.error(403, 'DENIED') or True))


@case
def mount_becomes_an_upload(folder):
    """202 to a mount: the upload that it begins is the one that is gone on with."""
    road = mount(folder)
    assert len(road.registry.seen('POST')) == len(road.registry.blobs), road.registry.log


# Redirects of what is fetched

@case
def asked_again_elsewhere(folder):
    """A 401 of who a redirect leads to is nobody's challenge: no credentials, no token server of its choice."""
    realm = Registry()
    other = Registry(lambda h: h.error(401, 'UNAUTHORIZED', WWW_Authenticate=(
        f'Bearer realm="http://localhost:{realm.port}/token",service="s"')) or True)
    road = Road(folder, auth={'auth': AUTH[6:]})
    road.run()

    def hook(h):
        if not h.headers.get('Authorization'):
            h.error(401, 'UNAUTHORIZED', WWW_Authenticate='Basic realm="x"')
            return True
        if '/blobs/' in h.route:
            h.answer(307, Location=f'http://localhost:{other.port}{h.path}')
            return True
        return False
    road.registry.hook = hook
    road.pull(7, 'HTTP 401')
    assert other.log and not any('Basic' in line or 'Bearer' in line for line in other.log), other.log
    assert not realm.log, realm.log


if __name__ == '__main__':
    upload_cases.CASES = CASES
    sys.exit(upload_cases.main())
