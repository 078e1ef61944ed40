"""What `import tlsmith` gives, and what it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tlsmith
import tlsmith.api


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_every_name_is_there() -> None:
    for name in tlsmith.__all__:
        assert getattr(tlsmith, name) is not None
    assert set(tlsmith.__all__) <= set(dir(tlsmith))
    assert tlsmith.__all__ == sorted(
        tlsmith.__all__, key=lambda name: (not name.isupper(), name.islower(), name)
    )


def test_every_name_of_the_api_is_given() -> None:
    server = {"Server", "serve"}
    given = set(tlsmith.__all__) - {"__version__"}
    assert given == {*tlsmith.api.__all__, *server}


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(str(tlsmith.__file__)).read_text(encoding="utf-8"))
    seen = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tlsmith")
        for alias in node.names
    }
    assert seen == set(tlsmith.__all__) - {"__version__"}


def test_another_name_is_none_of_ours() -> None:
    with pytest.raises(AttributeError, match="'tlsmith' has no attribute 'nonsense'"):
        tlsmith.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_a_star_imports_them_all() -> None:
    code = "from tlsmith import *; print(CA.__name__, serve.__name__)"
    assert _run(code) == "CA serve"


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (
            "import tlsmith",
            ["tlsmith.api", "tlsmith.errors", "cryptography", "ssl", "typing", "click"],
        ),
        ("import tlsmith; tlsmith.CA()", ["http.server", "tlsmith.cli", "OpenSSL"]),
        ("import tlsmith.pytest_plugin", ["tlsmith.api", "cryptography", "ssl"]),
    ],
)
def test_nothing_is_loaded_before_it_is_used(code: str, absent: list[str]) -> None:
    loaded = _run(f"{code}\nimport sys; print(*sys.modules)").split()
    assert set(absent) & set(loaded) == set()
