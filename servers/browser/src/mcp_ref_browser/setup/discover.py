"""Which browser is started, and how: executables in their order, the sandbox, the flags."""

import logging
import os
import shutil
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from mcp_ref_browser.errors import INSTALL, unavailable
from mcp_ref_browser.settings import Settings

_log = logging.getLogger(__name__)

# Headless-shell first: a context with a page takes a fifth of the time and a quarter of the memory there.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge")
# A shell script that Debian puts before it; the browser itself is then the process that we start.
_BEHIND = {"/usr/bin/chromium-headless-shell": "/usr/lib/chromium/chromium-headless-shell"}

_FLAGS = (
    # Both spellings: full Chromium obeys the first, headless-shell the second. Without them STUN passes any proxy.
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--dns-prefetch-disable",
    # The guard looks names up. Whatever else would (WebRTC, for a TURN server over TCP) tells the name to others.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    # Full Chromium tells its maker of the forms on pages, and asks what belongs into them.
    "--autofill-server-url=about:blank",
)
# What playwright turns off and we do not: a page that pushes states or navigates for ever holds all sessions up else.
_KEPT = ("--disable-ipc-flooding-protection",)
# The network service runs without a sandbox on Linux wherever it runs, so a process of its own adds nothing but 13 MB
# and its start. Site isolation stays as Chromium has it: that one does separate what pages may read.
_FEATURES = ("NetworkServiceInProcess2",)
# A second --enable-features replaces the first, so these of playwright's come along.
_DRIVERS = ("CDPScreenshotNewSurface", "SkipListAccountsWithoutGaiaCookies")
# Where a window can be shown.
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
# What a browser needs of our environment; tokens and passwords in the rest are none of its business.
_PASSED = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "FONTCONFIG_PATH", "FONTCONFIG_FILE"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH", "SystemRoot", "LOCALAPPDATA", "ProgramFiles"),
)


def executable(settings: Settings, own: str = "") -> str:
    """The browser to start; `own` is where playwright keeps one of its own, if it does.

    Raises:
        BrowserError: `browser_unavailable`, there is none.
    """
    if settings.executable_path is not None:
        if settings.executable_path.is_file():
            return str(settings.executable_path)
        raise unavailable("The browser given by --executable-path is not there.", INSTALL)
    if own and Path(own).is_file():
        return own
    for name in NAMES:
        if settings.headed and name == SHELL:
            continue
        found = shutil.which(name)
        if found:
            behind = _BEHIND.get(found, "")
            return behind if behind and Path(behind).is_file() else found
    raise unavailable("No Chromium was found.")


def sandboxed(settings: Settings) -> bool:
    """Whether Chromium's own sandbox is used: always, but for root, for whom it cannot work."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if settings.sandbox is not None:
        return settings.sandbox
    if root:
        _log.warning("Chromium runs without its sandbox, since this is root; run as another user to have it.")
    return not root


def launch_options(settings: Settings, own: str, downloads: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """What playwright is told to start.

    Raises:
        BrowserError: there is no browser, or no display for its window.
    """
    if settings.headed and sys.platform == "linux" and not any(environment.get(name) for name in _DISPLAYS):
        raise unavailable("--headed needs a display, and there is none here.", "Set DISPLAY, or start it by xvfb-run.")
    return {
        "executable_path": executable(settings, own),
        "headless": not settings.headed,
        "chromium_sandbox": sandboxed(settings),
        "ignore_default_args": list(_KEPT),
        "args": [*_FLAGS, f"--enable-features={','.join(_features(settings))}"],
        "downloads_path": str(downloads),
        "env": {name: environment[name] for name in _PASSED if name in environment},
        # Signals are ours: the driver would end the browser behind our back.
        "handle_sigint": False,
        "handle_sigterm": False,
        "handle_sighup": False,
        "timeout": 30_000,
    }


def keep_compiled(environment: MutableMapping[str, str]) -> None:
    """Say where the driver keeps what it has compiled of its script, which is a fifth of its start."""
    home = environment.get("HOME")
    place = environment.get("XDG_CACHE_HOME") or environment.get("LOCALAPPDATA") or (f"{home}/.cache" if home else None)
    if place is not None:
        environment.setdefault("NODE_COMPILE_CACHE", str(Path(place) / "mcp-ref-browser" / "driver"))


def _features(settings: Settings) -> list[str]:
    asked = {"webmcp", "all"} & {*settings.toolsets, *settings.caps}
    return [*_DRIVERS, *_FEATURES, *(["WebMCP"] if asked else [])]
