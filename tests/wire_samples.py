"""One value of every kind of message, with every field set: what the tests of the wire send through each revision."""

from typing import Any

from msgspec import Raw

from mcp_protocol.types import (
    AcknowledgedParams,
    Annotations,
    Audio,
    BlobResourceContents,
    BooleanSchema,
    CallToolResult,
    CancelledParams,
    Choice,
    ClientCapabilities,
    CompleteArgument,
    CompleteContext,
    CompleteParams,
    CompleteResult,
    Completion,
    CreateMessageParams,
    CreateMessageResult,
    DiscoverResult,
    ElicitationCapability,
    ElicitParams,
    ElicitResult,
    Embedded,
    FormSchema,
    GetPromptResult,
    Icon,
    Image,
    Implementation,
    InitializeParams,
    InitializeResult,
    InputRequest,
    InputRequiredResult,
    IntegerSchema,
    Link,
    ListCapability,
    ListenResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListRootsResult,
    ListToolsResult,
    LoggingMessageParams,
    ModelHint,
    ModelPreferences,
    NumberSchema,
    ProgressParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    PromptReference,
    ReadResourceResult,
    Resource,
    ResourcesCapability,
    ResourceTemplate,
    ResourceUpdatedParams,
    Result,
    Root,
    RootsCapability,
    SamplingCapability,
    SamplingMessage,
    ServerCapabilities,
    StringSchema,
    SubscriptionFilter,
    Text,
    TextResourceContents,
    Tool,
    ToolAnnotations,
    ToolChoice,
    ToolExecution,
    Wire,
)

META: dict[str, Any] = {"example.org/note": "kept"}
ICONS = [Icon("https://example.org/icon.png", "image/png", ["48x48"], "light")]
ANNOTATIONS = Annotations(audience=["user", "assistant"], priority=0.5, last_modified="2026-07-28T00:00:00Z")

TEXT = Text("hello", ANNOTATIONS, META)
IMAGE = Image(b"\x89PNG", "image/png", ANNOTATIONS, META)
AUDIO = Audio(b"RIFF", "audio/wav", ANNOTATIONS, META)
TEXT_CONTENTS = TextResourceContents(uri="file:///a.txt", mime_type="text/plain", text="", meta=META)
BLOB_CONTENTS = BlobResourceContents(uri="file:///b", mime_type="image/png", blob=b"\x00", meta=META)
LINK = Link("file:///a.txt", "a", "A", "the file", "text/plain", 3, ICONS, ANNOTATIONS, META)
CONTENT = [TEXT, IMAGE, AUDIO, LINK, Embedded(TEXT_CONTENTS, ANNOTATIONS, META), Embedded(BLOB_CONTENTS)]

SOMEBODY = Implementation(
    name="somebody",
    version="1.0",
    title="Somebody",
    description="A peer",
    website_url="https://example.org",
    icons=ICONS,
)
TOOL = Tool(
    name="add",
    title="Add",
    description="Adds",
    input_schema={"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
    output_schema={"type": "object", "properties": {"sum": {"type": "integer"}}},
    annotations=ToolAnnotations(
        title="Add", read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    ),
    execution=ToolExecution(task_support="forbidden"),
    icons=ICONS,
    meta=META,
)
LIST_TOOL = Tool(name="many", input_schema={"type": "object"}, output_schema={"type": "array"})
RESOURCE = Resource(
    uri="file:///a.txt",
    name="a",
    title="A",
    description="the file",
    mime_type="text/plain",
    size=3,
    icons=ICONS,
    annotations=ANNOTATIONS,
    meta=META,
)
TEMPLATE = ResourceTemplate(
    uri_template="file:///{name}",
    name="any",
    title="Any",
    description="a file",
    mime_type="text/plain",
    icons=ICONS,
    annotations=ANNOTATIONS,
    meta=META,
)
PROMPT = Prompt(
    name="greet",
    title="Greet",
    description="Greets",
    arguments=[PromptArgument(name="who", title="Who", description="Whom", required=True)],
    icons=ICONS,
    meta=META,
)
SERVER = ServerCapabilities(
    tools=ListCapability(list_changed=True),
    prompts=ListCapability(list_changed=True),
    resources=ResourcesCapability(list_changed=True, subscribe=True),
    completions={},
    logging={},
    experimental={"x": {}},
    extensions={"io.modelcontextprotocol/tasks": {}},
    tasks={"list": {}},
)
CLIENT = ClientCapabilities(
    roots=RootsCapability(list_changed=True),
    sampling=SamplingCapability(context={}, tools={}),
    elicitation=ElicitationCapability(form={}, url={}),
    experimental={"x": {}},
    extensions={"io.modelcontextprotocol/tasks": {}},
    tasks={"list": {}},
)
FORM = FormSchema(
    properties={
        "text": StringSchema(title="T", description="D", min_length=1, max_length=9, format="email", default="a@b.c"),
        "plain": StringSchema(enum=["a", "b"], default="a"),
        "titled": StringSchema(one_of=[Choice("a", "The A"), Choice("b", "The B")]),
        "whole": IntegerSchema(title="T", description="D", minimum=1, maximum=9, default=2),
        "number": NumberSchema(minimum=0.5, default=1.5),
        "yes": BooleanSchema(title="T", description="D", default=True),
    },
    required=["text"],
)
PREFERENCES = ModelPreferences(
    hints=[ModelHint("small")], cost_priority=0.5, speed_priority=0.5, intelligence_priority=0.5
)
SAMPLING = CreateMessageParams(
    messages=[SamplingMessage("user", [Text("a"), IMAGE]), SamplingMessage("assistant", Text("b"), META)],
    max_tokens=100,
    system_prompt="be brief",
    model_preferences=PREFERENCES,
    include_context="none",
    temperature=0.5,
    stop_sequences=["\n"],
    metadata={"a": 1},
    tools=[Tool(name="t", input_schema={"type": "object"})],
    tool_choice=ToolChoice("auto"),
)
CACHE: dict[str, Any] = {"ttl_ms": 1000, "cache_scope": "public"}
PAGE: dict[str, Any] = {"next_cursor": "more", "meta": META, **CACHE}

# By the method that they answer. A second result of the same method has a number behind it.
RESULTS: dict[str, Result] = {
    "tools/call": CallToolResult(content=CONTENT, structured_content={"sum": 3}, is_error=True, meta=META),
    "tools/call 2": CallToolResult(content=[], structured_content=[1, 2]),
    "tools/call 3": CallToolResult(content=[], structured_content=Raw(b'{"sum": 3}')),
    "tools/list": ListToolsResult(tools=[TOOL, LIST_TOOL], **PAGE),
    "prompts/list": ListPromptsResult(prompts=[PROMPT], **PAGE),
    "prompts/get": GetPromptResult(
        description="A greeting", messages=[PromptMessage("user", block) for block in CONTENT], meta=META
    ),
    "resources/list": ListResourcesResult(resources=[RESOURCE], **PAGE),
    "resources/templates/list": ListResourceTemplatesResult(resource_templates=[TEMPLATE], **PAGE),
    "resources/read": ReadResourceResult(contents=[TEXT_CONTENTS, BLOB_CONTENTS], meta=META, **CACHE),
    "completion/complete": CompleteResult(completion=Completion(["a", "b"], 2, has_more=False), meta=META),
}
LEGACY_RESULTS: dict[str, Result] = {
    "initialize": InitializeResult(
        protocol_version="2025-11-25", capabilities=SERVER, server_info=SOMEBODY, instructions="Ask", meta=META
    ),
    "ping": Result(),
}
MODERN_RESULTS: dict[str, Result] = {
    "server/discover": DiscoverResult(
        supported_versions=["2026-07-28"], capabilities=SERVER, instructions="Ask", meta=META, **CACHE
    ),
    "tools/call 4": InputRequiredResult(
        input_requests={
            "form": InputRequest(
                "elicitation/create", Raw(b'{"message":"?","requestedSchema":{"type":"object","properties":{}}}')
            ),
            "roots": InputRequest("roots/list"),
        },
        request_state="sealed",
        meta=META,
    ),
    "subscriptions/listen": ListenResult(meta={"io.modelcontextprotocol/subscriptionId": 1}),
}

# Params of what a legacy server asks and both kinds of server tell, by method.
QUESTIONS: dict[str, Wire] = {
    "sampling/createMessage": SAMPLING,
    "elicitation/create": ElicitParams(mode="form", message="Who?", requested_schema=FORM),
}
NOTICES: dict[str, Wire] = {
    "notifications/progress": ProgressParams(progress_token="t", progress=1, total=2, message="half", meta=META),  # noqa: S106  not a secret
    "notifications/message": LoggingMessageParams(level="info", logger="l", data={"a": 1}, meta=META),
    "notifications/cancelled": CancelledParams(request_id=1, reason="late", meta=META),
    "notifications/resources/updated": ResourceUpdatedParams(uri="file:///a.txt", meta=META),
}
MODERN_NOTICES: dict[str, Wire] = {
    "notifications/subscriptions/acknowledged": AcknowledgedParams(
        notifications=SubscriptionFilter(
            tools_list_changed=True,
            prompts_list_changed=True,
            resources_list_changed=True,
            resource_subscriptions=["file:///a.txt"],
        ),
        meta=META,
    ),
}
# What a client sends: requests, and the answers to questions.
REQUESTS: dict[str, Wire] = {
    "completion/complete": CompleteParams(
        ref=PromptReference(name="greet", title="Greet"),
        argument=CompleteArgument("who", "A"),
        context=CompleteContext({"b": "c"}),
    ),
    "initialize": InitializeParams(protocol_version="2025-11-25", capabilities=CLIENT, client_info=SOMEBODY),
}
ANSWERS: dict[str, Result] = {
    "sampling/createMessage": CreateMessageResult(
        role="assistant", content=[Text("b"), AUDIO], model="m", stop_reason="endTurn", meta=META
    ),
    "elicitation/create": ElicitResult(action="accept", content={"a": "b", "c": 1, "d": True}, meta=META),
    "roots/list": ListRootsResult(roots=[Root("file:///home", "home", META)], meta=META),
}
