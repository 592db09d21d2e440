"""Every case of the published benchmark gives the published number, proved, without being told."""

from __future__ import annotations

import pytest

from claws.runner.options import Options
from claws.runner.sweep import count_at
from claws.syntax.reader import load_text
from tests.claims.published import LINEAR, RELU, linear_net, relu_net

CASES = [(linear_net(widths), known) for widths, known in LINEAR] + [
    (relu_net(widths), known) for widths, known in RELU
]


@pytest.mark.parametrize(("text", "known"), CASES, ids=[str(w) for w, _ in LINEAR + RELU])
def test_the_number_is_the_published_one(text: str, known: int) -> None:
    row = count_at(load_text(text), {}, Options(timeout=None))
    assert (row.status, row.at_least, row.at_most) == ("PROVED", known, known), row.reason
