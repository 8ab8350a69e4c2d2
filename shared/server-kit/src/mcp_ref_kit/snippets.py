"""What to paste into a host's configuration so that it starts this server: `--print-config`. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from mcp_ref_kit.options import Host


class Start(Struct, frozen=True, kw_only=True):
    """How a host reaches the server: by a command with variables, or by a URL."""

    name: str
    command: str
    arguments: Sequence[str]
    variables: Mapping[str, str]
    url: str | None = None


def snippet(host: Host, start: Start) -> str:
    """The text for one host."""
    return _WRITERS[host](start)


def _claude(start: Start) -> str:
    return _json("mcpServers", start.name, _entry(start))


def _vscode(start: Start) -> str:
    kind = {"type": "stdio"} if start.url is None else {"type": "http"}
    return _json("servers", start.name, {**kind, **_entry(start)})


def _codex(start: Start) -> str:
    lines = [f"[mcp_servers.{_key(start.name)}]"]
    if start.url is not None:
        return "\n".join([*lines, f"url = {_quoted(start.url)}"])
    lines += [f"command = {_quoted(start.command)}", f"args = [{', '.join(map(_quoted, start.arguments))}]"]
    if start.variables:
        pairs = ", ".join(f"{_key(name)} = {_quoted(text)}" for name, text in start.variables.items())
        lines.append(f"env = {{ {pairs} }}")
    return "\n".join(lines)


def _entry(start: Start) -> dict[str, object]:
    if start.url is not None:
        return {"url": start.url}
    entry: dict[str, object] = {"command": start.command, "args": list(start.arguments)}
    return {**entry, "env": dict(start.variables)} if start.variables else entry


def _json(table: str, name: str, entry: Mapping[str, object]) -> str:
    return json.dumps({table: {name: entry}}, indent=2, ensure_ascii=False)


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, save that TOML wants DEL escaped as well.
    return json.dumps(text).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _quoted(name)


_WRITERS: dict[Host, Callable[[Start], str]] = {
    "claude": _claude,
    "cursor": _claude,
    "vscode": _vscode,
    "codex": _codex,
}
