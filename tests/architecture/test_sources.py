"""The eyes of the architecture tests: what they see in a file that breaks every rule."""

import ast

from tests.architecture.sources import ROOT, Import, Source, calls, imports

TEXT = """
import os, mcp_protocol.errors
from typing import TYPE_CHECKING
from mcp_protocol import revisions, Server
if TYPE_CHECKING:
    import uvicorn
def later():
    from httpx import get
    return lambda: print(os.path.join("a"), get().json())
"""
SOURCE = Source(ROOT / "packages" / "mcp-protocol" / "src" / "mcp_protocol" / "bad.py", TEXT, ast.parse(TEXT))


def test_imports_are_seen_wherever_they_are_and_told_apart() -> None:
    found = set(imports(SOURCE))
    assert Import("os", 2, lazy=False, typing=False) in found
    assert Import("mcp_protocol.errors", 2, lazy=False, typing=False) in found
    assert Import("mcp_protocol.revisions", 4, lazy=False, typing=False) in found
    assert Import("mcp_protocol", 4, lazy=False, typing=False) in found
    assert Import("uvicorn", 6, lazy=False, typing=True) in found
    assert Import("httpx", 8, lazy=True, typing=False) in found


def test_calls_are_seen_by_their_dotted_names() -> None:
    assert {"print", "os.path.join", "get"} <= {name for name, _ in calls(SOURCE)}


def test_a_file_knows_its_module_and_how_to_name_a_place() -> None:
    assert SOURCE.module == "mcp_protocol.bad"
    assert SOURCE.at(3) == "packages/mcp-protocol/src/mcp_protocol/bad.py:3"
