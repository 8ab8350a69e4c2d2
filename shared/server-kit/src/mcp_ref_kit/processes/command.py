"""What to run, within which bounds, and what came of it. Inert data."""

from collections.abc import Mapping

from msgspec import Struct

KIB = 1024
MIB = 1024 * KIB


class Command(Struct, frozen=True, kw_only=True):
    """A program by its absolute path, and its arguments; never a shell's line.

    `env` is the whole environment: nothing else is inherited. Without `stdin` the program reads from the null device.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str | None = None
    stdin: bytes | None = None


class Bounds(Struct, frozen=True, kw_only=True):
    """How long it may run, and how many bytes of its output are read; at the end of either it is stopped."""

    seconds: float = 30.0
    stdout: int = 16 * MIB
    stderr: int = 64 * KIB


class Finished(Struct, frozen=True, kw_only=True):
    """How a program ended: `code` is negative for a signal, and None where we stopped it.

    `cut` says that its output went on beyond what was wanted of it.
    """

    code: int | None
    stdout: bytes
    stderr: bytes
    cut: bool = False
