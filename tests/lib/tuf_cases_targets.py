#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Cases of tuf_cases.py: delegations, targets, and what breaks in the middle."""
import hashlib
import json
import os
import subprocess

from tuf_case import ALL_ONE, case, refresh_refused, same, start
from tuf_repo import Key, TOP, canonical, stamp


# Delegations

GRAPHS = {  # (delegator, role, paths or None, terminating)...; the order of visits
    'one': ([('targets', 'A')], 'A'),
    'two beside each other': ([('targets', 'A'), ('targets', 'B')], 'AB'),
    'two levels': ([('targets', 'A'), ('targets', 'B'), ('B', 'C')], 'ABC'),
    'depth first': ([('targets', 'A'), ('targets', 'B'), ('A', 'C'), ('A', 'D')], 'ACDB'),
    'depth first, three levels': ([('targets', 'A'), ('targets', 'B'), ('A', 'C'), ('C', 'D')], 'ACDB'),
    'terminating': ([('targets', 'A'), ('targets', 'B'), ('A', 'C', ['*'], True), ('A', 'D')], 'AC'),
    'terminating, its own are asked': ([('targets', 'A'), ('targets', 'B'), ('A', 'C', ['*'], True), ('C', 'D')], 'ACD'),
    'paths that do not match': ([('targets', 'A', ['*.py']), ('targets', 'B'), ('A', 'C')], 'B'),
    'paths further down': ([('targets', 'A'), ('targets', 'B'), ('A', 'C', ['*.py']), ('C', 'D')], 'AB'),
    'in a circle': ([('targets', 'A'), ('targets', 'B'), ('B', 'C'), ('C', 'D'), ('D', 'B')], 'ABCD'),
    'to one by two': ([('targets', 'A'), ('targets', 'B'), ('B', 'C'), ('A', 'C')], 'ACB'),
    'to one by two, for other paths': ([('targets', 'A'), ('targets', 'B'), ('B', 'C'), ('A', 'C', ['*.py'])], 'ABC'),
    'terminating for other paths': ([('targets', 'A', ['*.py'], True), ('targets', 'B')], 'B'),
}


@case
def delegation_graphs():
    for name, (edges, order) in GRAPHS.items():
        repo, client = start()
        keys = {r: Key() for r in 'ABCD'}
        for by, role, *rest in edges:
            repo.delegate(by, role, *rest, keys=[keys[role]])
            repo.signers[role] = [keys[role]]
        repo.publish(*sorted({e[1] for e in edges}))
        repo.publish_all()
        same(client.download('missing'), 1)
        assert repo.log[4:] == [(r, 1) for r in order], (name, repo.log, client.said)
        same(set(client.trusted()), {*TOP, *order})


@case
def search_by_patterns():
    repo, client = start()
    repo.delegate('targets', 'A', ['*.doc', '*.md'])
    repo.delegate('targets', 'B', ['releases/*/*'])
    repo.delegate('B', 'C', ['releases/x/*'])
    repo.delegate('B', 'D', ['releases/y/*.zip'])
    repo.add_target('targets', 'file', b'by targets')
    repo.add_target('A', 'README.md', b'by A')
    repo.add_target('C', 'releases/x/x_v1', b'by C')
    repo.add_target('D', 'releases/y/y_v1.zip', b'by D')
    repo.add_target('D', 'releases/z/z_v1.zip', b'by D, who may not')
    repo.publish('A', 'B', 'C', 'D')
    repo.publish_all()
    got = {}
    for path, order, data in (('file', '', b'by targets'), ('README.md', 'A', b'by A'), ('releases/x/x_v1', 'BC', b'by C'),
                              ('releases/y/y_v1.zip', 'D', b'by D'), ('releases/z/z_v1.zip', '', None)):
        same(client.download(path), 0 if data else 1)
        same([r for r, _ in repo.log if r in 'ABCD'], list(order))
        if data:
            got[path.replace('/', '%2F')] = data
        same(client.have(), got)


@case
def path_hash_prefixes():
    repo, client = start()
    digest = hashlib.sha256(b'some/target').hexdigest()
    repo.delegate('targets', 'A', path_hash_prefixes=['%x' % ((int(digest[0], 16) + 1) % 16)])
    repo.delegate('targets', 'B', path_hash_prefixes=['zz', digest[:3]])
    repo.add_target('A', 'some/target', b'not by A')
    repo.add_target('B', 'some/target', b'by B')
    repo.publish('A', 'B')
    repo.publish_all()
    same(client.download('some/target'), 0)
    same([r for r, _ in repo.log[4:]], ['B'])
    same(client.have(), {'some%2Ftarget': b'by B'})


@case
def succinct_bins():
    for bits in (1, 4, 8, 11):
        for path in ('boo', 'bar', 'some/path'):
            repo, client = start()
            key = Key()
            bin_ = int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], 'big') >> (32 - bits)
            name = f'bin-{bin_:0{(bits + 3) // 4}x}'
            repo.docs['targets']['delegations'] = {'keys': {key.id: key.value}, 'succinct_roles': {
                'keyids': [key.id], 'threshold': 1, 'bit_length': bits, 'name_prefix': 'bin'}}
            repo.docs[name], repo.signers[name] = repo.new_targets(), [key]
            repo.add_target(name, path, b'in a bin')
            repo.publish(name)
            repo.publish_all()
            same(client.download(path), 0)
            same(repo.log[4:], [(name, 1)])


@case
def long_names_of_bins():
    for prefix, want in (('p' * 77, 0), ('p' * 78, 1)):
        repo, client = start()
        key = Key()
        repo.docs['targets']['delegations'] = {'keys': {key.id: key.value}, 'succinct_roles': {
            'keyids': [key.id], 'threshold': 1, 'bit_length': 8, 'name_prefix': prefix}}
        name = f'{prefix}-{hashlib.sha256(b"x").hexdigest()[:2]}'
        repo.docs[name], repo.signers[name] = repo.new_targets(), [key]
        repo.add_target(name, 'x', b'in a bin')
        repo.publish(name)
        repo.publish_all()
        same(client.refresh(), want)
        assert not want or "a bin's name has at most" in client.said, client.said
        same(client.download('x'), want)


@case
def unusual_role_names():
    for role, quoted in (('?', '%3F'), ('#', '%23'), ('/delegated', '%2Fdelegated'), ('../delegated', '..%2Fdelegated'),
                         ('.', '.'), ('..', '..'), ('ä b%2F', '%C3%A4%20b%252F'), ('1.root', '1.root')):
        repo, client = start()
        repo.delegate('targets', role)
        repo.publish(role)
        repo.publish_all()
        same(client.download('nothing'), 1)
        assert (quoted, 1) in repo.log, repo.log
        same(set(client.trusted()), {*TOP, quoted})
        same(client.version('root'), 1)


@case
def delegated_metadata_is_verified():
    repo, client = start()
    repo.delegate('targets', 'A', threshold=1)
    repo.add_target('A', 'file', b'content')
    repo.signers['A'] = [Key()]
    repo.publish('A')
    repo.publish_all()
    same(client.download('file'), 1)
    assert "role 'A'" in client.said and 'signed by 0' in client.said, client.said
    same((client.have(), client.version('A')), ({}, None))


@case
def kept_delegated_metadata_is_verified_by_who_delegates_now():
    repo, client = start()
    repo.delegate('targets', 'A')
    repo.add_target('A', 'file', b'content')
    repo.publish('A')
    repo.publish_all()
    same(client.download('file'), 0)
    repo.docs['targets']['delegations'] = {'keys': {}, 'roles': []}
    old = repo.signers['A']
    repo.signers['A'] = []
    repo.delegate('targets', 'A')
    repo.signers['A'] = old
    repo.publish_all()  # A itself is as it was, signed by the key that counts no more
    same(client.download('file'), 1)
    assert "role 'A'" in client.said and 'signed by 0' in client.said, client.said


@case
def role_that_two_delegate_to():
    """What one of them made of it is nothing to the other, in one run as in two."""
    for both in (False, True):
        repo, client = start()
        keys = {'A': Key(), 'B': Key()}
        for by, folder in (('A', 'a/*'), ('B', 'b/*')):
            repo.delegate('targets', by, [folder])
            repo.delegate(by, 'C', [folder], keys=[keys[by]])
            repo.add_target('C', folder[0] + '/file', b'for ' + folder.encode())
        repo.signers['C'] = list(keys.values()) if both else [keys['A']]
        repo.publish('A', 'B', 'C')
        repo.publish_all()
        got = {'a%2Ffile': b'for a/*', **({'b%2Ffile': b'for b/*'} if both else {})}
        for names in (('a/file', 'b/file'), ('b/file',)):
            same(client.download(*names), 0 if both else 1)
            same(client.have(), got)
            assert both or ("role 'C'" in client.said and 'signed by 0' in client.said), client.said


@case
def expired_delegated_role():
    repo, client = start()
    repo.delegate('targets', 'A', ['a/*'], days=-1)
    repo.add_target('A', 'a/file', b'content')
    repo.publish('A')
    repo.publish_all()
    same(client.refresh(), 0)
    same(client.download('a/file'), 1)
    same((client.have(), 'A' in client.trusted()), ({}, False))


@case
def kept_delegated_role_expires():
    repo, client = start()
    repo.delegate('targets', 'A', ['a/*'], days=7)
    repo.add_target('A', 'a/1', b'first')
    repo.add_target('A', 'a/2', b'second')
    repo.publish('A')
    repo.publish_all()
    same(client.download('a/1'), 0)
    same(client.download('a/2', days=18), 1)
    same(client.have(), {'a%2F1': b'first'})
    repo.docs['A']['expires'] = stamp(21)
    repo.publish('A', 'snapshot', 'timestamp')
    same(client.download('a/2', days=18), 0)
    same(client.have(), {'a%2F1': b'first', 'a%2F2': b'second'})


@case
def delegated_role_rollback():
    repo, client = start()
    repo.delegate('targets', 'A')
    repo.publish('A', 'A')
    repo.publish_all()
    same(client.download('x'), 1)
    same(client.version('A'), 2)
    repo.snapshot['meta']['A.json'] = {'version': 1}
    repo.publish('snapshot', 'timestamp')
    refresh_refused(client, 'A.json version 1 is older than version 2')


@case
def role_that_the_snapshot_does_not_list():
    repo, client = start()
    repo.delegate('targets', 'A')
    repo.publish('A')
    del repo.snapshot['meta']['A.json']
    repo.publish_all()
    same(client.download('x'), 1)
    assert "does not list role 'A'" in client.said, client.said


@case
def at_most_32_roles_are_asked():
    repo, client = start()
    for i in range(40):
        repo.delegate('targets' if i == 0 else f'r{i - 1}', f'r{i}')
        repo.docs[f'r{i}']['version'] = 0
    for i in range(40):
        repo.publish(f'r{i}')
    repo.add_target('r39', 'deep', b'too deep')
    repo.publish_all()
    same(client.download('deep'), 1)
    same(len(repo.log), 4 + 31)


# Targets

@case
def download_and_again():
    repo, client = start()
    repo.add_target('targets', 'path/to/a file.txt', b'content', sha512=hashlib.sha512(b'content').hexdigest())
    repo.publish_all()
    same(client.refresh(), 0)
    same(client.have(), {})
    same(client.download('path/to/a file.txt'), 0)
    same(client.have(), {'path%2Fto%2Fa%20file.txt': b'content'})
    digest = hashlib.sha256(b'content').hexdigest()
    same(repo.target_log, [f'path/to/{digest}.a%20file.txt'])
    same(client.download('path/to/a file.txt'), 0)
    same(repo.target_log, [])
    with open(client.targets + '/path%2Fto%2Fa%20file.txt', 'w') as f:
        f.write('CONTENT')
    same(client.download('path/to/a file.txt'), 0)
    same(client.have(), {'path%2Fto%2Fa%20file.txt': b'content'})


@case
def several_targets_at_once():
    repo, client = start()
    for name in 'abc':
        repo.add_target('targets', name, name.encode())
    repo.publish_all()
    same(client.download('a', 'b', 'a'), 0)
    same(repo.log, [('root', 2), ('timestamp', None), ('snapshot', 2), ('targets', 2)])
    same((client.have(), len(repo.target_log)), ({'a': b'a', 'b': b'b'}, 2))
    # The first that cannot be had ends it.
    same(client.download('c', 'none', 'a'), 1)
    assert "'none'" in client.said, client.said
    same((client.have(), len(repo.target_log)), ({'a': b'a', 'b': b'b', 'c': b'c'}, 1))


@case
def substituted_targets():
    repo, client = start()
    repo.add_target('targets', 'one', b'first content')
    repo.add_target('targets', 'two', b'second content')
    repo.publish_all()
    same(client.download('one'), 0)
    for data in (b'evil', b'EVIL THINGS!!!', b'second content and more', b'x' * 14):
        for path in repo.targets:
            repo.targets[path] = data
        same(client.download('two'), 1)
        client.download('one')
        same(client.have(), {'one': b'first content'})


@case
def all_hashes_must_hold():
    repo, client = start()
    repo.add_target('targets', 'one', b'content', sha512='00' * 64)
    repo.add_target('targets', 'two', b'content', sha3='00')
    repo.publish_all()
    same(client.download('one'), 1)
    assert 'sha512 is' in client.said, client.said
    same(client.download('two'), 1)
    assert "hash algorithm 'sha3'" in client.said, client.said
    same(client.have(), {})


@case
def hash_in_the_name_of_the_file():
    """Of a target without SHA-256, what it has names its file, and is what is checked."""
    repo, client = start()
    digest = hashlib.sha512(b'content').hexdigest()
    repo.docs['targets']['targets']['d/file'] = {'length': 7, 'hashes': {'sha512': digest}}
    repo.targets[f'd/{digest}.file'] = b'content'
    repo.publish_all()
    same(client.download('d/file'), 0)
    same((repo.target_log, client.have()), ([f'd/{digest}.file'], {'d%2Ffile': b'content'}))
    repo.targets[f'd/{digest}.file'] = b'CONTENT'
    os.unlink(client.targets + '/d%2Ffile')
    same(client.download('d/file'), 1)
    same(client.have(), {})


@case
def target_changes():
    repo, client = start()
    for i in range(4):
        repo.add_target('targets', 'file', b'content %d' % i)
        repo.publish_all()
        same(client.download('file'), 0)
        same(client.have(), {'file': b'content %d' % i})


@case
def names_of_targets_stay_in_their_folder():
    repo, client = start()
    names = ['../../evil', '/etc/evil', '..', '.', 'a' * 300, 'x?y#z', '\u00fc/%2e']
    for name in names:
        repo.targets.clear()
        repo.add_target('targets', name, b'of ' + name[:20].encode())
        repo.targets.clear()
    repo.publish_all()
    for name in names:
        digest = hashlib.sha256(b'of ' + name[:20].encode()).hexdigest()
        folder, slash, base = name.rpartition('/')
        repo.targets[f'{folder}{slash}{digest}.{base}'] = b'of ' + name[:20].encode()
        status = client.download(name)
        # A server is never asked for a path with "..": such a target cannot be had, and nothing is written.
        same(status, 1 if name.startswith('../') else 0)
    same(len(client.have()), len(names) - 1)
    same(sorted(os.listdir(client.dir)), ['first.json', 'metadata', 'targets'])


@case
def file_of_no_bytes():
    repo, client = start()
    repo.add_target('targets', 'empty', b'')
    repo.publish_all()
    same(client.download('empty'), 0)
    same(client.have(), {'empty': b''})


# Breaks

@case
def killed_at_any_time():
    repo, client = start()
    same(client.refresh(), 0)
    for i in range(12):
        if i % 3 == 2:
            repo.rotate('timestamp')
        repo.publish('root')
        repo.publish_all()
        seen = client.trusted()
        cmd = os.environ['PLIMSOLL'].split() + ['trust', 'tuf-client', '--metadata-dir', client.metadata,
                                                '--metadata-url', client.url + '/metadata', 'refresh']
        p = subprocess.Popen(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            p.wait(0.02 * i)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
        now = client.trusted()
        # What a rotation makes to be forgotten is all that may be gone, and only with the root that says so.
        gone = set(TOP) - set(now)
        assert gone <= {'timestamp', 'snapshot'} and (now['root'] >= 4 or not gone), (seen, now)
        assert all(now[r] >= seen[r] for r in now if r in seen), (seen, now)
    same(client.refresh(), 0)
    same(client.trusted(), {'root': 13, 'timestamp': 13, 'snapshot': 13, 'targets': 13})


@case
def two_at_once():
    repo, client = start()
    cmd = os.environ['PLIMSOLL'].split() + ['trust', 'tuf-client', '--metadata-dir', client.metadata,
                                            '--metadata-url', client.url + '/metadata', 'refresh']
    both = [subprocess.Popen(cmd) for _ in range(3)]
    same([p.wait() for p in both], [0, 0, 0])
    same(client.trusted(), ALL_ONE)


@case
def every_byte_of_a_timestamp():
    repo, client = start()
    same(client.refresh(), 0)
    repo.publish('timestamp')
    good = repo.published['timestamp'][None]
    start_at = good.index(b'"signed"')
    for at in range(start_at, len(good), 41):  # all of them: tests/unit/trust/test_tuf.c
        bad = bytearray(good)
        bad[at] ^= 1 << (at % 7)
        repo.published['timestamp'][None] = bytes(bad)
        try:
            harmless = canonical(json.loads(bad)['signed']) == canonical(json.loads(good)['signed'])
        except (ValueError, KeyError, AssertionError, TypeError):
            harmless = False
        status = client.refresh()
        assert status == 1 or harmless, (at, bytes(bad), client.said)
        if status == 0:
            return  # version 2 is there now: what follows would be compared with it
    same(client.version('timestamp'), 1)
