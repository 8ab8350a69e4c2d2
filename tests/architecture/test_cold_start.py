"""What a start on stdio loads: measured in a real process, up to the first tool result."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import MEMBERS
from tests.architecture.test_imports import LAZY, NEVER, is_under
from tests.launch.raw import INITIALIZED, LEGACY, MODERN, message, opening
from tests.launch.servers import ARGUMENTS, command

# Ours and the standard library's: what HTTP, child processes and test clients need, and a start does not.
NOT_AT_START = (
    *LAZY, *NEVER,
    "mcp_protocol.client", "mcp_protocol.testing", "mcp_protocol.transports.memory",
    "http.client", "http.server", "urllib.request", "email", "multiprocessing", "unittest", "pdb", "sqlite3", "xml",
)  # fmt: skip
# About 410 today, of which 150 are ours: a start that grows is noticed.
MODULES = 430


@pytest.mark.parametrize("revision", [LEGACY, MODERN])
def test_a_start_on_stdio_loads_only_what_the_first_call_needs(revision: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    sent = [message(revision, *opening(revision), ident=1)]
    sent += [INITIALIZED] if revision == LEGACY else []
    call = {"name": "read_text_file", "arguments": {"path": "a.txt"}}
    sent += [message(revision, "tools/list", ident=2), message(revision, "tools/call", call, ident=3)]

    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mcp_ref_filesystem", str(tmp_path)],
        input="".join(json.dumps(each) + "\n" for each in sent),
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )

    assert sorted(json.loads(line)["id"] for line in ended.stdout.splitlines()) == [1, 2, 3]
    loaded = set(re.findall(r"^import time:.*\| +(\S+)$", ended.stderr, re.MULTILINE))
    assert "mcp_ref_filesystem.tools.read" in loaded
    assert {
        name for name in loaded if any(name == avoid or name.startswith(f"{avoid}.") for avoid in NOT_AT_START)
    } == set()
    assert len(loaded) <= MODULES


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if name != "filesystem"])
def test_what_a_server_offers_is_known_without_the_library_of_its_service(name: str, tmp_path: Path) -> None:
    """Drivers, browsers and parsers of pages are imported after the handshake, or by the first call that needs them."""
    _, *arguments = command(name, tmp_path)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", f"mcp_ref_{name}", *arguments, "--print-tools"],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert json.loads(done.stdout)["tools"]
    loaded = set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))
    assert {name for name in loaded if is_under(name, (*LAZY, *NEVER))} == set()


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_importing_a_distribution_starts_nothing(member: Path) -> None:
    """No thread, no output, no event loop: importing only defines."""
    [package] = [path.name for path in (member / "src").iterdir() if path.is_dir() and (path / "__init__.py").exists()]
    check = f"import threading, {package}; assert threading.active_count() == 1"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", check], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
