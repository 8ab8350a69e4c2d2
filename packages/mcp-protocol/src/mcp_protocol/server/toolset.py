"""Toolsets: what a server's author decorates. Inert tables of typed functions; importing a module starts nothing.

A decorator reads the signature, refuses what could not work, and returns the function as it was.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, TypedDict, TypeVar, Unpack

from mcp_protocol.server import apps, binding
from mcp_protocol.server.apps import AppEntry, AppOptions
from mcp_protocol.server.context import Context
from mcp_protocol.server.entries import (
    CompletionEntry,
    PromptEntry,
    ResourceEntry,
    ResourceLister,
    Support,
    TemplateEntry,
    ToolEntry,
    WatchEntry,
)
from mcp_protocol.server.output import Returned
from mcp_protocol.types import Completion, PromptMessage, Resource, ResourceContents
from mcp_protocol.types.apps import Audience

State = TypeVar("State")
P = ParamSpec("P")
Returns = TypeVar("Returns")
Result = TypeVar("Result", bound=Returned)
Reading = TypeVar("Reading", bound=str | bytes | ResourceContents | Sequence[ResourceContents])
Listing = TypeVar("Listing", bound=Sequence[Resource])
Writing = TypeVar("Writing", bound=str | PromptMessage | Sequence[PromptMessage | str])
Suggestions = TypeVar("Suggestions", bound=Sequence[str] | Completion)
Changes = TypeVar("Changes", bound=AsyncIterator[object])

Handler = Callable[Concatenate[Context[State], P], Coroutine[Any, Any, Returns]]
Completer = Callable[Concatenate[Context[State], str, P], Coroutine[Any, Any, Returns]]
Lister = Callable[[Context[State]], Coroutine[Any, Any, Returns]]


class ToolOptions(TypedDict, total=False):
    """What may be said of a tool. The hints are promises to the client; what is unset is the cautious value."""

    title: str
    read_only: bool
    """It changes nothing."""
    destructive: bool
    """It may destroy or overwrite; so it is, unless it is read-only or says no."""
    idempotent: bool
    """Calling it again with the same arguments changes nothing more."""
    open_world: bool
    """It reaches beyond the server's own data; it does unless it says no."""
    admin: bool
    """It is offered in admin mode only."""
    seconds: float
    """A deadline of its own."""
    task: Support
    """Whether a call may become a task, or must: `await ctx.background()` in the function is where it does."""
    app: Callable[..., Any]
    """The document that shows its results, for hosts that can: a function of this toolset's `app`."""
    visibility: Sequence[Audience]
    """Who may call it: the model, the document, or both, which is the default."""
    meta: dict[str, Any]
    input_schema: Mapping[str, Any]
    """A schema to list as it stands; the function then takes one parameter, the whole object."""


class ResourceOptions(TypedDict, total=False):
    """What may be said of a resource. `static`: the same for every caller, so that caches may share it."""

    name: str
    title: str
    mime_type: str
    ttl_ms: int
    static: bool


class Toolset(Generic[State]):
    """A named group of tools, resources and prompts that work on the same state.

    `default` says whether the toolset is offered when the operator chooses none.
    """

    def __init__(self, name: str, *, title: str | None = None, default: bool = True) -> None:
        self.name = binding.checked_name(name, "toolset")
        self.title = title
        self.default = default
        self.tools: list[ToolEntry] = []
        self.resources: Resources[State] = Resources()
        self.templates: list[TemplateEntry] = []
        self.prompts: list[PromptEntry] = []
        self.completions: list[CompletionEntry] = []
        self.watches: list[WatchEntry] = []

    def tool(
        self, name: str | None = None, **options: Unpack[ToolOptions]
    ) -> Callable[[Handler[State, P, Result]], Handler[State, P, Result]]:
        """Offer an async function as a tool: its docstring is the description, its parameters the arguments."""

        def register(function: Handler[State, P, Result]) -> Handler[State, P, Result]:
            shown = apps.shown_by(options.get("app"), options.get("visibility"), self._apps)
            entry = binding.tool(function, name, self.name, options, shown)
            _refuse_twice(entry.name, [known.name for known in self.tools])
            self.tools.append(entry)
            return function

        return register

    def resource(
        self, uri: str, **options: Unpack[ResourceOptions]
    ) -> Callable[[Handler[State, P, Reading]], Handler[State, P, Reading]]:
        """Offer an async function as the resource of this URI; `{name}` and `{+path}` in it become arguments."""

        def register(function: Handler[State, P, Reading]) -> Handler[State, P, Reading]:
            entry = binding.resource(function, uri, options)
            _refuse_twice(uri, [known.uri for known in self.resources] + [one.template.text for one in self.templates])
            if isinstance(entry, ResourceEntry):
                self.resources.add(entry)
            else:
                self.templates.append(entry)
            return function

        return register

    def app(
        self, uri: str, **options: Unpack[AppOptions]
    ) -> Callable[[Handler[State, P, str]], Handler[State, P, str]]:
        """Offer an async function as a document that hosts show beside results: one whole HTML5 text, `ui://...`."""

        def register(function: Handler[State, P, str]) -> Handler[State, P, str]:
            entry = apps.app(function, uri, options)
            _refuse_twice(uri, [known.uri for known in self.resources])
            self.resources.add(entry)
            return function

        return register

    def prompt(
        self, name: str | None = None, *, title: str | None = None
    ) -> Callable[[Handler[State, P, Writing]], Handler[State, P, Writing]]:
        """Offer an async function as a prompt; a `str` that it returns is one message of the user."""

        def register(function: Handler[State, P, Writing]) -> Handler[State, P, Writing]:
            entry = binding.prompt(function, name, title)
            _refuse_twice(entry.name, [known.name for known in self.prompts])
            self.prompts.append(entry)
            return function

        return register

    def complete(
        self, target: Callable[..., Any], argument: str
    ) -> Callable[[Completer[State, P, Suggestions]], Completer[State, P, Suggestions]]:
        """Suggest values for an argument of a prompt or resource of this toolset, from what has been typed so far."""

        def register(function: Completer[State, P, Suggestions]) -> Completer[State, P, Suggestions]:
            entry = binding.completion(function, target, argument, [*self.prompts, *self.templates])
            taken = [known.argument for known in self.completions if known.target is entry.target]
            _refuse_twice(argument, taken)
            self.completions.append(entry)
            return function

        return register

    def watch(self, target: Callable[..., Any]) -> Callable[[Handler[State, P, Changes]], Handler[State, P, Changes]]:
        """Tell of changes of a resource of this toolset: awaiting grants or refuses, each item is a change."""

        def register(function: Handler[State, P, Changes]) -> Handler[State, P, Changes]:
            self.watches.append(binding.watch(function, target, [*self.resources, *self.templates]))
            return function

        return register

    @property
    def _apps(self) -> Sequence[AppEntry]:
        return [entry for entry in self.resources if isinstance(entry, AppEntry)]

    @property
    def listers(self) -> Sequence[ResourceLister]:
        """What lists the resources that come and go."""
        return self.resources.listers


class Resources(Generic[State]):
    """The resources with a fixed URI. As a decorator it takes a function that lists those which come and go."""

    def __init__(self) -> None:
        self.listers: list[ResourceLister] = []
        self._fixed: list[ResourceEntry] = []

    def __iter__(self) -> Iterator[ResourceEntry]:
        """Go through them in their order."""
        return iter(self._fixed)

    def __len__(self) -> int:
        """Count them."""
        return len(self._fixed)

    def __call__(self, function: Lister[State, Listing]) -> Lister[State, Listing]:
        """Ask this function, too, for what `resources/list` answers."""
        self.listers.append(ResourceLister(function))
        return function

    def add(self, entry: ResourceEntry) -> None:
        """Put one more at the end."""
        self._fixed.append(entry)


def _refuse_twice(name: str, known: Sequence[str]) -> None:
    if name in known:
        raise ValueError(f"{name!r} is registered twice")
