"""Certificates and what depends on them, through the running server."""

import ssl
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_certificates_that_do_not_fit_are_refused(town: Any, lane: str, serve: Any, certificates: Any) -> None:
    """WF29: expired, self-signed, of another name; no argument lifts it."""
    server = await town.opened(lane)
    name = town.host
    sites: list[tuple[ssl.SSLContext, str | None]] = [
        (certificates.serving(name), None),
        (certificates.serving(name, days=-1), "tls"),
        (certificates.serving("other.open.test"), "tls"),
        (certificates.serving(name, trusted=False), "tls"),
    ]
    for context, code in sites:
        async with serve(ssl=context) as site:
            site.page("/", "<p>over TLS</p>")
            url = f"https://{name}:{site.port}/"
            found = await server.call("fetch", url=url)
            assert found.code == code, found.text
            assert [hit.path for hit in site.hits] == ([] if code else ["/robots.txt", "/"])
            assert (await server.refusal(url, verify=False))[0] == "invalid_argument"


async def test_a_secret_header_goes_to_its_host_over_tls_and_nowhere_else(
    town: Any, lane: str, serve: Any, certificates: Any
) -> None:
    """Not over http, not to another host, not once a redirect has led away, and never into an answer."""
    host = "secret.open.test"
    server = await town.opened(lane)
    async with serve(ssl=certificates.serving(host)) as site:
        home = f"https://{host}:{site.port}"
        site.page("/", "<p>mine</p>")
        site.redirect("/away", town.url("/"))
        site.redirect("/there-and-back", town.url("/back"))
        site.redirect("/around", "/")
        town.web.page("/", "<p>theirs</p>")
        town.web.redirect("/in", f"{home}/")
        town.web.redirect("/back", f"{home}/")
        answers = [await server.call("fetch", url=f"{home}/", max_length=1 + number) for number in range(2)]
        assert [answer.data["cached"] for answer in answers] == ["miss", "miss"]  # not kept
        answers += [await server.call("fetch", url=url) for url in (f"{home}/away", f"{home}/around", f"{home}/robots")]
        carried = len([hit for hit in site.hits if hit.headers.get("authorization") == "Bearer of-the-operator"])
        assert carried == len(site.hits)
        site.hits.clear()
        answers += [
            await server.call("fetch", url=url)
            for url in (town.url("/in"), f"{home}/there-and-back", town.url("/", host))
        ]
        assert ["authorization" in hit.headers for hit in site.hits] == [False, True, False]
    assert all("authorization" not in hit.headers for hit in town.web.hits)
    assert answers[2].data["downgraded"] is True
    assert all("of-the-operator" not in f"{answer.text}{answer.data}" for answer in answers)
