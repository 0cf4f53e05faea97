"""A fragment as a browser reads it, by the standard library's parser."""

from html.parser import HTMLParser

VOID = {"br", "hr"}


class Fragment(HTMLParser):
    """The elements, with their attributes, and the text of each class or tag."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.top: list[tuple[str, dict[str, str | None]]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.outside = ""
        self._open: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        assert len(attributes) == len(attrs)
        self.elements.append((tag, attributes))
        if not self._open:
            self.top.append((tag, attributes))
        if tag in VOID:
            return
        name = attributes.get("class") or tag
        self._open.append((tag, name))
        self.texts.setdefault(name, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if not self._open:
            self.outside += data
        for name in {name for _, name in self._open}:
            self.texts[name][-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def text(self, name: str) -> str:
        """The text of the only element of that class or tag."""
        (found,) = self.texts[name]
        return found
