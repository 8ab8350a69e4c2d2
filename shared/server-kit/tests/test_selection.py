"""Which tools are offered: mode, toolsets, names, and the sentence for each name that cannot be."""

import pytest
from tiny_server import server

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.selection import Choice, select

TOOLSETS = {toolset.name: toolset.default for toolset in server.toolsets}
READING = {"echo", "shout", "sleep", "scream", "fail"}


def chosen(**choice: object) -> set[str]:
    return set(select(server.tools, TOOLSETS, Choice(**choice)))  # pyright: ignore[reportArgumentType]  each test gives one


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({}, READING),
        ({"mode": "read-write"}, READING | {"learn"}),
        ({"mode": "admin"}, READING | {"learn", "forget"}),
        ({"toolsets": ["default"]}, READING),
        ({"toolsets": ["extra"]}, {"sing"}),
        ({"toolsets": ["extra", "default"]}, READING | {"sing"}),
        ({"toolsets": ["all"]}, READING | {"sing"}),
        ({"tools": ["sing"]}, READING | {"sing"}),
        ({"toolsets": ["extra"], "tools": ["echo"]}, {"sing", "echo"}),
        ({"exclude": ["echo", "learn"]}, READING - {"echo"}),
        ({"tools": ["sing"], "exclude": ["sing"]}, READING),
        ({"tools": ["learn"], "exclude": ["learn"]}, READING),
    ],
)
def test_tools_are_offered_by_mode_toolsets_and_names(choice: dict[str, object], names: set[str]) -> None:
    assert chosen(**choice) == names


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"toolsets": ["talks"]}, "`--toolsets` names a toolset `talks`, which does not exist; did you mean `talk`?"),
        (
            {"toolsets": ["zzz"]},
            "`--toolsets` names a toolset `zzz`, which does not exist; there are `talk`, `extra`, `all`, `default`.",
        ),
        ({"tools": ["ecko"]}, "`--tools` names a tool `ecko`, which does not exist; did you mean `echo`?"),
        ({"exclude": ["Echo"]}, "`--exclude-tools` names a tool `Echo`, which does not exist; did you mean `echo`?"),
        ({"tools": ["learn"]}, "`--tools` names `learn`, which needs `--mode read-write`."),
        ({"mode": "read-write", "tools": ["forget"]}, "`--tools` names `forget`, which needs `--mode admin`."),
    ],
)
def test_a_name_that_cannot_be_offered_is_one_sentence(choice: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        chosen(**choice)
    assert str(caught.value) == sentence
