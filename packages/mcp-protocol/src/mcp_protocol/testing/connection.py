"""`connect`: a server and a client of it in this process, in any revision, for the tests of a server's author."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from mcp_protocol.errors import McpError
from mcp_protocol.revisions import Revision
from mcp_protocol.server.app import Options, Server
from mcp_protocol.session.calls import LOCAL, Principal
from mcp_protocol.testing.raw import RawPeer, raw_peer

# How the client answers what the server asks: method to a function of the params, which returns the result.
Answers = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]

_ERROR = "mcp-ref/error"
# Rounds of questions before a test is told that its answers lead nowhere.
_MOST_ROUNDS = 10
# What a client declares for the questions it can answer.
_CAPABILITIES = {"elicitation/create": "elicitation", "sampling/createMessage": "sampling", "roots/list": "roots"}


class RpcError(McpError):
    """The server answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.data = data


class CallResult(Struct, frozen=True):
    """The result of a tool call, as it came over the wire."""

    raw: dict[str, Any]

    @property
    def data(self) -> Any:
        """structuredContent, None where there is none."""
        return self.raw.get("structuredContent")

    @property
    def text(self) -> str:
        """All text blocks."""
        return "\n".join(block["text"] for block in self.raw["content"] if block["type"] == "text")

    @property
    def is_error(self) -> bool:
        """Whether the tool failed."""
        return self.raw.get("isError", False)

    @property
    def error_code(self) -> str | None:
        """The word that names the failure, such as `not_found`."""
        return self.raw.get("_meta", {}).get(_ERROR, {}).get("code")


class Connection:
    """A client in one revision; `peer` is the raw one underneath."""

    def __init__(self, peer: RawPeer, answers: Answers) -> None:
        self.peer = peer
        self._answers = answers

    async def call(self, tool: str, /, **arguments: Any) -> CallResult:
        """Call a tool; its failures are results.

        Raises:
            RpcError: there is no such tool, or the server failed.
        """
        return CallResult(await self.request("tools/call", {"name": tool, "arguments": arguments}))

    async def read(self, uri: str) -> list[dict[str, Any]]:
        """The contents of a resource."""
        return (await self.request("resources/read", {"uri": uri}))["contents"]

    async def prompt(self, name: str, /, **arguments: str) -> list[dict[str, Any]]:
        """The messages of a prompt."""
        return (await self.request("prompts/get", {"name": name, "arguments": arguments}))["messages"]

    async def complete(self, reference: dict[str, str], argument: str, value: str) -> list[str]:
        """What the server suggests for an argument: `reference` is `{"type": "ref/prompt", "name": ...}` or alike."""
        params = {"ref": reference, "argument": {"name": argument, "value": value}}
        return (await self.request("completion/complete", params))["completion"]["values"]

    async def list(self, kind: str) -> list[dict[str, Any]]:
        """All pages of `tools`, `prompts`, `resources` or `resourceTemplates`."""
        method = "resources/templates/list" if kind == "resourceTemplates" else f"{kind}/list"
        found: list[dict[str, Any]] = []
        params: dict[str, Any] = {}
        while True:
            result = await self.request(method, params)
            found += result[kind]
            if "nextCursor" not in result:
                return found
            params = {"cursor": result["nextCursor"]}

    async def request(self, method: str, params: dict[str, Any], **meta: Any) -> dict[str, Any]:
        """The result of a request, its questions answered in the way of the era.

        Raises:
            RpcError: the server answered with an error.
        """
        retry: dict[str, Any] = {}
        for _ in range(_MOST_ROUNDS):
            result = await self._once(method, params | retry, **meta)
            if result.get("resultType") != "input_required":
                return result
            asked = result.get("inputRequests", {})
            retry = {
                "inputResponses": {key: self._answer(one) for key, one in asked.items()},
                **({"requestState": result["requestState"]} if "requestState" in result else {}),
            }
        raise AssertionError(f"{method} still asks after {_MOST_ROUNDS} rounds")

    async def _once(self, method: str, params: dict[str, Any], **meta: Any) -> dict[str, Any]:
        request_id = await self.peer.begin(method, params, **meta)
        while not self.peer.has_reply(request_id):
            await self.peer.pump()
            while self.peer.requests:
                question = self.peer.requests.pop(0)
                answer = {"jsonrpc": "2.0", "id": question["id"], "result": self._answer(question)}
                await self.peer.send(answer)
        reply = await self.peer.reply(request_id)
        if "error" in reply:
            error = reply["error"]
            raise RpcError(error["code"], error["message"], error.get("data"))
        return reply["result"]

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        answer = self._answers.get(question["method"])
        if answer is None:
            raise AssertionError(f"the server asked {question['method']}, for which this test has no answer")
        return answer(question.get("params", {}))


@asynccontextmanager
async def connect(
    server: Server[Any, Any],
    settings: Any = None,
    *,
    revision: str = Revision.V2026_07_28,
    answers: Answers | None = None,
    options: Options | None = None,
    principal: Principal = LOCAL,
) -> AsyncGenerator[Connection, None]:
    """Run a server for the length of the block and give a client of it; it can be asked what `answers` answers."""
    given = answers or {}
    capabilities: dict[str, Any] = {_CAPABILITIES[method]: {} for method in given}
    async with raw_peer(
        server, settings, revision=revision, capabilities=capabilities, options=options, principal=principal
    ) as peer:
        yield Connection(peer, given)
