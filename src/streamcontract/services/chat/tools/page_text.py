"""The text of a page: its charset, and what a reader of the HTML would see.

Read by Lexbor through selectolax: a full HTML5 parser, typed, without dependencies of its own. Some pages of 2 MB take
any such parser minutes (300,000 nested elements), so this is called in a process that can be ended.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec
from selectolax.lexbor import LexborHTMLParser

__all__ = ["HTML", "Page", "text_of"]

HTML = frozenset({"text/html", "application/xhtml+xml"})

CODECS: Mapping[str, str] = {
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8"), "utf-8"),
    **dict.fromkeys(("ascii", "us-ascii", "iso-8859-1", "iso8859-1", "latin1", "l1", "windows-1252"), "cp1252"),
    **{f"iso-8859-{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-{n}": f"cp{n}" for n in (874, 1250, 1251, 1253, 1254, 1255, 1256, 1257, 1258)},
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
    **dict.fromkeys(("utf-16", "utf-16le"), "utf-16-le"),
    **{name: name for name in ("euc-jp", "iso-2022-jp", "big5", "koi8-r", "koi8-u", "utf-16be")},
}
"""The labels that pages use; any other, and Python's own codecs that are no charsets, are read as UTF-8."""

MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]+)", re.IGNORECASE)
IN_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)

UNSEEN = frozenset(
    ("head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "select", "textarea")
)
INLINE = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img", "ins", "kbd")
) | frozenset(("label", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr"))
SPACE = re.compile(r"\s+")


class Page(msgspec.Struct, frozen=True):
    """What can be read on a page."""

    title: str
    text: str


def text_of(body: bytes, content_type: str) -> Page:
    """The title and the text; of anything but HTML, the text as it is."""
    text = _decoded(body, content_type)
    if content_type.partition(";")[0].strip().lower() not in HTML:
        return Page("", text)
    tree = LexborHTMLParser(text)
    title = tree.css_first("head > title")
    named = title.text() if title else ""
    tree.strip_tags(list(UNSEEN), recursive=True)
    return Page(" ".join(named.split()), _tidy("".join(_pieces(tree))))


def _decoded(body: bytes, content_type: str) -> str:
    for mark, codec in MARKS:
        if body.startswith(mark):
            return body.removeprefix(mark).decode(codec, "replace")
    told = IN_HEADER.search(content_type)
    meta = IN_META.search(body[:1024])
    label = told[1] if told else meta[1].decode("ascii") if meta else ""
    return body.decode(CODECS.get(label.lower(), "utf-8"), "replace")


def _pieces(tree: LexborHTMLParser) -> Iterator[str]:
    """The texts in their order, with a line break wherever another block begins or goes on."""
    last = 0
    for node in tree.root.traverse(include_text=True) if tree.root else ():
        if node.tag == "br":
            yield "\n"
        elif node.tag == "-text":
            block = node.parent
            while block is not None and block.tag in INLINE and block.parent is not None:
                block = block.parent
            if block is not None and block.mem_id != last:
                last = block.mem_id
                yield "\n"
            text = node.text_content or ""
            yield text if block is not None and block.tag == "pre" else SPACE.sub(" ", text)


def _tidy(text: str) -> str:
    """No empty lines, no spaces at the ends of lines."""
    lines = (line.strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
