"""A media type with `itemSchema` and `x-stream` becomes a Stream (sections 1 to 7 of the contract language)."""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from streamcontract.contract.alternatives import check_ambiguity, read_alternatives
from streamcontract.contract.document import Document
from streamcontract.contract.expressions import Expression, ExpressionError, compile_expression
from streamcontract.contract.model import Outcome, Stream, Timing
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report, did_you_mean
from streamcontract.contract.rule_builder import RuleBuilder
from streamcontract.contract.schemas import Schemas
from streamcontract.contract.sequence_builder import SequenceBuilder
from streamcontract.contract.symbols import Classifier

__all__ = ["StreamBuilder"]

PATH_IN_DATA = re.compile(r"data((?:\.[A-Za-z_]\w*)+)")


class StreamBuilder:
    """Builds the streams of one document; every mistake goes to the report."""

    def __init__(
        self, document: Document, schemas: Schemas, report: Report, operations: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.document, self.schemas, self.report, self.operations = document, schemas, report, operations

    def build(self, operation: str, status: str, media_type: str, pointer: Pointer) -> Stream | None:
        """The stream described by the Media Type Object at `pointer`."""
        node = self.document.get(pointer)
        if not isinstance(node, dict):
            return None
        # "On OpenAPI 3.0/3.1 documents, which have no itemSchema, schema describes one event"
        key = "itemSchema" if "itemSchema" in node else "schema"
        extension = node.get("x-stream")
        extension = extension if isinstance(extension, dict) else {}
        at: Pointer = (*pointer, "x-stream")
        naming = self._naming(extension, at)
        classifier = self._classifier((*pointer, key), naming) if key in node else Classifier(())
        symbols = SymbolNames(self.report, classifier.symbols)
        sequences = SequenceBuilder(self.document, self.report, symbols, extension, at)
        rules = RuleBuilder(self.report, symbols, sequences, self.operations, extension, at)
        outcome = self._outcome(symbols, extension, at)
        return Stream(
            operation=operation,
            status=status,
            media_type=media_type,
            classifier=classifier,
            orders=sequences.orders(),
            interrupted_by=sequences.interrupting,
            reject_unknown=extension.get("unknownEvents") == "reject",
            outcome=outcome,
            slices=rules.slices(),
            rules=rules.rules(),
            timing=self._timing(extension),
            retry=_whole(extension.get("retry")),
            afterwards=rules.afterwards(),
            location=self.document.locate(at if "x-stream" in node else pointer),
        )

    def _naming(self, extension: Mapping[str, Any], at: Pointer) -> Expression | None:
        source = extension.get("symbol")
        if not isinstance(source, str):
            return None
        try:
            return compile_expression(source, ("data", "event"))
        except ExpressionError as error:
            self.report.error("expression.invalid", (*at, "symbol"), str(error), error.remedy)
            return None

    def _classifier(self, pointer: Pointer, naming: Expression | None) -> Classifier:
        path = PATH_IN_DATA.fullmatch(naming.source.strip()) if naming else None
        place = tuple(path[1].split(".")[1:]) if path else None
        alternatives = read_alternatives(self.document, self.schemas, self.report, pointer, place)
        if naming is None:
            check_ambiguity(alternatives, self.report, pointer)
            return Classifier(tuple(alternatives))
        by_name = {
            symbol: tuple(alternative for alternative in alternatives if alternative.symbol == symbol)
            for symbol in dict.fromkeys(alternative.symbol for alternative in alternatives)
        }
        return Classifier(tuple(alternatives), naming, by_name)

    def _outcome(self, symbols: "SymbolNames", extension: Mapping[str, Any], at: Pointer) -> Outcome:
        given = extension.get("outcome")
        if not isinstance(given, dict):
            return Outcome()
        success = symbols.read(given.get("success"), (*at, "outcome", "success"))
        failure = symbols.read(given.get("failure"), (*at, "outcome", "failure"))
        for symbol in sorted(set(success) & set(failure)):
            self.report.error(
                "outcome.both", (*at, "outcome"), f"{symbol!r} means success and failure", "name it in one of the two"
            )
        return Outcome(frozenset(success), tuple(failure))

    def _timing(self, extension: Mapping[str, Any]) -> Timing:
        given = extension.get("timing")
        given = given if isinstance(given, dict) else {}
        return Timing(_whole(given.get("firstEventMs")), _whole(given.get("silenceMs")), _whole(given.get("totalMs")))


class SymbolNames:
    """The symbols that the events of a stream have; names of others are reported."""

    def __init__(self, report: Report, known: Collection[str]) -> None:
        self.report, self.known = report, frozenset(known)
        self.meant: set[str] = set()
        """What unknown names were probably meant to be."""

    def read(self, value: Any, pointer: Pointer) -> tuple[str, ...]:
        """The names in a symbol or a list of symbols; unknown ones are reported and left out."""
        if isinstance(value, str):
            return (value,) if self.check(value, pointer) else ()
        names = enumerate(value) if isinstance(value, list) else ()
        return tuple(name for n, name in names if isinstance(name, str) and self.check(name, (*pointer, n)))

    def check(self, name: str, pointer: Pointer, known: Iterable[str] = ()) -> bool:
        """Whether there is such a symbol; reports it when there is none."""
        if name in self.known or name in known:
            return True
        self.meant.update(get_close_matches(name, self.known, n=1))
        self.report.error(
            "symbols.unknown", pointer, f"no event is called {name!r}", did_you_mean(name, [*self.known, *known])
        )
        return False


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
