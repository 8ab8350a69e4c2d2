"""The key-prefix jail: every key that a call names begins with the operator's prefix, byte for byte. Pure."""

from collections.abc import Iterable

from mcp_protocol.errors import Refused
from mcp_ref_redis.access.commands import Command
from mcp_ref_redis.access.modules import names_all_keys

# Keyless commands that show nothing of others; SCAN, RANDOMKEY and DBSIZE do, even to users whom an ACL limits.
_BLIND = frozenset({"PING", "ECHO", "TIME"})
_SPECIAL = frozenset(b"*?[]\\^-")


class Jail:
    """The prefix, or none."""

    def __init__(self, prefix: bytes = b"") -> None:
        self.prefix = prefix

    @property
    def closed(self) -> bool:
        """Whether there is a prefix."""
        return bool(self.prefix)

    def holds(self, key: bytes) -> bool:
        """Whether a key may be named or shown."""
        return key.startswith(self.prefix)

    def require(self, keys: Iterable[bytes]) -> None:
        """Let keys of the prefix pass.

        Raises:
            Refused: `permission`, in the words of a privilege that is missing.
        """
        if not all(map(self.holds, keys)):
            raise out_of_reach()

    def require_command(self, command: Command, keys: Iterable[bytes] | None) -> None:
        """Let a raw command pass whose keys are known and of the prefix; None for keys that nobody can name.

        Raises:
            Refused: `permission`.
        """
        if not self.closed or command.name in _BLIND:
            return
        if command.of_module and not names_all_keys(command.name):
            raise out_of_reach()
        if keys is None or not (found := list(keys)):
            raise out_of_reach()
        self.require(found)

    def pattern(self, pattern: bytes) -> bytes:
        """The pattern to send for a caller's: of `*`, all keys of the prefix."""
        return escaped(self.prefix) + b"*" if self.closed and pattern == b"*" else pattern


def out_of_reach() -> Refused:
    """What is answered for a foreign key and for a command that the user may not run: they look the same."""
    return Refused(
        "This server may not run that command, or not on that key.",
        code="permission",
        hint="server_info shows the user and the key prefix of this server.",
    )


def escaped(text: bytes) -> bytes:
    """A text as a pattern that matches nothing but it."""
    return b"".join(b"\\%c" % byte if byte in _SPECIAL else b"%c" % byte for byte in text)
