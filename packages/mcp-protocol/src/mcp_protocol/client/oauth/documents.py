"""The documents of OAuth that are received: what is read of them, and nothing else."""

from msgspec import Struct, field

Names = tuple[str, ...]


class ResourceMetadata(Struct, frozen=True):
    """What a protected resource says of itself (RFC 9728)."""

    resource: str
    authorization_servers: Names = ()
    scopes_supported: Names = ()
    dpop_bound_access_tokens_required: bool = False


class ServerMetadata(Struct, frozen=True):
    """What an authorization server says of itself (RFC 8414)."""

    issuer: str
    token_endpoint: str
    authorization_endpoint: str | None = None
    registration_endpoint: str | None = None
    scopes_supported: Names = ()
    code_challenge_methods_supported: Names = ()
    token_endpoint_auth_methods_supported: Names = ("client_secret_basic",)  # what the RFC says when it is absent
    dpop_signing_alg_values_supported: Names = ()
    authorization_response_iss_parameter_supported: bool = False
    client_id_metadata_document_supported: bool = False


class RegistrationAnswer(Struct, frozen=True):
    """What a registration brings (RFC 7591)."""

    client_id: str
    client_secret: str | None = None
    client_secret_expires_at: float = 0
    token_endpoint_auth_method: str | None = None


class TokenAnswer(Struct, frozen=True):
    """What a token request brings (RFC 6749, RFC 8693)."""

    access_token: str
    token_type: str
    expires_in: float | None = None
    refresh_token: str | None = None
    scope: str | None = None
    issued_token_type: str | None = None


class ErrorAnswer(Struct, frozen=True):
    """What a refused token request or registration brings."""

    error: str = field(default="invalid_request")
    error_description: str = ""
