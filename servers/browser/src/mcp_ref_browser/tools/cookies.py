# ruff: noqa: N803  argument names are the wire's
"""Cookies and the whole storage state of a session; values are shown as length and hash unless they may be revealed."""

import json
from hashlib import sha256
from typing import Annotated, Any, Literal

from msgspec import json as msgspec_json

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import DESTROYS, LOOKS, SETS, SessionHandle, without
from mcp_ref_browser.tools.saving import save
from mcp_ref_browser.turns import Asked, Turn, looked

cookies = Toolset[State]("storage", default=False)

Name = Annotated[str, arg("Name of the cookie.", min_length=1)]
Reveal = Annotated[bool, arg("Show values; needs the operator's --allow-reveal.")] | None
SameSite = Literal["Strict", "Lax", "None"]


def shown(value: str, *, reveal: bool) -> Any:
    """A value, or what lets it be recognised without being known."""
    if reveal:
        return value
    return {"length": len(value), "sha256": sha256(value.encode("utf-8", "replace")).hexdigest()[:8]}


def worded(value: str, *, reveal: bool) -> str:
    """The same in words."""
    told = shown(value, reveal=reveal)
    return value if reveal else f"[{told['length']} characters, sha256 {told['sha256']}]"


def may_reveal(ctx: Ctx, reveal: bool | None) -> bool:  # noqa: FBT001  as the caller gave it
    """Whether values are shown.

    Raises:
        BrowserError: `secret_denied`, the operator does not let them.
    """
    if reveal and not ctx.state.settings.allow_reveal:
        raise BrowserError("Values are not revealed here.", code="secret_denied", hint="That needs --allow-reveal.")
    return bool(reveal)


@cookies.tool(**LOOKS)
async def browser_cookie_list(
    ctx: Ctx,
    *,
    domain: Annotated[str, arg("Only of this domain.")] | None = None,
    path: Annotated[str, arg("Only of this path.")] | None = None,
    reveal: Reveal = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """List cookies."""
    revealed = may_reveal(ctx, reveal)

    async def work(own: Turn) -> dict[str, Any]:
        found = [
            one
            for one in await _all(own)
            if (domain is None or domain.lstrip(".") in one["domain"]) and (path is None or one["path"] == path)
        ]
        listed = [_described(one, reveal=revealed) for one in found]
        return _told({"cookies": listed}, [_line(one, reveal=revealed) for one in found])

    return await looked(ctx, Asked(session=session), work)


@cookies.tool(**LOOKS)
async def browser_cookie_get(
    ctx: Ctx, *, name: Name, reveal: Reveal = None, session: SessionHandle = None
) -> Output[Answer]:
    """Describe one cookie."""
    revealed = may_reveal(ctx, reveal)

    async def work(own: Turn) -> dict[str, Any]:
        found = [one for one in await _all(own) if one["name"] == name]
        if not found:
            raise BrowserError(f"There is no cookie {name[:100]!r}.", code="no_match")
        return _told({"cookie": _described(found[0], reveal=revealed)}, [_line(found[0], reveal=revealed)])

    return await looked(ctx, Asked(session=session), work)


@cookies.tool(**SETS)
async def browser_cookie_set(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    name: Name,
    value: Annotated[str, arg("Value.")],
    domain: Annotated[str, arg("Domain; else that of the page.")] | None = None,
    path: Annotated[str, arg("Path.")] = "/",
    expires: Annotated[float, arg("Seconds since 1970; -1 for as long as the session.")] | None = None,
    httpOnly: Annotated[bool, arg("Not for scripts.")] | None = None,
    secure: Annotated[bool, arg("Only over TLS.")] | None = None,
    sameSite: Annotated[SameSite, arg("When other sites ask.")] | None = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Set a cookie."""
    if expires is not None and expires != -1 and expires <= 0:
        raise invalid(f"`expires` is in seconds since 1970, or -1, got {expires:g}.")
    rest = without({"expires": expires, "httpOnly": httpOnly, "secure": secure, "sameSite": sameSite})

    async def work(own: Turn) -> dict[str, Any]:
        cookie: Any = {"name": name, "value": value, **rest}
        if domain is not None:
            cookie |= {"domain": domain, "path": path}
        elif own.tab.page.url.startswith("http"):
            cookie |= {"url": own.tab.page.url}
        else:
            raise invalid("`domain` is needed where no page is open.")
        await own.do(own.tab.page.context.add_cookies([cookie]))
        if not any(one["name"] == name and one["value"] == value for one in await _all(own)):
            raise invalid(
                "The browser did not keep the cookie.",
                "It has expired, or breaks a rule, such as that SameSite=None needs `secure`.",
            )
        own.remember()
        return _told({"set": name}, [f"The cookie {name[:100]} is set."])

    return await looked(ctx, Asked(session=session), work)


@cookies.tool(**DESTROYS)
async def browser_cookie_delete(ctx: Ctx, *, name: Name, session: SessionHandle = None) -> Output[Answer]:
    """Delete cookies of a name."""

    async def work(own: Turn) -> dict[str, Any]:
        await own.do(own.tab.page.context.clear_cookies(name=name))
        own.remember()
        return _told({"deleted": name}, [f"The cookie {name[:100]} is gone."])

    return await looked(ctx, Asked(session=session), work)


@cookies.tool(**DESTROYS)
async def browser_cookie_clear(ctx: Ctx, *, session: SessionHandle = None) -> Output[Answer]:
    """Delete all cookies."""

    async def work(own: Turn) -> dict[str, Any]:
        await own.do(own.tab.page.context.clear_cookies())
        own.remember()
        return _told({"deleted": True}, ["All cookies are gone."])

    return await looked(ctx, Asked(session=session), work)


@cookies.tool(**LOOKS)
async def browser_storage_state(
    ctx: Ctx,
    *,
    filename: Annotated[str, arg("Save under this name; needs the operator's --allow-reveal.")] | None = None,
    reveal: Reveal = None,
    session: SessionHandle = None,
) -> Output[Answer]:
    """Cookies and local storage of all origins."""
    revealed = may_reveal(ctx, reveal or filename is not None)

    async def work(own: Turn) -> dict[str, Any]:
        state: Any = await own.do(own.tab.page.context.storage_state(), "The storage was not read")
        if filename is not None:
            return await save(own, filename, "storage", "application/json", msgspec_json.encode(state))
        listed = {
            "cookies": [_described(one, reveal=revealed) for one in state["cookies"]],
            "origins": [
                {
                    "origin": one["origin"],
                    "localStorage": [
                        {"name": item["name"], "value": shown(item["value"], reveal=revealed)}
                        for item in one["localStorage"]
                    ],
                }
                for one in state["origins"]
            ],
        }
        return {"result": listed, "label": "Text", "text": json.dumps(listed, ensure_ascii=False)[: own.budget]}

    return await looked(ctx, Asked(session=session), work)


@cookies.tool(**DESTROYS)
async def browser_set_storage_state(
    ctx: Ctx, *, filename: Annotated[str, arg("File with a storage state.")], session: SessionHandle = None
) -> Output[Answer]:
    """Replace cookies and local storage by those of a file."""
    data = await _stored(ctx, filename, session)
    try:
        state: Any = msgspec_json.decode(data, type=dict[str, Any])
    except ValueError as error:
        raise invalid("The file holds no storage state.") from error

    async def work(own: Turn) -> dict[str, Any]:
        await own.do(own.tab.page.context.set_storage_state(state), "The storage was not replaced")
        own.remember()
        return _told({"cookies": len(state.get("cookies", []))}, ["The storage is replaced."])

    return await looked(ctx, Asked(session=session), work)


async def _stored(ctx: Ctx, filename: str, handle: str | None) -> bytes:
    """A file of the operator's directories, or an artifact of the session by name or id."""
    if ctx.state.files.roots:
        _, data = await ctx.state.files.upload(ctx, filename)
        return data
    session = ctx.state.registry.find(ctx, handle)
    for one in reversed(ctx.state.store.of(session.handle)):
        if filename in {one.name, one.id}:
            return await ctx.state.store.read(one)
    raise BrowserError(f"`{filename[:200]}` is no file of this session.", code="path_denied")


async def _all(own: Turn) -> list[Any]:
    return list(await own.do(own.tab.page.context.cookies()))


def _line(cookie: Any, *, reveal: bool) -> str:
    return f"{cookie['name']} ({cookie['domain']}{cookie['path']}): {worded(cookie['value'], reveal=reveal)}"


def _described(cookie: Any, *, reveal: bool) -> dict[str, Any]:
    return {**cookie, "value": shown(cookie["value"], reveal=reveal)}


def _told(result: dict[str, Any], lines: list[str]) -> dict[str, Any]:
    return {"result": result, "label": "Text", "text": "\n".join(lines) or "There is none."}
