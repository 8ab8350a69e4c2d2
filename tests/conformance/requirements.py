"""What the core claims to do, as requirements.toml says it, and the attack cases that it must stand."""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from mcp_protocol.revisions import Revision

# The attack cases, by letter and highest number: each is named in the name or the docstring of a test.
CASES = {"J": 22, "S": 12, "H": 21, "O": 9, "N": 6, "L": 8, "M": 4, "T": 11, "X": 5}


class Requirement(Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence of the specification, and its tests."""

    says: str
    tests: list[str]


class Group(Struct, frozen=True, forbid_unknown_fields=True):
    """The requirements of one page, for the revisions and transports that have them."""

    section: str
    revisions: list[Revision]
    transports: list[str]
    requirements: dict[str, Requirement]


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """All of them."""

    group: list[Group]


def manifest() -> list[Group]:
    """The groups as they stand in the file."""
    text = Path(__file__).with_name("requirements.toml").read_text()
    return msgspec.convert(tomllib.loads(text), Manifest).group
