"""Which addresses may be reached: one grammar for what git takes as an address, one list of the operator's. Pure.

What is judged is what git gets: a password in it, helpers (`ext::`), options as a host and plain paths never pass.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mcp_protocol.errors import Refused, SettingsError
from mcp_ref_git.program.redaction import named
from mcp_ref_git.program.words import Url

Scheme = Literal["https", "ssh", "file"]

_LONGEST = 2048
_HOST = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)"
_PORT = r"(?::(?P<port>[1-9][0-9]{0,4}))?"
_PATH = r"(?P<path>/[^\x00-\x20\x7f\\]*)"
_HTTPS = re.compile(rf"https://{_HOST}{_PORT}{_PATH}")
_SSH = re.compile(rf"ssh://(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?{_HOST}{_PORT}{_PATH}")
# The short form of ssh: `git@host:path`.
_SHORT = re.compile(rf"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?{_HOST}:(?P<path>[^\x00-\x20\x7f\\:/-][^\x00-\x20\x7f\\]*)")
_FILE = re.compile(r"file://(?P<path>/[^\x00-\x20\x7f]*)")
_ENTRY = re.compile(rf"{_HOST}{_PORT}(?P<path>/[^\x00-\x20\x7f\\]*)?")
_DEFAULT_PORTS: dict[str, str] = {"https": "443", "ssh": "22"}


class RemoteDenied(Refused):
    """An address that is not allowed."""

    def __init__(self, written: str, reason: str = "is not among the remotes that the operator allows") -> None:
        shown = named(written)
        hint = "The operator can allow one by --allow-remote."
        super().__init__(f"`{shown}` {reason}.", code="remote_denied", hint=hint)


class Address(Struct, frozen=True):
    """A remote address taken apart."""

    scheme: Scheme
    host: str
    port: str
    path: str


class Permit(Struct, frozen=True):
    """One entry of the operator's list: a host, maybe a port, maybe the beginning of a path; or a directory."""

    host: str = ""
    port: str | None = None
    path: str = "/"
    directory: Path | None = None

    def covers(self, address: Address) -> bool:
        """Whether an address is within it."""
        if self.directory is not None:
            real = Path(os.path.realpath(address.path))
            return address.scheme == "file" and (real == self.directory or self.directory in real.parents)
        port = self.port or _DEFAULT_PORTS.get(address.scheme)
        return (
            address.scheme != "file"
            and address.host.lower() == self.host.lower()
            and address.port == port
            and _is_beneath(address.path, self.path)
        )


def permits(entries: Sequence[str]) -> list[Permit]:
    """The operator's list.

    Raises:
        SettingsError: an entry is neither HOST[:PORT][/PATH] nor file:DIR.
    """
    return [_permit(entry) for entry in entries]


def judged(written: str, allowed: Sequence[Permit]) -> Url:
    """An address that may be reached.

    Raises:
        RemoteDenied: it may not, or is of another kind.
    """
    if not allowed:
        raise RemoteDenied(written)
    address = parse_address(written)
    if address is None:
        raise RemoteDenied(written, "is no address by https or ssh without a password in it")
    if not any(permit.covers(address) for permit in allowed):
        raise RemoteDenied(written)
    return Url(written)


def parse_address(text: str) -> Address | None:
    """An address taken apart; None for anything that is not plainly one."""
    if len(text) > _LONGEST or "::" in text or ".." in text.split("/"):
        return None
    schemes: tuple[tuple[Scheme, re.Pattern[str]], ...] = (("https", _HTTPS), ("ssh", _SSH), ("file", _FILE))
    for scheme, pattern in schemes:
        found = pattern.fullmatch(text)
        if found is not None:
            facts = found.groupdict()
            port = facts.get("port") or _DEFAULT_PORTS.get(scheme, "")
            return Address(scheme, facts.get("host", ""), port, facts["path"])
    found = _SHORT.fullmatch(text)
    return None if found is None else Address("ssh", found["host"], "22", f"/{found['path']}")


def _permit(entry: str) -> Permit:
    if entry.startswith("file:"):
        directory = entry.removeprefix("file:").removeprefix("//")
        if not directory.startswith("/"):
            raise SettingsError(f"`--allow-remote` takes file:DIR with an absolute directory, got {entry!r}.")
        return Permit(directory=Path(os.path.realpath(directory)))
    found = _ENTRY.fullmatch(entry)
    if found is None:
        raise SettingsError(f"`--allow-remote` takes HOST[:PORT][/PATH], got {entry!r}.")
    return Permit(found["host"], found["port"], found["path"] or "/")


def _is_beneath(path: str, prefix: str) -> bool:
    """By whole segments; `%2e` and the like are not decoded, and so match nothing but themselves."""
    if "%" in path and prefix != "/":
        return False
    short = prefix.rstrip("/")
    return path == short or path.startswith(f"{short}/")
