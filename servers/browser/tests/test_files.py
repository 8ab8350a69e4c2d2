"""Downloads, uploads, artifacts, and what is saved under a name."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

Browse = Any
Site = Any


def link_of(result: Any) -> dict[str, Any]:
    return next(block for block in result.raw["content"] if block["type"] == "resource_link")


def contents(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in directory.iterdir()]


def modes(directory: Path) -> list[int]:
    return [path.stat().st_mode & 0o777 for path in (directory, *directory.iterdir())]


async def event_of(client: Any, kind: str, first: Any = None) -> dict[str, Any]:
    """The next event of a kind."""
    async with asyncio.timeout(10):
        result = first or await client.call("browser_tabs", action="list")
        while True:
            events: list[dict[str, Any]] = result.data["events"] if result.data and "events" in result.data else []
            for event in events:
                if event["kind"] == kind:
                    return event
            await asyncio.sleep(0.02)
            result = await client.call("browser_tabs", action="list")


async def test_a_download_is_an_artifact_with_equal_bytes(browse: Browse, site: Site, ok: Any) -> None:
    """Case 26."""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/downloads"))
        clicked = ok(await client.call("browser_click", target="text=Small"))
        event = await event_of(client, "download", clicked)
        [content] = await client.read(event["uri"])
    assert base64.b64decode(content["blob"]) == bytes(range(256)) * 4
    assert event["text"] == "data.bin, 1024 bytes"


async def test_a_url_that_downloads_returns_the_download(browse: Browse, site: Site, ok: Any, tmp_path: Path) -> None:
    """Case 26: with a name that is one safe component."""
    async with browse(output_dir=tmp_path / "kept") as client:
        result = ok(await client.call("browser_navigate", url=f"{site.url}/evil-name"))
        [content] = await client.read(link_of(result)["uri"])
    assert content["text"] == "named"
    assert "/" not in link_of(result)["name"]
    assert ".." not in link_of(result)["name"]
    assert contents(tmp_path / "kept") == [b"named"]
    assert modes(tmp_path / "kept") == [0o700, 0o600]


async def test_a_download_over_the_limit_is_cut_off(browse: Browse, site: Site, tmp_path: Path) -> None:
    """Case 26."""
    async with browse(download_max=500_000, output_dir=tmp_path) as client:
        result = await client.call("browser_navigate", url=f"{site.url}/large.bin")
    assert result.error_code == "too_large"
    assert contents(tmp_path) == []


async def test_downloads_can_be_off(browse: Browse, site: Site, ok: Any, tmp_path: Path) -> None:
    """Case 26."""
    async with browse(downloads="deny", output_dir=tmp_path) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/downloads"))
        clicked = ok(await client.call("browser_click", target="text=Small"))
        event = await event_of(client, "download", clicked)
    assert "Downloads are off" in event["text"]
    assert contents(tmp_path) == []


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    inside = tmp_path / "R"
    inside.mkdir()
    (inside / "note.txt").write_text("a note")
    (tmp_path / "secret.txt").write_text("outside")
    (inside / "link.txt").symlink_to(tmp_path / "secret.txt")
    (inside / "within.txt").symlink_to("note.txt")
    return inside


async def test_a_file_inside_is_uploaded(browse: Browse, site: Site, ok: Any, roots: Path) -> None:
    """Case 27."""
    async with browse(dirs=[str(roots)], snapshot="full") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/upload"))
        opened = ok(await client.call("browser_click", target="[aria-label=File]"))
        assert "filechooser" in [event["kind"] for event in opened.data["events"]]
        for path in ("../secret.txt", str(roots.parent / "secret.txt"), "link.txt", str(roots / "link.txt"), "missing"):
            refused = await client.call("browser_file_upload", paths=[path])
            assert refused.error_code == "path_denied", path
        sent = ok(await client.call("browser_file_upload", paths=["note.txt"]))
        again = ok(
            await client.call("browser_file_upload", paths=[str(roots / "within.txt")], target="[aria-label=File]")
        )
        none = await client.call("browser_file_upload", paths=["note.txt"])
    assert "note.txt 6" in sent.text
    assert "note.txt 6" in again.text
    assert none.error_code == "invalid_argument"


async def test_a_chooser_can_be_cancelled_or_its_file_asked_of_the_user(
    browse: Browse, site: Site, ok: Any, roots: Path
) -> None:
    asked: list[str] = []

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        asked.append(params["message"])
        return {"action": "accept", "content": {"path": "note.txt"}}

    for revision in ("2025-11-25", "2026-07-28"):
        async with browse(
            dirs=[str(roots)], answers={"elicitation/create": answer}, revision=revision, snapshot="full"
        ) as client:
            ok(await client.call("browser_navigate", url=f"{site.url}/upload"))
            ok(await client.call("browser_click", target="[aria-label=File]"))
            cancelled = ok(await client.call("browser_file_upload", paths=[]))
            ok(await client.call("browser_click", target="[aria-label=File]"))
            chosen = ok(await client.call("browser_file_upload"))
        assert cancelled.data["result"]["cancelled"] is True
        assert "note.txt 6" in chosen.text
    assert len(asked) == 2


async def test_the_clients_roots_only_narrow(browse: Browse, site: Site, ok: Any, roots: Path) -> None:
    (roots / "sub").mkdir()
    (roots / "sub" / "in.txt").write_text("in")

    def listed(_: dict[str, Any]) -> dict[str, Any]:
        return {"roots": [{"uri": (roots / "sub").as_uri()}, {"uri": roots.parent.joinpath("elsewhere").as_uri()}]}

    for revision in ("2025-11-25", "2026-07-28"):
        async with browse(dirs=[str(roots)], answers={"roots/list": listed}, revision=revision) as client:
            ok(await client.call("browser_navigate", url=f"{site.url}/upload"))
            outside = await client.call("browser_file_upload", paths=["note.txt"], target="[aria-label=File]")
            inside = await client.call("browser_file_upload", paths=["sub/in.txt"], target="[aria-label=File]")
        assert outside.error_code == "path_denied"
        assert not inside.is_error, inside.text


async def test_a_name_writes_into_an_allowed_directory_or_the_store(
    browse: Browse, site: Site, ok: Any, roots: Path
) -> None:
    async with browse(dirs=[str(roots)]) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        saved = ok(await client.call("browser_snapshot", filename="page.md"))
        outside = await client.call("browser_snapshot", filename="../page.md")
        through = await client.call("browser_snapshot", filename="link.txt")
    assert 'button "Go"' in (roots / "page.md").read_text()
    assert saved.data["result"]["saved"] == str(roots / "page.md")
    assert (outside.error_code, through.error_code) == ("path_denied", "path_denied")
    assert (roots.parent / "secret.txt").read_text() == "outside"
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        kept = ok(await client.call("browser_snapshot", filename="../../page.md"))
        [content] = await client.read(link_of(kept)["uri"])
    assert link_of(kept)["name"] == "page.md"
    assert 'button "Go"' in content["text"]


async def test_screenshots_come_as_picture_and_link(browse: Browse, site: Site, ok: Any) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        plain = ok(await client.call("browser_take_screenshot"))
        small = ok(await client.call("browser_take_screenshot", type="jpeg", quality=50, maxWidth=320))
        part = ok(await client.call("browser_take_screenshot", target="ul", type="webp"))
        full = ok(await client.call("browser_take_screenshot", fullPage=True, annotateRefs=True))
        left = ok(
            await client.call(
                "browser_evaluate", function="() => document.querySelectorAll('[data-mcp-annotations]').length"
            )
        )
        [read] = await client.read(link_of(plain)["uri"])
    pictures = [
        base64.b64decode(next(one for one in result.raw["content"] if one["type"] == "image")["data"])
        for result in (plain, small, part, full)
    ]
    assert pictures[0].startswith(b"\x89PNG")
    assert int.from_bytes(pictures[0][16:20]) == 1280
    assert pictures[1].startswith(b"\xff\xd8")
    assert len(pictures[1]) < len(pictures[0])
    assert pictures[2][8:12] == b"WEBP"
    assert pictures[3] != pictures[0]
    assert base64.b64decode(read["blob"]) == pictures[0]
    assert left.data["result"] == 0


async def test_pictures_can_be_left_out_of_answers(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(image_responses="omit") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        result = ok(await client.call("browser_take_screenshot"))
    assert {one["type"] for one in result.raw["content"]} == {"text", "resource_link"}


async def test_documents_recordings_and_videos(browse: Browse, site: Site, ok: Any) -> None:
    """Case 29."""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/net"))
        ok(await client.call("browser_har_start"))
        twice = await client.call("browser_har_start")
        ok(await client.call("browser_click", target="text=Load"))
        har = ok(await client.call("browser_har_stop"))
        pdf = ok(await client.call("browser_pdf_save", format="A4"))
        ok(await client.call("browser_start_tracing"))
        trace = ok(await client.call("browser_stop_tracing"))
        video = await client.call("browser_start_video")
        if not video.is_error:
            video = ok(await client.call("browser_stop_video"))
        [har_content] = await client.read(link_of(har)["uri"])
        [pdf_content] = await client.read(link_of(pdf)["uri"])
        [trace_content] = await client.read(link_of(trace)["uri"])
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
    assert twice.error_code == "invalid_argument"
    assert '"log"' in har_content["text"]
    for secret in ("tok-12345", "topsecret", "hunter2secret"):
        assert secret not in har_content["text"]
    assert "/api" in har_content["text"]
    assert base64.b64decode(pdf_content["blob"]).startswith(b"%PDF")
    assert base64.b64decode(trace_content["blob"]).startswith(b"PK")
    if video.is_error:
        assert video.error_code == "unsupported"
        assert "ffmpeg" in video.text
