"""Every module says what it is and what is public in it, and fits on a few screens."""

import ast
from pathlib import Path

import pytest
from architecture.pages import ROOT

LONGEST = 350
SOURCES = (ROOT / "src" / "streamcontract", ROOT / "test-harness" / "streamcontract_harness")
MODULES = sorted(path for source in SOURCES for path in source.rglob("*.py"))
MADE = "# made by "
"""How a file begins that a tool has written: its length is not ours to choose."""


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_are_modules() -> None:
    assert len(MODULES) > 80


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_is_not_longer_than_a_reader_likes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST or text.lower().startswith(MADE)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_says_what_it_is(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    assert docstring.splitlines()[0].rstrip().endswith((".", ":", "?"))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_says_what_is_public_in_it(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    listed = exported(tree)
    if listed is None:
        assert path.name == "__init__.py", "__all__ is missing"
        assert len(tree.body) <= 1, "__all__ is missing in a package that is more than its docstring"
        return
    assert set(listed) - defined(tree) == set()


def exported(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return None


def defined(tree: ast.Module) -> set[str]:
    """The names that a module's top level binds, also under `if` and `try`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {(alias.asname or alias.name).partition(".")[0] for alias in names}
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
    return found
