"""The engine's own account of its commands, read from the reply of COMMAND. Pure."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from msgspec import Struct

# What engines older than 7, which do not describe sub-commands, are known to only read.
_OLD_CONTAINERS: Mapping[str, tuple[str, ...]] = {
    "OBJECT": ("ENCODING", "FREQ", "IDLETIME", "REFCOUNT"),
    "MEMORY": ("USAGE",),
    "XINFO": ("STREAM", "GROUPS", "CONSUMERS"),
}
_FEW = 3
_NAME_BYTES = 64


class KeySpec(Struct, frozen=True, kw_only=True):
    """How to find some of a command's keys among its arguments.

    `uncertain`: only the engine itself can say, by COMMAND GETKEYS.
    """

    flags: frozenset[str]
    begin: Literal["index", "keyword"] = "index"
    index: int = 0
    keyword: bytes = b""
    find: Literal["range", "keynum"] = "range"
    last: int = 0
    step: int = 1
    limit: int = 0
    count_at: int = 0
    first: int = 0
    uncertain: bool = False


class Command(Struct, frozen=True, kw_only=True):
    """One command or sub-command; names are in capitals, a sub-command's is `CONFIG|GET`."""

    name: str
    arity: int
    flags: frozenset[str]
    categories: frozenset[str]
    specs: tuple[KeySpec, ...]
    inside: Mapping[str, "Command"]

    @property
    def of_module(self) -> bool:
        """Whether a module brought it: what it says of itself is believed less."""
        return "module" in self.flags

    @property
    def writes_keys(self) -> bool:
        """Whether it says of any key that it would change it, whatever its own flags say (PFCOUNT)."""
        return any(spec.flags & {"RW", "OW", "RM"} for spec in self.specs)


class Table:
    """All commands of one engine, by name."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands = {command.name: command for command in commands}

    def __len__(self) -> int:
        """How many there are, sub-commands not counted."""
        return len(self._commands)

    @property
    def names(self) -> list[str]:
        """All names, in their order, sub-commands with a blank."""
        found = [[name, *(inner.replace("|", " ") for inner in one.inside)] for name, one in self._commands.items()]
        return sorted(name for names in found for name in names)

    def find(self, arguments: Sequence[bytes]) -> Command | None:
        """The command that an engine would run for this vector; None if there is no such one.

        A name is a whole word: what has blanks, control bytes or a bar in it names nothing.
        """
        command = self._commands.get(word(arguments[0]))
        if command is None or not command.inside:
            return command
        inner = word(arguments[1]) if len(arguments) > 1 else ""
        return command.inside.get(f"{command.name}|{inner}")

    def close_to(self, arguments: Sequence[bytes]) -> list[str]:
        """The names most like the one that is not there."""
        first = word(arguments[0])
        command = self._commands.get(first)
        if command is not None:
            wanted, names = f"{first} {word(arguments[1]) if len(arguments) > 1 else ''}", list(command.inside)
            return difflib.get_close_matches(wanted, [name.replace("|", " ") for name in names], _FEW, 0.4)
        return difflib.get_close_matches(first, self._commands, _FEW)


def word(argument: bytes) -> str:
    """An argument as a command's name, in capitals; empty where it cannot be one."""
    odd = len(argument) > _NAME_BYTES or any(byte <= 0x20 or byte >= 0x7F or byte == 0x7C for byte in argument)  # noqa: PLR2004  blanks and controls, DEL, the bar
    return "" if odd else argument.decode("ascii").upper()


def table(reply: Sequence[Any]) -> Table:
    """The table that COMMAND answers; what it says of a command that we cannot read makes that command unknown."""
    commands = [command for entry in reply if (command := _command(entry)) is not None]
    return Table([_with_known_inside(command) for command in commands])


def _command(entry: Any) -> Command | None:
    try:
        name, arity, flags, first, last, step, *rest = entry
        rest += [()] * 4  # an engine older than 7 says less
        categories, specs, inside = rest[0], rest[2], rest[3]
        legacy = [] if first == 0 else [KeySpec(flags=frozenset(), index=first, last=_relative(first, last), step=step)]
        found = [command for inner in inside if (command := _command(inner)) is not None]
        return Command(
            name=_text(name).upper(),
            arity=arity,
            flags=_words(flags),
            categories=_words(categories),
            specs=tuple(map(_spec, specs)) or tuple(legacy),
            inside={command.name: command for command in found},
        )
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def _relative(first: int, last: int) -> int:
    """COMMAND gives the last key by its place; a key specification, by its distance from the first."""
    return last if last < 0 else last - first


def _with_known_inside(command: Command) -> Command:
    known = _OLD_CONTAINERS.get(command.name, ())
    if command.inside or not known:
        return command
    read = partial(Command, arity=-3, flags=frozenset({"readonly"}), categories=frozenset({"@read"}), inside={})
    spec = KeySpec(flags=frozenset({"RO"}), index=2)
    names = [f"{command.name}|{inner}" for inner in known]
    inside = {name: read(name=name, specs=(spec,)) for name in names}
    return Command(
        name=command.name,
        arity=command.arity,
        flags=command.flags,
        categories=command.categories,
        specs=(),
        inside=inside,
    )


def _spec(raw: Any) -> KeySpec:
    facts = pairs(raw)
    begin, find = pairs(facts["begin_search"]), pairs(facts["find_keys"])
    flags = _words(facts["flags"])
    kinds = (_text(begin["type"]), _text(find["type"]))
    if kinds[0] not in ("index", "keyword") or kinds[1] not in ("range", "keynum") or "incomplete" in flags:
        return KeySpec(flags=flags, uncertain=True)
    search, span = pairs(begin["spec"]), pairs(find["spec"])
    return KeySpec(
        flags=flags,
        begin="index" if kinds[0] == "index" else "keyword",
        index=search.get("index", search.get("startfrom", 0)),
        keyword=search.get("keyword", b""),
        find="range" if kinds[1] == "range" else "keynum",
        last=span.get("lastkey", 0),
        step=span.get("keystep", 1),
        limit=span.get("limit", 0),
        count_at=span.get("keynumidx", 0),
        first=span.get("firstkey", 0),
    )


def pairs(items: Sequence[Any]) -> dict[str, Any]:
    """A map as either protocol sends it: keys and values in turn."""
    return {_text(items[at]): items[at + 1] for at in range(0, len(items) - 1, 2)}


def _text(data: Any) -> str:
    return data.decode("utf-8", "replace")


def _words(items: Iterable[Any]) -> frozenset[str]:
    return frozenset(map(_text, items))
