#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""verify_trail.py TRAIL VKEY: checks a C2SP tlog-tiles log without any code of plimsoll's.

Ed25519 by the openssl command, SHA-256 by hashlib. Prints "ok SIZE ROOT", or what is wrong and exits 1.
"""
import base64, hashlib, json, os, subprocess, sys, tempfile

sha = lambda *parts: hashlib.sha256(b''.join(parts)).digest()


def root(h):
    """RFC 6962 2.1 over leaf hashes."""
    if not h:
        return sha()
    if len(h) == 1:
        return h[0]
    k = 1 << (len(h) - 1).bit_length() - 1
    return sha(b'\1', root(h[:k]), root(h[k:]))


def tile(trail, level, n, width):
    name = '%03d' % (n % 1000)
    while n >= 1000:
        n //= 1000
        name = 'x%03d/%s' % (n % 1000, name)
    path = f'{trail}/tile/{level}/{name}' + ('' if width == 256 else f'.p/{width}')
    with open(path, 'rb') as f:
        return f.read()


def tiles(trail, level, count):
    """The content of every tile of a level that holds count hashes."""
    for n in range(0, count, 256):
        yield tile(trail, level, n // 256, min(256, count - n)), min(256, count - n)


def signed(text, signature, public):
    der = bytes.fromhex('302a300506032b6570032100') + public  # RFC 8410
    with tempfile.TemporaryDirectory() as d:
        for name, content in (('key', der), ('text', text), ('sig', signature)):
            with open(f'{d}/{name}', 'wb') as f:
                f.write(content)
        return subprocess.run(['openssl', 'pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-inkey', f'{d}/key',
                               '-rawin', '-in', f'{d}/text', '-sigfile', f'{d}/sig'], capture_output=True).returncode == 0


def main(trail, vkey):
    name, key_id, key = vkey.split('+', 2)
    key = base64.b64decode(key, validate=True)
    assert key[0] == 1 and len(key) == 33, 'the key is not Ed25519'
    assert sha(name.encode(), b'\n', key)[:4].hex() == key_id, 'the key id is wrong'

    with open(f'{trail}/checkpoint', 'rb') as f:
        text, _, lines = f.read().rpartition(b'\n\n')
    text += b'\n'
    ours = [base64.b64decode(line.split(b' ')[2]) for line in lines.splitlines()
            if line.startswith('— '.encode() + name.encode() + b' ')]
    ours = [s[4:] for s in ours if s[:4].hex() == key_id]
    assert ours and all(signed(text, s, key[1:]) for s in ours), 'the checkpoint is not signed by the key'
    origin, size, want = text.decode().splitlines()[:3]
    assert origin == name, 'the checkpoint is of another log'
    size, want = int(size), base64.b64decode(want)

    leaves, index = [], 0
    for bundle, width in tiles(trail, 'entries', size):
        at = 0
        for _ in range(width):
            n = int.from_bytes(bundle[at:at + 2], 'big')
            entry = bundle[at + 2:at + 2 + n]
            at += 2 + n
            assert json.loads(entry)['index'] == index, f'entry {index} has another index'
            leaves.append(sha(b'\0', entry))
            index += 1
        assert at == len(bundle), 'a bundle has bytes left over'
    level, hashes = 0, leaves
    while hashes:
        stored = b''.join(t for t, _ in tiles(trail, level, len(hashes)))
        assert stored == b''.join(hashes), f'a tile of level {level} is wrong'
        hashes = [root(hashes[i:i + 256]) for i in range(0, len(hashes) - 255, 256)]
        level += 1
    assert root(leaves) == want, 'the root is wrong'
    print('ok', size, want.hex())


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except (AssertionError, OSError, ValueError, KeyError, IndexError) as wrong:
        sys.exit(f'{type(wrong).__name__}: {wrong}')
