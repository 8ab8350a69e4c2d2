"""A log record as one line, as text for people or JSON for programs; control characters cannot get through."""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from traceback import format_exception

import msgspec

# The short id of the call that is being served; every line of that call carries it.
request_id: ContextVar[str] = ContextVar("request_id", default="")

# A line is for reading; longer ones would also cost the redaction time.
MAX_LINE = 16 * 1024

_C0 = {code: f"\\x{code:02x}" for code in range(0x20)} | {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x5C: "\\\\"}
# DEL and C1 steer terminals; the rest ends lines or turns the direction of writing.
_OTHERS = (*range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
_IN_JSON = {code: f"\\u{code:04x}" for code in _OTHERS}
_IN_TEXT = _C0 | _IN_JSON


class _Lines(logging.Formatter):
    def __init__(self, redact: Callable[[str], str]) -> None:
        """Mask secrets with `redact`."""
        super().__init__()
        self._redact = redact

    def message(self, record: logging.LogRecord) -> str:
        """The message with its traceback, bounded, without secrets."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):
            text = str(record.msg)  # arguments that do not fit the format must not cost the line
        if record.exc_info and record.exc_info[0] is not None:
            text = f"{text}\n{''.join(format_exception(*record.exc_info))}".rstrip()
        if len(text) > MAX_LINE:
            text = f"{text[: MAX_LINE // 2]} ... {text[-MAX_LINE // 2 :]}"
        return self._redact(text)


class TextLines(_Lines):
    """`2026-01-31T12:00:00.123Z WARNING logger [request] message`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line without its newline."""
        request = _request(record)
        call = f" [{request}]" if request else ""
        line = f"{_stamp(record.created)} {record.levelname} {record.name}{call} {self.message(record)}"
        return line.translate(_IN_TEXT)


class JsonLines(_Lines):
    """One object: time, level, logger, request, message."""

    def format(self, record: logging.LogRecord) -> str:
        """One line without its newline."""
        line = {
            "time": _stamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request": _request(record),
            "message": _encodable(self.message(record)),
        }
        if not line["request"]:
            del line["request"]
        return msgspec.json.encode(line).decode().translate(_IN_JSON)


def _request(record: logging.LogRecord) -> str:
    # The core names the call on the record itself, whichever task it logs from.
    return str(getattr(record, "request_id", "")) or request_id.get()


def _stamp(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


def _encodable(text: str) -> str:
    """Without lone surrogates, which undecodable arguments and paths contain and JSON cannot."""
    return text.encode("utf-8", "backslashreplace").decode()
