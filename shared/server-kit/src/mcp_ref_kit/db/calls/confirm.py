"""The user agrees before something is destroyed: asked where the client can ask, else spelled out in `confirm`."""

from hashlib import sha256
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol.schema.arg import arg
from mcp_protocol.server.context import Context
from mcp_ref_kit.db.calls.errors import DbError, quoted


class Agreement(Struct, frozen=True):
    """What the user is asked."""

    agree: Annotated[bool, arg("Do it.")]


class Affected(Struct, frozen=True):
    """How much would be lost; counted within bounds, so that it may be more."""

    count: int
    noun: str = "rows"
    exact: bool = True

    def __str__(self) -> str:
        """As it stands in the question."""
        return f"{'' if self.exact else 'at least '}{self.count} {self.noun}"


class Deed(Struct, frozen=True, kw_only=True):
    """What is about to happen. `statement` is all of it: the agreement is for this and nothing else."""

    action: str
    """`Drop the table`, `Delete keys`."""
    target: str
    """The name of the object, or the pattern."""
    database: str
    statement: str
    affected: Affected | None = None
    expected: str | None = None
    """What `confirm` has to be, if not the target."""

    @property
    def question(self) -> str:
        """What the user reads."""
        lost = "" if self.affected is None else f" ({self.affected})"
        return f"{self.action} {quoted(self.target)}{lost} in the database {quoted(self.database)}?"

    @property
    def key(self) -> str:
        """The name of the question: another statement is another question."""
        text = f"{self.database} {self.statement}"  # no name of a database has a blank
        return f"confirm-{sha256(text.encode('utf-8', 'replace')).hexdigest()[:24]}"


class Confirmation:
    """Asks, unless the operator said `--no-confirm`. Every answer but a plain yes is a no."""

    def __init__(self, *, needed: bool = True) -> None:
        self._needed = needed

    async def require(self, ctx: Context[Any], deed: Deed, confirm: str | None) -> None:
        """Go on only with an agreement. Call it before anything is changed, and outside of a deadline.

        Raises:
            DbError: `confirm_required`; nobody agreed.
        """
        if not self._needed:
            return
        if ctx.can("elicitation"):
            answer = await ctx.elicit(Agreement, deed.question, key=deed.key, authorises=True)
            if answer is None or answer.agree is not True:
                raise DbError("The user did not agree; nothing was changed.", code="confirm_required")
            return
        expected = deed.target if deed.expected is None else deed.expected
        if confirm != expected:
            raise DbError(
                f"This needs a confirmation: {deed.question}",
                code="confirm_required",
                hint=f"Repeat the call with `confirm` set to {expected!r}.",
            )
