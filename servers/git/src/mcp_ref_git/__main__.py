"""The console script `mcp-ref-git`."""

from collections.abc import Sequence

from mcp_protocol.errors import ToolError
from mcp_ref_git.access.allowed import Reach
from mcp_ref_git.program.runner import OLDEST
from mcp_ref_git.server import server
from mcp_ref_git.settings import Settings
from mcp_ref_git.state import State
from mcp_ref_kit import Finding, cli


async def check(settings: Settings, state: State) -> Sequence[Finding]:
    """Which git there is, and whether each allowed repository can be used."""
    version = await state.git.version()
    shown = ".".join(map(str, version))
    findings = [Finding(f"git {state.git.program}", works=version >= OLDEST, detail=f"version {shown}")]
    reach = Reach(state.repositories.places)
    for place in reach.places:
        kind = "repository" if place.whole else "root"
        findings.append(await _looked_at(state, reach, f"{kind} {place.path}", place.whole))
    remotes = ", ".join(settings.allow_remote) or "none"
    return [*findings, Finding("remotes", works=True, detail=remotes)]


async def _looked_at(state: State, reach: Reach, subject: str, whole: bool) -> Finding:  # noqa: FBT001  a kind of place
    if not whole:
        return Finding(subject, works=True, detail="every repository beneath it")
    directory = next(place.real for place in reach.places if subject.endswith(str(place.path)))
    try:
        repository = await state.repositories.open(reach, directory, str(directory))
    except ToolError as error:
        return Finding(subject, works=False, detail=error.text)
    overridden = len(repository.hardening.pairs)
    return Finding(subject, works=True, detail=f"{overridden} settings overridden")


main = cli(server, check=check)

if __name__ == "__main__":
    main()
