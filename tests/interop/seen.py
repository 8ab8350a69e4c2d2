"""What every foreign client must have seen after one conversation with the filesystem server."""

from pathlib import Path
from typing import Any


def is_a_whole_conversation(seen: dict[str, Any], directory: Path) -> None:
    """Lists, a read, an edit, a refusal, progress, a resource, a prompt, a completion, an error, a cancelled call."""
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
