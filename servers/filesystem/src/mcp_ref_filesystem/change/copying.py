"""Copies the bytes of one open file into another the cheapest way the file system offers. Blocking."""

import errno
import os
from collections.abc import Callable

# The ioctl that shares extents (btrfs, xfs, bcachefs, overlay above them): linux/fs.h, FICLONE.
FICLONE = 0x40049409
# One step between two looks at the stop token: some 50 ms on a slow disk.
STEP = 8 * 1024 * 1024
# What these mean here is "not between these two files"; anything else is a real failure.
NOT_HERE = {
    errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTTY, errno.EPERM, errno.EBADF, errno.ETXTBSY,
}  # fmt: skip


def copy_bytes(source: int, target: int, *, check: Callable[[], None] | None = None) -> int:
    """Copy all bytes from the start of `source` to `target`, which is empty; answers how many.

    `check` is called between steps and may raise to end the work.

    Raises:
        OSError: reading or writing failed.
    """
    if _cloned(source, target):
        return os.fstat(target).st_size
    done = 0
    in_kernel = hasattr(os, "copy_file_range")
    while True:
        if check is not None:
            check()
        if in_kernel:
            moved = _moved(source, target, done)
            # A file on a virtual file system has length 0 for the kernel copy; reading tells the truth.
            if moved is None or (moved == 0 and done == 0):
                in_kernel = False
                continue
        else:
            moved = _read_and_written(source, target, done)
        if moved == 0:
            return done
        done += moved


def _cloned(source: int, target: int) -> bool:
    try:
        import fcntl  # noqa: PLC0415  absent on Windows
    except ImportError:
        return False
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError as error:
        if error.errno in NOT_HERE:
            return False
        raise
    return True


def _moved(source: int, target: int, offset: int) -> int | None:
    try:
        return os.copy_file_range(source, target, STEP, offset, offset)
    except OSError as error:
        if error.errno in NOT_HERE:
            return None
        raise


def _read_and_written(source: int, target: int, offset: int) -> int:
    data = os.pread(source, STEP, offset)
    done = 0
    while done < len(data):
        done += os.pwrite(target, data[done:], offset + done)
    return len(data)
