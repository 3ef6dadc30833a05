#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""verify_proof.py PROOF ENTRY VKEY: checks a C2SP tlog-proof of an entry without any code of plimsoll's."""
import base64, os, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from verify_trail import sha, signed


def main(proof, entry, vkey):
    name, key_id, key = vkey.split('+', 2)
    key = base64.b64decode(key, validate=True)
    with open(proof, 'rb') as f:
        head, _, note = f.read().partition(b'\n\n')
    with open(entry, 'rb') as f:
        r = sha(b'\0', f.read().rstrip(b'\n'))
    lines = head.decode().splitlines()
    assert lines[0] == 'c2sp.org/tlog-proof@v1' and lines[1].startswith('index ')
    fn, path = int(lines[1][6:]), [base64.b64decode(p, validate=True) for p in lines[2:]]

    text, _, sigs = note.rpartition(b'\n\n')
    text += b'\n'
    signature = base64.b64decode(sigs.split(b' ')[2])
    assert signature[:4].hex() == key_id and signed(text, signature[4:], key[1:]), 'not signed by the key'
    origin, size, root = text.decode().splitlines()[:3]
    assert origin == name and fn < int(size)

    sn = int(size) - 1  # RFC 9162 2.1.3.2
    for p in path:
        assert sn and len(p) == 32
        if fn & 1 or fn == sn:
            r = sha(b'\1', p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha(b'\1', r, p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0 and r == base64.b64decode(root), 'the proof does not hold'
    print('ok')


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except (AssertionError, OSError, ValueError, IndexError) as wrong:
        sys.exit(f'{type(wrong).__name__}: {wrong}')
