"""What a server asks of the client: a form or a URL for the user, a sampled message, the roots."""

from typing import Any, Literal

from msgspec import Raw

from mcp_protocol.types.content import SamplingContent
from mcp_protocol.types.structs import Number, Params, Result, Role, Wire
from mcp_protocol.types.tools import Tool


class Choice(Wire, frozen=True):
    """One choice of a titled enum: the value and what the user reads."""

    const: str
    title: str


class StringSchema(Wire, frozen=True, kw_only=True, tag="string"):
    """A text field of a form, or a choice of one: plain `enum` values, or `one_of` with titles.

    `enum_names` is how 2025-06-18 titled the values of `enum`.
    """

    title: str | None = None
    description: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    format: Literal["email", "uri", "date", "date-time"] | None = None
    enum: list[str] | None = None
    enum_names: list[str] | None = None
    one_of: list[Choice] | None = None
    default: str | None = None


class NumberSchema(Wire, frozen=True, kw_only=True, tag="number"):
    """A number field of a form."""

    title: str | None = None
    description: str | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    default: Number | None = None


class IntegerSchema(NumberSchema, frozen=True, kw_only=True, tag="integer"):
    """A field for a whole number."""


class BooleanSchema(Wire, frozen=True, kw_only=True, tag="boolean"):
    """A yes or no of a form."""

    title: str | None = None
    description: str | None = None
    default: bool | None = None


class Choices(Wire, frozen=True, kw_only=True):
    """What a multi-select offers: plain `enum` values (with `type` "string"), or `any_of` with titles."""

    type: Literal["string"] | None = None
    enum: list[str] | None = None
    any_of: list[Choice] | None = None


class MultiSelectSchema(Wire, frozen=True, kw_only=True, tag="array"):
    """A choice of several. Since 2025-11-25."""

    title: str | None = None
    description: str | None = None
    min_items: int | None = None
    max_items: int | None = None
    items: Choices
    default: list[str] | None = None


PrimitiveSchema = StringSchema | NumberSchema | IntegerSchema | BooleanSchema | MultiSelectSchema


class FormSchema(Wire, frozen=True, kw_only=True, tag="object"):
    """A form: a flat object."""

    properties: dict[str, PrimitiveSchema]
    required: list[str] | None = None


class ElicitParams(Params, frozen=True, kw_only=True):
    """A question to the user: a form, or (since 2025-11-25) a URL to visit.

    `mode` unset means "form"; `elicitation_id` belongs to the URLs of 2025-11-25.
    """

    mode: Literal["form", "url"] | None = None
    message: str
    requested_schema: FormSchema | None = None
    url: str | None = None
    elicitation_id: str | None = None


class ElicitResult(Result, frozen=True, kw_only=True):
    """What the user did; `content` (the filled form) only on "accept"."""

    action: Literal["accept", "decline", "cancel"]
    content: dict[str, Any] | None = None


class SamplingMessage(Wire, frozen=True):
    """One message of a sampling conversation; several blocks since 2025-11-25."""

    role: Role
    content: SamplingContent | list[SamplingContent]
    meta: dict[str, Any] | None = None


class ModelHint(Wire, frozen=True):
    """A name, or a part of one, of a model that would do."""

    name: str | None = None


class ModelPreferences(Wire, frozen=True, kw_only=True):
    """Which model is wanted: hints in order, and what matters from 0 to 1."""

    hints: list[ModelHint] | None = None
    cost_priority: float | None = None
    speed_priority: float | None = None
    intelligence_priority: float | None = None


class ToolChoice(Wire, frozen=True):
    """Whether the sampled model may, must or must not use a tool. Since 2025-11-25."""

    mode: Literal["auto", "required", "none"] | None = None


class CreateMessageParams(Params, frozen=True, kw_only=True):
    """A message that the client's model shall write."""

    messages: list[SamplingMessage]
    max_tokens: int
    system_prompt: str | None = None
    model_preferences: ModelPreferences | None = None
    include_context: Literal["none", "thisServer", "allServers"] | None = None
    temperature: float | None = None
    stop_sequences: list[str] | None = None
    metadata: dict[str, Any] | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None


class CreateMessageResult(Result, frozen=True, kw_only=True):
    """What the model wrote; several blocks since 2025-11-25."""

    role: Role
    content: SamplingContent | list[SamplingContent]
    model: str
    stop_reason: str | None = None


class Root(Wire, frozen=True):
    """A directory or other place (a file URI) that the user has given the server to work on."""

    uri: str
    name: str | None = None
    meta: dict[str, Any] | None = None


class ListRootsResult(Result, frozen=True, kw_only=True):
    """The roots, in the client's order."""

    roots: list[Root]


class InputRequest(Wire, frozen=True):
    """One question of an input-required result: the method and params that a legacy server would have sent."""

    method: Literal["elicitation/create", "sampling/createMessage", "roots/list"]
    params: Raw = Raw(b"")


class InputRequiredResult(Result, frozen=True, kw_only=True, tag_field="resultType", tag="input_required"):
    """The server must ask first: answer the questions and repeat the request with `request_state`, byte for byte."""

    input_requests: dict[str, InputRequest] | None = None
    request_state: str | None = None
