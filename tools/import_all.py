"""Imports every module of an installed package and prints, as JSON, how many there are and which cannot be imported.

    python -I import_all.py PACKAGE [MODULE-TO-LEAVE-OUT…]

It runs inside the throw-away environments of `isolation.py`, so it needs nothing but the standard library.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import pkgutil
import sys
import traceback

__all__ = ["import_all"]


def import_all(package: str, left_out: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """The modules that were imported, and what went wrong with the others."""
    imported: list[str] = []
    failed: dict[str, str] = {}
    waiting = [package]
    while waiting:
        name = waiting.pop()
        if name in left_out or name.endswith(".__main__"):  # importing __main__ would run the program
            continue
        try:
            module = importlib.import_module(name)
        except BaseException as error:  # whatever a module does at import, the others are still to be tried
            failed[name] = "".join(traceback.format_exception_only(error)).strip()
            continue
        imported.append(name)
        waiting += [f"{name}.{info.name}" for info in pkgutil.iter_modules(getattr(module, "__path__", ()))]
    return imported, failed


if __name__ == "__main__":
    imported, failed = import_all(sys.argv[1], tuple(sys.argv[2:]))
    distributions = sorted({distribution.name.lower() for distribution in importlib.metadata.distributions()})
    specification = importlib.util.find_spec(sys.argv[1])
    sys.stdout.write(
        json.dumps(
            {
                "imported": imported,
                "failed": failed,
                "distributions": distributions,
                "origin": specification.origin if specification else None,
            }
        )
    )
