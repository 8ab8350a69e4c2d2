"""The content of a file as 16 hex digits: the beginning of its SHA-256, enough to notice any change."""

import hashlib
import os
from collections.abc import Callable

# Between two looks at the stop token: a few milliseconds of hashing.
STEP = 1024 * 1024


def etag_of(data: bytes) -> str:
    """The etag of these bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def etag_of_file(fd: int, *, length: int | None = None, check: Callable[[], None] | None = None) -> str:
    """The etag of an open file, or of its first `length` bytes; `check` may raise to end the work."""
    digest = hashlib.sha256()
    done = 0
    while length is None or done < length:
        if check is not None:
            check()
        block = os.pread(fd, STEP if length is None else min(STEP, length - done), done)
        if not block:
            break
        digest.update(block)
        done += len(block)
    return digest.hexdigest()[:16]
