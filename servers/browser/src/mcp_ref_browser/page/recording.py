"""Recordings of a session: requests as HAR, what happened as a trace, what was seen as a video; begun, ended, kept.

A HAR is cleaned of credentials before it is kept. Traces and videos cannot be, so they and typed secrets exclude each
other unless the operator says otherwise.
"""

import asyncio
import secrets
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from mcp_ref_browser.answer.redact import MASK, Redactor
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.exchange import HIDDEN, without_passwords
from mcp_ref_browser.sessions.session import Session

Kind = Literal["har", "trace", "video"]
_MOST_BYTES = 300 * 1024 * 1024


def begun(session: Session, kind: Kind, place: Path, suffix: str) -> Path:
    """The file that a recording will be in.

    Raises:
        BrowserError: one of its kind is under way already.
    """
    if kind in session.recordings:
        raise invalid(f"A {kind} is being recorded already.")
    path = place / f".{kind}-{secrets.token_hex(8)}{suffix}"
    session.recordings[kind] = path
    return path


def ended(session: Session, kind: Kind) -> Path:
    """The file of the recording that ends.

    Raises:
        BrowserError: there is none.
    """
    path: Path | None = session.recordings.pop(kind, None)
    if path is None:
        raise invalid(f"No {kind} is being recorded.")
    return path


async def taken(path: Path) -> bytes:
    """The bytes of a finished recording, whose file goes."""
    return await asyncio.to_thread(_taken, path)


def check_secrets(session: Session, *, reveal: bool) -> None:
    """Refuse to film what would show a secret that was typed.

    Raises:
        BrowserError: `secret_denied`.
    """
    if session.typed_secret and not reveal:
        raise BrowserError(
            "A secret was typed in this session, and a recording would show it.",
            code="secret_denied",
            hint="Use another session, or let whoever runs this server give --allow-reveal.",
        )


async def begin_har(session: Session, place: Path) -> None:
    """Record requests from now on."""
    if session.context is None:
        raise invalid("The session is not open.")
    path = begun(session, "har", place, ".har")
    await session.context.tracing.start_har(str(path), mode="full", content="embed")


async def end_har(session: Session) -> bytes:
    """The requests since then, without credentials."""
    path = ended(session, "har")
    if session.context is not None:
        await session.context.tracing.stop_har()
    data = await taken(path)
    return await asyncio.to_thread(clean_har, data, session.redactor)


def clean_har(data: bytes, redactor: Redactor) -> bytes:
    """A HAR without authorization, cookies, password fields and secrets."""
    har: Any = msgspec.json.decode(data)
    for entry in har.get("log", {}).get("entries", []):
        for side in ("request", "response"):
            _clean(cast("dict[str, Any]", entry.get(side, {})))
    return msgspec.json.encode(redactor.value(har))


def _clean(side: dict[str, Any]) -> None:
    for header in side.get("headers", []):
        if header["name"].lower() in HIDDEN:
            header["value"] = MASK
    for cookie in side.get("cookies", []):
        cookie["value"] = MASK
    post = side.get("postData")
    if post:
        kind = post.get("mimeType", "")
        post["text"] = without_passwords(post.get("text", ""), kind)
        for pair in post.get("params", []):
            cleaned = without_passwords(f"{pair['name']}=x", "x-www-form-urlencoded")
            if cleaned.endswith(MASK):
                pair["value"] = MASK


def _taken(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BrowserError("The recording is too large to be kept.", code="too_large")
        return path.read_bytes()
    except OSError as error:
        raise BrowserError("The recording was lost.", code="failed") from error
    finally:
        path.unlink(missing_ok=True)
