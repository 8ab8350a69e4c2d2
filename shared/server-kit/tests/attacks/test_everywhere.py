"""X1 to X4: bad flags, hostile working directories, secrets, and Python's own complaints."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.launch.raw import MODERN, StdioPeer, listening

TINY = [sys.executable, str(Path(__file__).parents[1] / "tiny_server.py")]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--unknown"],
        ["--mod", "admin"],
        ["--mode", "admin", "--mode", "admin"],
        ["--mode=read-only", "--mode=admin"],
        ["--mode", "superuser"],
        ["--port", "70000", "--transport", "http"],
        ["--port", "8000"],
        ["--check=yes"],
        ["--tools", "nothing"],
        ["--rate-limit", "often"],
        ["--auth-token-file", "/dev/null", "--transport", "http"],
        ["--transport", "http", "--public-url", "ftp://x"],
        ["--config", "/no/such/file"],
        ["--log-level", "INFO"],
        ["--print-config"],
        ["--max-in-flight", "1e3"],
        ["--tool-timeout", "-1"],
        ["--transport"],
    ],
)
def test_a_bad_flag_is_one_sentence_and_opens_nothing(arguments: list[str], tmp_path: Path) -> None:
    """X1: unknown, abbreviated, doubled, mistyped, conflicting."""
    opened = tmp_path / "opened"
    ended = subprocess.run(
        [*TINY, "--opened", str(opened), *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("tiny: ")
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.endswith((".\n", "?\n"))
    assert not opened.exists()


def hostile_directory(path: Path) -> Path:
    """A directory with modules named as those that a server imports, early and late."""
    for name in ("json", "msgspec", "asyncio", "argparse", "tomllib", "uvicorn", "redis", "git", "mcp_ref_kit"):
        (path / f"{name}.py").write_text("raise SystemExit('imported from the working directory')\n")
    return path


def test_nothing_is_imported_from_the_working_directory_on_stdio(tmp_path: Path) -> None:
    """X2."""
    (tmp_path / "tiny.toml").write_text("words = ['a']")
    with StdioPeer([*TINY, "--config", "tiny.toml"], cwd=hostile_directory(tmp_path)) as peer:
        peer.open(MODERN)
        assert peer.request("resources/read", {"uri": "tiny:///words"})["contents"][0]["text"] == "a"


def test_nothing_is_imported_from_the_working_directory_by_the_rest(tmp_path: Path) -> None:
    """X2."""
    for action in (["--check"], ["--print-tools"], ["--print-config", "codex"], ["--help"], ["--unknown"]):
        ended = subprocess.run(
            [*TINY, *action], cwd=hostile_directory(tmp_path), capture_output=True, text=True, timeout=20, check=False
        )
        assert "imported from" not in ended.stderr
        assert ended.returncode == (2 if action == ["--unknown"] else 0)


def test_dotenv_files_are_not_read(tmp_path: Path) -> None:
    """Rule 25: a directory that a server is started in decides nothing."""
    (tmp_path / ".env").write_text("MCP_MODE=admin\n")
    ended = subprocess.run([*TINY, "--check"], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=True)
    assert "admin" not in ended.stdout


SECRETS = {"MCP_DSN": "postgres://ann:hunter22@db/x", "MCP_STATE_KEY": "k" * 40}
HIDDEN = ["hunter22", "k" * 40, "t" * 20]


def test_no_secret_is_shown_on_stdio(tmp_path: Path) -> None:
    """X3: in replies, in logs, in tracebacks."""
    with StdioPeer([*TINY, "--log-level", "debug"], cwd=tmp_path, env=SECRETS) as peer:
        replies = [peer.open(MODERN), peer.request("tools/list"), peer.call("echo", text="hi")]
        peer.send({"jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": {"name": "fail"}})
        replies.append(peer.receive())
        assert peer.end() == 0
        said = json.dumps(replies) + peer.stderr
    assert [secret for secret in HIDDEN if secret in said] == []


def test_no_secret_is_shown_by_check_and_print(tmp_path: Path) -> None:
    """X3: `--check`, `--print-config`, `--print-tools`, complaints."""
    token = tmp_path / "token"
    token.write_text("t" * 20)
    for action in (["--check"], ["--print-config", "claude"], ["--print-tools"], ["--port", "x"]):
        ended = subprocess.run(
            [*TINY, *action, "--transport", "http", "--auth-token-file", str(token)],
            env={**os.environ, **SECRETS},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert [secret for secret in HIDDEN if secret in ended.stdout + ended.stderr] == []


def test_a_careless_complaint_is_masked() -> None:
    """X3: the words of a library, with the DSN in them."""
    ended = subprocess.run(
        [*TINY, "--fail", "careless"],
        env={**os.environ, **SECRETS},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert (ended.returncode, ended.stderr) == (2, "tiny: Nobody answers at postgres://ann:********@db/x.\n")


def test_a_password_on_the_command_line_is_warned_about_and_not_repeated() -> None:
    with StdioPeer([*TINY, "--dsn", SECRETS["MCP_DSN"]]) as peer:
        peer.wait_for("the command line shows a password")
        assert peer.end() == 0
        assert "hunter22" not in peer.stderr


STRICT = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error"}


def quiet(stderr: str) -> str:
    """Without the event loop's note that this machine was slow."""
    return "\n".join(line for line in stderr.splitlines() if " took " not in line)


def test_python_has_nothing_to_complain_about_on_stdio() -> None:
    """X4: development mode, every warning an error."""
    with StdioPeer(TINY, env=STRICT) as peer:
        peer.open(MODERN)
        assert peer.call("echo", text="hi")["structuredContent"] == {"result": "hi"}
        assert peer.end() == 0
        assert quiet(peer.stderr) == ""


def test_python_has_nothing_to_complain_about_on_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """X4."""
    for name, value in STRICT.items():
        monkeypatch.setenv(name, value)
    with listening(TINY) as (launched, _):
        launched.process.terminate()
        assert launched.process.wait(10) == 0
        assert quiet(launched.stderr).startswith("listening on http://127.0.0.1:")
        assert quiet(launched.stderr).count("\n") == 0
