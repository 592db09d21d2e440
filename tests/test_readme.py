"""What the README shows is what a reader gets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings

from claws.cli import main
from claws.commands.options import EXIT_STATUSES
from claws.flows.losses import Loss
from claws.report.results import Exit

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    return re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_first_run_is_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_example(tmp_path)
    shown = next(b for b in blocks() if b.startswith("$ claws check two_layer.claw\n"))
    monkeypatch.chdir(tmp_path)
    main(["check", "two_layer.claw"])
    assert capsys.readouterr().out == shown.split("\n", 1)[1]


def write_example(folder: Path) -> None:
    source = next(b for b in blocks() if b.startswith('"""Two-layer'))
    (folder / "two_layer.claw").write_text(source, encoding="utf-8")


def test_the_test_run_is_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def without_floats(text: str) -> str:
        return re.sub(r"\d\.\d+(e[-+]\d+)?", "#", text)

    write_example(tmp_path)
    shown = next(b for b in blocks() if b.startswith("$ claws test two_layer.claw\n"))
    monkeypatch.chdir(tmp_path)
    assert main(["test", "two_layer.claw", "--profile", "default"]) == Exit.MISSED
    assert without_floats(capsys.readouterr().out) == without_floats(shown.split("\n", 1)[1])


def test_the_property_test_is_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"^```python\n(import claws, numpy as np\n.*?)^```$", README, re.MULTILINE | re.DOTALL)
    write_example(tmp_path)
    monkeypatch.chdir(tmp_path)

    def gradient(parameters: dict[str, np.ndarray], target: np.ndarray, loss: Loss) -> dict[str, np.ndarray]:
        u, v = parameters["U"], parameters["V"]
        slope = loss.slope(u @ v.T, target)
        return {"U": slope @ v, "V": slope.T @ u}

    def wrong(parameters: dict[str, np.ndarray], target: np.ndarray, loss: Loss) -> dict[str, np.ndarray]:
        found = gradient(parameters, target, loss)
        return {"U": found["U"], "V": 2 * found["V"]}

    names: dict[str, Any] = {"my_gradient": gradient}
    usual = settings.get_current_profile_name()
    settings.register_profile("brief", phases=[Phase.generate, Phase.shrink], max_examples=30, database=None)
    settings.load_profile("brief")
    try:
        exec(code, names)
    finally:
        settings.load_profile(usual)
    names["test_my_gradient_conserves_the_balance"]()
    names["my_gradient"] = wrong
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        names["test_my_gradient_conserves_the_balance"]()


def test_exit_statuses_are_the_same_everywhere() -> None:
    table = {int(n): text for n, text in re.findall(r"^\| (\d+) \| (.*?) \|$", README, re.MULTILINE)}
    help_text = {int(n): text for n, text in re.findall(r"^  (\d+) +(.*)$", EXIT_STATUSES, re.MULTILINE)}
    assert set(table) == set(help_text) == {int(e) for e in Exit}


def test_links_lead_somewhere() -> None:
    here = Path(__file__).parent.parent
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (here / target).exists(), target
