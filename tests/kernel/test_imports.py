"""The boundary of the kernel: what it imports, that it refuses without `assert`, and that it runs alone."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import claws.kernel
from claws.kernel.format.certificate import Certificate
from claws.prover.certificates import digest, write_certificate
from tests.kernel.format.cases import AT_ONE
from tests.kernel.models import linear, scalars, witness
from tests.kernel.models import product as times

KERNEL = Path(claws.kernel.__file__).parent
ROOT = KERNEL.parent.parent
FILES = sorted(KERNEL.rglob("*.py"))

# Standard library modules that reach outside the process have no place in a kernel.
FORBIDDEN = {
    "os",
    "subprocess",
    "socket",
    "pickle",
    "importlib",
    "ctypes",
    "random",
    "threading",
    "marshal",
    "shelve",
}


def imported(text: str) -> set[str]:
    """The absolute names of the modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def allowed(module: str) -> bool:
    if module == "claws.kernel" or module.startswith("claws.kernel."):
        return True
    top = module.split(".")[0]
    return top in sys.stdlib_module_names and top not in FORBIDDEN


@pytest.mark.parametrize("path", FILES, ids=[p.name for p in FILES])
def test_imports_are_the_standard_library_and_the_kernel(path: Path) -> None:
    assert {m for m in imported(path.read_text(encoding="utf-8")) if not allowed(m)} == set()


@pytest.mark.parametrize("path", FILES, ids=[p.name for p in FILES])
def test_nothing_is_run_from_text(path: Path) -> None:
    names = {n.id for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Name)}
    assert not names & {"eval", "exec", "compile", "__import__", "globals", "setattr"}


def test_the_import_test_would_notice() -> None:
    text = "import numpy.linalg, fractions\ndef f():\n    from claws.syntax import spec\n    from . import x"
    assert {m for m in imported(text) if not allowed(m)} == {"numpy.linalg", "claws.syntax", "."}
    assert not allowed("claws")
    assert not allowed("claws.kernels")
    assert not allowed("subprocess")


@pytest.mark.parametrize("path", FILES, ids=[p.name for p in FILES])
def test_asserts_only_narrow_types(path: Path) -> None:
    """A refusal is an explicit raise; an assert that remains only tells the type checker of a type."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assert):
            said = ast.unparse(node.test)
            assert said.startswith("isinstance(") or said.endswith(" is not None"), f"{path.name}:{node.lineno}: {said}"


# --- without assert ---

WITHOUT_ASSERT = """
import json, sys
assert False, "this script must be run with -O"
from fractions import Fraction
from claws.kernel import Meter, Refused, check
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.format.certificate import read_certificate

def outcome(text):
    try:
        certificate = read_certificate(text)
        return check(certificate.statement, certificate.evidence, Meter(100_000)).verdict
    except Refused as refusal:
        return f"refused: {refusal}"

print(json.dumps([outcome(text) for text in json.load(sys.stdin)]))
"""


def certificates() -> list[tuple[str, str]]:
    """Certificates with the outcome that each must have."""
    good = write_certificate(Certificate(linear(), AT_ONE))
    false = write_certificate(Certificate(linear(coefficient=1), AT_ONE))
    refuted = write_certificate(Certificate(scalars(times(0, 1)), witness(residue=1)))
    wrong = write_certificate(Certificate(scalars(times(0, 1)), witness(residue=2)))
    outside = json.loads(refuted)
    outside["evidence"]["leaves"]["b"] = [[[0], "1"]]
    shapes = json.loads(good)
    shapes["statement"]["program"]["nodes"][2][2] = [[0, 2], [2, 1]]
    forward = json.loads(good)
    forward["statement"]["program"]["nodes"][2][1] = [0, 2]
    token = json.loads(good)
    token["statement"]["law"] = True
    return [
        (good, "PROVED"),
        (false, "refused: the normal form of the residue does not vanish"),
        (refuted, "REFUTED"),
        (wrong, "refused: the residue at the witness is 1, not 2"),
        (json.dumps(outside), "refused: the witness gives an entry of b outside its shape"),
        (json.dumps(shapes), "refused: an einsum gives node 1 labels that do not fit its shape"),
        (json.dumps(forward), "refused: node 2 reads a node that does not come before it"),
        (json.dumps(token), "refused: expected an integer, found bool"),
        (good[:-20], "refused: the certificate is not JSON"),
    ]


def test_refusals_do_not_depend_on_assert() -> None:
    cases = certificates()
    run = subprocess.run(
        [sys.executable, "-O", "-c", WITHOUT_ASSERT],
        input=json.dumps([text for text, _ in cases]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for found, (_, expected) in zip(json.loads(run.stdout), cases, strict=True):
        assert found.startswith(expected)


# --- python -m claws.kernel ---


def kernel(*paths: Path | str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-m", "claws.kernel", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_the_command_accepts_and_refuses(tmp_path: Path) -> None:
    (good, _), (false, _), (refuted, _), *_, (broken, _) = certificates()
    paths = []
    for name, text in (("good", good), ("false", false), ("refuted", refuted), ("broken", broken)):
        path = tmp_path / f"{name}.json"
        path.write_text(text, encoding="utf-8")
        paths.append(path)

    accepted = kernel(paths[0], paths[2])
    assert accepted.returncode == 0, accepted.stderr
    assert f"{paths[0]}: PROVED by tensors" in accepted.stdout
    assert f"{paths[2]}: REFUTED by witness" in accepted.stdout
    assert "param U" in accepted.stdout  # the statement is shown
    assert digest(linear()) in accepted.stdout

    for bad, reason in ((paths[1], "does not vanish"), (paths[3], "not JSON")):
        refused = kernel(bad, paths[0])
        assert refused.returncode == 4
        assert f"{bad}: REFUSED: " in refused.stdout
        assert reason in refused.stdout
        # the next file is judged all the same
        assert f"{paths[0]}: PROVED" in refused.stdout

    missing = kernel(tmp_path / "none.json", paths[0])
    assert missing.returncode == 2
    assert "can't be read" in missing.stderr
    assert kernel(tmp_path / "none.json", paths[1]).returncode == 4
    assert kernel().returncode == 2
    assert "Exit status" in kernel("--help").stdout
    assert kernel(paths[1], options=("-O",)).returncode == 4


def test_a_file_that_is_not_text_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "bytes.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert kernel(path).returncode == 2


ALONE = """
import json, sys
sys.path.insert(0, {root!r})
from claws.kernel.__main__ import main
status = main([{path!r}])
print(json.dumps([status, sorted({{name.split(".")[0] for name in sys.modules}}), sorted(sys.modules)]))
"""


def test_the_kernel_runs_alone(tmp_path: Path) -> None:
    """With -I and -S there are no site-packages; only the standard library and the kernel are loaded."""
    path = tmp_path / "good.json"
    path.write_text(certificates()[0][0], encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ALONE.format(root=str(ROOT), path=str(path))],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    status, tops, modules = json.loads(run.stdout.splitlines()[-1])
    assert status == 0
    assert set(tops) - set(sys.stdlib_module_names) <= {"__main__", "__mp_main__", "claws"}
    ours = {m for m in modules if m.startswith("claws.") and not m.startswith("claws.kernel")}
    assert ours == set()
