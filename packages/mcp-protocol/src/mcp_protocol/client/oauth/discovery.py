"""From a refused request to the authorization server that can help (RFC 9728, RFC 8414, OpenID Connect Discovery)."""

from msgspec import Struct

from mcp_protocol.client.oauth.challenge import Challenge
from mcp_protocol.client.oauth.documents import ResourceMetadata, ServerMetadata
from mcp_protocol.client.oauth.failure import AuthorizationFailed, cleaned
from mcp_protocol.client.oauth.fetching import Fetcher
from mcp_protocol.client.oauth.places import (
    canonical,
    covers,
    resource_metadata_urls,
    server_metadata_urls,
)

_SERVERS = 4  # authorization servers of one resource that are tried


class Situation(Struct, frozen=True):
    """What is known of the server and of the authorization server that it trusts."""

    resource: ResourceMetadata
    server: ServerMetadata


async def discover(fetcher: Fetcher, challenge: Challenge, issuer: str | None) -> Situation:
    """The first authorization server whose metadata can be used; `issuer` is the only one that may be, if given.

    Raises:
        AuthorizationFailed: there is none.
    """
    server = fetcher.places.server
    resource = await _resource(fetcher, challenge)
    if resource is None:
        if issuer is None:
            raise AuthorizationFailed("The server wants a token and does not say who issues one")
        resource = ResourceMetadata(canonical(server), (issuer,))
    if not covers(resource.resource, server):
        raise AuthorizationFailed(f"The server says that it is another one: {cleaned(resource.resource)!r}")
    if issuer is not None and issuer not in resource.authorization_servers:
        raise AuthorizationFailed(f"The server no longer trusts {issuer}, which knows this client")
    return await _first(fetcher, resource, (issuer,) if issuer else resource.authorization_servers)


async def server_metadata(fetcher: Fetcher, issuer: str) -> ServerMetadata:
    """The metadata of an authorization server, from whichever place has it; another issuer's is never used.

    Raises:
        AuthorizationFailed: there is none.
    """
    fetcher.places.checked(issuer, "the issuer")
    failure = AuthorizationFailed(f"{cleaned(issuer)} has no usable metadata")
    for url in server_metadata_urls(issuer):
        reply = await fetcher.get(url, "the authorization server's metadata")
        found = reply.document(ServerMetadata) if reply.succeeded else None
        if found and found.issuer == issuer:
            return found
        if found:
            failure = AuthorizationFailed(f"The metadata of {cleaned(issuer)} are those of {cleaned(found.issuer)!r}")
    raise failure


async def _resource(fetcher: Fetcher, challenge: Challenge) -> ResourceMetadata | None:
    """What the server says of itself; only a URL that the challenge names must be right."""
    named = challenge.params.get("resource_metadata")
    for url in [named] if named else resource_metadata_urls(fetcher.places.server):
        reply = await fetcher.get(url, "the server's resource metadata")
        found = reply.document(ResourceMetadata) if reply.succeeded else None
        if found:
            return found
    if named:
        raise AuthorizationFailed("The server's resource metadata cannot be used")
    return None


async def _first(fetcher: Fetcher, resource: ResourceMetadata, issuers: tuple[str, ...]) -> Situation:
    failure = AuthorizationFailed("The server names no authorization server")
    for issuer in issuers[:_SERVERS]:
        try:
            return Situation(resource, await server_metadata(fetcher, issuer))
        except AuthorizationFailed as error:
            failure = error
    raise failure
