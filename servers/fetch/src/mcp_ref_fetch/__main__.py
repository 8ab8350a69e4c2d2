"""The console script `mcp-ref-fetch`."""

import os
from collections.abc import Sequence

from mcp_ref_fetch.pages.pdf import is_installed
from mcp_ref_fetch.server import server
from mcp_ref_fetch.settings import Settings
from mcp_ref_fetch.state import State
from mcp_ref_kit import Finding, cli


async def check(settings: Settings, state: State) -> Sequence[Finding]:
    """What works: certificates, extras, the variables of secret headers."""
    del state
    return [
        await _trust(settings),
        Finding(
            "PDF", works=True, detail="read by pypdf" if is_installed() else "not read: the extra is not installed"
        ),
        *(
            Finding(f"secret header for {each.host}", works=each.variable in os.environ, detail=f"from {each.variable}")
            for each in settings.secret_header
        ),
    ]


async def _trust(settings: Settings) -> Finding:
    from mcp_ref_fetch.wire.transport import verifying  # noqa: PLC0415  httpx costs 170 ms of start-up

    try:
        found = verifying(settings.ca).cert_store_stats()
    except OSError:
        return Finding("certificates", works=False, detail="the file of --ca cannot be read")
    return Finding("certificates", works=True, detail=f"{found['x509_ca']} loaded, more on demand")


main = cli(server, check=check, without=["mode"])

if __name__ == "__main__":
    main()
