#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a TUF client must do, one function a case: tuf_cases.py NAME runs it, tuf_cases.py alone lists them.

They follow the TUF project's client conformance suite in what they check, and go on where that ends.
"""
import json
import os
import sys

import tuf_cases_targets  # noqa: F401: its cases
from tuf_case import ALL_ONE, ASKED_FIRST, CASES, case, refresh_refused, same, start
from tuf_repo import Client, Key, Repo, TOP, stamp


# The workflow

@case
def first_refresh():
    repo, client = start()
    same(client.refresh(), 0)
    same(repo.log, ASKED_FIRST)
    same(client.trusted(), ALL_ONE)
    same(os.readlink(client.metadata + '/root.json'), 'root_history/1.root.json')
    same(client.refresh(), 0)
    same(repo.log, ASKED_FIRST[:2])


@case
def download_refreshes():
    repo, client = start()
    same(client.download('nothing of that name'), 1)
    same(repo.log, ASKED_FIRST)
    same(client.trusted(), ALL_ONE)


@case
def init_refuses_what_is_no_root():
    repo = Repo()
    client = Client(repo, init=False)
    for change in (lambda d: d['signed'].pop('version'), lambda d: d['signatures'][0].update(sig='00' * 64),
                   lambda d: d['signatures'].clear(), lambda d: d['signed'].update(_type='targets')):
        root = json.loads(repo.published['root'][1])
        change(root)
        same(client.init(json.dumps(root).encode()), 1)
        same(client.refresh(), 1)
        same((repo.log, client.trusted()), ([], {}))


@case
def init_twice():
    repo, client = start()
    repo.publish('root')
    same(client.refresh(), 0)
    same(client.init(repo.published['root'][1]), 0)  # what it began with: nothing is lost
    same(client.version('root'), 2)
    other = Repo()
    same(client.init(other.published['root'][1]), 2)
    same(client.bytes_of('root'), repo.published['root'][2])


@case
def bad_root_on_disk_asks_nobody():
    repo, client = start()
    root = json.loads(repo.published['root'][1])
    root['signed']['expires'] = stamp(1000)
    with open(client.metadata + '/root_history/1.root.json', 'w') as f:
        json.dump(root, f)
    same(client.refresh(), 1)
    same(repo.log, [])


@case
def unsigned_metadata():
    for role, want in (('root', {'root': 1}), ('timestamp', {'root': 1}), ('snapshot', {'root': 1, 'timestamp': 2}),
                       ('targets', {'root': 1, 'timestamp': 2, 'snapshot': 2})):
        repo, client = start()
        repo.signers[role] = []
        repo.publish_all()
        if role == 'root':
            repo.publish('root')
        refresh_refused(client, 'signed by 0 of its keys')
        same(client.trusted(), want)


@case
def same_timestamp_version_is_not_taken():
    repo, client = start()
    same(client.refresh(), 0)
    before = client.bytes_of('timestamp')
    repo.timestamp['meta']['snapshot.json']['version'] = 100
    repo.publish('timestamp', bump=False)
    same(client.refresh(), 0)
    same(repo.log[-1], ('timestamp', None))
    same(client.bytes_of('timestamp'), before)


@case
def metadata_hashes():
    repo, client = start()
    repo.hashes = True
    repo.publish_all()
    same(client.refresh(), 0)
    repo.publish('targets')
    repo.snapshot['meta']['targets.json']['hashes'] = {'sha256': '46' * 32}
    repo.publish('snapshot', 'timestamp')
    refresh_refused(client, 'sha256 is')
    same((client.version('snapshot'), client.version('targets')), (3, 2))


@case
def metadata_of_another_length():
    repo, client = start()
    repo.hashes = True
    repo.publish_all()
    for role in ('snapshot', 'targets'):
        served = repo.published[role][2]
        repo.published[role][2] = served + b' '
        refresh_refused(client, 'more than')
        repo.published[role][2] = served[:-1]
        refresh_refused(client, 'it has')
        repo.published[role][2] = served
    same(client.refresh(), 0)


@case
def unknown_hash_algorithm_is_refused():
    repo, client = start()
    repo.snapshot['meta']['targets.json']['hashes'] = {'md5': '00' * 16}
    repo.publish('snapshot', 'timestamp')
    refresh_refused(client, "hash algorithm 'md5'")


@case
def targets_version_not_in_snapshot():
    repo, client = start()
    same(client.refresh(), 0)
    repo.publish('targets')
    same(client.refresh(), 0)
    same((client.version('targets'), repo.log[-1]), (1, ('timestamp', None)))


@case
def bytes_are_kept_as_they_came():
    repo, client = start()
    repo.published['timestamp'][None] += b' \n'
    same(client.refresh(), 0)
    same(client.bytes_of('timestamp'), repo.published['timestamp'][None])


@case
def unknown_fields():
    repo, client = start()
    repo.root['custom'] = {'ünï\tcode "\\': [1, None, True, 'a\u0001b\U0001f600']}
    repo.root['roles']['root']['another'] = 'value'
    repo.add_key('root', Key(more={'a': 1, 'b': 2}))
    repo.publish('root')
    same(client.refresh(), 0)
    same(client.version('root'), 2)
    repo.root['custom'] = 1.5
    data = json.dumps({'signed': repo.root, 'signatures': []}).encode()
    repo.published['root'][3] = data
    refresh_refused(client, 'not canonical')


@case
def root_that_knows_mirrors():
    repo, client = start()
    repo.root['roles']['mirrors'] = {'keyids': [], 'threshold': 1}
    repo.publish('root')
    same(client.refresh(), 0)
    same(client.version('root'), 2)
    repo.root['roles']['mirrors']['threshold'] = 0
    repo.publish('root')
    refresh_refused(client, 'threshold 0')
    # Nobody delegates to the top-level roles; this is none of ours.
    repo.published['root'].pop(3)
    repo.docs['root']['version'] = 2
    repo.root['roles'].pop('mirrors')
    repo.delegate('targets', 'mirrors')
    repo.add_target('mirrors', 'file', b'content')
    repo.publish('mirrors')
    repo.publish_all()
    same(client.download('file'), 0)


@case
def keyid_is_only_a_name():
    repo, client = start()
    repo.rotate('snapshot')
    key = repo.signers['snapshot'][0]
    value = repo.root['keys'].pop(key.id)
    key.id = 'whatever'
    repo.root['keys'][key.id] = {**value, 'keyid_hash_algorithms': 'md5'}
    repo.root['roles']['snapshot']['keyids'] = [key.id]
    repo.publish('root', 'snapshot', 'timestamp')
    same(client.refresh(), 0)
    same((client.version('root'), client.version('snapshot')), (2, 2))


@case
def missing_files():
    repo, client = start()
    same(client.refresh(), 0)
    repo.timestamp['meta']['snapshot.json']['version'] = 2
    repo.publish('timestamp')
    refresh_refused(client, '404')
    same(repo.log[-1], ('snapshot', 2))
    same(client.trusted(), {**ALL_ONE, 'timestamp': 2})
    repo.snapshot['meta']['targets.json']['version'] = 2
    repo.publish('snapshot', 'timestamp')
    refresh_refused(client, '404')
    same(repo.log[-1], ('targets', 2))
    same(client.trusted(), {'root': 1, 'timestamp': 3, 'snapshot': 2, 'targets': 1})
    repo.served['timestamp'] = lambda version: None
    refresh_refused(client, '404')


@case
def server_errors_are_no_end_of_roots():
    repo, client = start()
    repo.served['root'] = lambda version: 500
    refresh_refused(client, 'HTTP 500')
    same(client.trusted(), {'root': 1})
    repo.served['root'] = lambda version: 403  # what stores of objects say of what they do not have
    same(client.refresh(), 0)


@case
def wrong_type_of_metadata():
    repo, client = start()
    repo.add_key('snapshot', repo.signers['timestamp'][0])
    repo.snapshot['meta'] = {'snapshot.json': {'version': 1}, 'targets.json': {'version': 1}}
    repo.publish('root', 'snapshot')
    repo.published['timestamp'][None] = repo.published['snapshot'][None]
    refresh_refused(client, "want timestamp metadata, this is 'snapshot'")
    same(client.trusted(), {'root': 2})


@case
def consistent_snapshot_off():
    repo = Repo()
    repo.root['consistent_snapshot'] = False
    repo.root['version'] = 0
    repo.publish('root')
    repo.add_target('targets', 'a/file', b'content')
    repo.delegate('targets', 'role1')
    repo.publish('role1')
    repo.publish_all()
    client = Client(repo)
    same(client.download('a/file'), 0)
    same(repo.log, [('root', 2), ('timestamp', None), ('snapshot', None), ('targets', None)])
    same(repo.target_log, ['a/file'])
    same(client.download('b'), 1)
    same(repo.log[-1], ('role1', None))


@case
def consistent_snapshot_not_said():
    repo = Repo()
    del repo.root['consistent_snapshot']
    repo.root['version'] = 0
    repo.publish('root')
    client = Client(repo)
    same(client.refresh(), 0)
    same(repo.log, [('root', 2), ('timestamp', None), ('snapshot', None), ('targets', None)])


@case
def url_of_any_form():
    """What stands before the names of files is sent as it was given: it may be quoted, end with a slash or not."""
    for base in ('', 'a', 'a%5B..%2Fb%5D', '%3F', '%23/%20x', 'a.b/c~d/'):
        repo = Repo()
        repo.add_target('targets', 'x/file', b'content')
        repo.publish_all()
        client = Client(repo)
        repo.base = base.rstrip('/')
        client.url += '/' + base
        same(client.download('x/file'), 0)
        same(client.have(), {'x%2Ffile': b'content'})


@case
def malformed_metadata():
    def bad(change, role, reason):
        repo, client = start()
        doc = repo.docs[role]
        change(doc)
        repo.publish(role)
        if role == 'targets':
            repo.publish('snapshot', 'timestamp')
        refresh_refused(client, reason)
    bad(lambda d: d.update(expires='2099-01-01T00:00:00+00:00'), 'timestamp', 'is not YYYY-MM-DD')
    bad(lambda d: d.update(expires='2099-01-01T00:00:00.5Z'), 'timestamp', 'is not YYYY-MM-DD')
    bad(lambda d: d.update(expires='2099-01-01'), 'timestamp', 'is not YYYY-MM-DD')
    bad(lambda d: d.update(expires='2099-02-30T00:00:00Z'), 'timestamp', 'is not YYYY-MM-DD')
    bad(lambda d: d.update(spec_version='2.0.0'), 'timestamp', 'is not 1.x')
    bad(lambda d: d.update(spec_version='1'), 'timestamp', 'is not 1.x')
    bad(lambda d: d['meta'].clear(), 'timestamp', "'snapshot.json' is missing")
    bad(lambda d: d.update(version=-5), 'timestamp', 'negative')
    bad(lambda d: d['roles'].pop('targets'), 'root', 'four top-level roles')
    bad(lambda d: d['roles'].update(more=d['roles']['root']), 'root', 'four top-level roles')
    bad(lambda d: d['roles']['targets'].update(threshold=0), 'root', 'threshold 0')
    bad(lambda d: d.update(consistent_snapshot='yes'), 'root', 'not a boolean')
    bad(lambda d: d['targets'].update(a={'length': 1}), 'targets', "'hashes' are not")
    bad(lambda d: d.update(delegations={'keys': {}}), 'targets', "either 'roles' or")
    for name in TOP:
        bad(lambda d: d.update(delegations={'keys': {}, 'roles': [{
            'name': name, 'keyids': [], 'threshold': 1, 'terminating': False, 'paths': []}]}), 'targets',
            f"nobody may delegate to '{name}'")


@case
def broken_json():
    repo, client = start()
    good = repo.published['timestamp'][None]
    for data in (b'', b'{', good + b'{}', good.replace(b'"version"', b'"version": 1, "version"', 1), b'[' * 1000,
                 good.replace(b'"timestamp"', b'"time\xffstamp"'), b'null', b'[]', b'{"signed":1,"signatures":[]}',
                 good.replace(b'"signatures": [', b'"signatures": [7,'), b'\x00' + good):
        repo.published['timestamp'][None] = data
        refresh_refused(client, 'timestamp')
        same(client.trusted(), {'root': 1})
    repo.published['timestamp'][None] = good
    same(client.refresh(), 0)


@case
def larger_than_allowed():
    repo, client = start()
    repo.published['timestamp'][None] += b' ' * 16384
    refresh_refused(client, 'more than 16384 bytes')
    repo.published['root'][2] = b' ' * 512001
    refresh_refused(client, 'more than 512000 bytes')
    same(client.trusted(), {'root': 1})


# Keys and signatures

@case
def threshold_not_met():
    repo = Repo()
    for _ in range(2):
        repo.add_key('snapshot', threshold=3)
    repo.publish('root')
    repo.publish_all()
    client = Client(repo)
    same(client.refresh(), 0)
    repo.signers['snapshot'].pop()
    repo.publish_all()
    refresh_refused(client, 'signed by 2 of its keys, 3 are needed')
    same(client.version('snapshot'), 2)


@case
def fewer_keys_than_the_threshold():
    repo, client = start()
    same(client.refresh(), 0)
    for _ in range(4):
        repo.add_key('snapshot', threshold=6)
    repo.publish('root', 'snapshot', 'timestamp')
    refresh_refused(client, 'signed by 5 of its keys, 6 are needed')
    same((client.version('root'), client.version('snapshot')), (2, 1))


@case
def same_key_under_two_keyids_counts_once():
    repo, client = start()
    key = repo.signers['timestamp'][0]
    twin = Key.__new__(Key)
    vars(twin).update(vars(key), value={**key.value, 'x': 1}, id='twin')
    repo.add_key('timestamp', twin, threshold=2)
    repo.publish('root', 'timestamp')
    refresh_refused(client, 'signed by 1 of its keys, 2 are needed')
    same(client.trusted(), {'root': 2})


@case
def duplicate_keyids():
    repo, client = start()
    repo.root['roles']['snapshot']['keyids'] *= 9
    repo.root['roles']['snapshot']['threshold'] = 6
    repo.publish('root')
    refresh_refused(client, 'is there twice')
    repo, client = start()
    repo.publish('snapshot', change=lambda d: d['signatures'].extend(d['signatures']))
    repo.publish('timestamp')
    refresh_refused(client, 'two signatures of keyid')
    same(client.version('snapshot'), None)


@case
def keytypes_and_schemes():
    for scheme, keytype in (('ed25519', 'ed25519'), ('ecdsa-sha2-nistp256', 'ecdsa'),
                            ('ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256'), ('ecdsa-sha2-nistp384', 'ecdsa'),
                            ('ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384'), ('ecdsa-sha2-nistp521', 'ecdsa'),
                            ('rsassa-pss-sha256', 'rsa'), ('rsassa-pss-sha512', 'rsa'),
                            ('rsa-pkcs1v15-sha256', 'rsa')):
        repo, client = start()
        key = repo.add_key('root', Key(scheme, keytype), threshold=2)
        repo.publish('root')
        assert client.refresh() == 0, (scheme, client.said)
        same(client.version('root'), 2)
        other = key.sign(b'something else')

        def swap(d):
            d['signatures'][1]['sig'] = other
        repo.publish('root', change=swap)
        refresh_refused(client, 'signed by 1 of its keys')
        same(client.version('root'), 2)


@case
def keys_that_do_not_fit_their_scheme():
    for change in ({'scheme': 'ecdsa-sha2-nistp384'}, {'keytype': 'ed25519'}, {'keytype': 'rsa'}, {'scheme': 'ed25519'},
                   {'scheme': 'rsassa-pss-sha256', 'keytype': 'rsa'}, {'keyval': {}}, {'keyval': {'public': 'xx'}},
                   {'keytype': 'unknown', 'scheme': 'unknown'}):
        repo, client = start()
        repo.rotate('timestamp')
        repo.signers['timestamp'] = [Key('ecdsa-sha2-nistp256')]
        key = repo.signers['timestamp'][0]
        repo.root['keys'][key.id] = {**key.value, **change}
        repo.root['roles']['timestamp']['keyids'] = [key.id]
        repo.publish('root', 'timestamp')
        refresh_refused(client, 'signed by 0 of its keys')
        same(client.trusted(), {'root': 2})


@case
def useless_signatures_beside_good_ones():
    repo, client = start()
    other = repo.add_key('timestamp')
    repo.publish('root')
    for sig in ('00' * 64, '', 'xyz', 'A', 'zz' * 64, 'ff' * 1500):
        def swap(d):
            d['signatures'][0]['sig'] = sig
            d['signatures'].append({'keyid': 'nobody', 'sig': sig})
        repo.publish('timestamp', change=swap)
        assert client.refresh() == 0, client.said
    same(other.id in client.bytes_of('timestamp').decode(), True)


@case
def a_signed_value_changed():
    repo, client = start()
    good = repo.published['timestamp'][None]
    for old, new in ((b'"version": 1', b'"version": 2'), (b'"1.0.31"', b'"1.0.32"'), (b'"signed": {', b'"signed": {"a":1,')):
        assert old in good
        repo.published['timestamp'][None] = good.replace(old, new)
        refresh_refused(client, 'the signature does not hold')
    same(client.trusted(), {'root': 1})


ROTATIONS = {  # (keys, threshold, signers)...; does the last one hold
    'one key for another': ([((1,), 1, (1,)), ((2,), 1, (2, 1)), ((2,), 1, (2,))], True),
    'with signatures nobody asked for': ([((1,), 1, (3, 1, 4)), ((2,), 1, (3, 2, 1, 4)), ((2,), 1, (3, 2, 4))], True),
    'other three of five each time': ([((0, 1, 2, 3, 4), 3, (0, 2, 4)), ((0, 1, 2, 3, 4), 3, (0, 4, 1)),
                                       ((0, 1, 2, 3, 4), 3, (0, 1, 3))], True),
    'one of five rotated': ([((0, 1, 2, 3, 4), 3, (0, 2, 4)), ((0, 1, 3, 4, 5), 3, (0, 4, 1))], True),
    'one of five rotated in steps': ([((0, 1, 2, 3, 4), 3, (0, 2, 4)), ((0, 1, 3, 4, 5), 3, (0, 2, 4, 5)),
                                      ((0, 1, 3, 4, 5), 3, (0, 4, 5))], True),
    'all of five rotated': ([((0, 1, 2, 3, 4), 3, (0, 2, 4)), ((5, 6, 7, 8, 9), 3, (0, 2, 4, 5, 6, 7)),
                             ((5, 6, 7, 8, 9), 3, (5, 6, 7))], True),
    'threshold raised': ([((1, 2, 3), 1, (1,)), ((1, 2, 3), 2, (1, 2))], True),
    'threshold lowered': ([((1, 2, 3), 2, (1, 2)), ((1, 2, 3), 1, (1, 2)), ((1, 2, 3), 1, (1,))], True),
    'threshold raised with a new key': ([((1,), 1, (1,)), ((1, 2), 2, (1, 2))], True),
    'not signed by the old key': ([((1,), 1, (1,)), ((2,), 1, (2, 3, 4))], False),
    'not signed by the new key': ([((1,), 1, (1,)), ((2,), 1, (1, 3, 4))], False),
    'too few of the new keys': ([((0, 1, 2, 3, 4), 3, (0, 2, 4)), ((0, 1, 3, 4, 5), 3, (0, 2, 4))], False),
    'too few of the old keys': ([((0, 1, 2, 3, 4), 3, (0, 2, 4)), ((0, 1, 3, 4, 5), 3, (0, 4, 5))], False),
    'raised threshold not met': ([((1, 2, 3), 1, (1,)), ((1, 2, 3), 2, (2,))], False),
    'lowered threshold, old not met': ([((1, 2, 3), 2, (1, 2)), ((1, 2, 3), 1, (1,))], False),
}


@case
def root_rotations():
    keys = [Key() for _ in range(10)]
    for name, (versions, holds) in ROTATIONS.items():
        repo = Repo()
        repo.published['root'], repo.root['version'] = {}, 0
        for ids, threshold, signers in versions:
            repo.root['roles']['root'] = {'keyids': [], 'threshold': threshold}
            for i in ids:
                repo.add_key('root', keys[i])
            repo.signers['root'] = [keys[i] for i in signers]
            repo.publish('root')
        client = Client(repo)
        assert (client.refresh() == 0) == holds, (name, client.said)
        same(client.bytes_of('root'), repo.published['root'][len(versions) - (not holds)])


@case
def rotations_of_other_roles():
    keys = [Key() for _ in range(6)]
    for ids, threshold, signers, holds in (
            ((2,), 1, (2,), True), ((1,), 1, (3, 1, 4), True), ((2,), 1, (1, 3, 4), False),
            ((0, 1, 3, 4, 5), 3, (0, 2, 4), False), ((0, 1, 3, 4, 5), 3, (0, 4), False),
            ((0, 1, 2, 3, 4), 3, (0, 2, 4), True), ((0, 1, 2, 3, 4), 3, (2, 3, 4), True)):
        repo, client = start()
        for role in ('timestamp', 'snapshot', 'targets'):
            repo.root['roles'][role] = {'keyids': [], 'threshold': threshold}
            for i in ids:
                repo.add_key(role, keys[i])
            repo.signers[role] = [keys[i] for i in signers]
            repo.publish('root')
            repo.publish_all()
            same(client.refresh(), 0 if holds else 1)
            if holds:
                same(client.bytes_of(role), repo.published[role][None])


@case
def many_roots_at_once():
    repo, client = start()
    for _ in range(40):
        repo.publish('root')
    same(client.refresh(), 0)
    same((client.version('root'), len(os.listdir(client.metadata + '/root_history'))), (41, 41))


@case
def root_version_must_follow():
    for version in (1, 3, 99):
        repo, client = start()
        repo.root['version'] = version
        repo.publish('root', bump=False)
        repo.served['root'] = lambda v: repo.published['root'][version] if v == 2 else None
        refresh_refused(client, 'does not follow')
        same(client.version('root'), 1)


# Rollback, freeze, mix and match

@case
def timestamp_rollback():
    repo, client = start()
    old = repo.published['timestamp'][None]
    repo.publish('timestamp')
    same(client.refresh(), 0)
    repo.published['timestamp'][None] = old
    refresh_refused(client, 'timestamp version 1 is older than version 2')
    same((client.version('timestamp'), repo.log[-1]), (2, ('timestamp', None)))


@case
def snapshot_rollback():
    for hashes in (False, True):
        repo, client = start()
        repo.hashes = hashes
        repo.publish('snapshot', 'timestamp')
        same(client.refresh(), 0)
        repo.timestamp['meta']['snapshot.json'] = {'version': 1}
        repo.publish('timestamp')
        refresh_refused(client, 'snapshot version 1 is older than version 2')
        same((client.version('timestamp'), client.version('snapshot')), (2, 2))
        same(repo.log[-1], ('timestamp', None))


@case
def targets_rollback():
    for hashes in (False, True):
        repo, client = start()
        repo.hashes = hashes
        repo.publish_all()
        same(client.refresh(), 0)
        repo.snapshot['meta']['targets.json'] = {'version': 1}
        repo.publish('snapshot', 'timestamp')
        refresh_refused(client, 'targets.json version 1 is older than version 2')
        same((client.version('snapshot'), client.version('targets')), (2, 2))


@case
def a_role_disappears_from_the_snapshot():
    repo, client = start()
    repo.delegate('targets', 'role1')
    repo.publish('role1')
    repo.publish_all()
    same(client.refresh(), 0)
    del repo.snapshot['meta']['role1.json']
    repo.publish('snapshot', 'timestamp')
    refresh_refused(client, 'lists role1.json no more')
    same(client.version('snapshot'), 2)


@case
def rollback_is_seen_past_an_expired_snapshot():
    repo = Repo()
    repo.publish('targets')
    repo.snapshot['expires'] = stamp(5)
    repo.publish('snapshot', 'timestamp')
    client = Client(repo)
    same(client.refresh(), 0)
    repo.snapshot['expires'] = repo.timestamp['expires'] = stamp(30)
    repo.snapshot['meta']['targets.json'] = {'version': 1}
    repo.publish('snapshot', 'timestamp')
    same(client.refresh(days=10), 1)
    assert 'targets.json version 1 is older' in client.said, client.said


@case
def snapshot_of_another_version():
    repo, client = start()
    repo.publish('snapshot')
    repo.served['snapshot'] = lambda version: repo.published['snapshot'][2]
    refresh_refused(client, 'the snapshot is version 2, the timestamp names 1')
    same(client.trusted(), {'root': 1, 'timestamp': 1})


@case
def targets_of_another_version():
    repo, client = start()
    repo.publish('targets')
    repo.served['targets'] = lambda version: repo.published['targets'][2]
    refresh_refused(client, 'it is version 2, the snapshot names 1')
    same(client.trusted(), {'root': 1, 'timestamp': 1, 'snapshot': 1})


@case
def fast_forward_recovery():
    repo, client = start()
    repo.docs['targets']['version'] = 99998
    repo.publish_all()
    same(client.refresh(), 0)
    same(client.version('targets'), 99999)
    repo.rotate('snapshot')
    repo.docs['targets']['version'] = 1
    repo.publish('root')
    repo.publish_all()
    same(client.refresh(), 0)
    same(client.version('targets'), 2)
    repo, client = start()
    repo.docs['snapshot']['version'] = 99998
    repo.docs['timestamp']['version'] = 99998
    repo.publish_all()
    same(client.refresh(), 0)
    repo.rotate('snapshot')
    repo.rotate('timestamp')
    repo.docs['snapshot']['version'] = repo.docs['timestamp']['version'] = 1
    repo.publish('root')
    repo.publish_all()
    same(client.refresh(), 0)
    same((client.version('snapshot'), client.version('timestamp')), (2, 2))


@case
def recovery_when_only_one_of_the_keys_goes():
    repo = Repo()
    lost = repo.add_key('timestamp')
    repo.publish('root', 'timestamp')
    client = Client(repo)
    same(client.refresh(), 0)
    repo.docs['timestamp']['version'] = 5000
    repo.publish('timestamp')
    same(client.refresh(), 0)
    repo.root['roles']['timestamp']['keyids'].remove(lost.id)
    repo.signers['timestamp'].remove(lost)
    repo.docs['timestamp']['version'] = 2
    repo.publish('root', 'timestamp')
    same(client.refresh(), 0)
    same(client.version('timestamp'), 3)


def rid_of_a_key():
    """A client at root 2, whose kept timestamp 5000 both keys signed; root 3 has one of them no more."""
    repo = Repo()
    lost = repo.add_key('timestamp')
    repo.publish('root', 'timestamp')
    client = Client(repo)
    repo.docs['timestamp']['version'] = 4999
    repo.publish('timestamp')
    same(client.refresh(), 0)
    same(client.version('timestamp'), 5000)
    repo.root['roles']['timestamp']['keyids'].remove(lost.id)
    repo.signers['timestamp'].remove(lost)
    repo.docs['timestamp']['version'] = 2
    repo.publish('root', 'timestamp')
    return repo, client, lost


@case
def recovery_after_an_update_that_broke_off():
    repo, client, _ = rid_of_a_key()
    repo.served['root'] = lambda version: repo.published['root'].get(version, 500)
    refresh_refused(client, 'HTTP 500')
    same(client.version('root'), 3)
    del repo.served['root']
    same(client.refresh(), 0)
    same(client.version('timestamp'), 3)


@case
def recovery_after_a_kill():
    """The new root is written, and not yet what root.json names: it counts, whatever the repository says now."""
    repo, client, lost = rid_of_a_key()
    with open(client.metadata + '/root_history/3.root.json', 'wb') as f:
        f.write(repo.published['root'].pop(3))
    good, repo.signers['timestamp'] = repo.signers['timestamp'], [lost]
    repo.publish('timestamp')
    refresh_refused(client, 'signed by 0 of its keys')
    same(client.trusted(), {'root': 3, 'targets': 1})
    same(repo.log, [('root', 4), ('timestamp', None)])
    repo.signers['timestamp'] = good
    repo.publish('timestamp')
    same(client.refresh(), 0)
    same(client.version('timestamp'), 5)
    # What is no root there is asked for.
    with open(client.metadata + '/root_history/4.root.json', 'wb') as f:
        f.write(b'{}')
    repo.publish('root')
    same(client.refresh(), 0)
    same((client.version('root'), repo.log[:2]), (4, [('root', 4), ('root', 5)]))


@case
def expired_root():
    repo, client = start()
    same(client.refresh(), 0)
    repo.root['expires'] = stamp(-1)
    repo.publish('root')
    repo.publish_all()
    refresh_refused(client, 'root version 2 expired at')
    same(client.trusted(), {**ALL_ONE, 'root': 2})
    same(repo.log[-1], ('root', 3))


@case
def expired_first_root_with_a_newer_one():
    repo = Repo()
    repo.root['expires'] = stamp(-1)
    repo.root['version'] = 0
    repo.publish('root')
    client = Client(repo)
    same(client.refresh(), 1)
    repo.root['expires'] = stamp(3)
    repo.publish('root')
    same(client.refresh(), 0)


@case
def expired_timestamp():
    repo, client = start()
    same(client.refresh(), 0)
    repo.timestamp['expires'] = stamp(-5)
    repo.publish('timestamp')
    refresh_refused(client, 'timestamp version 2 expired at')
    same(client.version('timestamp'), 1)


@case
def expired_snapshot():
    repo, client = start()
    same(client.refresh(), 0)
    repo.snapshot['expires'] = stamp(-5)
    repo.publish('snapshot', 'timestamp')
    refresh_refused(client, 'snapshot version 2 expired at')
    same((client.version('timestamp'), client.version('snapshot')), (2, 1))


@case
def expired_targets():
    repo, client = start()
    same(client.refresh(), 0)
    repo.docs['targets']['expires'] = stamp(-5)
    repo.publish_all()
    refresh_refused(client, 'targets version 2 expired at')
    same((client.version('snapshot'), client.version('targets')), (2, 1))


@case
def frozen_repository():
    repo, client = start()
    same(client.refresh(), 0)
    same(client.refresh(days=31), 1)
    assert 'root version 1 expired' in client.said, client.said
    repo.root['expires'] = stamp(100)
    repo.publish('root')
    same(client.refresh(days=31), 1)
    assert 'timestamp version 1 expired' in client.said, client.said


@case
def expired_local_metadata_is_updated():
    repo = Repo()
    repo.timestamp['expires'] = stamp(7)
    repo.publish('timestamp')
    client = Client(repo)
    same(client.refresh(), 0)
    repo.timestamp['expires'] = stamp(21)
    repo.publish_all()
    same(client.refresh(days=18), 0)
    same(client.trusted(), {'root': 1, 'timestamp': 3, 'snapshot': 2, 'targets': 2})


@case
def what_is_kept_expires():
    """Whatever is kept and expired by now is followed by what is newer, and by nothing else."""
    for role in TOP:
        repo = Repo()
        repo.docs[role]['expires'] = stamp(7)
        repo.publish('root')
        repo.publish_all()
        client = Client(repo)
        same(client.refresh(), 0)
        same(client.refresh(days=18), 1)
        assert f'{role} version 2 expired at' in client.said, client.said
        repo.docs[role]['expires'] = stamp(21)
        repo.publish('root')
        repo.publish_all()
        same(client.refresh(days=18), 0)
        same(client.trusted(), {r: 3 for r in TOP})


def main():
    if len(sys.argv) == 1:
        print('\n'.join(CASES))
    else:
        CASES[sys.argv[1]]()


main()
