"""What a model sees of a server is a file under review: names, descriptions, schemas, hints."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scripts.surfaces import BEGIN, MODELESS, everything, with_table
from tests.architecture.sources import MEMBERS
from tests.architecture.test_members import FIXTURE, settings

SERVERS = [member for member in MEMBERS if "scripts" in settings(member)["project"]]
NAME_LENGTH = 64
# The fixture's tools are what a conformance suite asks for, word for word.
WRITTEN_FOR_MODELS = [member for member in SERVERS if member.name != FIXTURE]

each_server = pytest.mark.parametrize("member", SERVERS, ids=lambda member: member.name)
each_server_for_models = pytest.mark.parametrize("member", WRITTEN_FOR_MODELS, ids=lambda member: member.name)


@cache
def surface(member: Path, mode: str = "admin", hash_seed: str = "0") -> dict[str, Any]:
    [script] = settings(member)["project"]["scripts"]
    command = [str(Path(sys.executable).with_name(script)), *everything(member.name, mode)]
    done = subprocess.run(command, env={"PYTHONHASHSEED": hash_seed}, capture_output=True, check=True, timeout=20)
    return json.loads(done.stdout)


def tools(member: Path) -> list[dict[str, Any]]:
    return [entry["tool"] for entry in surface(member)["tools"]]


@each_server
def test_tool_definitions_snapshot(member: Path) -> None:
    """Poisoned or changing tool text: a change of the surface is a change of this file.

    Write it anew with `scripts/tools NAME`.
    """
    assert surface(member) == json.loads((member / "tests" / "tools.golden.json").read_text())


@each_server_for_models
def test_the_table_of_tools_in_a_readme_is_what_the_server_offers(member: Path) -> None:
    """Write it anew with `scripts/tools NAME`."""
    text = (member / "README.md").read_text()
    assert BEGIN in text
    assert with_table(text, surface(member)) == text


@each_server
def test_two_processes_print_the_same_surface(member: Path) -> None:
    """T3: order does not come from a hash."""
    assert surface(member, hash_seed="1") == surface(member, hash_seed="2")


@each_server_for_models
def test_every_tool_and_every_argument_is_described(member: Path) -> None:
    bare = [
        f"{tool['name']}.{name}"
        for tool in tools(member)
        for name, schema in tool["inputSchema"].get("properties", {}).items()
        if not schema.get("description")
    ]
    assert bare == []
    assert [tool["name"] for tool in tools(member) if not tool.get("description")] == []


@each_server_for_models
def test_every_schema_can_be_read_by_every_host(member: Path) -> None:
    """A closed object at the root, no union there, names of 64 characters at most."""
    for tool in tools(member):
        schema = tool["inputSchema"]
        assert schema["type"] == "object", tool["name"]
        assert schema["additionalProperties"] is False, tool["name"]
        assert not {"anyOf", "oneOf", "allOf", "$ref"} & set(schema), tool["name"]
        assert len(tool["name"]) <= NAME_LENGTH
        assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} <= set(tool["annotations"])


@pytest.mark.parametrize(
    "member", [member for member in SERVERS if member.name not in MODELESS], ids=lambda one: one.name
)
def test_read_only_mode_offers_only_what_reads(member: Path) -> None:
    offered = [entry["tool"] for entry in surface(member, "read-only")["tools"]]
    assert [tool["name"] for tool in offered if not tool["annotations"]["readOnlyHint"]] == []
