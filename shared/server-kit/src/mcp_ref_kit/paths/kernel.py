"""The Linux calls that Python lacks: openat2, renameat2, and the kind of a file system. Absent elsewhere."""


def is_kernel_filesystem(fd: int, device: int) -> bool:
    """Whether a descriptor is on procfs, sysfs, devfs or another file system that is a view of the kernel."""
    raise NotImplementedError
