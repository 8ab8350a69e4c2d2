"""Saves what a tool made: into the artifact store, or where `filename` says if a directory of the operator's has it."""

import mimetypes
from typing import Any

from mcp_protocol import ContentBlock
from mcp_ref_browser.sessions.artifacts import Artifact
from mcp_ref_browser.tools.navigate import link_to
from mcp_ref_browser.turns import Turn

_TEXT = "text/plain"
# Kinds whose usual name says more than their media type.
_NAMES = {"har": "requests.har"}


async def save_text(own: Turn, filename: str, kind: str, text: str) -> dict[str, Any]:
    """Save a text without secrets; a part of an answer."""
    data = own.session.redactor.text(text).encode("utf-8", "replace")
    mime_type = mimetypes.guess_type(filename)[0] or _TEXT
    return await save(own, filename, kind, mime_type, data)


async def save(own: Turn, filename: str | None, kind: str, mime_type: str, data: bytes) -> dict[str, Any]:
    """Save bytes; a part of an answer with a link to them."""
    if filename is not None and own.state.files.roots:
        path = await own.state.files.write(own.ctx, filename, data)
        return {"result": {"saved": path, "bytes": len(data)}, "lines": [f"Saved {len(data)} bytes as {path}."]}
    artifact = await keep(own, filename or _named(kind, mime_type), kind, mime_type, data)
    return kept(artifact)


async def keep(own: Turn, name: str, kind: str, mime_type: str, data: bytes) -> Artifact:
    """An artifact of the session."""
    artifact = await own.state.store.add(own.session.handle, kind, name, mime_type, data)
    own.session.added(artifact)
    return artifact


def kept(artifact: Artifact, *more: ContentBlock) -> dict[str, Any]:
    """An artifact as a part of an answer."""
    return {
        "result": {"uri": artifact.uri, "name": artifact.name, "bytes": artifact.size, "mimeType": artifact.mime_type},
        "lines": [f"{artifact.name}, {artifact.size} bytes: {artifact.uri}"],
        "blocks": [*more, link_to(artifact)],
    }


def _named(kind: str, mime_type: str) -> str:
    return _NAMES.get(kind) or f"{kind}{mimetypes.guess_extension(mime_type) or ''}"
