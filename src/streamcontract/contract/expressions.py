"""CEL, the Common Expression Language: compiled once, evaluated on what an event brings.

CEL is total and has no side effects, so an expression from a stranger is safe to run. What it can still do is take
long: loops within loops over a long list. Length and nesting are therefore bounded here, and the data in `values`.
"""

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import cel

from streamcontract.contract.report import did_you_mean
from streamcontract.contract.values import Effort, EvaluationError, LimitError, Reads, doubles, follow, ints, variables
from streamcontract.contract.written import shorten

__all__ = ["EvaluationError", "Expression", "ExpressionError", "LimitError", "compile_expression"]

MAXIMUM_LENGTH = 4_000
MAXIMUM_LOOPS = 2
"""Loops (`all`, `exists`, `exists_one`, `map`, `filter`) inside each other: two is a comparison of all with all."""

SIZE = "size_in_code_points"
FUNCTIONS = frozenset(
    """size contains startsWith endsWith matches string bytes double int uint dyn type timestamp duration
    getFullYear getMonth getDayOfYear getDayOfMonth getDate getDayOfWeek getHours getMinutes getSeconds
    getMilliseconds""".split()  # noqa: SIM905 - a table of words reads better than a table of quotes
)
REQUEST: Reads = {"method": {}, "path": {}, "query": {}, "headers": {}, "body": {}}
RESPONSE: Reads = {"status": {}, "headers": {}, "body": {}}
MEMBERS: Reads = {
    "request": REQUEST,
    "response": RESPONSE,
    "linked": {"operation": {}, "request": REQUEST, "response": RESPONSE},
}
"""What these have is known beforehand, whatever is sent; empty: anything."""
LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(?:([A-Za-z_]\w*)\s*,)?")
PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
QUIET = re.compile(
    r"""//[^\n]*
      | [bB]?[rR][bB]?(?:'''.*?'''|\"\"\".*?\"\"\"|'[^'\n]*'|"[^"\n]*")
      | [bB]?(?:'''(?:\\.|.)*?'''|\"\"\"(?:\\.|.)*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")""",
    re.VERBOSE | re.DOTALL,
)
"""Comments and strings, in which nothing is a name or a parenthesis."""
SPACE = re.compile(rf"(?:\s|//[^\n]*)+|(?P<string>{QUIET.pattern})", re.VERBOSE | re.DOTALL)
"""What stands between words; a string is found, too, so that it is kept as it is."""


# The library logs a warning when a function of ours refuses a value; the evaluation error says the same.
logging.getLogger("cel").addFilter(lambda record: SIZE not in record.getMessage())


class ExpressionError(ValueError):
    """The text of an expression is wrong."""

    def __init__(self, message: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(message)


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A compiled expression; `names` are the variables that it reads."""

    source: str
    names: frozenset[str]
    program: cel.Program = field(repr=False)
    in_doubles: cel.Program = field(repr=False)
    reads: Reads = field(repr=False)
    counts: bool = field(default=False, repr=False)
    effort: Effort = field(default=Effort(), repr=False)
    path: tuple[str, ...] = field(default=(), repr=False)
    shown: str = field(default="", repr=False)
    """Its text on one line, without comments, and not longer than a message bears."""

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """Its value. Raises EvaluationError when it has none, LimitError when the data is too large for it."""
        if self.path:
            return follow(scope, self.path)
        read = variables(scope, self.reads, self.effort)
        try:
            return self._run(read, self.program)
        except TypeError as error:
            # JSON has one kind of number, and CEL adds no int to a double: 1 and 1.0 must not be told apart by that.
            for program, as_one_kind in ((self.program, ints), (self.in_doubles, doubles)):
                try:
                    return self._run({name: as_one_kind(value) for name, value in read.items()}, program)
                except (TypeError, OverflowError, EvaluationError):
                    continue
            raise EvaluationError(_first_sentence(str(error))) from None

    def _run(self, variables: dict[str, Any], program: cel.Program) -> Any:
        try:
            return program.execute(cel.Context(variables, {SIZE: len}) if self.counts else variables)
        except KeyError as error:
            raise EvaluationError(f"there is no {error.args[0]!r}") from None
        except (KeyboardInterrupt, SystemExit, TypeError):
            raise
        except BaseException as error:  # a panic inside the library is no Exception, and must not end a check
            raise EvaluationError(_first_sentence(str(error))) from None


def compile_expression(source: object, names: Collection[str]) -> Expression:
    """Compile one expression that may read `names`. Raises ExpressionError, which says what is wrong."""
    text = _text(source)
    if len(text) > MAXIMUM_LENGTH:
        raise ExpressionError(
            f"the expression is longer than {MAXIMUM_LENGTH:,} characters", "split it into several rules"
        )
    quiet = QUIET.sub(lambda match: " " * len(match[0]), text)
    loops = _loops(quiet)
    depths = _depths(loops)
    if max(depths, default=0) > MAXIMUM_LOOPS:
        raise ExpressionError(
            f"more than {MAXIMUM_LOOPS} loops inside each other take too long on a long list",
            "split it into several rules",
        )
    counting = _count_code_points(text, quiet)
    try:
        program = cel.compile(counting)
        used = program.references()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise ExpressionError(
            f"{text!r} is no CEL expression: {_syntax(error)}", "see cel.dev for the syntax"
        ) from None
    bound = {loop.variable for loop in loops if loop.variable and not _read_outside(loop.variable, quiet, loops)}
    read = frozenset(used["variables"]) - bound
    _check_names(text, read, names)
    _check_functions(text, used["functions"])
    reads = {name: _reads(name, quiet) for name in read}
    _check_members(text, reads, MEMBERS)
    in_doubles = _compiled_in_doubles(counting, program)
    effort = _effort(quiet, depths)
    return Expression(text, read, program, in_doubles, reads, counting != text, effort, _path(text, read), _shown(text))


def _shown(text: str) -> str:
    return shorten(SPACE.sub(lambda match: match["string"] or " ", text).strip())


def _path(text: str, read: frozenset[str]) -> tuple[str, ...]:
    """The members that are followed, where that is all: most expressions are `data.text`, and need no CEL."""
    path = tuple(text.split("."))
    return path if path[0] in read and PATH.fullmatch(text) else ()


def _text(source: object) -> str:
    """`assert: true` in YAML is a boolean, and means the expression of that text; a list or a mapping means nothing."""
    match source:
        case str():
            return source
        case bool():
            return str(source).lower()
        case None:
            return "null"
        case int() | float():
            return str(source)
    raise ExpressionError(
        "an expression is a text", 'put it in quotes: "[data.a, data.b]" is CEL, [data.a, data.b] is YAML'
    )


def _check_names(text: str, read: frozenset[str], names: Collection[str]) -> None:
    unknown = sorted(read - set(names))
    if unknown:
        raise ExpressionError(
            f"{text!r} speaks of {', '.join(map(repr, unknown))}, which is not known here",
            f"known here: {', '.join(sorted(names))}; what `collect` gathers is known by the names given there",
        )


def _check_members(text: str, reads: Reads, known: Reads, of: str = "") -> None:
    for name, below in reads.items():
        if name in known:
            _check_members(text, below, known[name], f"{of}.{name}" if of else name)
        elif of and known:
            raise ExpressionError(
                f"{text!r} speaks of {of}.{name}, and {of} has no {name!r}", did_you_mean(name, known)
            )


def _check_functions(text: str, used: Collection[str]) -> None:
    unknown = sorted(name for name in used if name.isidentifier() and name not in FUNCTIONS | {SIZE})
    if unknown:
        raise ExpressionError(
            f"{text!r} calls {', '.join(map(repr, unknown))}, which CEL does not have",
            f"there is: {', '.join(sorted(FUNCTIONS))}, and has, all, exists, exists_one, map, filter",
        )


def _reads(name: str, quiet: str) -> Reads:
    """What an expression reads of one variable: every value is converted for CEL, and a request may be large."""
    tree: dict[str, Any] = {}
    paths = re.finditer(rf"(?<![\w.]){re.escape(name)}(?!\w)((?:\.[A-Za-z_]\w*(?!\w*\s*\())*)", quiet)
    for path in sorted((match[1].split(".")[1:] for match in paths), key=len, reverse=True):
        if not path:
            return {}
        node = tree
        for key in path[:-1]:
            node = node.setdefault(key, {})
        node[path[-1]] = {}  # a shorter path reads all that a longer one reads
    return tree


def _compiled_in_doubles(text: str, program: cel.Program) -> cel.Program:
    """The same expression with the whole numbers in it as doubles, but for those that end an index."""
    quiet = QUIET.sub(lambda match: " " * len(match[0]), text)
    places = [match.end() for match in re.finditer(r"(?<![\w.\[])(?<![0-9][eE][+-])[0-9]+(?![\w.\]])", quiet)]
    if not places:
        return program
    parts = [text[start:end] for start, end in zip([0, *places], [*places, None], strict=True)]
    return cel.compile(".0".join(parts))


def _count_code_points(text: str, quiet: str) -> str:
    """The expression with a `size` of our own: the library's counts a string's bytes, CEL's its code points.

    "string length: the number of Unicode code points"
    https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions
    """
    parts, done = [], 0
    for match in re.finditer(r"(?<!\w)size(?=\s*\()", quiet):
        parts += [text[done : match.start()], SIZE]
        done = match.end()
    return "".join([*parts, text[done:]])


@dataclass(frozen=True, slots=True)
class _Loop:
    """One loop: its variable, and the stretch of text within its parentheses."""

    variable: str | None
    start: int
    end: int


def _loops(quiet: str) -> list[_Loop]:
    """The loops of an expression whose strings and comments have been blanked out."""
    found = []
    for match in LOOP.finditer(quiet):
        start = quiet.index("(", match.start())
        depth = 0
        for offset in range(start, len(quiet)):
            depth += {"(": 1, ")": -1}.get(quiet[offset], 0)
            if depth == 0:
                break
        found.append(_Loop(match[1], start, offset))
    return found


def _depths(loops: list[_Loop]) -> list[int]:
    """How deep each loop stands inside others, itself included."""
    return [sum(other.start <= loop.start < other.end for other in loops) for loop in loops]


def _effort(quiet: str, depths: list[int]) -> Effort:
    depth = max(depths, default=0)
    return Effort(depth, max(depths.count(depth), 1), quiet.count("+"), quiet.count(","))


def _read_outside(name: str, quiet: str, loops: list[_Loop]) -> bool:
    """Whether a loop's variable is read where it is not known."""
    inside = [loop for loop in loops if loop.variable == name]
    return any(
        not any(loop.start < match.start() < loop.end for loop in inside)
        for match in re.finditer(rf"(?<![\w.]){re.escape(name)}(?!\w)", quiet)
    )


def _syntax(error: BaseException) -> str:
    """The library's own words, without the expression that it repeats."""
    text = str(error)
    return _first_sentence(text.split("ERROR:", 1)[-1].strip())


def _first_sentence(text: str) -> str:
    return re.split(r"\.\s|\n", text, maxsplit=1)[0].strip()[:300]
