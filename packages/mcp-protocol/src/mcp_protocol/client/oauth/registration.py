"""How a client becomes known to an authorization server: by hand, by a document of its own, or by registration."""

import time

from mcp_protocol.client.oauth.clients import secret_method
from mcp_protocol.client.oauth.desk import Desk
from mcp_protocol.client.oauth.documents import RegistrationAnswer, ServerMetadata
from mcp_protocol.client.oauth.failure import AuthorizationFailed
from mcp_protocol.client.oauth.places import is_native
from mcp_protocol.client.oauth.tokens import Registered


async def known_client(desk: Desk, redirect_uri: str, name: str, metadata_url: str | None) -> Registered:
    """The client as this authorization server knows it; each gets a registration of its own, never another's.

    Raises:
        AuthorizationFailed: there is no way to become known.
    """
    server = desk.server
    if metadata_url and server.client_id_metadata_document_supported:
        return Registered(client_id=metadata_url, redirect_uri=redirect_uri)
    kept = await desk.store.client(server.issuer)
    if kept and kept.redirect_uri == redirect_uri and (kept.expires is None or kept.expires > time.time()):
        return kept
    if server.registration_endpoint is None:
        raise AuthorizationFailed("The authorization server does not know this client and registers none")
    made = await _register(desk, server.registration_endpoint, redirect_uri, name)
    await desk.store.keep_client(server.issuer, made)
    return made


async def _register(desk: Desk, endpoint: str, redirect_uri: str, name: str) -> Registered:
    method = _method(desk.server)
    document = {
        "client_name": name,
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "application_type": "native" if is_native(redirect_uri) else "web",
    }
    reply = await desk.fetcher.post_json(endpoint, document, "the registration endpoint")
    if not reply.succeeded:
        raise reply.refusal()
    answer = reply.document(RegistrationAnswer)
    if answer is None:
        raise AuthorizationFailed("The authorization server's answer is no registration")
    return Registered(
        client_id=answer.client_id,
        client_secret=answer.client_secret,
        method=answer.token_endpoint_auth_method or method,
        expires=answer.client_secret_expires_at or None,
        redirect_uri=redirect_uri,
    )


def _method(server: ServerMetadata) -> str:
    """A program on someone's machine keeps no secrets, so none is asked for where that will do."""
    return "none" if "none" in server.token_endpoint_auth_methods_supported else secret_method(server)
