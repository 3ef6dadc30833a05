#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A registry on loopback that takes uploads in sessions which may be gone on with, as the distribution specification
has it: PATCH with Content-Range, GET of a session's Location, 416 for bytes from elsewhere. What came before a
connection broke is kept. A hook may answer a request in another way: that is what the cases of upload_cases.py are.

As a program, upload_server.py PORT-FILE: such a registry, until it is killed."""
import contextlib
import hashlib
import json
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK = 64 * 1024


class Gone(Exception):
    """The connection is over."""


class Registry:
    def __init__(self, hook=None):
        self.hook = hook or (lambda h: False)
        self.sessions, self.blobs, self.manifests, self.log = {}, {}, {}, []
        self.received = 0   # bytes of uploads' bodies
        self.begun = 0      # sessions
        self.owner = {}     # who may write to a session: the last who asked for it
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.server.registry = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def seen(self, method, pattern=''):
        """The requests of a method whose line matches."""
        with self.lock:
            return [line for line in self.log if line.startswith(method + ' ') and re.search(pattern, line)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def setup(self):
        super().setup()
        self.registry = self.server.registry

    def answer(self, status, body=b'', **headers):
        left, self.left = self.left, 0
        if left:
            headers['Connection'] = 'close'   # what was not read would be taken for a request
            self.close_connection = True
        self.send_response(status)
        headers.setdefault('Content_Length', str(len(body)))
        for k, v in headers.items():
            self.send_header(k.replace('_', '-'), v)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)
        self.wfile.flush()
        if left:
            self.linger()

    def linger(self):
        """Who still sends gets to read the answer: bytes that nobody read would reset the connection, and it be lost."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(2)
        end = time.monotonic() + 2
        with contextlib.suppress(OSError):
            while time.monotonic() < end and self.rfile.read1(CHUNK):
                pass

    def error(self, status, code, **headers):
        self.answer(status, json.dumps({'errors': [{'code': code, 'message': 'said the registry'}]}).encode(), **headers)

    def cut(self):
        """Ends the connection so that the other side notices at once."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        raise Gone

    def take(self, into, most=1 << 62):
        """At most so many bytes of the body into a session."""
        while self.left and most > 0:
            data = self.rfile.read1(min(CHUNK, self.left, most))
            if not data:
                raise Gone
            with self.registry.lock:
                if self.session and self.registry.owner.get(self.session, self) is not self:
                    raise Gone
                into += data
                self.registry.received += len(data)
            self.left -= len(data)
            most -= len(data)

    def any_method(self):
        self.left = int(self.headers.get('Content-Length') or 0)
        line = ' '.join(filter(None, [self.command, self.path, self.headers.get('Content-Range'),
                                      self.headers.get('Host'), self.headers.get('Authorization')]))
        with self.registry.lock:
            self.registry.log.append(line)
        self.route, _, self.query = self.path.partition('?')
        m = re.fullmatch(r'/v2/(.+)/blobs/uploads/(\w*)', self.route)
        self.session = m and m[2]
        try:
            if not self.registry.hook(self):
                self.serve(m)
        except (Gone, OSError):
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = any_method

    def serve(self, upload):
        blob = re.fullmatch(r'/v2/.+/blobs/(sha256:\w+)', self.route)
        manifest = re.fullmatch(r'/v2/.+/manifests/(.+)', self.route)
        if self.route == '/v2/':
            return self.answer(200, b'{}')
        if upload:
            return self.upload()
        if blob:
            return self.blob(blob[1])
        if manifest:
            return self.manifest(manifest[1])
        return self.error(404, 'NAME_UNKNOWN')

    def where(self, sid):
        base = self.route.rsplit('/', 1)[0]
        return f'{base}/{sid}?_state=a%2Fb{len(self.registry.sessions[sid])}'

    def place(self, sid, status, **headers):
        """An answer that says how far a session is."""
        held = len(self.registry.sessions[sid])
        headers.setdefault('Location', self.where(sid))
        headers.setdefault('Range', f'0-{max(held - 1, 0)}')
        self.answer(status, **headers)

    def upload(self):
        r = self.registry
        if self.command == 'POST':
            with r.lock:
                r.begun += 1
                sid = format(r.begun, 'x')
            r.sessions[sid] = bytearray()
            return self.place(sid, 202)
        if self.session not in r.sessions:
            return self.error(404, 'BLOB_UPLOAD_UNKNOWN')
        held = r.sessions[self.session]
        # What is left of a connection that broke must not be mixed with what comes by the next.
        with r.lock:
            r.owner[self.session] = self
        if self.command == 'GET':
            return self.place(self.session, 204)
        if self.command == 'DELETE':
            del r.sessions[self.session]
            return self.answer(204)
        if self.command == 'PATCH':
            m = re.fullmatch(r'(\d+)-(\d+)', self.headers.get('Content-Range') or '0-0')
            if int(m[1]) != len(held) or int(m[2]) - int(m[1]) + 1 != self.left:
                return self.error(416, 'RANGE_INVALID', Location=self.where(self.session), Range=f'0-{max(len(held) - 1, 0)}')
            self.take(held)
            return self.place(self.session, 202)
        self.take(held)
        return self.complete(held)

    def complete(self, held):
        digest = re.search(r'digest=(sha256:\w+)', self.query)[1]
        if 'sha256:' + hashlib.sha256(held).hexdigest() != digest:
            return self.error(400, 'DIGEST_INVALID')
        self.registry.blobs[digest] = bytes(held)
        self.registry.sessions.pop(self.session)
        return self.answer(201, Docker_Content_Digest=digest)

    def blob(self, digest):
        data = self.registry.blobs.get(digest)
        if data is None:
            return self.error(404, 'BLOB_UNKNOWN')
        if self.command == 'HEAD':
            return self.answer(200, Content_Length=str(len(data)))
        m = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range') or '')
        if not m:
            return self.answer(200, data)
        first = int(m[1])
        return self.answer(206, data[first:], Content_Range=f'bytes {first}-{len(data) - 1}/{len(data)}')

    def manifest(self, ref):
        r = self.registry
        if self.command == 'PUT':
            body = bytearray()
            self.take(body)
            digest = 'sha256:' + hashlib.sha256(body).hexdigest()
            r.manifests[ref] = r.manifests[digest] = (self.headers['Content-Type'], bytes(body))
            return self.answer(201, Docker_Content_Digest=digest)
        if ref not in r.manifests:
            return self.error(404, 'MANIFEST_UNKNOWN')
        kind, body = r.manifests[ref]
        return self.answer(200, body, Content_Type=kind)


if __name__ == '__main__':
    registry = Registry()
    with open(sys.argv[1], 'w', encoding='ascii') as f:
        f.write(str(registry.port))
    threading.Event().wait()
