"""The parse tables and their cache: read without lark, not trusted where others can write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from claws.syntax import tables

ROOT = Path(__file__).parents[2]

COMMAND = """
import sys, claws.syntax.parser as p
file, diagnostics = p.parse_source("let z = x + 1")
assert len(file.statements) == 1 and not diagnostics
print("lark" in sys.modules)
assert "sympy" not in sys.modules and "numpy" not in sys.modules
"""


def environment(cache: Path | str, home: Path | str) -> dict[str, str]:
    return {**os.environ, "XDG_CACHE_HOME": str(cache), "HOME": str(home), "PYTHONPATH": str(ROOT)}


def run_parser(cache: Path | str, home: Path | str = os.devnull) -> str:
    """Parse in a process of its own; whether lark was imported. Nothing can be made in the default home."""
    command = [sys.executable, "-c", COMMAND]
    result = subprocess.run(command, env=environment(cache, home), capture_output=True, text=True, check=False)
    assert result.returncode == 0 and result.stderr == ""
    return result.stdout.strip()


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    assert run_parser(tmp_path) == "True"  # lark had to build the tables
    (path,) = (tmp_path / "claws").iterdir()
    return path


def test_the_second_process_does_not_import_lark(cache_file: Path) -> None:
    assert run_parser(cache_file.parents[1]) == "False"
    assert cache_file.parent.stat().st_mode & 0o777 == 0o700
    assert cache_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", ["", "{", "null", "[1, 2]", "[[], 0, {}]", "\0\0", "[" * 5000])
def test_a_damaged_cache_is_built_anew(damage: str, cache_file: Path) -> None:
    cache_file.write_text(damage)
    assert run_parser(cache_file.parents[1]) == "True"
    assert run_parser(cache_file.parents[1]) == "False"


def test_a_changed_number_in_the_cache_is_noticed(cache_file: Path) -> None:
    key, checksum, data = json.loads(cache_file.read_text())
    data["states"][0] = {**data["states"][0], "NAME": 1}
    cache_file.write_text(json.dumps([key, checksum, data]))
    assert run_parser(cache_file.parents[1]) == "True"


def test_a_cache_that_others_can_write_is_not_used(cache_file: Path) -> None:
    for mode in (0o620, 0o602):
        cache_file.chmod(mode)
        assert run_parser(cache_file.parents[1]) == "True"
    cache_file.chmod(0o600)
    other = cache_file.with_name("elsewhere")
    cache_file.rename(other)
    cache_file.symlink_to(other)
    assert run_parser(cache_file.parents[1]) == "True"


def test_a_cache_of_another_user_is_not_used(cache_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = json.loads(cache_file.read_text())[0]
    assert tables._read_cache(str(cache_file), key) is not None
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert tables._read_cache(str(cache_file), key) is None


def test_a_cache_of_another_grammar_is_not_used(cache_file: Path) -> None:
    key = json.loads(cache_file.read_text())[0]
    for place in range(len(key)):
        other = [*key[:place], key[place] + " ", *key[place + 1 :]]
        assert tables._read_cache(str(cache_file), other) is None
        assert tables._cache_path(other) != tables._cache_path(key)


def test_without_a_place_for_the_cache_it_does_without(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert run_parser(blocked) == "True"
    assert run_parser("") == "True"
    assert list(tmp_path.iterdir()) == [blocked]


@pytest.mark.parametrize("cache", ["", "relative"])
def test_the_cache_is_in_the_home_folder_by_default(cache: str, tmp_path: Path) -> None:
    assert run_parser(cache, tmp_path) == "True"
    assert run_parser(cache, tmp_path) == "False"
    assert len(list((tmp_path / ".cache" / "claws").iterdir())) == 1


def test_two_processes_may_write_the_cache_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COMMAND]
    running = [subprocess.Popen(command, env=environment(tmp_path, os.devnull)) for _ in range(4)]
    for process in running:
        process.wait()
    assert [process.returncode for process in running] == [0] * 4
    assert len(list((tmp_path / "claws").iterdir())) == 1
    assert run_parser(tmp_path) == "False"


def test_a_missing_grammar_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tables, "__file__", str(tmp_path / "claws" / "syntax" / "tables.py"))
    monkeypatch.setitem(sys.modules, "claws.grammar", None)  # an installed claws may have it: importing it now fails
    with pytest.raises(tables.GrammarNotFoundError, match=r"claws\.lark is neither"):
        tables._grammar_text()


def test_the_grammar_of_a_package_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Installed, the grammar is in claws/grammar; in a checkout beside claws."""
    monkeypatch.setattr(tables, "__file__", str(tmp_path / "claws" / "syntax" / "tables.py"))
    for folder, text in ((tmp_path / "grammar", "beside"), (tmp_path / "claws" / "grammar", "inside")):
        folder.mkdir(parents=True)
        (folder / "claws.lark").write_text(text)
        assert tables._grammar_text() == text
