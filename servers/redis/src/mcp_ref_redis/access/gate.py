"""The gate of raw commands: what the engine says of a command, and the operator's mode and lists, decide. Pure.

The order is fixed: what there is not, what is never allowed, what the operator denies, what the operator allows, what
the mode allows. Typed tools do not come here: they write their own vectors.
"""

from collections.abc import Iterable, Sequence

from mcp_protocol import ToolError
from mcp_protocol.errors import Refused
from mcp_ref_kit import Mode
from mcp_ref_redis.access.commands import Command, Table, word
from mcp_ref_redis.access.modules import READING
from mcp_ref_redis.access.never import (
    BUT,
    FOR_ADMINS,
    FORBIDDEN_CATEGORIES,
    HARMLESS,
    INSTEAD,
    LEAVES_BEHIND,
    NEVER,
    NEVER_BEGINNINGS,
    NOT_ONLY_READING,
    SETTABLE,
    SETTABLE_BEGINNINGS,
)

# Both block only when they are told to.
_BLOCKS_ON_REQUEST = frozenset({"XREAD", "XREADGROUP"})


class Gate:
    """The rule of one server."""

    def __init__(
        self,
        mode: Mode,
        *,
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
        deny_categories: Iterable[str] = (),
    ) -> None:
        self._mode: Mode = mode
        self._allow = frozenset(map(written, allow))
        self._deny = frozenset(map(written, deny))
        self._deny_categories = frozenset(f"@{one.lower().removeprefix('@')}" for one in deny_categories)

    def judge(self, table: Table, arguments: Sequence[bytes]) -> Command:
        """The command that this vector would run, if it may.

        Raises:
            ToolError: `not_found`, there is no such command.
            Refused: `read_only` or `permission`.
        """
        command = table.find(arguments)
        if command is None:
            raise _unknown(table, arguments)
        if _is_never(command.name):
            raise _refused(command, "is not offered by this server in any mode")
        if is_named(command.name, self._deny) or command.categories & self._deny_categories:
            raise _refused(command, "was denied by the operator of this server")
        if not is_named(command.name, self._allow):
            self._require_mode(command, arguments)
        return command

    def _require_mode(self, command: Command, arguments: Sequence[bytes]) -> None:
        if _only_reads(command, arguments) or command.name in HARMLESS:
            return
        writes = _writes(command, arguments)
        if self._mode == "read-only":
            if writes:
                raise _refused(command, "changes data, and this server only reads", code="read_only")
            raise _refused(command, "is not one that only reads a key")
        if writes or (self._mode == "admin" and _for_admins(command, arguments)):
            return
        raise _refused(command, "neither reads nor writes a key in a way that this server allows")


def may_change(command: Command) -> bool:
    """Whether running it twice may differ from running it once; of a module only what is known to read does not."""
    return command.name not in READING if command.of_module else "readonly" not in command.flags


def written(name: str) -> str:
    """A name as operators write it (`config get`, `CONFIG|GET`), in the form of the table."""
    return "|".join(name.replace("|", " ").upper().split())


def is_named(name: str, names: frozenset[str]) -> bool:
    """Whether a command is in a list by itself or by the command that it belongs to."""
    return name in names or name.split("|", 1)[0] in names


def _is_never(name: str) -> bool:
    return (is_named(name, NEVER) and name not in BUT) or name.startswith(NEVER_BEGINNINGS)


def _only_reads(command: Command, arguments: Sequence[bytes]) -> bool:
    return (
        "readonly" in command.flags
        and (command.name in READING if command.of_module else not command.writes_keys)
        and not command.categories & FORBIDDEN_CATEGORIES
        and command.name not in NOT_ONLY_READING
        and not _blocks(command, arguments)
        and LEAVES_BEHIND.get(command.name, "") not in [name for name in map(word, arguments[2:]) if name]
    )


def _writes(command: Command, arguments: Sequence[bytes]) -> bool:
    return (
        bool(command.flags & {"write", "readonly"})
        # What a module does without a key can be anything; the search module's is about indexes.
        and (bool(command.specs) or not command.of_module or command.name.startswith("FT."))
        and not command.categories & FORBIDDEN_CATEGORIES
        and not _blocks(command, arguments)
    )


def _blocks(command: Command, arguments: Sequence[bytes]) -> bool:
    if "blocking" not in command.flags and "@blocking" not in command.categories:
        return False
    if command.name not in _BLOCKS_ON_REQUEST:
        return True
    options = list(map(word, arguments))
    end = options.index("STREAMS") if "STREAMS" in options else len(options)
    return "BLOCK" in options[:end]


def _for_admins(command: Command, arguments: Sequence[bytes]) -> bool:
    if command.name not in FOR_ADMINS:
        return False
    if command.name != "CONFIG|SET":
        return True
    names = [argument.decode("utf-8", "replace").lower() for argument in arguments[2::2]]
    return all(name in SETTABLE or name.startswith(SETTABLE_BEGINNINGS) for name in names)


def _refused(command: Command, why: str, *, code: str = "permission") -> Refused:
    name = command.name.replace("|", " ")
    hint = INSTEAD.get(command.name)
    return Refused(f"{name} {why}.", code=code, hint=hint)


def _unknown(table: Table, arguments: Sequence[bytes]) -> ToolError:
    close = table.close_to(arguments)
    hint = f"Did you mean {' or '.join(close)}?" if close else "One command is one list: name first, then arguments."
    name = arguments[0].decode("utf-8", "backslashreplace")[:40]
    return ToolError(f"This engine has no command {name!r} with these words.", code="not_found", hint=hint)
