"""The text of pages: what a reader sees, in the charset that the page is in."""

import pytest

from streamcontract.services.chat.tools.page_text import CODECS, Page, text_of

HTML = "text/html"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>one<p>two", "one\ntwo"),
        ("<p>wo<b>rd</b>s <a href=x>link</a></p>", "words link"),
        ("a<div>b</div>c", "a\nb\nc"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("a<br>b", "a\nb"),
        ("<p>  many \n\t spaces </p>\n\n<p></p><p>x</p>", "many spaces\nx"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<p>&lt;b&gt; &amp; &eacute; &#x1F30D; &#0;</p>", "<b> & é 🌍 \ufffd"),
        ("<title>t</title><script>no()</script><style>no{}</style><body><noscript>no</noscript>yes", "yes"),
        ("<body><template>no</template><svg><text>no</text></svg><iframe>no</iframe>yes", "yes"),
        ("<!-- no -->yes<![CDATA[no]]>", "yes"),
        ("<p>a<script>x</script>b</p>", "ab"),
        ("<table><tr><td>a<td>b</table>", "a\nb"),
        ("", ""),
        ("no tags", "no tags"),
        ("<p>un<b>closed", "unclosed"),
    ],
)
def test_html_becomes_what_a_reader_sees(page: str, text: str) -> None:
    assert text_of(page.encode(), HTML + "; charset=utf-8").text == text


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title> A\n title &amp; more </title>", "A title & more"),
        ("<svg><title>no</title></svg><p>x", ""),
        ("<p>x", ""),
    ],
)
def test_a_title(page: str, title: str) -> None:
    assert text_of(page.encode(), HTML).title == title


def test_what_is_no_html_stays_as_it_is() -> None:
    assert text_of(b"<p>a\n  b", "text/plain") == Page("", "<p>a\n  b")
    assert text_of(b'{"a": "<p>"}', "application/json; charset=utf-8") == Page("", '{"a": "<p>"}')


WORD = "Grüße"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (WORD.encode(), HTML),
        (WORD.encode(), "Text/HTML; Charset=UTF-8"),
        (WORD.encode("cp1252"), "text/html; charset=ISO-8859-1"),
        (WORD.encode("cp1252"), 'text/html; charset="windows-1252"'),
        (WORD.encode("latin-1"), "text/html; x=y; charset = latin1"),
        (b"<meta charset=iso-8859-15>" + WORD.encode("iso8859-15"), HTML),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=latin1">' + WORD.encode("latin-1"), HTML),
        (b"<meta charset=latin1>" + WORD.encode(), "text/html; charset=utf-8"),
        (b"\xef\xbb\xbf" + WORD.encode(), "text/html; charset=latin1"),
        (b"\xff\xfe" + WORD.encode("utf-16-le"), HTML),
        (b"\xfe\xff" + WORD.encode("utf-16-be"), "text/html; charset=utf-8"),
        (WORD.encode("utf-16-le"), "text/plain; charset=utf-16"),
        (WORD.encode(), "text/html; charset=no-such-thing"),
    ],
)
def test_the_charset_is_found(body: bytes, content_type: str) -> None:
    assert text_of(body, content_type).text == WORD


@pytest.mark.parametrize(
    "label", ["hex", "rot13", "zlib", "bz2", "idna", "punycode", "utf-7", "unicode_escape", "undefined"]
)
def test_codecs_of_python_that_are_no_charsets_are_not_used(label: str) -> None:
    assert text_of(b"+AGE- \\u0061", f"text/plain; charset={label}").text == "+AGE- \\u0061"


@pytest.mark.parametrize("codec", sorted(set(CODECS.values())))
def test_each_codec_reads_letters_and_survives_garbage(codec: str) -> None:
    label = next(label for label, known in CODECS.items() if known == codec)
    assert text_of("abc".encode(codec), f"text/plain; charset={label}").text == "abc"
    garbled = text_of(bytes(range(256)), f"text/plain; charset={label}").text
    assert garbled.encode()
