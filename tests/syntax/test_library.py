"""Built-in functions against NumPy's of the same name."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from claws.readings.floating import values
from claws.syntax.instances.instance import Instance
from claws.syntax.library.table import TABLE, Builtin
from claws.syntax.reader import load_text

A = np.arange(1.0, 13.0).reshape(3, 4)


def value(expression: str) -> np.ndarray:
    spec = load_text(f"param A: [3, 4]\nmap {expression}")
    assert not spec.diagnostics, spec.diagnostics
    model = Instance(spec, {}).model()
    (n,) = model.outputs
    return np.asarray(values(model.program, [n], {"A": A})[n])


def softmax(z: np.ndarray, mask: np.ndarray) -> np.ndarray:
    weights = np.exp(z) * mask
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("tri(3) + 0*A[0, 0]", np.tri(3)),
        ("tri(2, 4) + 0*A[0, 0]", np.tri(2, 4)),
        ("tri(3, 2, k=1) + 0*A[0, 0]", np.tri(3, 2, k=1)),
        ("tri(3, k=-2) + 0*A[0, 0]", np.tri(3, k=-2)),
        ("tril(A)", np.tril(A)),
        ("tril(A, k=-1)", np.tril(A, k=-1)),
        ("tril(A, k=7)", A),
        ("triu(A)", np.triu(A)),
        ("triu(A, k=1)", np.triu(A, k=1)),
        ("triu([A, 2*A], k=-1)", np.triu(np.stack([A, 2 * A]), k=-1)),
        ("softmax(A, mask=tri(3, 4))", softmax(A, np.tri(3, 4))),
        ("softmax([A, A/2], mask=tri(3, 4, k=1))", softmax(np.stack([A, A / 2]), np.tri(3, 4, k=1))),
        ("softmax(A, mask=[1, 0, 2, 3])", softmax(A, np.array([1, 0, 2, 3]))),
    ],
)
def test_functions(expression: str, expected: np.ndarray) -> None:
    np.testing.assert_allclose(value(expression), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("tri(n)", "a triangle of n x n needs fixed sizes", "`const M: [n, n]`: the claim is then made for every mask"),
        ("tril(u)", "`tril` needs a matrix, this is a vector of n", ""),
        ("softmax(u, mask=W)", "`softmax` of a vector of n has a mask of n x n", ""),
        ("softmax(u, k=W)", "`softmax` has no keyword `k`", ""),
    ],
)
def test_wrong_calls(expression: str, message: str, hint: str) -> None:
    spec = load_text(f"dim n\nparam u: [n], W: [n, n]\nmap {expression}\nlaw l = u")
    assert message in spec.diagnostics[0].message
    assert hint in spec.diagnostics[0].hint


PAGE = (Path(__file__).parents[2] / "grammar" / "LANGUAGE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_row_says_how_the_function_is_called(row: Builtin) -> None:
    """It stands on the language page, its usage is a call of it, and the usage is what a wrong call is told."""
    assert re.search(rf"(?<!\w){row.name}(?!\w)", PAGE)
    assert row.usage.startswith(f"{row.name}(") and row.about
    spec = load_text(f"param u\nmap {row.name}({', '.join('u' for _ in range(row.most + 1))})\nlaw l = u")
    hints = [d.hint for d in spec.diagnostics if f"`{row.name}` takes" in d.message]
    assert hints == [f"usage: {row.usage}"]


def test_names_of_rows_are_different() -> None:
    assert len({row.name for row in TABLE}) == len(TABLE)
