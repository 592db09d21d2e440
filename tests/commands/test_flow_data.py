"""`claws flow --data`: every fault of a file of data is that file's error, and none is called a bug of claws."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Claws
from tests.flows.test_data import archive, npy

BLANK, SCALAR, BARE = b"x[0],x[1]\n\n\n", {"x.npy": npy(3.0)}, npy([1.0])
MODEL = (
    "dim n = 2, m = 2, r = 1\nparam U: [n, r], V: [m, r]\ninput x: [m]\nmap U @ V.T @ x\nlaw b = U.T @ U - V.T @ V\n"
)


@pytest.mark.parametrize("case", ["blank", "scalar", "npy", "truncated", "empty", "empty table", "field", "text"])
def test_every_fault_is_the_files(case: str, claws: Claws, tmp_path: Path) -> None:
    (tmp_path / "m.claw").write_text(MODEL)
    content = {
        "blank": BLANK, "npy": BARE, "truncated": Path(archive(tmp_path, SCALAR)).read_bytes()[:40], "empty": b"",
        "empty table": b"", "field": b"x[0],x[1]\n" + b"1" * 200_000 + b",2\n", "text": b"x\xff\n1\n",
        "scalar": Path(archive(tmp_path, SCALAR)).read_bytes(),
    }[case]  # fmt: skip
    path = tmp_path / ("d.csv" if case in ("blank", "empty table", "field", "text") else "d.npz")
    path.write_bytes(content)
    run = claws("flow", str(tmp_path / "m.claw"), "--data", str(path))
    assert run.status == 2 and not run.out
    assert (str(path) in run.err or case == "scalar") and "bug" not in run.err, run.err
