"""The browser server on a small shop: a page filled in and sent by refs, a redirect that is refused."""

import re
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from mcp_protocol.client import Client
from mcp_protocol.types import CallToolResult, ImageContent
from scripts import transcript
from scripts.conversation import call, introduce, text_of
from scripts.hosting import over_http, over_stdio
from scripts.transcript import check, say

SERVER = Path(sys.executable).with_name("mcp-ref-browser")
SHOP = """<!doctype html><title>Tea shop</title><style>body{font:16px sans-serif;margin:3em;max-width:30em}
label,button{display:block;margin:.7em 0}</style><h1>Tea shop</h1><form method=post action=/order>
<label>Name <input name=name></label>
<label>Tea <select name=tea><option>Assam<option>Darjeeling<option>Sencha</select></label>
<label>Grams <input name=grams type=number value=100></label><label><input type=checkbox name=gift> As a gift</label>
<label>Voucher <input type=password name=voucher value=SECRET-VOUCHER-7></label><button>Order</button></form>
<a href=/elsewhere>Our partner</a>"""


class Shop(BaseHTTPRequestHandler):
    """Takes orders; one of its links leads to another site."""

    elsewhere = ""

    def do_GET(self) -> None:
        """The page, or a redirect away."""
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", self.elsewhere)
            self.end_headers()
        else:
            self._page(SHOP)

    def do_POST(self) -> None:
        """An order."""
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        name, tea, grams = (sent[key][0] for key in ("name", "tea", "grams"))
        self._page(f"<title>Thank you</title><h1>Thank you, {name}</h1><p>{grams} g of {tea} are on their way.</p>")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name of the class it overrides
        """Nothing."""

    def _page(self, html: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(html.encode())


@contextmanager
def shop() -> Generator[tuple[str, str]]:
    """The shop, and the site that nobody may go to."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Shop) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    here, there = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    Shop.elsewhere = f"{there}/"
    yield here, there
    for server in servers:
        server.shutdown()
        server.server_close()


async def tell(place: Path) -> None:
    """Two launches of one server."""
    with shop() as (here, there):
        command = [str(SERVER), "--allowed-origins", here, "--output-dir", str(place / "artifacts")]

        transcript.title("Browser: 2026-07-28 on stdio, an order by refs")
        transcript.command(command)
        async with over_stdio(command, "2026-07-28") as client:
            await introduce(client)
            if await order(client, here, place):
                await stay_inside(client, here, there)

        transcript.title("Browser: 2025-11-25 on HTTP, the same server for the hosts of today")
        transcript.command([*command, "--transport", "http", "--port", "0"])
        async with over_http(command, "2025-11-25") as (url, client):
            transcript.answer(f"listening on {url}")
            await stay_inside(client, here, there)


async def order(client: Client, here: str, place: Path) -> bool:
    """Fill in the form, look at it, send it; False where there is no browser."""
    say("The page as a tree. Each node that can be used has a ref, and the voucher in the password field is masked.")
    page = await call(client, "browser_navigate", url=here, lines=20)
    if page.is_error:
        say("There is no browser on this machine, so the story ends here.")
        return False
    check("the voucher was shown to nobody", holds="SECRET-VOUCHER-7" not in str(page))

    say("Three fields and a box in one call. The answer is what changed, or all of a page as small as this one.")
    fields = [
        {"target": ref(page, 'textbox "Name"'), "type": "textbox", "value": "Ada"},
        {"target": ref(page, 'combobox "Tea"'), "type": "combobox", "value": "Sencha"},
        {"target": ref(page, 'spinbutton "Grams"'), "type": "textbox", "value": "250"},
        {"target": ref(page, 'checkbox "As a gift"'), "type": "checkbox", "value": "true"},
    ]
    await call(client, "browser_fill_form", fields=fields)

    picture = await call(client, "browser_take_screenshot", quiet=True)
    file = place / "tea-shop.png"
    file.write_bytes(next(block.data for block in picture.content if isinstance(block, ImageContent)))
    say(f"A picture of the filled form, to look at: {file}")
    check("it is a picture", holds=file.read_bytes().startswith(b"\x89PNG"))

    say("And send it.")
    sent = await call(client, "browser_click", target=ref(page, 'button "Order"'))
    check("the shop got the order", holds="250 g of Sencha" in text_of(sent) and "Thank you, Ada" in text_of(sent))
    return True


async def stay_inside(client: Client, here: str, there: str) -> None:
    """Try to leave the one origin that is allowed."""
    say("Only the shop is allowed. Neither an address nor a redirect of the shop itself leads anywhere else.")
    for url in (there, f"{here}/elsewhere", "file:///etc/passwd"):
        refused = await call(client, "browser_navigate", url=url)
        check("it was refused", holds=refused.is_error)
    left = await call(client, "browser_tabs", action="list", quiet=True)
    check("the tab is not there", holds=f'"{there}' not in text_of(left).partition("Event")[0])


def ref(result: CallToolResult, node: str) -> str:
    """The ref of a node of a snapshot."""
    found = re.search(rf"{re.escape(node)}[^\n]*?\[ref=(\w+)\]", text_of(result))
    if found is None:
        raise SystemExit(f"The page has no {node}.")
    return found[1]
