"""The grammar of remote addresses, and what the operator allows of them."""

import pytest

from mcp_protocol import SettingsError, ToolError
from mcp_ref_git.remotes.addresses import judged, parse_address, permits

GOOD = {
    "https://example.org/a/b.git": ("https", "example.org", "443"),
    "https://example.org:8443/x": ("https", "example.org", "8443"),
    "ssh://git@example.org/x": ("ssh", "example.org", "22"),
    "ssh://example.org:2222/x": ("ssh", "example.org", "2222"),
    "git@example.org:group/x.git": ("ssh", "example.org", "22"),
}
BAD = [
    *(
        "ext::sh -c touch% x",
        "file:///etc",
        "-oProxyCommand=x",
        "https://u:p@h/",
        "https://u@h/x",
        "http://h/x",
        "git://h/x",
    ),
    *(
        "ssh://-oProxyCommand=x/y",
        "ssh://u:p@h/x",
        "git@-x:y",
        "host:-x",
        "/etc",
        "../x",
        "C:\\x",
        "https://h",
        "fd::17",
    ),
    *(
        "https://h/../x",
        "https://h/a b",
        "https://h\\@evil/x",
        "https://evil#h/x",
        "ftp://h/x",
        "",
        "x" * 3000,
        "https://h/x\n",
    ),
]


@pytest.mark.parametrize("text", GOOD)
def test_addresses_are_taken_apart(text: str) -> None:
    found = parse_address(text)
    assert found is not None
    assert (found.scheme, found.host, found.port) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_gt22_other_addresses_are_refused(text: str) -> None:
    """GT22, GT29: GitPython CVE-2022-24439, CVE-2023-40267."""
    with pytest.raises(ToolError) as caught:
        judged(text, permits(["h", "example.org", "evil"]))
    assert caught.value.code == "remote_denied"
    assert "p@" not in caught.value.text


@pytest.mark.parametrize(
    ("entry", "text", "allowed"),
    [
        ("example.org", "https://example.org/x", True), ("example.org", "https://EXAMPLE.org/x", True),
        ("example.org", "https://example.org.evil/x", False), ("example.org", "https://sub.example.org/x", False),
        ("example.org", "https://example.org:8443/x", False), ("example.org:8443", "https://example.org:8443/x", True),
        ("example.org/team", "https://example.org/team/x", True),
        ("example.org/team", "https://example.org/teamx/x", False),
        ("example.org/team", "git@example.org:team/x", True),
        ("example.org/team", "https://example.org/%74eam/x", False),
        ("example.org/team/", "https://example.org/team", True), ("example.org", "git@example.org:x", True),
    ],
)  # fmt: skip
def test_what_is_allowed_is_a_host_and_whole_segments_of_a_path(entry: str, text: str, allowed: bool) -> None:  # noqa: FBT001  a row
    try:
        judged(text, permits([entry]))
        found = True
    except ToolError:
        found = False
    assert found is allowed


@pytest.mark.parametrize("entry", ["", "https://h", "-x", "h/a b", "file:x", "u@h"])
def test_a_bad_permission_is_a_bad_setting(entry: str) -> None:
    with pytest.raises(SettingsError):
        permits([entry])
