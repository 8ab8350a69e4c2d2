"""What a handler may ask the client for: a form, a page to visit, a model's answer, the roots. Typed both ways."""

from typing import Any, Generic, NoReturn, Protocol, TypeVar

from msgspec import Struct, convert

from mcp_protocol.errors import ToolError
from mcp_protocol.revisions import Era, Revision
from mcp_protocol.schema import form_schema, read_form
from mcp_protocol.session.rounds import Question
from mcp_protocol.types import (
    CreateMessageParams,
    CreateMessageResult,
    ElicitResult,
    ListRootsResult,
    Root,
    SamplingMessage,
)

Reply = TypeVar("Reply", covariant=True)  # noqa: PLC0105  it is what an ask returns, not a co-type
Form = TypeVar("Form", bound=Struct)


class Ask(Protocol[Reply]):
    """A question with a typed reply."""

    @property
    def capability(self) -> str:
        """The client capability it needs, such as `elicitation.url`."""
        ...

    def question(self, revision: Revision) -> Question:
        """How it looks on the wire of that revision."""
        ...

    def read(self, answer: Any) -> Reply:
        """The reply in the author's type.

        Raises:
            ValueError: the answer has the wrong shape (msgspec's errors are ValueErrors).
        """
        ...

    def unanswered(self) -> Reply:
        """The reply when nobody answered in time.

        Raises:
            ToolError: there is no reply that stands for silence.
        """
        ...


class Elicit(Generic[Form]):
    """A form for the user; the reply is the filled form, or None where the user declined or cancelled.

    `authorises=True` says that the answer permits a write: it is accepted once, in reply to this question only.
    """

    capability = "elicitation"

    def __init__(self, form: type[Form], message: str, *, key: str | None = None, authorises: bool = False) -> None:
        self._form = form
        self._message = message
        self._key = key
        self._authorises = authorises

    def question(self, revision: Revision) -> Question:
        """The request elicitation/create; `mode` is written since 2025-11-25."""
        params: dict[str, Any] = {"message": self._message, "requestedSchema": form_schema(self._form, revision)}
        if revision >= Revision.V2025_11_25:
            params = {"mode": "form"} | params
        return Question(method="elicitation/create", params=params, key=self._key, authorises=self._authorises)

    def read(self, answer: Any) -> Form | None:
        """The form, None for decline and cancel."""
        result = convert(answer, ElicitResult)
        return read_form(self._form, result.content or {}) if result.action == "accept" else None

    def unanswered(self) -> None:
        """Silence counts as cancel."""


class Visit:
    """A web page for the user, for what no form may ask: secrets, payments. The reply is whether they agreed to go."""

    capability = "elicitation.url"

    def __init__(self, url: str, message: str, *, key: str | None = None, identity: str = "") -> None:
        self._url = url
        self._message = message
        self._key = key
        self._identity = identity

    def question(self, revision: Revision) -> Question:
        """The request elicitation/create in URL mode; legacy revisions need an elicitationId."""
        params = {"mode": "url", "message": self._message, "url": self._url}
        if revision.era is Era.LEGACY:
            params["elicitationId"] = self._identity or self._url
        return Question(method="elicitation/create", params=params, key=self._key)

    def read(self, answer: Any) -> bool:
        """Whether the user agreed."""
        return convert(answer, ElicitResult).action == "accept"

    def unanswered(self) -> bool:
        """Silence counts as cancel."""
        return False


class Sample:
    """A completion by the client's model."""

    capability = "sampling"

    def __init__(self, params: CreateMessageParams, *, key: str | None = None) -> None:
        self._params = params
        self._key = key

    @classmethod
    def of(
        cls,
        messages: str | list[SamplingMessage],
        *,
        max_tokens: int,
        system: str | None = None,
        key: str | None = None,
    ) -> "Sample":
        """The usual one: a prompt, or a conversation, and how long the answer may be."""
        params = CreateMessageParams(messages=_messages(messages), max_tokens=max_tokens, system_prompt=system)
        return cls(params, key=key)

    def question(self, revision: Revision) -> Question:
        """The request sampling/createMessage, the same in every revision."""
        del revision
        return Question(method="sampling/createMessage", params=self._params, key=self._key)

    def read(self, answer: Any) -> CreateMessageResult:
        """What the model said."""
        return convert(answer, CreateMessageResult)

    def unanswered(self) -> NoReturn:
        """Nothing stands for a message that was not written."""
        raise _silent(self.capability)


class ListRoots:
    """The directories and files that the client's user works on."""

    capability = "roots"

    def __init__(self, *, key: str | None = None) -> None:
        self._key = key

    def question(self, revision: Revision) -> Question:
        """The request roots/list."""
        del revision
        return Question(method="roots/list", params={}, key=self._key)

    def read(self, answer: Any) -> list[Root]:
        """The roots, in the client's order."""
        return convert(answer, ListRootsResult).roots

    def unanswered(self) -> NoReturn:
        """No answer is not the same as no roots."""
        raise _silent(self.capability)


def _silent(capability: str) -> ToolError:
    return ToolError(f"The client did not answer the {capability} request in time.", code="timeout", retryable=True)


def _messages(prompt: str | list[SamplingMessage]) -> list[SamplingMessage]:
    """A conversation for a model; a plain text is one message of the user."""
    if isinstance(prompt, str):
        text = {"role": "user", "content": {"type": "text", "text": prompt}}
        return [convert(text, SamplingMessage)]
    return prompt
