"""Downloads, uploads, secrets and artifacts, black box: cases 26 to 28 and 30."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lanes_of_tests import Lane, Visitor

from mcp_protocol.client import RemoteError

Site = Any
# As the fixture `operator` has it.
TYPED = "s3cr3t & välue/9"


async def read(own: Visitor, uri: str) -> Any:
    return (await own.client.read_resource(uri)).contents[0]


async def test_a_download_is_an_artifact_with_equal_bytes_and_a_safe_name(lane: Lane, site: Site) -> None:
    """Case 26."""
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/downloads")
        await own.do("browser_click", target="text=Small")
        event = await own.event("download")
        content = await read(own, event["uri"])
        named = await own.do("browser_navigate", url=f"{site.url}/evil-name")
        assert await own.code("browser_navigate", url=f"{site.url}/large.bin") == "too_large"
        kept = (await read(own, f"browser://{own.session}/artifacts")).text
    assert event["text"] == "data.bin, 1024 bytes"
    assert content.blob == bytes(range(256)) * 4
    assert "/" not in named.link.name
    assert ".." not in named.link.name
    assert "large" not in kept


async def test_only_files_inside_are_uploaded_and_a_refusal_leaves_the_chooser_open(
    lane: Lane, site: Site, operator: Path
) -> None:
    """Case 27."""
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/upload", snapshot="none")
        await own.do("browser_click", target="[aria-label=File]", snapshot="none")
        for path in ("../secret.txt", str(operator / "secret.txt"), "link.txt", str(operator / "R/link.txt"), "none"):
            assert await own.code("browser_file_upload", paths=[path]) == "path_denied", path
        sent = await own.do("browser_file_upload", paths=["note.txt"], snapshot="full")
        assert await own.code("browser_file_upload", paths=["note.txt"]) == "invalid_argument"
    assert "filechooser" in [event["kind"] for event in own.told]
    assert "note.txt 6" in sent.text


async def test_a_secret_is_typed_where_it_belongs_and_shown_nowhere(lane: Lane, site: Site) -> None:
    """Case 28."""
    leak = """() => { const v = document.querySelector('[name=u]').value; console.log('it is ' + v);
      return [v, encodeURIComponent(v), JSON.stringify({v})]; }"""
    async with lane.visitor() as own:
        seen = [await own.do("browser_navigate", url=f"{site.url}/post")]
        assert await own.code("browser_type", target="[name=u]", text="secret:ELSEWHERE") == "secret_denied"
        assert await own.code("browser_type", target="[name=u]", text="secret:NOBODY") == "secret_denied"
        seen.append(await own.do("browser_type", target="[name=u]", text="secret:LOGIN", snapshot="full"))
        seen.append(await own.do("browser_evaluate", function=leak))
        seen.append(await own.do("browser_console_messages"))
        seen.append(await own.do("browser_type", target="[name=password]", text="x", submit=True))
        requests = await own.do("browser_network_requests")
        number = requests.data["result"]["entries"][-1]["id"]
        seen.append(await own.do("browser_network_request", index=number))
        whole = (await read(own, f"browser://{own.session}/tabs/t1/network/{number}/all")).text
    told = str([(one.text, one.data) for one in seen]) + whole
    assert b"s3cr3t+%26+v%C3%A4lue%2F9" in site.posts[-1][1]
    assert TYPED not in told
    assert "s3cr3t" not in told
    assert "<secret>LOGIN</secret>" in seen[1].text
    assert "it is <secret>LOGIN</secret>" in seen[3].text


async def test_the_oldest_artifact_makes_room_and_the_list_changes(lane: Lane, site: Site) -> None:
    """Case 30."""
    async with lane.visitor() as own, lane.client.listen(resources=True) as changes, asyncio.timeout(20):
        first = await own.do("browser_navigate", url=f"{site.url}/file.bin")
        change = await anext(changes)
        await own.do("browser_navigate", url=f"{site.url}/article", snapshot="none")
        while not (evicted := [event["uri"] for event in own.told if event["kind"] == "evicted"]):
            await own.do("browser_take_screenshot")
        with pytest.raises(RemoteError) as gone:
            await own.client.read_resource(first.link.uri)
        with pytest.raises(RemoteError) as invented:
            await own.client.read_resource(f"{first.link.uri[:-1]}~")
    assert change.method == "notifications/resources/list_changed"
    assert first.link.uri in evicted
    assert (gone.value.code, gone.value.message) == (invented.value.code, invented.value.message)
