"""What a model and a host see, what it costs them, and what the operator's choices leave of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CORE = [
    "browser_session",
    "browser_navigate",
    "browser_navigate_back",
    "browser_navigate_forward",
    "browser_reload",
    "browser_tabs",
    "browser_close",
    "browser_snapshot",
    "browser_find",
    "browser_get_text",
    "browser_get_html",
    "browser_click",
    "browser_hover",
    "browser_drag",
    "browser_drop",
    "browser_scroll",
    "browser_type",
    "browser_press_key",
    "browser_select_option",
    "browser_check",
    "browser_fill_form",
    "browser_file_upload",
    "browser_handle_dialog",
    "browser_wait_for",
    "browser_evaluate",
    "browser_console_messages",
    "browser_network_requests",
    "browser_network_request",
    "browser_take_screenshot",
    "browser_resize",
    "browser_emulate_media",
]
VISION = {f"browser_mouse_{name}" for name in ("move_xy", "click_xy", "drag_xy", "down", "up", "wheel")}
SHOWN_BYTES, LISTED_BYTES, SLIM_BYTES = 15_500, 34_000, 6_500


def printed(*arguments: str) -> list[dict[str, Any]]:
    script = Path(sys.executable).with_name("mcp-ref-browser")
    done = subprocess.run([script, "--print-tools", *arguments], capture_output=True, check=True)
    return [entry["tool"] for entry in json.loads(done.stdout)["tools"]]


def size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def test_the_core_tools_fit_their_budget() -> None:
    """Case 1. The leading peer needs 17,591 bytes for 25 tools."""
    tools = printed()
    assert {tool["name"] for tool in tools} == set(CORE)
    assert len(tools) == 31
    assert size([{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in tools]) <= SHOWN_BYTES
    assert size(tools) <= LISTED_BYTES
    assert all(tool["outputSchema"]["type"] == "object" and tool["annotations"] for tool in tools)


def test_the_slim_list_is_slim() -> None:
    tools = printed("--slim")
    assert [tool["name"].removeprefix("browser_") for tool in tools] == [
        "navigate", "snapshot", "click", "type", "take_screenshot",
    ]  # fmt: skip
    assert size(tools) <= SLIM_BYTES


def test_caps_add_exactly_what_they_name() -> None:
    """Case 2."""
    names = {tool["name"] for tool in printed("--caps", "vision,pdf")}
    assert names == {*CORE, *VISION, "browser_pdf_save"}


def test_toolsets_are_exact() -> None:
    assert {tool["name"] for tool in printed("--toolsets", "vision")} == VISION
    assert len(printed("--toolsets", "all")) == 80


def test_evaluate_can_be_left_out() -> None:
    """Case 2."""
    assert {tool["name"] for tool in printed("--no-evaluate")} == {*CORE} - {"browser_evaluate"}


def test_promises_about_tools_are_the_documented_ones() -> None:
    hints = {tool["name"]: tool["annotations"] for tool in printed("--toolsets", "all")}
    reading = {name for name, one in hints.items() if one["readOnlyHint"]}
    destroying = {name for name, one in hints.items() if one["destructiveHint"]}
    assert {"browser_snapshot", "browser_find", "browser_take_screenshot", "browser_wait_for"} <= reading
    assert not {"browser_click", "browser_navigate", "browser_evaluate", "browser_session"} & reading
    assert {"browser_close", "browser_evaluate", "browser_cookie_clear", "browser_set_storage_state"} <= destroying
    assert not {"browser_click", "browser_type"} & destroying


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--caps", "nope"], "`--caps` names a toolset `nope`, which does not exist; there are core, vision"),
        (["--toolsets", "nope"], "`--toolsets` names a toolset `nope`"),
        (["--mode", "admin"], "--mode"),
        (["--allowed-origins", "https://a b"], "is no origin"),
        (["--allowed-origins", "https://a.example/path"], "is no origin"),
        (["--cdp-endpoint", "http://127.0.0.1:9222", "--allowed-origins", "https://a.example"], "--trust-cdp"),
        (["--cdp-endpoint", "http://127.0.0.1:9222", "--allow-private-ips"], "--trust-cdp"),
        (["--user-data-dir", "/srv/profile", "--transport", "http", "--port", "0"], "not for HTTP"),
        (["--viewport-size", "wide"], "`--viewport-size` must be a size"),
        (["--proxy-server", "socks5://x"], "`--proxy-server`"),
        (["--secrets", "/nonexistent"], "cannot be read"),
        (["--init-script", "/nonexistent"], "cannot be read"),
        (["--max-output-chars", "200001"], "200000"),
        (["/nonexistent-directory"], "nonexistent"),
    ],
)
def test_a_bad_setting_is_one_sentence(arguments: list[str], words: str) -> None:
    """Cases 2 and 25."""
    command = [sys.executable, "-m", "mcp_ref_browser", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20, check=False)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_check_finds_the_browser_or_says_how_to_get_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mcp_ref_browser", "--check", "--executable-path", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "FAILED  browser" in done.stdout
    assert "playwright install chromium" in done.stdout
