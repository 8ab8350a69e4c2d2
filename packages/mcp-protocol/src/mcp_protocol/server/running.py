"""One running server as its handlers see it: state, identity, tables, and the services that calls share."""

from typing import Any

from msgspec import Struct
from msgspec.json import encode

from mcp_protocol.errors import InvalidParams
from mcp_protocol.revisions import Revision
from mcp_protocol.server.access import NOTHING, Access, Needs, needs_of
from mcp_protocol.server.catalog import Catalog
from mcp_protocol.server.cursors import Cursors
from mcp_protocol.server.services import Services
from mcp_protocol.server.subscriptions import Subscription
from mcp_protocol.session.calls import Call, Principal, SessionFacts
from mcp_protocol.session.profile import Profile
from mcp_protocol.types import CacheScope, Implementation, PromptReference, ResourceTemplateReference, Result
from mcp_protocol.types.wire import Part, result_parts


class Identity(Struct, frozen=True):
    """What a server says of itself."""

    info: Implementation
    instructions: str | None


class Running:
    """Made once per running server; `open_to_all` says that callers are not told apart."""

    def __init__(
        self, state: Any, identity: Identity, catalog: Catalog, services: Services, *, open_to_all: bool
    ) -> None:
        self.state = state
        self.identity = identity
        self.catalog = catalog
        self.services = services
        self.limits = services.limits
        self.open_to_all = open_to_all
        self.capabilities = catalog.capabilities()
        self.profile = Profile(methods=catalog.methods(), limits=services.limits)
        self.access: Access | None = None
        """What callers may do, where they are told apart by scopes."""
        self.cursors = Cursors(services)
        self.pages: dict[tuple[Any, ...], bytes] = {}
        """Encoded pages of the lists that cannot change, by method, revision, position and view."""
        self.tasks: object | None = None
        """The `Tasks` of a server that has tools for them, while it runs."""
        self._info_bytes = encode(identity.info)
        self._feeds: dict[SessionFacts, Subscription] = {}

    @property
    def list_scope(self) -> CacheScope:
        """Who may share a cached list: everyone, unless callers are told apart."""
        return "public" if self.open_to_all else "private"

    def permit(self, needs: Needs, principal: Principal) -> None:
        """Let a caller do what needs these scopes.

        Raises:
            Forbidden: the token lacks some; the challenge names them.
        """
        if self.access is not None and not self.access.permits(needs, principal):
            raise self.access.refusal(needs, principal)

    def needs(self, call: Call) -> Needs:
        """The scopes that a call needs."""
        return NOTHING if self.access is None else needs_of(self.access, self.catalog, call)

    def may_read(self, principal: Principal) -> bool:
        """Whether a caller may read resources and prompts at all."""
        return self.access is None or self.access.permits(self.access.reading, principal)

    def encoded(self, result: Result, revision: Revision) -> bytes:
        """The result's bytes in a revision."""
        return b"".join(self.parts(result, revision))

    def parts(self, result: Result, revision: Revision) -> tuple[Part, ...]:
        """The same in parts, which a reply puts together."""
        return result_parts(result, revision, server_info=self._info_bytes)

    def feed(self, session: SessionFacts) -> Subscription:
        """The subscription of a legacy session, made at its first use."""
        if session not in self._feeds:
            self._feeds[session] = self.services.hub.open(self.catalog.changing)
        return self._feeds[session]

    def end_feed(self, session: SessionFacts) -> None:
        """The session is over: whoever wanted to know is told."""
        for act in session.endings.values():
            act()
        session.endings.clear()
        subscription = self._feeds.pop(session, None)
        if subscription is not None:
            self.services.hub.discard(subscription)

    def check_reference(self, reference: PromptReference | ResourceTemplateReference) -> None:
        """Refuse a completion for what does not exist.

        Raises:
            InvalidParams: there is no such prompt or template.
        """
        if isinstance(reference, PromptReference):
            self.catalog.prompt(reference.name)
        elif all(template.definition.uri_template != reference.uri for template in self.catalog.templates):
            raise InvalidParams("Unknown resource template")
