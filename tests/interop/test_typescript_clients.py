"""The clients of the TypeScript SDK, both generations, talk to the filesystem server."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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
    assert "read_text_file" in seen["tools"]
    assert seen["content"] == "one\ntwo\nthree\n"
    assert "-two\n+2\n" in seen["diff"]
    assert (directory / "a.txt").read_text() == "one\n2\nthree\n"
    assert seen["refused"].startswith("denied_outside_root: ")
    assert seen["progress"] == sorted(seen["progress"])
    assert seen["resource"] == "one\n2\nthree\n"
    assert "file:///{+path}" in seen["templates"]
    assert seen["prompt"] == "user"
    assert "a.txt" in seen["completion"]
    assert seen["unknown"] == -32602
    assert seen["cancelled"] is True
    assert seen["after"] == "file"
