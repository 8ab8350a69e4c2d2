"""What this client can be asked, and who answers: the user, a model, the roots. One way in for both eras."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from mcp_protocol.errors import InvalidParams, MethodNotFound
from mcp_protocol.jsonrpc import Notification
from mcp_protocol.types import (
    ClientCapabilities,
    CreateMessageParams,
    CreateMessageResult,
    ElicitationCapability,
    ElicitParams,
    ElicitResult,
    ListRootsResult,
    LoggingMessageParams,
    Params,
    Result,
    Root,
    RootsCapability,
    SamplingCapability,
)
from mcp_protocol.types.tasks import TASKS

P = TypeVar("P", bound=Params)

Elicit = Callable[[ElicitParams], Awaitable[ElicitResult]]
Sample = Callable[[CreateMessageParams], Awaitable[CreateMessageResult]]
ListRoots = Callable[[], Awaitable[Sequence[Root]]]


class Answers(Struct, frozen=True, kw_only=True):
    """Callbacks; a missing one is a capability that is not offered."""

    elicit: Elicit | None = None
    sample: Sample | None = None
    roots: ListRoots | None = None
    log: Callable[[LoggingMessageParams], None] | None = None
    """Log messages of the server."""
    other: Callable[[Notification], None] | None = None
    """Notifications that nothing else is waiting for."""

    tasks: bool = False
    """Calls may go on as tasks; they are followed to their end, and cancelled with whoever waits for them."""

    def capabilities(self) -> ClientCapabilities:
        """What these callbacks amount to."""
        return ClientCapabilities(
            elicitation=ElicitationCapability(form={}, url={}) if self.elicit else None,
            sampling=SamplingCapability() if self.sample else None,
            roots=RootsCapability(list_changed=True) if self.roots else None,
            extensions={TASKS: {}} if self.tasks else None,
        )


async def answer(answers: Answers, method: str, params: dict[str, Any]) -> Result:
    """The result of one question.

    Raises:
        MethodNotFound: the question needs a callback that is missing.
        InvalidParams: the question is malformed.
    """
    if method == "ping":
        return Result()
    if method == "elicitation/create" and answers.elicit:
        return await answers.elicit(_read(ElicitParams, params))
    if method == "sampling/createMessage" and answers.sample:
        return await answers.sample(_read(CreateMessageParams, params))
    if method == "roots/list" and answers.roots:
        return ListRootsResult(roots=list(await answers.roots()))
    raise MethodNotFound("This client cannot be asked that")


def _read(kind: type[P], params: dict[str, Any]) -> P:
    try:
        return msgspec.convert(params, kind)
    except msgspec.ValidationError as error:
        raise InvalidParams("The question is malformed") from error
