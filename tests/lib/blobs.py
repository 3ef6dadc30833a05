# SPDX-License-Identifier: Apache-2.0
"""Blobs of an OCI layout, for the programs here that change one."""
import hashlib


def put(where, data, media_type):
    """Its descriptor."""
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{where}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}
