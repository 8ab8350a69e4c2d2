"""Which tools are offered for a mode, toolsets and names: a pure function over the table of tools."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.options import Mode
from mcp_ref_kit.settings.words import listed, suggestion

if TYPE_CHECKING:
    from mcp_protocol.server.entries import ToolEntry

ALL = "all"
DEFAULT = "default"
# More names than these are no help in one sentence.
_FEW = 12
_STEPS: tuple[Mode, ...] = ("read-only", "read-write", "admin")


class Choice(Struct, frozen=True, kw_only=True):
    """What the operator chose."""

    mode: Mode = "read-only"
    toolsets: Sequence[str] = ()
    """Names, `all` or `default`; none is `default`."""
    tools: Sequence[str] = ()
    """Offered beside those of the toolsets."""
    exclude: Sequence[str] = ()
    """Left out, whatever else is said."""


def select(entries: Iterable["ToolEntry"], toolsets: Mapping[str, bool], choice: Choice) -> frozenset[str]:
    """The names of the tools to offer; `toolsets` says of each toolset whether it is a default one.

    Raises:
        SettingsError: a name that does not exist, or a tool asked for by name that the mode does not permit.
    """
    tools = {entry.name: entry for entry in entries}
    _require(choice.toolsets, [*toolsets, ALL, DEFAULT], "--toolsets", "toolset")
    _require(choice.tools, tools, "--tools", "tool")
    _require(choice.exclude, tools, "--exclude-tools", "tool")
    chosen = _expanded(choice.toolsets, toolsets)
    wanted = {name for name, entry in tools.items() if entry.toolset in chosen} | set(choice.tools)
    permitted = {name for name in wanted - set(choice.exclude) if permits(choice.mode, tools[name])}
    for name in choice.tools:
        if name not in permitted and name not in choice.exclude:
            raise SettingsError(f"`--tools` names `{name}`, which needs `--mode {_needed(tools[name])}`.")
    return frozenset(permitted)


def permits(mode: Mode, entry: "ToolEntry") -> bool:
    """Whether a mode shows a tool: read-only shows what changes nothing, and only admin what is marked so."""
    return _STEPS.index(mode) >= _STEPS.index(_needed(entry))


def _needed(entry: "ToolEntry") -> Mode:
    if entry.admin:
        return "admin"
    return "read-only" if entry.annotations.read_only_hint else "read-write"


def _expanded(names: Sequence[str], toolsets: Mapping[str, bool]) -> set[str]:
    usual = {name for name, default in toolsets.items() if default}
    groups = {ALL: set(toolsets), DEFAULT: usual}
    return {toolset for name in names or (DEFAULT,) for toolset in groups.get(name, {name})}


def _require(names: Iterable[str], known: Collection[str], flag: str, noun: str) -> None:
    for name in names:
        if name not in known:
            raise SettingsError(f"`{flag}` names a {noun} `{name}`, which does not exist{_ending(name, known)}")


def _ending(name: str, known: Collection[str]) -> str:
    end = suggestion(name, known)
    return f"; there are {listed(known)}." if end == "." and len(known) <= _FEW else end
