# ruff: noqa: E501, RUF001  pages as they are written
"""Markdown where it is easily wrong: code in lists, tables in tables, links around blocks, what must be escaped."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_fetch.text.form import Form
from mcp_ref_fetch.text.html import read_html

URL = "http://site.test/dir/page"


def markdown(html: str, **form: Any) -> str:
    fields: dict[str, Any] = {"main_only": False} | form
    return read_html(html, URL, Form(**fields), time.monotonic() + 60).text


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<ul><li><p>Step</p><pre><code class=language-sh>ls\npwd</code></pre><li>next</ul>",
            "- Step\n\n  ```sh\n  ls\n  pwd\n  ```\n\n- next",
        ),
        ("<ol><li>a<blockquote><p>q</p></blockquote></ol>", "1. a\n\n   > q"),
        ("<ul><li>a</li><ul><li>beside</li></ul></ul>", "- a\n  - beside"),
        ("<blockquote><ul><li>a<li>b</ul></blockquote>", "> - a\n> - b"),
        ("<dl><dt>T<dd><p>one</p><p>two</p></dl>", "**T**\n: one\n\n  two"),
        ("<ul><li><a href=/x>x</a></ul>", "- [x](http://site.test/x)"),
    ],
)
def test_wf16_blocks_in_lists(html: str, expected: str) -> None:
    """WF16."""
    assert markdown(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<pre class='prettyprint lang-js'>a &lt; b &amp;&amp; *c*</pre>", "```js\na < b && *c*\n```"),
        ("<div class='highlight highlight-source-python'><pre>x</pre></div>", "```python\nx\n```"),
        ("<pre class='sourceCode haskell'><code>main</code></pre>", "```haskell\nmain\n```"),
        ("<pre data-lang=go><code>x</code></pre>", "```go\nx\n```"),
        ("<pre class='brush: php; gutter: true'>x</pre>", "```php\nx\n```"),
        (
            "<pre><code class=hljs><span class=k>def</span> <span class=n>f</span>():\n    <span class=k>pass</span></code></pre>",
            "```\ndef f():\n    pass\n```",
        ),
        (
            "<table class=highlighttable><tr><td class=linenos><pre>1\n2</pre><td class=code><pre>a\nb</pre></table>",
            "```\na\nb\n```",
        ),
        ("<pre><span class=ln>1</span>a\n<span class=ln>2</span>b</pre>", "```\na\nb\n```"),
        ("<pre><div>one</div><div>two</div></pre>", "```\none\ntwo\n```"),
        ("<pre>a<br>b</pre>", "```\na\nb\n```"),
        ("<pre>\n\n  a\n</pre>", "```\n  a\n```"),
        ("<p>x <code>`a</code> <code>a_b*c*</code> <code> </code>", "x `` `a `` `a_b*c*`"),
    ],
)
def test_wf16_code_is_as_it_was_written(html: str, expected: str) -> None:
    """WF16."""
    assert markdown(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<table><tr><th>A<th>B<tr><td rowspan=2>1<td>2<tr><td>3</table>",
            "| A | B |\n| --- | --- |\n| 1 | 2 |\n| 1 | 3 |",
        ),
        (
            "<table><thead><tr><th colspan=2>H<tr><th>a<th>b</thead><tr><td>1<td>2</table>",
            "| H |  |\n| --- | --- |\n| a | b |\n| 1 | 2 |",
        ),
        (
            "<table><tr><th>A<th>B<tr><td><pre>x\ny</pre><td><a href=/z>z</a></table>",
            "| A | B |\n| --- | --- |\n| `x y` | [z](http://site.test/z) |",
        ),
        ("<table><tr><td>left<td><table><tr><th>i<th>j</table></table>", "left\n\n| i | j |\n| --- | --- |"),
        ("<ul><li>a<table><tr><th>x<th>y</table></ul>", "- a\n\n  | x | y |\n  | --- | --- |"),
        ("<table><tr><td>a<b>b</b> <em>c</em><td>d</table>", "|  |  |\n| --- | --- |\n| a**b** *c* | d |"),
    ],
)
def test_wf16_tables_within_other_things(html: str, expected: str) -> None:
    """WF16."""
    assert markdown(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a href=/x><div>Block</div><div>more</div></a>", "[Block](http://site.test/x)\n\nmore"),
        ("<a href=/x><h3>Card</h3><ul><li>a</ul></a>", "### [Card](http://site.test/x)\n\n- a"),
        ("<p>see <a href=/x><em>this</em> one</a>.", "see [*this* one](http://site.test/x)."),
        ("<a href=/x>l[1]</a>", "[l\\[1\\]](http://site.test/x)"),
        ("<a href='/a(b)c?x=1&amp;y=2'>p</a>", "[p](http://site.test/a%28b%29c?x=1&y=2)"),
        ("<a href=/x>link</a> <a href=#t>#</a>", "[link](http://site.test/x)"),
        ("<b><p>a</p></b><p>b", "a\n\nb"),
        ("<h2>Two<br>lines</h2>", "## Two lines"),
        ("<h2><a href=/t>Title</a> <a class=anchor href=#t>#</a></h2>", "## [Title](http://site.test/t)"),
        ("<h3><button>Toggle</button></h3><button>Go</button>", "### Toggle"),
        ("<b>bold <i>both</i></b><b> x </b>y", "**bold *both*** **x** y"),
        ("<p>a<sup><a href=#n1>1</a></sup> b<sup>[2]</sup><ol><li>Note <a href=#r1>↩</a></ol>", "a[1] b[2]\n\n1. Note"),
        ("<p>10<sup>6</sup> m<sup>2</sup> 1<sup>st</sup>", "10^6 m^2 1st"),
        ("<p dir=rtl>שלום <b>עולם</b> \u202bסוף\u202c", "שלום **עולם** סוף"),
        ("<q>so</q> he said", '"so" he said'),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "漢(kan)"),
    ],
)
def test_wf16_links_headings_notes(html: str, expected: str) -> None:
    """WF16."""
    assert markdown(html) == expected


def test_pictures_within_links() -> None:
    page = "<a href=/x><img src=i.png alt=pic></a><figure><img src=/j.png alt=''><figcaption>Cap</figcaption></figure>"
    expected = "[![pic](http://site.test/dir/i.png)](http://site.test/x)\n\n![](http://site.test/j.png)\n\nCap"
    assert markdown(page, include_images=True) == expected
    assert markdown(page) == "Cap"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("snake_case and 2 * 3 and a_b_c", "snake_case and 2 * 3 and a_b_c"),
        ("*stars* _under_ `tick`", "\\*stars\\* \\_under\\_ \\`tick\\`"),
        ("[x](y) and [1] and f[0](z)", "\\[x\\](y) and [1] and f\\[0\\](z)"),
        ("[note]: text", "\\[note]: text"),
        ("the &lt;div&gt; tag, a &lt; b", "the \\<div> tag, a < b"),
        ("&amp;lt; but AT&amp;T", "\\&lt; but AT&T"),
        ("C:\\path and \\*", "C:\\path and \\\\\\*"),
        ("a<br>- b<br># c", "a\n\\- b\n\\# c"),
    ],
)
def test_what_would_mean_something_else_is_escaped(html: str, expected: str) -> None:
    assert markdown(f"<p>{html}</p>") == expected
    assert "\\<" not in markdown(f"<p>{html}</p>", format="text")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<math><mi>x</mi><mo>=</mo><mn>2</mn></math>", "x = 2"),
        ("<script type='math/tex; mode=display'>a_1 < b_*c*</script>", "$a_1 < b_*c*$"),
        (
            "<span class=katex><span class=katex-mathml><math><mi>x</mi><annotation encoding='application/x-tex'>x^2</annotation></math></span><span class=katex-html aria-hidden=true>x2</span></span>",
            "$x^2$",
        ),
        (r"<img alt='{\displaystyle a^{2}}' src=x.svg> is", r"${\displaystyle a^{2}}$ is"),
    ],
)
def test_a_formula_stands_there_once(html: str, expected: str) -> None:
    assert markdown(html) == expected


@given(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="<>&"), min_size=1, max_size=40))
def test_text_in_plain_form_is_as_it_was(text: str) -> None:
    assert markdown(f"<p>{text}</p>", format="text") == text


@given(st.text(alphabet="<>\"'=/ab\n", max_size=30))
def test_attributes_never_become_text(source: str) -> None:
    """What is written in a tag stays in it, also where it looks like tags."""
    found = markdown(f"<p x{source} y=1><b z='</p>secret'>seen</b></p>", format="text")
    assert found.count("secret") <= source.count("'") + source.count('"') + source.count(">")
    assert markdown("<p>se<x<b c=1>en</x<b></p>") == "seen"
    assert markdown("<p a<b=1 c='<i>no' d=\"</p>no\">seen</p>") == "seen"
