"""Files whose every byte is checked before any of it is believed.

A sealed file is the zip archive that skops writes, with the SHA-256 of all that comes
before it in the archive's comment: a byte that is changed, lost or added anywhere is
noticed. Who changes a file on purpose can seal it anew; so sizes are checked before
anything is read, as a small file can ask for much memory: by members that are packed,
by arrays said to be large, and by one part that is named many times.
"""

import hashlib
import io
import json
import math
import struct
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np

from ..exceptions import FileError

__all__ = ["check_sizes", "seal", "unseal"]

_MARK = b"sklearn-binmask sha256 "
_SEAL_LENGTH = len(_MARK) + 2 * hashlib.sha256().digest_size
# Bytes that the parts of a file may take in memory, for each byte of the file, and of
# those that a sparse matrix may be packed into.
_MOST_GROWTH = 64
_MOST_ANYWAY = 2**20
_SCHEMA = "schema.json"
# What stands for one value in memory, roughly.
_NODE_BYTES = 64
# Parts that skops builds by a call whose cost is a number in the file.
_COSTLY_LOADERS = {"RandomGeneratorNode"}
_COSTLY_TYPES = {"void"}


def seal(archive: bytes) -> bytes:
    """Write the checksum into the comment of a zip archive that has none."""
    # the last field of an archive is the length of the comment that follows
    archive = archive[:-2] + struct.pack("<H", _SEAL_LENGTH)
    return archive + _seal_of(archive)


def unseal(data: bytes) -> None:
    """Refuse a file that is not, byte for byte, as it was sealed."""
    body, found = data[:-_SEAL_LENGTH], data[-_SEAL_LENGTH:]
    if not found.startswith(_MARK):
        raise FileError(
            "The file is cut off, or was not written by sklearn_binmask.dump. Try "
            "another copy of it, or skops.io.load if skops wrote it."
        )
    if found != _seal_of(body):
        raise FileError(
            "The file is not as it was written: its checksum is another. Try another "
            "copy of it."
        )


def _seal_of(body: bytes) -> bytes:
    return _MARK + hashlib.sha256(body).hexdigest().encode("ascii")


def check_sizes(data: bytes) -> None:
    """Refuse a file that would take far more memory than it has bytes."""
    most = _MOST_GROWTH * len(data) + _MOST_ANYWAY
    with ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if any(m.compress_type != ZIP_STORED for m in members):
            raise FileError("The file holds packed members, which dump never writes.")
        if sum(m.file_size for m in members) > len(data):
            raise FileError("The members of the file are said to be larger than it.")
        sizes = {
            member.filename: _size_in_memory(archive.read(member), most)
            for member in members
            if member.filename != _SCHEMA
        }
        schema = json.loads(archive.read(_SCHEMA))
    if _cost(schema, sizes, {}) > most:
        raise FileError("The file names its parts too often, and would grow too large.")


def _size_in_memory(content: bytes, most: int) -> int:
    """Bytes that a member will take; those of a sparse matrix are packed once more."""
    if not content.startswith(b"PK"):
        _check_array(io.BytesIO(content), len(content))
        return len(content)
    with ZipFile(io.BytesIO(content)) as parts:
        members = parts.infolist()
        size = sum(part.file_size for part in members)
        if size > most:
            raise FileError("A sparse matrix is said to be far larger than the file.")
        for part in members:
            if part.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise FileError("A sparse matrix is packed in a way we do not know.")
            with parts.open(part) as stream:
                _check_array(stream, part.file_size)
    return len(content) + size


def _check_array(stream: Any, size: int) -> None:
    """Refuse an array that is said to have more cells than its file has bytes."""
    head = stream.read(len(np.lib.format.MAGIC_PREFIX) + 2)
    if not head.startswith(np.lib.format.MAGIC_PREFIX):
        return  # plain bytes
    version = np.lib.format.read_magic(io.BytesIO(head))
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, _, dtype = read(stream)
    if dtype.hasobject or math.prod(shape) * max(1, dtype.itemsize) > size:
        raise FileError(f"An array of shape {shape} and {dtype} is not in the file.")


def _cost(node: Any, sizes: dict[str, int], known: dict[Any, int]) -> int:
    """Bytes that a part takes if what it names again is copied each time."""
    if isinstance(node, list):
        return _NODE_BYTES + sum(_cost(part, sizes, known) for part in node)
    if not isinstance(node, dict):
        return _NODE_BYTES
    if node.get("__loader__") == "CachedNode":
        return known.get(node.get("__id__"), _NODE_BYTES)
    if node.get("__loader__") in _COSTLY_LOADERS or (
        node.get("__module__") == "numpy" and node.get("__class__") in _COSTLY_TYPES
    ):
        raise FileError(f"The file holds a {node.get('__class__')}, which is refused.")
    cost = sum(_cost(part, sizes, known) for part in node.values())
    cost += _NODE_BYTES + sizes.get(str(node.get("file")), 0)
    known[node.get("__id__")] = cost
    return cost
