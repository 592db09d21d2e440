"""The wheel: built without a network, installed alone, and complete.

The environment that it is installed in sees the dependencies of the running one, but not its claws.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

# a test dependency; an older one can't read the licence in pyproject.toml
pytest.importorskip("setuptools", minversion="77")

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel in it."""

    folder: Path
    python: str
    scripts: Path

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=cwd, env=CLEAN, capture_output=True, text=True, timeout=300)

    def evaluate(self, program: str, cwd: Path) -> object:
        """What a program prints, as JSON."""
        run = self.run(self.python, "-c", program, cwd=cwd)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the sources, so that nothing is left behind in these and no old build gets in."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]):
        shutil.copy(ROOT / name, source)
    for name in ("claws", "grammar"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    program = f"from setuptools.build_meta import build_wheel; build_wheel({str(folder)!r})"
    run = subprocess.run([sys.executable, "-c", program], cwd=source, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("environment")
    builder = venv.EnvBuilder(with_pip=True)
    builder.create(folder)
    context = builder.ensure_directories(folder)
    here = Environment(folder, context.env_exe, Path(context.bin_path))
    options = ("--no-deps", "--no-index", "--disable-pip-version-check")
    run = here.run(here.python, "-m", "pip", "install", *options, str(wheel), cwd=folder)
    assert run.returncode == 0, run.stderr
    # A folder that a .pth file names comes last on the path, and its own .pth files, those of an editable
    # installation among them, are not read.
    site_packages = here.evaluate("import json, sysconfig; print(json.dumps(sysconfig.get_path('purelib')))", folder)
    origins = [find_spec(name) for name in ("lark", "numpy", "flint", "sympy", "mpmath", "pytest")]
    folders = dict.fromkeys(str(Path(spec.origin).parents[1]) for spec in origins if spec is not None and spec.origin)
    (Path(str(site_packages)) / "dependencies.pth").write_text("\n".join(folders), encoding="utf-8")
    return here


def modules(folder: Path) -> set[str]:
    """The modules below a folder that has `claws` in it, but for packages without a file of their own."""
    files = [path.relative_to(folder).with_suffix("") for path in (folder / "claws").rglob("*.py")]
    return {".".join(path.parts).removesuffix(".__init__") for path in files}


def test_the_list_of_packages_is_that_of_the_folders() -> None:
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "claws").rglob("*.py")}
    listed = PROJECT["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted(folders | {"claws.grammar"})


def test_the_wheel_has_all_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "claws").rglob("*.py")}
    expected |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "claws").rglob("*.md")}
    expected |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "claws" / "coq" / "library").glob("*.v")}
    expected |= {"claws/grammar/LANGUAGE.md"}
    assert files == expected | {
        "claws/py.typed",
        "claws/grammar/__init__.py",
        "claws/grammar/claws.lark",
        "claws/grammar/LANGUAGE.md",
    }


def test_the_wheel_says_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    needed = re.findall(r"^Requires-Dist: ([\w-]+)[^;\n]*$", metadata, re.MULTILINE)
    assert sorted(needed) == ["hypothesis", "lark", "numpy", "python-flint", "scipy", "sympy", "tqdm"]
    assert "\nLicense-Expression: MIT\n" in metadata


def test_every_module_is_imported_from_the_wheel(installed: Environment, tmp_path: Path) -> None:
    names = sorted(modules(ROOT))
    program = (
        "import importlib, json\n"
        f"print(json.dumps({{name: importlib.import_module(name).__file__ for name in {names!r}}}))"
    )
    found = installed.evaluate(program, tmp_path)
    assert isinstance(found, dict)
    assert list(found) == names
    outside = [name for name, path in found.items() if not Path(path).is_relative_to(installed.folder)]
    assert not outside


def test_the_grammar_is_that_of_the_wheel(installed: Environment, tmp_path: Path) -> None:
    program = (
        "import importlib.resources, json\nfrom claws.syntax.tables import _grammar_text\n"
        "file = importlib.resources.files('claws.grammar') / 'claws.lark'\n"
        "print(json.dumps([str(file), file.read_text(encoding='utf-8') == _grammar_text()]))"
    )
    found = installed.evaluate(program, tmp_path)
    assert isinstance(found, list)
    assert Path(found[0]).is_relative_to(installed.folder)
    assert found[1] is True


@pytest.mark.parametrize("script", [True, False], ids=["claws", "python -m claws"])
def test_it_checks_an_example_from_another_folder(installed: Environment, tmp_path: Path, script: bool) -> None:
    command = [str(installed.scripts / "claws")] if script else [installed.python, "-m", "claws"]
    run = installed.run(*command, "check", str(ROOT / "examples" / "two_layer_linear.claw"), cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.endswith("; all hold\n")


def test_the_kernel_judges_a_certificate(installed: Environment, tmp_path: Path) -> None:
    (tmp_path / "x.claw").write_text("param u, v\nmap u*v\nlaw balance = u^2 - v^2\n")
    run = installed.run(installed.python, "-m", "claws", "check", "x.claw", "--certificates", "c", cwd=tmp_path)
    assert run.returncode == 0
    path = os.path.join("c", "x.balance.cert.json")
    run = installed.run(installed.python, "-m", "claws.kernel", path, cwd=tmp_path)
    assert run.returncode == 0
    assert f"{path}: PROVED by tensors" in run.stdout


def test_pytest_finds_the_plugin(installed: Environment, tmp_path: Path) -> None:
    (tmp_path / "x.claw").write_text("param u, v\nmap u*v\nlaw balance = u^2 - v^2\n")
    options = ("-p", "no:hypothesispytest", "-p", "no:cacheprovider", "--assert=plain")
    run = installed.run(installed.python, "-m", "pytest", "-v", *options, cwd=tmp_path)
    assert run.returncode == 0, run.stdout
    assert "x.claw::balance PASSED" in run.stdout
