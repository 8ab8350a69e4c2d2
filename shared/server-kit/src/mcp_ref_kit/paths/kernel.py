"""The system calls that Python lacks: openat2, a rename that does not replace, the kind of a file system."""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from mcp_ref_kit.paths.flags import PASSING

_OPENAT2 = 437  # the same number on every architecture that Linux runs on save alpha
_PROBES = 8  # a rename on the way gives EAGAIN; after so many the caller walks instead

RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08

# File systems that are views of the kernel (linux/magic.h): beneath some of them a name leads anywhere at all.
_VIEWS = frozenset(
    {
        0x9FA0,  # proc
        0x62656572,  # sysfs
        0x1CD1,  # devpts
        0x27E0EB,  # cgroup
        0x63677270,  # cgroup2
        0x64626720,  # debugfs
        0x74726163,  # tracefs
        0x73636673,  # securityfs
        0x62656570,  # configfs
        0xCAFE4A11,  # bpf
        0xF97CFF8C,  # selinuxfs
        0xDE5E81E4,  # efivarfs
        0x6165676C,  # pstore
        0x42494E4D,  # binfmt_misc
        0x19800202,  # mqueue
        0x65735543,  # fusectl
        0x6E736673,  # nsfs
    }
)
_STATFS_BYTES = 256  # larger than any struct statfs; the type is its first word
_WORD = (1 << 32) - 1

_RENAME_NOREPLACE = 1  # linux/fs.h
_RENAME_EXCL = 4  # sys/stdio.h of macOS
# The file system does not know the flag, or the kernel the call.
_CANNOT_RENAME_SO = frozenset({errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP})


class Kernel:
    """openat2 on a Linux kernel that has it and lets this process call it; `kernel()` gives the one."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., int]) -> None:
        self._call = call

    def open(self, directory: int, path: str, flags: int, resolve: int) -> int:
        """A descriptor for an existing thing beneath a directory. EAGAIN is tried again a few times."""
        raw = os.fsencode(path)
        how = ctypes.byref(_how(flags, resolve))
        for _ in range(_PROBES):
            fd = self._call(_OPENAT2, directory, raw, how, _HOW_BYTES)
            if fd >= 0:
                return fd
            number = ctypes.get_errno()
            if number not in {errno.EAGAIN, errno.EINTR}:
                raise OSError(number, os.strerror(number))
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


@cache
def kernel() -> Kernel | None:
    """openat2 if it can be used: old kernels lack it, containers may forbid it."""
    if sys.platform != "linux":
        return None
    everything = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV
    slash = os.open("/", PASSING)
    try:
        found = Kernel(_syscall())
        os.close(found.open(slash, ".", PASSING, everything))
    except OSError:
        return None
    finally:
        os.close(slash)
    return found


def is_kernel_filesystem(fd: int, device: int) -> bool:
    """Whether a descriptor is on procfs, sysfs, devfs or another file system that is a view of the kernel."""
    if device == _device_of_dev():
        return True
    if sys.platform != "linux":
        return False
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if _libc().fstatfs(fd, buffer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return ctypes.c_long.from_buffer(buffer).value & _WORD in _VIEWS


def rename_new(from_fd: int, from_name: str, to_fd: int, to_name: str) -> bool:
    """Rename unless the new name is taken (FileExistsError), in one step; False where the system cannot do that."""
    call, flag = _renamer()
    if call is None:
        return False
    if call(from_fd, os.fsencode(from_name), to_fd, os.fsencode(to_name), flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT_RENAME_SO:
        return False
    raise OSError(number, os.strerror(number))


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_HOW_BYTES = ctypes.sizeof(_OpenHow)


@lru_cache(maxsize=64)  # the kernel only reads it, and there are few combinations
def _how(flags: int, resolve: int) -> _OpenHow:
    return _OpenHow(flags, 0, resolve)


def _syscall() -> Callable[..., int]:
    call = _libc().syscall
    call.restype = ctypes.c_long
    call.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)
    return call


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _renamer() -> tuple[Any, int]:
    name, flag = ("renameatx_np", _RENAME_EXCL) if sys.platform == "darwin" else ("renameat2", _RENAME_NOREPLACE)
    call: Any = getattr(_libc(), name, None)
    if call is not None:
        call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return call, flag


def _device_of_dev() -> int | None:
    # devtmpfs and a container's /dev call themselves tmpfs: only the device number tells them from one.
    try:
        device = Path("/dev").stat().st_dev
        return None if device == Path("/").stat().st_dev else device
    except OSError:
        return None
