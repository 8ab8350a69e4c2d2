"""Log lines: one each, without secrets and control characters, and never at the price of a wait."""

import json
import logging
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_kit import Secret
from mcp_ref_kit.logs import JsonLines, Redactor, Stderr, TextLines, configure, redact
from mcp_ref_kit.logs.lines import MAX_LINE, request_id
from mcp_ref_kit.logs.setup import divert_prints


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("kit", logging.WARNING, __file__, 1, message, arguments, None)
    made.created = 1_000_000_000.25
    made.__dict__.update(extra)
    return made


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GET postgres://ann:hunter22@db/x failed", "hunter22"),
        ("redis://:p@ss/w0rd@db:6379", "p@ss/w0rd"),
        ("Authorization: Bearer abcdefgh12345", "abcdefgh12345"),
        ("{'authorization': 'Basic YWxhZGRpbjpvcGVu'}", "YWxhZGRpbjpvcGVu"),
        ('"Authorization":"s3cretvalue"', "s3cretvalue"),
        ("sent bearer abcdefgh12345 along", "abcdefgh12345"),
        ("connect(password='hunter22', host=db)", "hunter22"),
        ("https://x/?api_key=hunter22&y=1", "hunter22"),
        ('{"client_secret": "hunter22"}', "hunter22"),
        ("Mcp-Session-Id: 0123456789abcdef", "0123456789abcdef"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("pushed with ghp_0123456789abcdefghij", "ghp_0123456789abcdefghij"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM", "SflKxwRJSM"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, left: str) -> None:
    assert left not in redact(text)
    assert "********" in redact(text)


def test_what_does_not_is_left_alone() -> None:
    for text in ("listening on http://127.0.0.1:8000/mcp", "wrote 10 bytes to a@b.txt", "the token was refused"):
        assert redact(text) == text


def test_the_secrets_of_the_process_are_masked_wherever_they_stand() -> None:
    known = Redactor([Secret("correct horse"), Secret("correct horse battery"), Secret("abc")])
    assert known("say correct horse battery and abc") == "say ******** and abc"


@given(st.text(alphabet="a:/@ \"'=.-Bbearutoizn", max_size=400))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once or len(redact(once)) <= len(once)


def test_masking_a_hostile_line_takes_no_time() -> None:
    began = time.process_time()
    for hostile in ("a://b:" * (MAX_LINE // 6), "password=" * (MAX_LINE // 9), "Bearer " * (MAX_LINE // 7)):
        redact(hostile)
    redact("-----BEGIN PRIVATE KEY-----" * (MAX_LINE // 27))
    assert time.process_time() - began < 1


def test_a_text_line_has_time_level_logger_and_call() -> None:
    token = request_id.set("ab12")
    try:
        line = TextLines(redact).format(record("hello %s", "you"))
    finally:
        request_id.reset(token)
    assert line == "2001-09-09T01:46:40.250Z WARNING kit [ab12] hello you"


def test_a_json_line_is_one_object() -> None:
    line = JsonLines(redact).format(record("hello", request_id="cd34"))
    assert json.loads(line) == {
        "time": "2001-09-09T01:46:40.250Z",
        "level": "warning",
        "logger": "kit",
        "request": "cd34",
        "message": "hello",
    }
    assert "request" not in json.loads(JsonLines(redact).format(record("hello")))


@pytest.mark.parametrize("lines", [TextLines, JsonLines])
def test_a_line_cannot_be_forged_or_steer_a_terminal(lines: type[TextLines | JsonLines]) -> None:
    """J18: a client's name with ANSI and newlines is one log line."""
    hostile = "a\r\nERROR \x1b[2J\x9b1m\u2028\u202e\x7f\ud800"
    line = lines(redact).format(record(hostile))
    assert len(line.splitlines()) == 1
    assert all(letter.isprintable() or letter == " " for letter in line.encode("utf-8", "backslashreplace").decode())


def test_a_traceback_is_part_of_its_line() -> None:
    failed = record("call failed")
    try:
        int("postgres://ann:hunter22@db")
    except ValueError:
        failed.exc_info = sys.exc_info()
    line = TextLines(redact).format(failed)
    assert "ValueError" in line
    assert "hunter22" not in line
    assert len(line.splitlines()) == 1


def test_a_line_is_bounded_and_a_wrong_format_does_not_lose_it() -> None:
    assert len(TextLines(redact).format(record("x" * 1_000_000))) < MAX_LINE + 200
    assert "%d items" in TextLines(redact).format(record("%d items", "many"))


@contextmanager
def pipe() -> Generator[tuple[int, Stderr]]:
    read, write = os.pipe()
    try:
        yield read, Stderr(write)
    finally:
        os.close(read)
        os.close(write)


@contextmanager
def logging_to(stream: Stderr) -> Generator[logging.Logger]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    configure("info", "auto", [Secret("correct horse")], stream=stream)
    try:
        yield logging.getLogger("kit")
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:], root.level = before


def test_a_full_pipe_costs_lines_and_no_time() -> None:
    """S7: nobody reads stderr."""
    with pipe() as (read, stream), logging_to(stream) as log:
        began = time.monotonic()
        for number in range(2000):
            log.info("line %d %s", number, "x" * 200)
        assert time.monotonic() - began < 5
        kept = os.read(read, 1 << 20).decode()
        log.info("after")
        rest = os.read(read, 1 << 20).decode()
    lines = (kept + rest).splitlines()
    whole = [json.loads(line)["message"] for line in lines if line.endswith("}")]
    assert whole[0].startswith("line 0 ")
    assert whole[-1] == "after"
    assert whole[-2].endswith("lines were dropped because stderr was full")
    assert len(lines) - len(whole) <= 1  # at most the one that was being written is torn


def test_a_line_longer_than_the_room_is_written_in_parts() -> None:
    with pipe() as (read, stream):
        stream.write(b"x" * 20_000 + b"\n")
        assert os.read(read, 1 << 20) == b"x" * 20_000 + b"\n"
        assert stream.take_dropped() == 0


def test_a_torn_line_does_not_swallow_the_next() -> None:
    with pipe() as (read, stream):
        stream.write(b"x" * 1_000_000)
        filled = len(os.read(read, 1 << 20))
        stream.write(b"next\n")
        assert 0 < filled < 1_000_000
        assert os.read(read, 1 << 20) == b"\nnext\n"


def test_nobody_at_the_other_end_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = Stderr(write)
    assert stream.write(b"hello\n") == 6
    assert stream.take_dropped() == 1
    os.close(write)


def test_the_log_says_what_it_is_told_and_no_secret() -> None:
    with pipe() as (read, stream), logging_to(stream) as log:
        log.debug("not this")
        log.warning("the key is correct horse")
        logging.getLogger("uvicorn.error").info("nor this")
        line = json.loads(os.read(read, 1 << 20))
    assert line["message"] == "the key is ********"


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_form_of_the_log_can_be_chosen(form: Literal["text", "json"]) -> None:
    with pipe() as (read, stream), logging_to(stream) as log:
        configure("info", form, stream=stream)
        log.info("hello")
        line = os.read(read, 1 << 20).decode()
    assert (json.loads(line)["message"] if form == "json" else line.split(" ", 1)[1]) in {"hello", "INFO kit hello\n"}


def test_a_record_that_cannot_be_shown_does_not_end_its_call() -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError

    with pipe() as (read, stream), logging_to(stream) as log:
        log.warning("%s", Hostile())
        assert os.read(read, 1 << 20) == b"a log record could not be written\n"


def test_prints_go_where_the_log_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = tmp_path / "stderr"
    with target.open("wb") as file:
        monkeypatch.setattr(sys, "stdout", sys.stdout)
        monkeypatch.setattr(sys, "stderr", sys.stderr)
        divert_prints(Stderr(file.fileno()))
        print("hello \ud800")  # noqa: T201  it is what this test is about
        assert sys.stdout.fileno() == file.fileno()
    assert target.read_text() == "hello \\ud800\n"
