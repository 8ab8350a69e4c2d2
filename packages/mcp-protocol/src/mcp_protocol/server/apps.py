"""Documents that a host shows beside a tool's result (SEP-1865), as rows of a toolset. They reach no network."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict

import msgspec

from mcp_protocol.server import binding
from mcp_protocol.server.context import Context
from mcp_protocol.server.entries import ResourceEntry
from mcp_protocol.types import Resource, ResourceContents
from mcp_protocol.types.apps import APP_TYPE, AppMeta, Audience, ToolAppMeta

Permission = Literal["camera", "microphone", "geolocation", "clipboardWrite"]
_SCHEME = "ui://"
_DOCTYPE = "<!doctype html>"


class AppOptions(TypedDict, total=False):
    """What may be said of a document: what it asks the user's browser for, and how it wants to be framed."""

    title: str
    permissions: Sequence[Permission]
    domain: str
    prefers_border: bool


class AppEntry(ResourceEntry, frozen=True, kw_only=True, eq=False):
    """One document. It is not listed: a host finds it by the tools that name it."""

    async def read(self, ctx: Context[Any], uri: str, values: Mapping[str, str]) -> list[ResourceContents]:
        """The document as it is now.

        Raises:
            ValueError: it is none that a host could show.
        """
        [found] = await super().read(ctx, uri, values)
        if (found.text or "").lstrip()[: len(_DOCTYPE)].lower() != _DOCTYPE:
            raise ValueError(f"{uri} is no HTML5 document")
        return [msgspec.structs.replace(found, meta=self.definition.meta)]


def app(function: Callable[..., Any], uri: str, options: AppOptions) -> AppEntry:
    """The row of a document.

    Raises:
        ValueError: the URI is not of the scheme `ui`, or has variables.
    """
    if not uri.startswith(_SCHEME) or "{" in uri:
        raise ValueError(f"app {uri!r}: a document has a URI of its own, ui://SERVER/NAME")
    permissions = {name: dict[str, Any]() for name in options.get("permissions", ())}
    meta = AppMeta(
        permissions=permissions or None, domain=options.get("domain"), prefers_border=options.get("prefers_border")
    )
    plain = binding.resource(function, uri, {"title": options.get("title")}).definition
    definition = Resource(
        uri=uri,
        name=plain.name,
        title=plain.title,
        description=plain.description,
        mime_type=APP_TYPE,
        meta=_ui(meta),
    )
    return AppEntry(uri=uri, definition=definition, function=function, static=True, listed=False)


def shown_by(
    document: Callable[..., Any] | None, visibility: Sequence[Audience] | None, known: Sequence[AppEntry]
) -> dict[str, Any]:
    """What a tool's `_meta` says of the document that shows its results.

    Raises:
        ValueError: the document is not of this toolset.
    """
    if document is None and visibility is None:
        return {}
    uri = binding.registered(document, known, "the app of a tool").uri if document else None
    return _ui(ToolAppMeta(resource_uri=uri, visibility=list(visibility) if visibility else None))


def _ui(meta: AppMeta | ToolAppMeta) -> dict[str, Any]:
    return {"ui": msgspec.to_builtins(meta)}
