"""Puts the log of the whole process on stderr, once, before anything else can write there."""

import io
import logging
import sys
from collections.abc import Iterable
from typing import Literal

from mcp_ref_kit.logs.lines import JsonLines, TextLines
from mcp_ref_kit.logs.redaction import Redactor
from mcp_ref_kit.logs.stderr import Stderr
from mcp_ref_kit.settings.secret import Secret


class Handler(logging.Handler):
    """Writes lines; says how many were lost, as soon as one gets through."""

    def __init__(self, stream: Stderr) -> None:
        """Write to `stream`."""
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; nothing here may raise into the code that logs."""
        try:
            if lost := self._stream.take_dropped():
                self._write(_note(lost))
            self._write(record)
        except Exception:  # noqa: BLE001  the last boundary: a record whose own text fails must not end the call
            self._stream.write(b"a log record could not be written\n")

    def _write(self, record: logging.LogRecord) -> None:
        self._stream.write(f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))


def configure(
    level: Literal["debug", "info", "warning", "error"],
    form: Literal["auto", "text", "json"],
    secrets: Iterable[Secret] = (),
    *,
    stream: Stderr,
) -> None:
    """Send every record of the process to `stream`; replaces whatever handlers there were."""
    if form == "auto":
        form = "text" if stream.isatty() else "json"
    lines = TextLines if form == "text" else JsonLines
    handler = Handler(stream)
    handler.setFormatter(lines(Redactor(secrets)))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    # Names of peers and pools of the libraries below us are noise, and their debug lines hold headers.
    for noisy in ("asyncio", "uvicorn", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def divert_prints(stream: Stderr) -> None:
    """Let `print` and tracebacks of threads go the way of the log, so that they cannot wait for a full pipe either."""
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", line_buffering=True)  # pyright: ignore[reportArgumentType]  a raw stream that takes whole writes is all it needs
    sys.stdout = sys.stderr = text


def _note(lost: int) -> logging.LogRecord:
    text = "%d lines were dropped because stderr was full"
    return logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, (lost,), None)
