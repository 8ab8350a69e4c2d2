"""Recordings of a session: requests as HAR, what happened as a trace, what was seen as a video; begun, ended, kept.

A HAR is cleaned of credentials before it is kept. Traces and videos cannot be, so they and typed secrets exclude each
other unless the operator says otherwise. What is not ended goes with the context it was begun in.
"""

import asyncio
import secrets
import shutil
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Literal, cast

import msgspec

from mcp_ref_browser.answer.redact import MASK, Redactor
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.exchange import HIDDEN, without_passwords
from mcp_ref_browser.page.video import Film
from mcp_ref_browser.sessions.session import Session

Kind = Literal["har", "trace", "video"]
_NAMES: dict[Kind, str] = {"har": "HAR", "trace": "trace", "video": "video"}
_MOST_BYTES = 300 * 1024 * 1024


class Recording:
    """One recording under way, in a directory of its own beside what the browser itself writes."""

    def __init__(self, kind: Kind, place: Path, filename: str | None = None) -> None:
        self.kind = kind
        self.place = place
        self.filename = filename
        """What it is to be called when it is kept; None for the usual name."""
        self.film: Film | None = None

    @property
    def file(self) -> Path:
        """Where the driver writes it."""
        return self.place / "recording"

    async def taken(self) -> bytes:
        """Its bytes.

        Raises:
            BrowserError: `too_large`; `failed`, there is no such file.
        """
        return await asyncio.to_thread(_taken, self.file)

    async def discard(self) -> None:
        """Have nothing left of it on the disk."""
        await asyncio.to_thread(shutil.rmtree, self.place, ignore_errors=True)


async def begun(session: Session, kind: Kind, filename: str | None = None) -> Recording:
    """A recording that is now under way, as far as this server knows; whoever begins it has the browser do so.

    Raises:
        BrowserError: one of its kind is under way already, or the session is not open.
    """
    context, landing = session.context, session.downloads.landing
    if context is None:
        raise invalid("The session is not open.")
    if kind in session.recordings:
        raise invalid(
            f"A {_NAMES[kind]} is being recorded already.", "Stop that one first; each session has one of a kind."
        )
    place = Path(gettempdir()) if landing is None else landing
    made = Recording(kind, place / f"{kind}-{secrets.token_hex(8)}", filename)
    session.recordings[kind] = made
    # A session that ends, or a browser that dies, ends it without a call.
    context.once("close", lambda _: _abandoned(session, made))
    try:
        await asyncio.to_thread(made.place.mkdir, 0o700)
    except BaseException as error:  # a cancellation too
        await dropped(session, made)
        if isinstance(error, OSError):
            raise BrowserError("There is no room for a recording.", code="failed") from error
        raise
    return made


def ended(session: Session, kind: Kind) -> Recording:
    """The recording that ends.

    Raises:
        BrowserError: there is none.
    """
    made: Recording | None = session.recordings.pop(kind, None)
    if made is None:
        raise invalid(
            f"No {_NAMES[kind]} is being recorded.",
            "A recording ends with the browser that it was begun in, at the latest.",
        )
    return made


async def dropped(session: Session, recording: Recording) -> None:
    """Forget a recording that could not be begun."""
    if session.recordings.get(recording.kind) is recording:
        del session.recordings[recording.kind]
    await recording.discard()


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


def _abandoned(session: Session, recording: Recording) -> None:
    """Nobody ends it any more; one that is being ended is discarded by whoever does that."""
    if session.recordings.get(recording.kind) is recording:
        session.spawn(recording.discard())


async def begin_har(session: Session) -> None:
    """Record requests from now on.

    Raises:
        BrowserError: they are recorded already.
    """
    made = await begun(session, "har")
    try:
        context: Any = session.context
        await context.tracing.start_har(str(made.file), mode="full", content="embed")
    except BaseException:  # a cancellation too
        await dropped(session, made)
        raise


async def end_har(session: Session) -> bytes:
    """The requests since then, without credentials.

    Raises:
        BrowserError: none are recorded; `too_large`.
    """
    made = ended(session, "har")
    try:
        if session.context is not None:
            await session.context.tracing.stop_har()
        return await asyncio.to_thread(clean_har, await made.taken(), session.redactor)
    finally:
        await made.discard()


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
