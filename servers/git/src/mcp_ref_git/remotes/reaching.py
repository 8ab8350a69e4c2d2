"""How a command of the remote toolset is run: to judged addresses, by the protocols it needs, within its deadline."""

from collections.abc import Sequence

from mcp_ref_git.errors import BadArgument, Unsafe
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.environment import ONLINE
from mcp_ref_git.program.failures import failure
from mcp_ref_git.program.hardening import ALWAYS, NO_HOOKS
from mcp_ref_git.program.redaction import named
from mcp_ref_git.program.runner import Answer
from mcp_ref_git.program.words import Glued, RemoteName, Url
from mcp_ref_git.remotes.addresses import Permit, RemoteDenied, judged, parse_address
from mcp_ref_git.repository import Opened
from mcp_ref_kit.processes import Bounds

# Where the other repository is on this disk, our own program serves it: none of its hooks run there either.
_SERVED = " ".join(["git", *(f"-c {key}={value}" for key, value in (*NO_HOOKS, *ALWAYS) if value and " " not in value)])


def variables(urls: Sequence[Url]) -> dict[str, str]:
    """The environment for a command that reaches these addresses."""
    local = any(url.text.startswith("file:") for url in urls)
    return {**ONLINE, "GIT_ALLOW_PROTOCOL": "https:ssh:file"} if local else ONLINE


async def urls_of(opened: Opened, name: RemoteName, permits: Sequence[Permit], *, push: bool) -> list[Url]:
    """The addresses that git would use for a configured remote, each judged.

    Raises:
        BadArgument: there is no such remote. Unsafe: the repository decides how remotes are reached. RemoteDenied.
    """
    if not permits:
        raise RemoteDenied(name.text)
    reaches = opened.repository.hardening.reaches
    if reaches is not None:
        raise Unsafe(f"The repository's own configuration sets `{named(reaches)}`, which decides what is reached.")
    argv = Argv("remote", "get-url", "--all").add("--push", when=push).put(name)
    answer = await opened.attempt(argv)
    if answer.code:
        raise BadArgument(f"There is no remote `{name.text}`.", hint="Call git_remotes.")
    urls = [judged(line, permits) for line in answer.lines if line]
    for url in urls:
        await check_local(opened, url)
    return urls


async def check_local(opened: Opened, url: Url) -> None:
    """A repository on this disk must lie in what is allowed, like every other."""
    address = parse_address(url.text)
    if address is not None and address.scheme == "file" and not opened.repository.reach.holds(address.path):
        raise RemoteDenied(url.text)


async def reach(opened: Opened, argv: Argv, urls: Sequence[Url]) -> Answer:
    """Run a command that talks to judged addresses.

    Raises:
        ToolError: it failed.
    """
    bounds = Bounds(seconds=opened.settings.remote_timeout)
    answer = await opened.attempt(argv, extra=variables(urls), bounds=bounds)
    if answer.code:
        raise failure(argv.words[0], answer.err or answer.out, opened.repository.where.allowed)
    return answer


def served(argv: Argv, urls: Sequence[Url], *, push: bool) -> Argv:
    """With our own words for the program at the other end, where that is this machine."""
    if any(url.text.startswith("file:") for url in urls):
        argv.attach(
            "--receive-pack=" if push else "--upload-pack=", Glued(f"{_SERVED} {'receive' if push else 'upload'}-pack")
        )
    return argv
