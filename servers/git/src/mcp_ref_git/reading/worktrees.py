"""Work trees, from `worktree list --porcelain -z`. Pure."""

import os

from msgspec import Struct

from mcp_ref_kit.paths import show


class WorkTree(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A work tree; `prunable`: its directory is gone."""

    path: str
    head: str | None
    branch: str | None
    main: bool = False
    bare: bool = False
    detached: bool = False
    locked: bool = False
    prunable: bool = False


def parse_worktrees(data: bytes) -> list[WorkTree]:
    """The work trees, the main one first."""
    found: list[WorkTree] = []
    for block in data.split(b"\0\0"):
        lines = [os.fsdecode(line) for line in block.split(b"\0") if line]
        if not lines:
            continue
        facts = {word: value for word, _, value in (line.partition(" ") for line in lines)}
        branch = facts.get("branch")
        found.append(
            WorkTree(
                path=show(facts.get("worktree", "")),
                head=facts.get("HEAD"),
                branch=None if branch is None else branch.removeprefix("refs/heads/"),
                main=not found,
                bare="bare" in facts,
                detached="detached" in facts,
                locked="locked" in facts,
                prunable="prunable" in facts,
            )
        )
    return found
