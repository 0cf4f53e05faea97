"""Which operations a path belongs to, whatever the method: what connexion's router does not tell about an error."""

import re
from collections.abc import Iterable

from connexion.frameworks.starlette import starlettify_path
from starlette.routing import compile_path

from streamcontract.server.binding import Binding

__all__ = ["Paths"]


class Paths:
    """The paths of all operations."""

    def __init__(self, bindings: Iterable[Binding]) -> None:
        self._known: list[tuple[re.Pattern[str], Binding]] = [
            (compile_path(starlettify_path(binding.path))[0], binding) for binding in bindings
        ]

    def matching(self, path: str) -> list[Binding]:
        """The operations at a path."""
        return [binding for pattern, binding in self._known if pattern.match(path)]

    def methods(self, path: str) -> list[str]:
        """The methods that a path takes; HEAD where there is GET, as connexion's router has it."""
        methods = {binding.operation.method for binding in self.matching(path)}
        return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
