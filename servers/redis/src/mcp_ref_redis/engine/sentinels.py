"""Sentinels, who know where the primary of a name is: each is asked in turn, and none is believed unseen."""

from mcp_protocol import ToolError
from mcp_ref_redis.engine.address import Address, SentinelPlace
from mcp_ref_redis.engine.faults import Lost, unreachable, within
from mcp_ref_redis.engine.opening import Link, Manner, Vector, open_link
from mcp_ref_redis.engine.resp import Fault

# One that accepts and then says nothing must leave time to ask the others.
_PATIENCE = 2.0
_MOST_DIGITS = 5


class Sentinels:
    """The way to a primary whose place changes."""

    def __init__(self, place: SentinelPlace, address: Address, manner: Manner) -> None:
        self._question: Vector = (b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", place.name.encode())
        self._places = [
            Address(host=host, port=port, tls=address.tls, username=place.username, password=place.password)
            for host, port in place.places
        ]
        self._address = address
        self._manner = manner

    async def open_primary(self) -> Link:
        """A connection to what says of itself that it is the primary.

        Raises:
            ToolError: `connection`, nobody knows of one that does.
        """
        failure: ToolError | None = None
        tried: set[Address] = set()
        for place in list(self._places):
            try:
                found = await self._told(place)
                if found in tried:
                    continue
                tried.add(found)
                link = await self._primary(found)
            except ToolError as error:
                failure = error if tried else failure or error
                continue
            self._places.remove(place)  # who was right is asked first the next time
            self._places.insert(0, place)
            return link
        raise failure or unreachable()

    async def _told(self, place: Address) -> Address:
        """Where one Sentinel has the primary.

        Raises:
            ToolError: it knows of none, is away, refuses us, or talks nonsense.
        """
        try:
            async with within(_PATIENCE):
                link = await open_link(place, self._manner)
                try:
                    [reply] = await link.exchange([self._question])
                finally:
                    await link.close()
        except Lost as error:
            raise unreachable("its Sentinel went away") from error
        except ToolError as error:
            raise unreachable(
                f"its Sentinel gave no answer ({error.message.rpartition(': ')[2].rstrip('.')})"
            ) from error
        match reply:
            case [bytes() as host, bytes() as port] if port.isdigit() and len(port) <= _MOST_DIGITS:
                return self._address.at(host.decode("utf-8", "replace"), int(port))
            case _:
                raise unreachable("no Sentinel knows where its primary is")

    async def _primary(self, place: Address) -> Link:
        """A connection to a place that holds the role; a user who may not ask for it believes the Sentinel."""
        link = await open_link(place, self._manner)
        try:
            [reply] = await link.exchange([(b"ROLE",)])
        except Lost as error:
            raise unreachable("the connection broke") from error
        if isinstance(reply, Fault) or reply[:1] == [b"master"]:
            return link
        await link.close()
        raise unreachable("a Sentinel names a primary that is none")
