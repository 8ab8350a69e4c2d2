"""The client: one server, one `async with`, the same methods whatever the server's revision and transport."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Self, TypeVar

from msgspec import Raw

from mcp_protocol.client.answers import Answers
from mcp_protocol.client.authorizing import Authorizer
from mcp_protocol.client.background import Background
from mcp_protocol.client.cache import Cache
from mcp_protocol.client.connecting import Target, authorised, connected, generation
from mcp_protocol.client.eras import Eras
from mcp_protocol.client.exchange import Exchange, Extras, Terms
from mcp_protocol.client.inbox import Inbox, OnProgress
from mcp_protocol.client.listening import Changes, listening
from mcp_protocol.client.mirrors import Mirrors
from mcp_protocol.client.opening import open_session
from mcp_protocol.client.process import Process
from mcp_protocol.client.remote import RemoteError, read_result, result_kind
from mcp_protocol.client.rounds import ask
from mcp_protocol.client.tasks import follow
from mcp_protocol.errors import Code, RemoteProtocolError
from mcp_protocol.revisions import MODERN, Revision
from mcp_protocol.types import (
    CallToolResult,
    ClientCapabilities,
    CompleteResult,
    Completion,
    GetPromptResult,
    Implementation,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    LoggingLevel,
    PaginatedResult,
    Prompt,
    PromptReference,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    ResourceTemplateReference,
    SubscriptionFilter,
    Tool,
)

P = TypeVar("P", bound=PaginatedResult)

_OURSELVES = Implementation(name="mcp-ref-client", version="0.1.0")
_PAGES = 1000  # of one list: a server whose list never ends is not followed for ever


class Client:
    """A connection to one server for the length of an `async with` block.

    In the block `peer` says what was agreed and what the server offers.
    """

    def __init__(  # noqa: PLR0913  one keyword for each thing that an application decides
        self,
        target: Target,
        *,
        revision: str = "auto",
        client_info: Implementation = _OURSELVES,
        capabilities: ClientCapabilities | None = None,
        answers: Answers | None = None,
        deadline: float = 60,
        auth: Authorizer | None = None,
        eras: Eras | None = None,
    ) -> None:
        """`revision` a date or "auto"; `capabilities` unset: what `answers` amounts to; `deadline` per request.

        `auth` authorises the requests to a URL, such as an `OAuth` does. `eras` remembers what servers speak.
        """
        self._target = target if auth is None else authorised(target, auth)
        self._wish = None if revision == "auto" else Revision(revision)
        self._answers = answers or Answers()
        self._terms = Terms(client_info, capabilities or self._answers.capabilities())
        self._deadline = deadline
        self._eras = eras or Eras()
        self._mirrors = Mirrors()
        self._cache = Cache(time.monotonic, lambda: generation(self._target))
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        """Connect, and agree on a revision.

        Raises:
            TransportError: the server cannot be reached.
            RemoteProtocolError: there is no common revision.
            RemoteError: the server refuses.
        """
        async with AsyncExitStack() as stack:
            background = await stack.enter_async_context(Background())
            inbox = Inbox(self._answers, background)
            connection = await stack.enter_async_context(connected(self._target, inbox))
            inbox.post = connection.link.post
            inbox.on_change = self._cache.hear
            self._process = connection.process
            self._exchange = Exchange(
                connection.link, inbox, self._terms, deadline=self._deadline, background=background
            )
            self.peer = await open_session(self._exchange, self._wish, self._eras.recall(self._target))
            self._eras.keep(self._target, self.peer.revision)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Cancel what still waits, end the session, end the process."""
        await self._stack.aclose()

    @property
    def revision(self) -> Revision:
        """What both sides speak."""
        return self.peer.revision

    @property
    def stderr(self) -> str:
        """The end of what the server's process wrote to stderr, if its command says to keep that."""
        return self._process.stderr if self._process else ""

    async def list_tools(self) -> list[Tool]:
        """All tools; those with a broken `x-mcp-header` are left out."""
        pages = await self._pages("tools/list", ListToolsResult)
        return self._mirrors.learn(tool for page in pages for tool in page.tools)

    async def list_prompts(self) -> list[Prompt]:
        """All prompts."""
        pages = await self._pages("prompts/list", ListPromptsResult)
        return [prompt for page in pages for prompt in page.prompts]

    async def list_resources(self) -> list[Resource]:
        """All resources that are listed."""
        pages = await self._pages("resources/list", ListResourcesResult)
        return [resource for page in pages for resource in page.resources]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """All resource templates."""
        pages = await self._pages("resources/templates/list", ListResourceTemplatesResult)
        return [template for page in pages for template in page.resource_templates]

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        on_progress: OnProgress | None = None,
        meta: Mapping[str, Any] | None = None,
        deadline: float | None = None,
    ) -> CallToolResult:
        """Call a tool; the server's questions on the way are answered. `is_error` is a result like any other.

        Raises:
            RemoteError: there is no such tool, or the call could not be made.
        """
        given = dict(arguments or {})
        params = {"name": name} if arguments is None else {"name": name, "arguments": given}

        def extras() -> Extras:
            headers = self._mirrors.headers(name, given)
            return Extras(on_progress=on_progress, meta=meta, headers=headers, deadline=deadline)

        try:
            result = await self._ask("tools/call", params, extras())
        except RemoteError as error:
            if error.code != Code.HEADER_MISMATCH:
                raise
            self._cache.drop("tools/list")
            await self.list_tools()  # its schema is unknown or has changed: look, then try once more
            result = await self._ask("tools/call", params, extras())
        if result_kind(result) == "task":
            result = await follow(self._exchange, self._answers, result)
        return read_result(CallToolResult, result)

    async def read_resource(self, uri: str) -> ReadResourceResult:
        """Read a resource."""
        method, params, changes = "resources/read", {"uri": uri}, self._cache.changes
        result = self._cache.get(method, params) or await ask(
            self._exchange,
            self._answers,
            method,
            params,
            Extras(),
            lambda result: self._cache.put(method, params, result, changes),
        )
        return read_result(ReadResourceResult, result)

    async def get_prompt(self, name: str, arguments: Mapping[str, str] | None = None) -> GetPromptResult:
        """A prompt with its arguments filled in."""
        params = {"name": name, "arguments": dict(arguments)} if arguments else {"name": name}
        return read_result(GetPromptResult, await self._ask("prompts/get", params, Extras()))

    async def complete(
        self,
        ref: PromptReference | ResourceTemplateReference,
        argument: str,
        value: str,
        context: Mapping[str, str] | None = None,
    ) -> Completion:
        """Suggestions for an argument of which `value` has been typed; `context` are the arguments settled before."""
        params: dict[str, Any] = {"ref": ref, "argument": {"name": argument, "value": value}}
        if context:
            params["context"] = {"arguments": dict(context)}
        return read_result(CompleteResult, await self._exchange.request("completion/complete", params)).completion

    def listen(
        self, *, tools: bool = False, prompts: bool = False, resources: bool = False, uris: Sequence[str] = ()
    ) -> AbstractAsyncContextManager[Changes]:
        """Changes of the lists and of single resources, for the length of an `async with` block."""
        wanted = SubscriptionFilter(
            tools_list_changed=tools or None,
            prompts_list_changed=prompts or None,
            resources_list_changed=resources or None,
            resource_subscriptions=list(uris) or None,
        )
        return listening(self._exchange, self.peer, wanted)

    async def set_level(self, level: LoggingLevel) -> None:
        """Hear log messages from this level on: of the session, or (2026-07-28) of every request from now on."""
        if self.revision in MODERN:
            self._exchange.log_level = level
        else:
            await self._exchange.request("logging/setLevel", {"level": level})

    async def ping(self) -> None:
        """Have the server answer something, whatever its revision."""
        await self._exchange.request("server/discover" if self.revision in MODERN else "ping")

    async def roots_changed(self) -> None:
        """Tell a legacy server that the roots are others now; a modern one asks each time."""
        if self.revision not in MODERN:
            await self._exchange.notify("notifications/roots/list_changed")

    def forget(self) -> None:
        """Ask the server again for what it let us keep: lists, resources."""
        self._cache.drop()

    async def request(self, method: str, params: Mapping[str, Any] | None = None) -> Raw:
        """The raw result of any method."""
        return await self._exchange.request(method, params)

    async def _ask(self, method: str, params: Mapping[str, Any], extras: Extras) -> Raw:
        return await ask(self._exchange, self._answers, method, params, extras)

    async def _pages(self, method: str, kind: type[P]) -> list[P]:
        kept = self._cache.get(method, {}) is not None
        try:
            return await self._walk(method, kind)
        except RemoteError:
            self._cache.drop(method)
            if not kept:
                raise
        return await self._walk(method, kind)  # the cursor that we had kept was older than the server remembers

    async def _walk(self, method: str, kind: type[P]) -> list[P]:
        pages = [read_result(kind, await self._page(method, {}))]
        while (cursor := pages[-1].next_cursor) is not None:
            if len(pages) == _PAGES:
                raise RemoteProtocolError(f"{method} has more than {_PAGES} pages")
            pages.append(read_result(kind, await self._page(method, {"cursor": cursor})))
        return pages

    async def _page(self, method: str, params: dict[str, str]) -> Raw:
        if (kept := self._cache.get(method, params)) is not None:
            return kept
        changes = self._cache.changes
        result = await self._exchange.request(method, params)
        self._cache.put(method, params, result, changes)
        return result
