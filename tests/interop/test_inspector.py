"""The command line of the official Inspector, as strict as it can be, against every server in each era."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.launch.raw import listening
from tests.launch.servers import ARGUMENTS, command

Inspect = Callable[..., Any]
# What a store holds, and what a statement is given, has no type that a schema could name.
OF_ANY_VALUE = frozenset({"sqlite", "postgres", "git", "redis", "browser"})
ERAS = ["legacy", "auto", "modern"]
each_era = pytest.mark.parametrize("era", ERAS)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.txt").write_text("one\n")
    return work


@each_era
@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_tool_of_every_server_is_portable(inspect: Inspect, place: Path, name: str, era: str) -> None:
    """`--strict` ends with 6 on an error of a schema; what it only warns of, it says on stderr."""
    target = [*command(name, place), "--toolsets", "all"]
    options = ("--strict", "--protocol-era", era)
    listed = inspect(target, "tools/list", *options, any_values=name in OF_ANY_VALUE)["result"]["tools"]
    assert listed


@each_era
def test_the_inspector_calls_reads_and_is_prompted_over_http(inspect: Inspect, place: Path, era: str) -> None:
    with listening(command("filesystem", place)) as (_, url):
        called = inspect(
            [url], "tools/call", "--tool-name", "read_text_file", "--tool-arg", "path=a.txt", "--protocol-era", era
        )
        read = inspect([url], "resources/read", "--uri", (place / "a.txt").as_uri(), "--protocol-era", era)
        prompt = inspect(
            [url], "prompts/get", "--prompt-name", "review_file", "--prompt-args", "path=a.txt", "--protocol-era", era
        )
        inspect([url], "tools/list", "--strict", "--protocol-era", era)
    assert called["result"]["structuredContent"]["content"] == "one\n"
    assert read["result"]["contents"][0]["text"] == "one\n"
    assert prompt["result"]["messages"]
