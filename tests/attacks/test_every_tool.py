"""Attack case T1 on the real surface: every tool of every server, every parameter, values that its schema forbids."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.launch.raw import MODERN, StdioPeer, message
from tests.launch.servers import ARGUMENTS, command

Schema = dict[str, Any]
MEGABYTE = "x" * 1_000_000
VALUES = [None, True, 7, -1, 0, 2**63, 10**30, 1.5, "", "x", MEGABYTE, [], [None] * 100_000, {}, {"a": 1}]
# A refusal costs a decode of at most a megabyte; the rest is room for a busy machine.
SLOW = 2.0


def sample(schema: Schema, root: Schema) -> Any:
    """The plainest value that a schema allows."""
    if "$ref" in schema:
        return sample(root["$defs"][schema["$ref"].rsplit("/", maxsplit=1)[1]], root)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return sample(schema[key][0], root)
    for key, pick in (("enum", 0), ("examples", 0)):
        if key in schema:
            return schema[key][pick]
    kind = schema.get("type", "string")
    return PLAIN[kind[0] if isinstance(kind, list) else kind](schema, root)


def _items(schema: Schema, root: Schema) -> list[Any]:
    return [sample(schema.get("items", {}), root) for _ in range(schema.get("minItems", 0))]


def _members(schema: Schema, root: Schema) -> dict[str, Any]:
    known: Schema = schema.get("properties", {})
    return {name: sample(known.get(name, {}), root) for name in schema.get("required", [])}


def _text(schema: Schema, _root: Schema) -> str:
    return "x" * max(1, schema.get("minLength", 1))


def _number(schema: Schema, _root: Schema) -> float:
    return schema.get("minimum", 1)


def _fixed(*, value: Any) -> Callable[[Schema, Schema], Any]:
    return lambda _schema, _root: value


PLAIN: dict[str, Callable[[Schema, Schema], Any]] = {
    "string": _text,
    "integer": _number,
    "number": _number,
    "boolean": _fixed(value=True),
    "null": _fixed(value=None),
    "array": _items,
    "object": _members,
}


def forbidden(tool: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A parameter and arguments that are right but for it."""
    schema: Schema = tool["inputSchema"]
    judge: Any = jsonschema.Draft202012Validator(schema)
    plain = _members(schema, schema)
    for name in schema.get("properties", {}):
        for value in VALUES:
            arguments = {**plain, name: value}
            # Models write null for what they leave out, so it is taken as that where it may be left out.
            left_out = value is None and name not in plain
            if not left_out and not judge.is_valid(arguments):
                yield name, arguments
    yield "surprise", {**plain, "surprise": 1}
    for name in schema.get("required", []):
        yield name, {key: value for key, value in plain.items() if key != name}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_what_a_schema_forbids_is_refused_by_name_and_quickly(name: str, tmp_path: Path) -> None:
    place = tmp_path / "work"
    place.mkdir()
    with StdioPeer([*command(name, place), "--toolsets", "all", "--rate-limit", "100000/min"]) as peer:
        peer.open(MODERN)
        tools = peer.request("tools/list")["tools"]
        assert tools
        for tool in tools:
            for parameter, arguments in forbidden(tool):
                refused(peer, tool["name"], parameter, arguments)
        assert peer.request("tools/list")["tools"] == tools
        assert "Traceback" not in peer.stderr


def refused(peer: StdioPeer, tool: str, parameter: str, arguments: dict[str, Any]) -> None:
    """One clear error that names the parameter and does not throw the value back."""
    peer.send(message(MODERN, "tools/call", {"name": tool, "arguments": arguments}, ident="t1"))
    began = time.monotonic()
    answer = peer.receive()
    what = f"{tool}({parameter}={json.dumps(arguments.get(parameter))[:60]}): {json.dumps(answer)[:300]}"
    assert answer["id"] == "t1", what
    assert time.monotonic() - began < SLOW, what
    result = answer["result"]
    assert result["isError"], what
    assert "structuredContent" not in result, what
    text = result["content"][0]["text"]
    assert text.startswith("invalid_argument: "), what
    assert parameter in text, what
    assert len(text) < 1000, what
