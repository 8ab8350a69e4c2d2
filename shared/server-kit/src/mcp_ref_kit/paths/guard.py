"""What a jail lets through once it holds a descriptor: the kind of file, its file system, its links."""

import os
import stat
from typing import Literal

from msgspec import Struct

from mcp_ref_kit.paths.errors import HardLinked, NotAFile, OtherFilesystem, OutsideRoot
from mcp_ref_kit.paths.flags import CLOEXEC, NOFOLLOW, PATH
from mcp_ref_kit.paths.kernel import is_kernel_filesystem


class Policy(Struct, frozen=True, kw_only=True):
    """What the operator permits inside a directory beyond plain files and directories."""

    symlinks: Literal["inside", "never"] = "inside"
    hardlinks: Literal["allow", "deny"] = "allow"
    one_filesystem: bool = False


class Guard(Struct, frozen=True):
    """Judges descriptors reached from one directory; `device` is the directory's file system."""

    policy: Policy
    device: int

    def admit(self, fd: int, found: os.stat_result, written: str) -> None:
        """Refuse a descriptor on another file system if that is off, and always one of procfs, sysfs or devfs.

        Raises:
            OtherFilesystem: mount points are off.
            OutsideRoot: a kernel file system.
        """
        if found.st_dev == self.device:
            return
        if self.policy.one_filesystem:
            raise OtherFilesystem(written)
        # /proc/self/root and its like undo every check of a path.
        if is_kernel_filesystem(fd, found.st_dev):
            raise OutsideRoot(written)

    def admit_name(self, directory: int, name: str, found: os.stat_result, written: str) -> None:
        """The same for a name that was only looked at."""
        if found.st_dev == self.device:
            return
        # Without O_PATH a name cannot be held without opening what it names; the device number must do.
        fd = os.open(name, PATH | NOFOLLOW | CLOEXEC, dir_fd=directory) if PATH else os.dup(directory)
        try:
            self.admit(fd, found, written)
        finally:
            os.close(fd)

    def admit_file(self, fd: int, found: os.stat_result, written: str) -> None:
        """Refuse whatever is not a regular file, and hard links if those are off.

        Raises:
            NotAFile: a directory, FIFO, socket or device.
            HardLinked: the file has other names.
        """
        self.admit(fd, found, written)
        if not stat.S_ISREG(found.st_mode):
            raise NotAFile(written)
        if found.st_nlink > 1 and self.policy.hardlinks == "deny":
            raise HardLinked(written)
