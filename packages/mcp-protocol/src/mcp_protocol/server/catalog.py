"""What one server offers, by name: the tables that every lookup goes through, and the capabilities that follow."""

from typing import Any

from mcp_protocol.errors import InvalidParams, ResourceNotFound
from mcp_protocol.schema.words import alike
from mcp_protocol.server.entries import (
    CompletionEntry,
    PromptEntry,
    ResourceEntry,
    ResourceLister,
    TemplateEntry,
    ToolEntry,
    WatchEntry,
)
from mcp_protocol.server.skills import Skills
from mcp_protocol.server.subscriptions import Kind
from mcp_protocol.server.toolset import Toolset
from mcp_protocol.types import ListCapability, ResourcesCapability, ServerCapabilities
from mcp_protocol.types.apps import APP_TYPE, APPS
from mcp_protocol.types.skills import SKILLS
from mcp_protocol.types.tasks import TASKS

# A name of ours has at most 64 characters: more of a wrong one need not be echoed.
_SHOWN = 64
_ALWAYS = frozenset({"initialize", "ping", "server/discover", "subscriptions/listen", "logging/setLevel"})


class Catalog:
    """The inert tables of some toolsets, put together. Names are unique across toolsets."""

    def __init__(
        self,
        toolsets: tuple[Toolset[Any], ...],
        tools: tuple[ToolEntry, ...],
        changing: frozenset[Kind],
        skills: Skills | None = None,
    ) -> None:
        self.tools: dict[str, ToolEntry] = {}
        self.prompts: dict[str, PromptEntry] = {}
        self.resources: dict[str, ResourceEntry] = {}
        self.templates: list[TemplateEntry] = []
        self.listers: list[ResourceLister] = []
        self.completions: list[CompletionEntry] = []
        self.watches: list[WatchEntry] = []
        self.changing = changing
        self.skills = skills
        for tool in tools:
            _put(self.tools, tool.name, tool)
        for toolset in toolsets:
            self._take(toolset)
        for uri, file in (skills.files if skills else {}).items():
            _put(self.resources, uri, file)

    def _take(self, toolset: Toolset[Any]) -> None:
        for prompt in toolset.prompts:
            _put(self.prompts, prompt.name, prompt)
        for resource in toolset.resources:
            _put(self.resources, resource.uri, resource)
        self.templates += toolset.templates
        self.listers += toolset.listers
        self.completions += toolset.completions
        self.watches += toolset.watches

    @property
    def has_resources(self) -> bool:
        """Whether anything can be read."""
        return bool(self.resources or self.templates or self.listers)

    @property
    def has_tasks(self) -> bool:
        """Whether a call can become a task."""
        return any(tool.task != "none" for tool in self.tools.values())

    def methods(self) -> frozenset[str]:
        """The request methods that answer: those whose capability is declared, and no others."""
        offered = set(_ALWAYS)
        if self.tools:
            offered |= {"tools/list", "tools/call"}
        if self.prompts:
            offered |= {"prompts/list", "prompts/get"}
        if self.completions:
            offered.add("completion/complete")
        if self.has_resources:
            offered |= {
                "resources/list",
                "resources/templates/list",
                "resources/read",
                "resources/subscribe",
                "resources/unsubscribe",
            }
        if self.has_tasks:
            offered |= {"tasks/get", "tasks/update", "tasks/cancel"}
        if self.skills:
            offered |= {"skills/list", "skills/get", "resources/directory/read"}
        return frozenset(offered)

    def capabilities(self) -> ServerCapabilities:
        """What initialize and server/discover declare."""
        return ServerCapabilities(
            tools=ListCapability(list_changed=self._changes("tools")) if self.tools else None,
            prompts=ListCapability(list_changed=self._changes("prompts")) if self.prompts else None,
            resources=ResourcesCapability(list_changed=self._changes("resources"), subscribe=True)
            if self.has_resources
            else None,
            completions={} if self.completions else None,
            logging={},
            extensions=self.extensions() or None,
        )

    def extensions(self) -> dict[str, dict[str, Any]]:
        """What is offered beyond the core protocol, with its settings."""
        offered: dict[str, dict[str, Any]] = {}
        if self.has_tasks:
            offered[TASKS] = {}
        if any(resource.definition.mime_type == APP_TYPE for resource in self.resources.values()):
            offered[APPS] = {"mimeTypes": [APP_TYPE]}
        if self.skills:
            offered[SKILLS] = {"directoryRead": True}
        return offered

    def tool(self, name: str) -> ToolEntry:
        """The tool of that name.

        Raises:
            InvalidParams: there is none, or it is not offered here.
        """
        found = self.tools.get(name)
        if found is None:
            raise InvalidParams(f"Unknown tool: {_shown(name)}{_suggestion(name, self.tools)}")
        return found

    def prompt(self, name: str) -> PromptEntry:
        """The prompt of that name.

        Raises:
            InvalidParams: there is none.
        """
        found = self.prompts.get(name)
        if found is None:
            raise InvalidParams(f"Unknown prompt: {_shown(name)}{_suggestion(name, self.prompts)}")
        return found

    def resource(self, uri: str) -> tuple[ResourceEntry | TemplateEntry, dict[str, str]]:
        """What reads this URI, and the values that its template takes from it.

        Raises:
            ResourceNotFound: nothing does.
        """
        found = self.resources.get(uri)
        if found is not None:
            return found, {}
        for template in self.templates:
            values = template.match(uri)
            if values is not None:
                return template, values
        raise ResourceNotFound(uri)

    def watch(self, uri: str) -> tuple[WatchEntry, dict[str, str]] | None:
        """What knows of changes of this URI, if anything does; a fixed resource is not one of a template's family."""
        fixed = self.resources.get(uri)
        for watch in self.watches:
            values = watch.match(uri)
            if values is not None and (fixed is None or watch.target is fixed):
                return watch, values
        return None

    def _changes(self, kind: Kind) -> bool | None:
        return True if kind in self.changing else None


def _put(table: dict[str, Any], name: str, entry: Any) -> None:
    if name in table:
        raise ValueError(f"{name!r} is registered twice")
    table[name] = entry


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else name[:_SHOWN] + "…")


def _suggestion(name: str, known: dict[str, Any]) -> str:
    meant = alike(name, known)
    return f"; did you mean {meant!r}?" if meant else ""
