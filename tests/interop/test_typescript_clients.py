"""The clients of the TypeScript SDK, both generations, talk to the filesystem server."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.interop.seen import is_a_whole_conversation

LEGACY = "2025-11-25"
MODERN = "2026-07-28"


@dataclass(frozen=True)
class Client:
    """The program, how it is told to negotiate, and what must come of it."""

    program: str
    mode: str
    revision: str


CLIENTS = {
    "v1": Client("sdk_v1.mjs", "legacy", LEGACY),
    "v2-legacy": Client("client_v2.mjs", "legacy", LEGACY),
    "v2-auto": Client("client_v2.mjs", "auto", MODERN),
    "v2-pinned": Client("client_v2.mjs", "pinned", MODERN),
}


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_a_typescript_client_holds_a_whole_conversation(
    converse: Callable[[str, dict[str, Any]], dict[str, Any]], target: dict[str, Any], directory: Path, client: Client
) -> None:
    seen = converse(client.program, {"mode": client.mode, "target": target, "directory": str(directory)})

    # The first generation does not tell its revision on stdio.
    assert seen["revision"] in {client.revision, None if client.program == "sdk_v1.mjs" else client.revision}
    is_a_whole_conversation(seen, directory)
