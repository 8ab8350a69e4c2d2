"""S7, S8, S10, S11: what the world around a process on stdio may do to it."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.launch.raw import LEGACY, MODERN, StdioPeer, message

TINY = [sys.executable, str(Path(__file__).parents[1] / "tiny_server.py")]
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
# Calls in flight get 1.5 s at the end; the rest is for a machine with other things to do.
END_SECONDS = 4.0
ECHO = message(MODERN, "tools/call", {"name": "echo", "arguments": {"text": "hi"}}, ident=1)


class Unheard(StdioPeer):
    """A peer that does not read stderr."""

    def _listen(self) -> None:
        return


def sleeping(number: int) -> dict[str, object]:
    return message(MODERN, "tools/call", {"name": "sleep", "arguments": {"seconds": 600}}, ident=number)


def through_shell(script: str) -> subprocess.CompletedProcess[str]:
    """Run `sh` with `$TINY` and one call on stdin."""
    return subprocess.run(
        ["sh", "-c", script.replace("TINY", shlex.join(TINY))],
        input=json.dumps(ECHO) + "\n",
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env=os.environ,
    )


def works(ended: subprocess.CompletedProcess[str]) -> bool:
    answer = json.loads(ended.stdout)
    return ended.returncode == 0 and answer["result"]["content"] == [{"type": "text", "text": "hi"}]


def test_a_stderr_that_nobody_reads_blocks_nothing() -> None:
    """S7: a full pipe, filled by prints and by the log."""
    with Unheard(TINY) as peer:
        peer.open(MODERN)
        peer.call("scream", lines=500)
        for number in range(100):
            peer.send(message(MODERN, "tools/call", {"name": "fail", "arguments": {}}, ident=f"f{number}"))
        failed = [peer.receive() for _ in range(100)]
        assert {answer["error"]["code"] for answer in failed} == {-32603}
        assert peer.call("echo", text="hi")["structuredContent"] == {"result": "hi"}
        assert peer.end() == 0


def test_what_a_tool_prints_ends_on_stderr_and_the_stream_stays_whole() -> None:
    """S8, S9: print, a write to descriptor 1, a child that reads and writes the inherited descriptors."""
    with StdioPeer(TINY) as peer:
        peer.open(MODERN)
        assert peer.call("shout", text="SHOUT")["structuredContent"] == {"result": "shouted"}
        peer.wait_for("(?s)SHOUT.*SHOUT.*child")
        assert peer.end() == 0
        assert peer.process.stdout
        assert peer.process.stdout.read() == b""


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_ends_the_process_in_order_whatever_runs(number: signal.Signals) -> None:
    """S10: during 1,000 calls."""
    with StdioPeer([*TINY, "--max-in-flight", "2000"]) as peer:
        peer.open(LEGACY)
        peer.send(*(sleeping(each) for each in range(1000, 2000)))
        peer.send(message(MODERN, "server/discover", ident="after"))
        while peer.receive().get("id") != "after":
            pass
        began = time.monotonic()
        peer.process.send_signal(number)
        assert peer.process.wait(END_SECONDS) == 0
        assert time.monotonic() - began < END_SECONDS
        assert "Traceback" not in peer.stderr


def test_a_call_that_is_nearly_done_is_answered_before_the_end() -> None:
    with StdioPeer(TINY) as peer:
        peer.open(MODERN)
        peer.send(message(MODERN, "tools/call", {"name": "sleep", "arguments": {"seconds": 0.3}}, ident="nap"))
        peer.send(message(MODERN, "server/discover", ident="after"))
        assert peer.receive()["id"] == "after"
        peer.process.send_signal(signal.SIGTERM)
        assert peer.receive()["id"] == "nap"
        assert peer.process.wait(END_SECONDS) == 0


def test_a_second_signal_ends_the_process_at_once() -> None:
    """S10."""
    with StdioPeer(TINY) as peer:
        peer.open(MODERN)
        peer.send(sleeping(1), message(MODERN, "server/discover", ident="after"))
        assert peer.receive()["id"] == "after"
        began = time.monotonic()
        while peer.process.returncode is None:
            peer.process.send_signal(signal.SIGTERM)
            # A signal that comes before the first was taken is one with it, so a third may be needed.
            with suppress(subprocess.TimeoutExpired):
                peer.process.wait(0.02)
            assert time.monotonic() - began < END_SECONDS
        assert peer.process.returncode == -signal.SIGTERM


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_a_closed_stdin_or_stdout_is_one_sentence(closed: str) -> None:
    """S11."""
    ended = through_shell(f"exec TINY {closed}")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "tiny: stdin and stdout must be open: the stdio transport speaks on them.\n"


@pytest.mark.parametrize(
    "script",
    [
        "exec TINY 2>&-",
        "exec TINY 2>/dev/full",
        "d=$(mktemp -d); cd $d; rmdir $d; exec TINY",
        "ulimit -n 32; exec TINY",
        "unset HOME; exec TINY",
        "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 exec TINY 'é\udcff'",
    ],
)
def test_a_strange_environment_works(script: str) -> None:
    """S11: no stderr, a full disk, a deleted working directory, 32 descriptors, no home, no locale."""
    assert works(through_shell(script))


def test_a_closed_stderr_is_not_given_to_the_next_file(tmp_path: Path) -> None:
    """S11: without care the first file that is opened becomes descriptor 2, and the log is written into it."""
    opened = tmp_path / "opened"
    assert works(through_shell(f"exec TINY --opened {opened} --log-level debug 2>&-"))
    assert opened.read_text() == "opened"


def test_a_file_as_stdin_and_stdout_works(tmp_path: Path) -> None:
    calls, answers = tmp_path / "calls", tmp_path / "answers"
    calls.write_text(json.dumps(ECHO) + "\n")
    ended = through_shell(f"exec TINY < {calls} > {answers}")
    assert ended.returncode == 0
    assert json.loads(answers.read_text())["id"] == 1


def test_a_server_that_cannot_start_says_why_and_exits(tmp_path: Path) -> None:
    for how, code in (("setting", 2), ("group", 2), ("boom", 1)):
        ended = through_shell(f"cd {tmp_path}; exec TINY --fail {how}")
        assert (ended.returncode, ended.stdout) == (code, "")
        assert ended.stderr.count("\n") == 1
        assert ("RuntimeError: boom" if how == "boom" else "tiny: The words are not there.") in ended.stderr


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    ended = through_shell("TINY --print-tools | :")
    assert (ended.stdout, ended.stderr) == ("", "")


def test_a_person_may_interrupt_a_check() -> None:
    with StdioPeer([*TINY, "--check", "--fail", "hang"]) as peer:
        peer.wait_for("hanging")
        peer.process.send_signal(signal.SIGINT)
        assert peer.process.wait(END_SECONDS) == 130
        assert "Traceback" not in peer.stderr


def test_a_person_at_a_terminal_is_told_what_it_waits_for() -> None:
    terminal, ours = os.openpty()
    with subprocess.Popen(TINY, stdin=ours, stdout=ours, stderr=subprocess.PIPE, text=True) as process:
        os.close(ours)
        assert process.stderr
        assert "waiting for an MCP client on stdin" in process.stderr.readline()
        os.write(terminal, b"\x04")  # control-D: the end of input
        assert process.wait(END_SECONDS) == 0
    os.close(terminal)
