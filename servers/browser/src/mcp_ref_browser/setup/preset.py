"""What the settings come to, checked before anything is opened: rules, contexts, secrets, scripts."""

import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_browser.errors import invalid
from mcp_ref_browser.guard.chaining import through
from mcp_ref_browser.guard.conversation import Dial
from mcp_ref_browser.guard.origins import Destination, OriginPattern, OriginRules, parsed
from mcp_ref_browser.guard.policy import Addresses, SessionPolicy
from mcp_ref_browser.settings import Settings
from mcp_ref_browser.setup.vault import Vault, read_vault
from mcp_ref_kit.network import NetworkFault, Resolver, WebUrl
from mcp_ref_kit.network.guard import Stream

_SIZE = re.compile(r"([0-9]{1,5})[x,]([0-9]{1,5})")
_MOST_PIXELS = 16_384
_MOST_SCRIPT = 4 * 1024 * 1024


class Preset(Struct, frozen=True, kw_only=True):
    """What every session begins with."""

    rules: OriginRules
    addresses: Addresses
    vault: Vault
    context: dict[str, Any]
    init_script: str | None
    proxy: WebUrl | None
    foreign: bool

    def policy(self, narrower: tuple[OriginPattern, ...] = ()) -> SessionPolicy:
        """The policy of a session.

        Raises:
            BrowserError: it would be allowed more than the server is.
        """
        for pattern in narrower:
            if self.rules.allowed and not any(known.covers(pattern) for known in self.rules.allowed):
                raise invalid(
                    f"`allowedOrigins`: {pattern} is not within the allowed origins of this server.",
                    "A session may only be narrower.",
                )
        return SessionPolicy(msgspec.structs.replace(self.rules, narrower=narrower), self.addresses)

    def dial(self, policy: SessionPolicy) -> Dial | None:
        """How connections are made; None for directly."""
        if self.proxy is None:
            return None
        proxy = self.proxy

        async def dialled(where: Destination) -> Stream:
            return await through(proxy, await policy.judge(where))

        return dialled


def preset(settings: Settings, resolver: Resolver | None = None) -> Preset:
    """Read and check everything that is given; blocking, at the start.

    Raises:
        SettingsError: in one sentence.
    """
    rules = _rules(settings)
    _check_foreign(settings, rules)
    networks = tuple(settings.allow_cidr)
    return Preset(
        rules=rules,
        addresses=Addresses(allow_private=settings.allow_private_ips, networks=networks, resolver=resolver),
        vault=read_vault(settings.secrets),
        context=_context(settings),
        init_script=_text(settings.init_script, "--init-script"),
        proxy=_proxy(settings.proxy_server),
        foreign=settings.cdp_endpoint is not None,
    )


def viewport(text: str) -> dict[str, int]:
    """A size such as 1280x720.

    Raises:
        ValueError: it is none.
    """
    found = _SIZE.fullmatch(text.strip())
    if not found or not all(1 <= int(side) <= _MOST_PIXELS for side in found.groups()):
        raise ValueError("must be a size such as 1280x720")
    return {"width": int(found[1]), "height": int(found[2])}


def _rules(settings: Settings) -> OriginRules:
    try:
        return OriginRules(allowed=parsed(settings.allowed_origins), blocked=parsed(settings.blocked_origins))
    except ValueError as error:
        raise SettingsError(f"`--allowed-origins` or `--blocked-origins`: {error}.") from error


def _check_foreign(settings: Settings, rules: OriginRules) -> None:
    ruled = rules.restricted or rules.blocked or settings.allow_cidr or settings.allow_private_ips
    if settings.cdp_endpoint is not None and ruled and not settings.trust_cdp:
        raise SettingsError(
            "`--cdp-endpoint` names a browser that no rule can bind; leave the rules out, or give `--trust-cdp`."
        )


def _context(settings: Settings) -> dict[str, Any]:
    """The options of every context."""
    options: dict[str, Any] = {
        "ignore_https_errors": settings.ignore_https_errors,
        "accept_downloads": settings.downloads == "allow",
        "service_workers": "block" if settings.block_service_workers else "allow",
        "foreign": settings.cdp_endpoint is not None,
    }
    try:
        options["viewport"] = viewport(settings.viewport_size)
    except ValueError as error:
        raise SettingsError(f"`--viewport-size` {error}.") from error
    given = {
        "device": settings.device,
        "user_agent": settings.user_agent,
        "locale": settings.locale,
        "timezone_id": settings.timezone,
        "permissions": settings.grant_permissions or None,
        "storage_state": _storage(settings.storage_state),
    }
    return options | {name: value for name, value in given.items() if value is not None}


def _storage(path: Path | None) -> dict[str, Any] | None:
    text = _text(path, "--storage-state")
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise SettingsError("`--storage-state` names a file that holds no storage state.") from error


def _text(path: Path | None, flag: str) -> str | None:
    if path is None:
        return None
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_MOST_SCRIPT)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"`{flag}` names a file that cannot be read.") from error


def _proxy(text: str | None) -> WebUrl | None:
    if text is None:
        return None
    try:
        url = WebUrl.parse(text)
    except NetworkFault as error:
        raise SettingsError(f"`--proxy-server`: {error.message}") from error
    if url.scheme != "http":
        raise SettingsError("`--proxy-server` must be an http URL.")
    return url
