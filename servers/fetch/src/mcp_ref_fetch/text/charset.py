"""From the bytes of a text to its characters: byte order mark, header, `<meta>`, UTF-8, then a guess.

UTF-7 is never used: in it `+ADw-script+AD4-` is markup. What comes out is always valid Unicode without surrogates.
"""

import codecs
import re

# The first bytes in which a page may say what it is written in; the HTML standard says 1,024.
_META_BYTES = 4096
_GUESS_BYTES = 64 * 1024
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEADER = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,512}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.-]+)", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([a-zA-Z0-9_:.-]+)", re.IGNORECASE)
# Names that pages use for what browsers take for a larger set (WHATWG Encoding 4.2).
_LARGER = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "big5": "big5hkscs",
}
_NO_TEXT = frozenset({"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})


def decoded(body: bytes, content_type: str, *, is_markup: bool) -> tuple[str, str]:
    """The text, and the name of the charset it was read with."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _clean(body[len(mark) :].decode(name, "replace")), name.removesuffix("-le").removesuffix("-be")
    declared = _in_header(content_type) or (_in_markup(body) if is_markup else None)
    if declared is not None:
        return _clean(body.decode(declared, "replace")), declared
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        name = _guessed(body)
        return _clean(body.decode(name, "replace")), name


def known(label: str) -> str | None:
    """Python's name of a charset that a page may use; None for anything else."""
    name = label.strip().lower()
    name = _LARGER.get(name, name)
    try:
        found = codecs.lookup(name).name
        "".encode(found)
        b"".decode(found)  # not every codec makes text of bytes
    except (LookupError, UnicodeError, TypeError, ValueError):
        return None
    return None if found.replace("_", "-") in _NO_TEXT else _LARGER.get(found, found)


def _in_header(content_type: str) -> str | None:
    found = _HEADER.search(content_type)
    return known(found[1]) if found else None


def _in_markup(body: bytes) -> str | None:
    start = body[:_META_BYTES]
    found = _META.search(start) or _XML.search(start)
    name = known(found[1].decode("ascii")) if found else None
    # A page whose ASCII could be read is not UTF-16, whatever it says.
    return "utf-8" if name is not None and name.startswith(("utf-16", "utf-32")) else name


def _guessed(body: bytes) -> str:
    from charset_normalizer import from_bytes  # noqa: PLC0415  the last resort, for a few pages

    best = from_bytes(body[:_GUESS_BYTES]).best()
    name = known(best.encoding) if best is not None else None
    return name or "cp1252"


def _clean(text: str) -> str:
    """Without lone surrogates, which no JSON can carry."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
