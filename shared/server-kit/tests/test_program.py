"""A server as a program, without its process: what it prints instead of serving, and how it refuses."""

import json
import logging
import subprocess
import sys
import tomllib
from collections.abc import Generator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from tiny_server import Settings, main, server

from mcp_protocol import ToolError
from mcp_ref_kit import Finding, cli
from mcp_ref_kit.origin import program_name, started_by

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _log_of_the_tests() -> Generator[None]:
    """Put back the log of this process, which the program under test takes over."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], root.level = before
    logging.captureWarnings(capture=False)


def ran(capfd: Capture, *arguments: str, **environment: str) -> tuple[int, str, str]:
    code = main.run(arguments, environment)
    out, err = capfd.readouterr()
    return code, out, err


def test_help_is_told_although_the_rest_is_wrong(capfd: Capture) -> None:
    code, out, _ = ran(capfd, "--help", "--port", "x")
    assert code == 0
    assert "  --max-output-chars N      Characters of one result. (default: 100000)" in out
    assert "  --healthy, --no-healthy   What the check finds. (default: on)" in out
    assert "[WORD ...] [options]" in out
    assert "There are talk*, extra (* default)." in " ".join(out.split())


def test_importing_the_kit_loads_nothing_that_a_start_on_stdio_does_without() -> None:
    late = ["uvicorn", "mcp_protocol.transports.http", "mcp_ref_kit.http", "mcp_ref_kit.actions", "tomllib", "shutil"]
    check = f"import sys; old = set(sys.modules); import mcp_ref_kit; assert not set({late}) & (set(sys.modules) - old)"
    subprocess.run([sys.executable, "-c", check], check=True, timeout=20)


def test_the_version_is_told(capfd: Capture) -> None:
    assert ran(capfd, "--version")[:2] == (0, "tiny 1.2.3\n")


def test_the_surface_is_printed_as_it_was_selected(capfd: Capture) -> None:
    code, out, _ = ran(capfd, "--print-tools", "--tools", "sing", "--exclude-tools", "shout")
    surface = json.loads(out)
    assert code == 0
    assert [entry["tool"]["name"] for entry in surface["tools"]] == ["echo", "sleep", "scream", "fail", "sing"]
    assert {entry["toolset"] for entry in surface["tools"]} == {"talk", "extra"}
    assert surface["server"]["name"] == "tiny"
    assert [prompt["name"] for prompt in surface["prompts"]] == ["ask"]
    assert [resource["uri"] for resource in surface["resources"]] == ["tiny:///words"]


def test_the_check_shows_settings_with_their_source_limits_and_what_works(capfd: Capture, tmp_path: Path) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text("max-in-flight = 7")
    code, out, _ = ran(capfd, "--check", "a", "b", "--config", str(config), MCP_MODE="admin", MCP_STATE_KEY="k" * 40)
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert out.startswith("tiny 1.2.3 (Python 3.")
    assert ["words", "a,b", "WORD"] in lines
    assert ["max-in-flight", "7", "tiny.toml"] in lines
    assert ["mode", "admin", "MCP_MODE"] in lines
    assert ["state-key", "********", "MCP_STATE_KEY"] in lines
    assert ["port", "8000", "default"] in lines
    assert ["running", "7"] in lines
    assert ["ok", "start", "7", "tools"] in lines
    assert ["ok", "words", "2", "words"] in lines
    assert "k" * 40 not in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--no-healthy"], "FAILED  words  0 words"),
        (["--fail", "boom"], "FAILED  start  RuntimeError: boom"),
        (["--fail", "at redis://:hunter22@db"], "FAILED  start  RuntimeError: at redis://:********@db"),
        (["--fail", "setting"], "FAILED  start  The words are not there."),
        (["--fail", "group"], "FAILED  start  The words are not there."),
    ],
)
def test_a_check_that_finds_a_fault_exits_1(capfd: Capture, arguments: list[str], line: str) -> None:
    code, out, _ = ran(capfd, "--check", *arguments)
    assert code == 1
    assert f"  {line}" in out.splitlines()


def test_a_server_without_a_check_works_when_it_starts(capfd: Capture) -> None:
    assert cli(server).run(["--check"], {}) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "  ok  start  5 tools"


def test_a_check_that_fails_is_a_finding_too(capfd: Capture) -> None:
    for error, words in ((TimeoutError(), "it took too long"), (ToolError("No words."), "No words.")):
        assert cli(server, check=partial(failing_check, error)).run(["--check"], {}) == 1
        assert f"  FAILED  check  {words}" in capfd.readouterr().out


async def failing_check(error: Exception, _settings: Settings, _state: Settings) -> list[Finding]:
    raise error


@pytest.mark.parametrize("host", ["claude", "cursor", "vscode"])
def test_a_host_s_snippet_starts_the_same_command(capfd: Capture, host: str) -> None:
    code, out, _ = ran(capfd, "a", "--print-config", host, "--mode", "admin", MCP_PORT="1", MCP_OTHER="x")
    table = json.loads(out)["servers" if host == "vscode" else "mcpServers"]
    command, *first = started_by()
    assert code == 0
    assert table["tiny"]["command"] == command
    assert table["tiny"]["args"] == [*first, "a", "--mode", "admin"]
    assert table["tiny"]["env"] == {"MCP_PORT": "1"}
    assert table["tiny"].get("type") == ("stdio" if host == "vscode" else None)


def test_the_snippet_for_codex_is_toml(capfd: Capture) -> None:
    _, out, _ = ran(capfd, 'say "é"\x7f\\', "--print-config=codex", MCP_PORT="1")
    table = tomllib.loads(out)["mcp_servers"]["tiny"]
    assert table["args"][-1] == 'say "é"\x7f\\'
    assert table["env"] == {"MCP_PORT": "1"}


@pytest.mark.parametrize(
    ("arguments", "url"),
    [
        (["--port", "9"], "http://127.0.0.1:9/mcp"),
        (["--host", "::1"], "http://[::1]:8000/mcp"),
        (["--public-url", "https://x.example/tools/mcp"], "https://x.example/tools/mcp"),
        (["--public-url", "https://x.example"], "https://x.example/mcp"),
    ],
)
def test_the_snippet_of_a_listening_server_is_its_url(capfd: Capture, arguments: list[str], url: str) -> None:
    _, out, _ = ran(capfd, "--transport", "http", *arguments, "--print-config", "vscode")
    assert json.loads(out) == {"servers": {"tiny": {"type": "http", "url": url}}}
    _, out, _ = ran(capfd, "--transport", "http", *arguments, "--print-config", "codex")
    assert tomllib.loads(out) == {"mcp_servers": {"tiny": {"url": url}}}


def test_a_snippet_holds_no_secret_and_says_what_is_missing(capfd: Capture, tmp_path: Path) -> None:
    """X3: `--print-config`."""
    secret = tmp_path / "token"
    secret.write_text("t" * 20)
    arguments = ["--print-config", "claude", "--dsn", "postgres://ann:hunter22@db"]
    variables = {"MCP_STATE_KEY": "k" * 40, "MCP_AUTH_TOKEN_FILE": str(secret)}
    _, out, err = ran(capfd, *arguments, **variables)
    for text in ("hunter22", "k" * 40, "t" * 20):
        assert text not in out + err
    assert json.loads(out)["mcpServers"]["tiny"]["env"] == {"MCP_AUTH_TOKEN_FILE": str(secret)}
    assert "MCP_STATE_KEY holds a secret and is left out" in err
    assert "a password is masked" in err


def test_a_snippet_warns_of_relative_paths(capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    _, _, err = ran(capfd, "docs", "--print-config", "claude")
    assert "docs is a relative path" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "9"], "`--port` needs `--transport http`."),
        (["--transport", "http", "--host", "192.0.2.1"], "Listening on 192.0.2.1 without authentication"),
        (["--transport", "http", "--host", "localhost.evil.example"], "without authentication would let everyone"),
        (["--transport", "http", "--host", "127.evil.example"], "without authentication would let everyone"),
        (["--tools", "ecko"], "did you mean `echo`?"),
        (["--auth-token-file", "/no/such/file"], "`--auth-token-file` names a file that cannot be read"),
        (["--transport", "http", "--http-allowed-hosts", "*"], "takes exact values"),
    ],
)
def test_a_bad_setting_is_one_sentence_and_exit_code_2(capfd: Capture, arguments: list[str], sentence: str) -> None:
    code, out, err = ran(capfd, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("tiny: ")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_token_that_no_header_can_carry_is_refused(capfd: Capture) -> None:
    for token in (
        "correct horse battery",
        "correct-h\u00f6rse-battery",
        "correct-horse\tbattery",
        "a=b-and-so-on-and-on",
    ):
        code, _, err = ran(capfd, "--transport", "http", MCP_AUTH_TOKEN=token)
        assert (code, err) == (
            2,
            "tiny: The bearer token must be of letters, digits and -._~+/, with = at its end only.\n",
        )


def test_a_server_may_do_without_a_common_setting(capfd: Capture) -> None:
    bare = cli(server, without=["mode", "toolsets"])
    assert bare.run(["--mode", "admin"], {}) == 2
    assert "There is no option `--mode`" in capfd.readouterr().err
    assert bare.run(["--print-tools"], {}) == 0


def test_a_server_that_has_nothing_to_offer_says_so(capfd: Capture) -> None:
    _, out, err = ran(capfd, "--print-tools", "--toolsets", "extra", "--exclude-tools", "sing")
    assert json.loads(out)["tools"] == []
    assert "no tool is left to offer" in err


def test_the_command_of_a_host_is_the_one_that_started_us(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "mcp-ref-tiny"
    script.touch(mode=0o755)
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__spec__=None))
    monkeypatch.setattr(sys, "argv", [str(script)])
    assert (started_by(), program_name()) == ([str(script)], "mcp-ref-tiny")

    monkeypatch.setattr(sys, "argv", ["/home/ann/.cache/uv/archive-v0/x1/bin/mcp-ref-tiny"])
    assert (started_by(), program_name()) == (["uvx", "mcp-ref-tiny"], "mcp-ref-tiny")

    package = SimpleNamespace(__spec__=SimpleNamespace(parent="mcp_ref_tiny"))
    monkeypatch.setitem(sys.modules, "__main__", package)
    assert (started_by(), program_name()) == ([sys.executable, "-m", "mcp_ref_tiny"], "python -m mcp_ref_tiny")


def test_a_server_without_modes_offers_its_toolsets_and_may_bound_its_results_itself(capfd: Capture) -> None:
    modeless = cli(server, without=["mode", "max_output_chars"])
    code = modeless.run(["--print-tools", "--toolsets", "talk"], {})
    offered = {entry["tool"]["name"] for entry in json.loads(capfd.readouterr().out)["tools"]}
    assert code == 0
    assert {"echo", "learn", "forget"} <= offered
    assert modeless.run(["--mode", "admin"], {}) == 2
