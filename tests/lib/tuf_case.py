#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the files of cases share: their list, and how one begins."""
from tuf_repo import Client, Repo

CASES = {}
ALL_ONE = {'root': 1, 'timestamp': 1, 'snapshot': 1, 'targets': 1}
ASKED_FIRST = [('root', 2), ('timestamp', None), ('snapshot', 1), ('targets', 1)]


def case(f):
    CASES[f.__name__] = f
    return f


def same(got, want):
    assert got == want, f'got {got}, want {want}'


def refresh_refused(client, reason):
    status = client.refresh()
    assert status == 1 and reason in client.said, f'status {status}: {client.said}'


def start():
    repo = Repo()
    return repo, Client(repo)
