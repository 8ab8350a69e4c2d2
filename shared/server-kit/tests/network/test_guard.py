"""The guard: names, ports and every address are judged; what is dialled is what was judged; waits end."""

import asyncio
import time
from typing import Any

import pytest

from mcp_ref_kit.network import (
    AddressGuard,
    AddressPolicy,
    BlockedAddress,
    BlockedHost,
    BlockedPort,
    ConnectTimeout,
    HostPattern,
    Network,
    SystemResolver,
    Unreachable,
    Unresolvable,
    Waits,
    WebUrl,
)

PUBLIC = "93.184.215.14"
OTHER = "93.184.215.15"


class Names:
    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str) -> list[str]:
        del host
        self.asked += 1
        return self.answers.pop(0)


class Writer:
    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.aborted = False
        self.transport = self

    def get_extra_info(self, name: str) -> Any:
        assert name == "peername"
        return (self.peer, 80)

    def abort(self) -> None:
        self.aborted = True


def url(host: str = "name.test", port: int = 80) -> WebUrl:
    return WebUrl.parse(f"http://{host}:{port}/")


def guard(names: Names | None = None, **policy: Any) -> AddressGuard:
    return AddressGuard(AddressPolicy(**policy), resolver=names or Names([PUBLIC]), waits=Waits(0.2, 0.3))


@pytest.mark.parametrize(
    "host", ["localhost", "a.localhost", "x.local", "x.internal", "metadata.google.internal", "metadata"]
)
async def test_local_names_are_refused_without_being_looked_up(host: str) -> None:
    names = Names([PUBLIC])
    with pytest.raises(BlockedHost):
        await guard(names).judge(url(host))
    assert names.asked == 0


async def test_a_local_name_is_lifted_by_its_own_name_or_with_private_addresses() -> None:
    allowed = (HostPattern.parse("localhost"),)
    await guard(Names([PUBLIC]), allow_hosts=allowed).judge(url("localhost"))
    await guard(Names(["127.0.0.1"]), allow_private=True).judge(url("a.localhost"))
    with pytest.raises(BlockedAddress):
        await guard(Names(["127.0.0.1"]), allow_hosts=allowed).judge(url("localhost"))
    with pytest.raises(BlockedHost):
        await guard(allow_private=True).judge(url("metadata.google.internal"))


@pytest.mark.parametrize("bad", ["127.0.0.1", "10.0.0.1", "fe80::1%eth0", "::ffff:7f00:1", "nonsense"])
async def test_one_bad_address_refuses_the_name_wherever_it_stands(bad: str) -> None:
    for answer in ([bad, PUBLIC], [PUBLIC, bad], [bad]):
        with pytest.raises(BlockedAddress) as error:
            await guard(Names(answer)).judge(url())
        assert bad not in str(error.value)


async def test_more_addresses_than_any_name_has_are_refused() -> None:
    with pytest.raises(Unresolvable):
        await guard(Names([PUBLIC] * 65)).judge(url())
    assert (await guard(Names([PUBLIC] * 64)).judge(url())).addresses == (PUBLIC,)


async def test_no_answer_is_an_error_and_a_late_one_too() -> None:
    class Silent:
        async def resolve(self, host: str) -> list[str]:
            await asyncio.sleep(60)
            return [host]

    with pytest.raises(Unresolvable):
        await guard(Names([])).judge(url())
    silent = AddressGuard(AddressPolicy(), resolver=Silent(), waits=Waits(0.05, 0.05))
    began = time.monotonic()
    with pytest.raises(Unresolvable, match="in time"):
        await silent.judge(url())
    assert time.monotonic() - began < 1


async def test_ports_and_lists() -> None:
    with pytest.raises(BlockedPort, match="Port 22 is not allowed"):
        await guard().judge(url(port=22))
    await guard(ports=None).judge(url(port=22))
    lists: Any = {"allow_hosts": (HostPattern.parse("*.a.test"),), "deny_hosts": (HostPattern.parse("no.a.test"),)}
    await guard(**lists).judge(url("yes.a.test"))
    for refused in ("no.a.test", "a.test", "xa.test", "yes.a.test.evil.test", PUBLIC):
        with pytest.raises(BlockedHost):
            await guard(**lists).judge(url(refused))


async def test_networks_that_are_named() -> None:
    inside = (Network.parse("10.1.0.0/16"), Network.parse("169.254.0.0/16"), Network.parse("0.0.0.0/0"))
    await guard(Names(["10.1.2.3"]), allow_networks=inside).judge(url())
    await guard(Names(["::ffff:10.1.2.3"]), allow_networks=inside).judge(url())
    with pytest.raises(BlockedAddress):
        await guard(Names(["169.254.169.254"]), allow_networks=inside).judge(url())
    alone = (Network.parse("169.254.169.254/32"),)
    await guard(Names(["169.254.169.254"]), allow_networks=alone).judge(url())
    denied = (Network.parse("93.184.0.0/16"),)
    for form in (PUBLIC, f"64:ff9b::{PUBLIC}"):
        with pytest.raises(BlockedAddress):
            await guard(Names([form]), allow_networks=inside, deny_networks=denied).judge(url())
    with pytest.raises(BlockedAddress):
        await guard(Names(["10.1.2.3"]), allow_private=True, deny_networks=(Network.parse("10.0.0.0/8"),)).judge(url())


async def test_addresses_are_tried_in_turn_within_one_wait() -> None:
    dialled: list[str] = []

    async def connector(address: str, port: int) -> Any:
        dialled.append(address)
        assert port == 80
        if address == PUBLIC:
            raise OSError
        return object(), Writer(OTHER)

    opened = AddressGuard(AddressPolicy(), resolver=Names([PUBLIC, OTHER, PUBLIC]), connector=connector)
    await opened.open(url())
    assert dialled == [PUBLIC, OTHER]


async def test_a_connection_that_does_not_come_ends() -> None:
    async def refuses(address: str, port: int) -> Any:
        raise OSError(address, port)

    async def hangs(address: str, port: int) -> Any:
        await asyncio.sleep(60)
        return address, port

    for connector, fault in ((refuses, Unreachable), (hangs, ConnectTimeout)):
        names = Names([PUBLIC, OTHER])
        slow = AddressGuard(AddressPolicy(), resolver=names, connector=connector, waits=Waits(1, 0.2))
        began = time.monotonic()
        with pytest.raises(fault):
            await slow.open(url())
        assert time.monotonic() - began < 1


async def test_a_peer_that_was_not_dialled_is_dropped() -> None:
    writer = Writer("127.0.0.1")

    async def elsewhere(address: str, port: int) -> Any:
        del address, port
        return object(), writer

    turned = AddressGuard(AddressPolicy(), resolver=Names([PUBLIC]), connector=elsewhere)
    with pytest.raises(BlockedAddress, match="another address"):
        await turned.open(url())
    assert writer.aborted


async def test_a_name_is_looked_up_once_and_its_address_dialled() -> None:
    """Rebinding: the second answer is never asked for."""
    dialled: list[str] = []

    async def connector(address: str, port: int) -> Any:
        del port
        dialled.append(address)
        return object(), Writer(address)

    names = Names([PUBLIC], ["127.0.0.1"])
    rebound = AddressGuard(AddressPolicy(), resolver=names, connector=connector)
    await rebound.open(url())
    assert (names.asked, dialled) == (1, [PUBLIC])
    with pytest.raises(BlockedAddress):
        await rebound.open(url())
    assert dialled == [PUBLIC]


async def test_the_system_s_resolver_knows_this_machine_and_no_invented_name() -> None:
    resolver = SystemResolver(most=2)
    found = await asyncio.gather(*(resolver.resolve("localhost") for _ in range(5)))
    assert all({"127.0.0.1", "::1"} & set(answer) for answer in found)
    with pytest.raises(OSError, match=r".*"):
        await resolver.resolve("nothing.invalid")
    with pytest.raises(OSError, match="no such name"):
        await resolver.resolve("a" * 70 + "\u00e4.invalid")


@pytest.mark.parametrize("text", ["", "*", "*.", "a.*", "*.*.a", "http://a", "a b", "a:80", "*a.test"])
def test_a_pattern_that_can_match_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a host"):
        HostPattern.parse(text)


def test_a_pattern_is_written_as_it_was() -> None:
    assert str(HostPattern.parse("*.EXAMPLE.com.")) == "*.example.com"
    assert str(HostPattern.parse("1.1")) == "1.0.0.1"
