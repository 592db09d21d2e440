"""Running Coq: the library compiled once into a cache, coqc and coqchk with time-outs, and what a theorem rests on.

A file is accepted if coqc accepts it and each of its theorems rests on nothing but the axioms of Coq's real numbers.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

LIBRARY = (
    "Vocabulary", "Polynomials", "Conserved", "Losses", "NetworkTerms", "Networks", "NetworkDerivatives", "AllSizes", "NoOther",
    "Smooth", "Generic", "Series", "Straighten", "Refuted", "Missing", "Elements", "Towers", "TowerLaws", "Given", "Claws",
)  # fmt: skip
"""The files of the library, each after those that it loads."""

AXIOMS = frozenset(
    {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
        "Classical_Prop.classic",
    }
)
"""The axioms that theorems may rest on: those of Coq's reals, and of the analysis that Coquelicot builds on them."""


@dataclass(frozen=True, slots=True)
class CoqcLimits:
    """What one run of coqc or coqchk may take."""

    seconds: float = 600.0
    """The time for one file."""
    memory: int = 8 << 30
    """The memory for one file, in bytes."""


LIMITS = CoqcLimits()

INSTALL = "on Debian and Ubuntu: apt-get install coq libcoq-coquelicot"

_FLAGS = ("-noglob", "-w", "-ambiguous-paths")


class CoqMissing(Exception):
    """There is no coqc, or it lacks Coquelicot; the message says which."""


class CoqFailed(Exception):
    """The library does not compile; the message is coqc's."""


@dataclass(frozen=True)
class Answer:
    """What Coq said of a file."""

    accepted: bool
    message: str = ""
    """coqc's error, or why it gave none."""
    out_of_time: bool = False
    """Whether it gave no answer, for lack of time or of memory."""


@cache
def version() -> str:
    """Returns the version of coqc, `unknown` if it does not say. Raises `CoqMissing` where there is none."""
    coqc = shutil.which("coqc")
    if coqc is None:
        raise CoqMissing("coqc is not installed")
    done = subprocess.run([coqc, "--print-version"], capture_output=True, text=True, check=False)
    return done.stdout.split()[0] if done.returncode == 0 and done.stdout.split() else "unknown"


def sources() -> dict[str, str]:
    """Returns the text of each file of the library, by its name without `.v`, each after those that it loads."""
    folder = resources.files("claws.coq").joinpath("library")
    return {name: folder.joinpath(f"{name}.v").read_text(encoding="utf-8") for name in LIBRARY}


def cache_folder() -> Path:
    """Returns the folder for compiled libraries, which need not exist yet."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(home).absolute() / "claws" / "coq"


def library() -> Path:
    """Returns the folder of the compiled library, which it compiles if it is not in the cache.

    Raises `CoqMissing` where coqc or Coquelicot is not installed, `CoqFailed` where coqc does not accept the library, and
    `OSError` where the cache can't be written.
    """
    texts = sources()
    key = hashlib.sha256(
        "\0".join([version(), *(f"{name}\0{text}" for name, text in texts.items())]).encode()
    ).hexdigest()
    target = cache_folder().absolute() / key[:24]
    if (target / "Claws.vo").exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        for name, text in texts.items():
            (folder / f"{name}.v").write_text(text, encoding="utf-8")
        for name in texts:
            done = _run(
                ["coqc", *_FLAGS, "-Q", str(folder), "Claws", str(folder / f"{name}.v")], LIMITS.seconds, folder
            )
            if done is None:
                raise CoqFailed(f"{name}.v was not compiled in {LIMITS.seconds:.0f} seconds")
            if done.returncode != 0:
                if "Coquelicot" in done.stderr and "Cannot find" in done.stderr:
                    raise CoqMissing("coqc does not find the library Coquelicot")
                raise CoqFailed(f"{name}.v: {_error(done.stderr)}")
        # another process may have been quicker; then its work is used
        with contextlib.suppress(OSError):
            os.rename(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return target


def check_text(name: str, text: str, seconds: float | None = None) -> Answer:
    """Returns what coqc says of an exported file: it is accepted if its theorems rest on the axioms of `AXIOMS` alone, too.

    `seconds` is the time for it, `LIMITS.seconds` for None. Raises `CoqMissing` and `CoqFailed`, as `library` does.
    """
    compiled = library()
    seconds = LIMITS.seconds if seconds is None else seconds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.v"
        path.write_text(text, encoding="utf-8")
        done = _run(["coqc", *_FLAGS, "-Q", str(compiled), "Claws", str(path)], seconds, Path(folder))
    if done is None:
        return Answer(False, f"coqc gave no answer in {seconds:.0f} seconds", out_of_time=True)
    if done.returncode != 0 and re.search(r"[Oo]ut of memory|Out_of_memory|Stack overflow", done.stderr):
        return Answer(False, "coqc has no memory left for it", out_of_time=True)
    if done.returncode != 0:
        return Answer(False, _error(done.stderr) or f"coqc ended with status {done.returncode}")
    return _assumptions(text, done.stdout)


def check_again(name: str, text: str, seconds: float | None = None) -> Answer:
    """Returns what coqchk says, which reads the compiled file again with Coq's kernel alone, but not the libraries.

    Raises `CoqMissing` and `CoqFailed`, as `library` does.
    """
    compiled = library()
    seconds = LIMITS.seconds if seconds is None else seconds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.v"
        path.write_text(text, encoding="utf-8")
        done = _run(["coqc", *_FLAGS, "-Q", str(compiled), "Claws", str(path)], seconds, Path(folder))
        if done is None or done.returncode != 0:
            return Answer(False, "coqc does not accept it")
        done = _run(
            ["coqchk", "-silent", "-Q", str(compiled), "Claws", "-Q", folder, "", "-norec", name], seconds, Path(folder)
        )
    if done is None:
        return Answer(False, f"coqchk gave no answer in {seconds:.0f} seconds", out_of_time=True)
    return Answer(done.returncode == 0, "" if done.returncode == 0 else (done.stderr or done.stdout).strip())


def assumptions_of(output: str) -> list[frozenset[str]]:
    """Returns the axioms that each `Print Assumptions` of coqc's output lists."""
    found: list[frozenset[str]] = []
    names: set[str] | None = None
    for line in [*output.splitlines(), "Axioms:"]:
        if line.startswith(("Axioms:", "Closed under the global context")):
            if names is not None:
                found.append(frozenset(names))
            names = set() if line.startswith("Axioms:") else None
            if names is None:
                found.append(frozenset())
        elif names is not None and (match := re.match(r"([\w.']+)(\s*:|\s*$)", line)):
            names.add(match[1])
    return found


def _assumptions(text: str, output: str) -> Answer:
    asked = len(re.findall(r"^Print Assumptions ", text, re.MULTILINE))
    found = assumptions_of(output)
    if len(found) != asked:
        return Answer(False, f"coqc was asked for the assumptions of {asked} theorems and gave those of {len(found)}")
    more = sorted({name for names in found for name in names} - AXIOMS)
    if more:
        return Answer(False, f"a theorem rests on {', '.join(more)}")
    return Answer(True)


def _error(stderr: str) -> str:
    """Returns coqc's error without its warnings and the path of the file."""
    at = stderr.rfind("Error:")
    return " ".join(stderr[at:].split())[:500] if at >= 0 else " ".join(stderr.split())[-500:]


def _run(command: Sequence[str], seconds: float, folder: Path) -> subprocess.CompletedProcess[str] | None:
    """Runs a command; returns the finished process, or None if it took too long: then it is stopped with all that it has started.

    It runs in the folder, where tactics may leave files. Raises `CoqMissing` where there is no such command.
    """
    if shutil.which(command[0]) is None:
        raise CoqMissing(f"{command[0]} is not installed")
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=folder,
        preexec_fn=_limit_memory,
    ) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _stop(process)
            return None
        except BaseException:
            _stop(process)
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _limit_memory() -> None:
    import resource  # not everywhere

    resource.setrlimit(resource.RLIMIT_AS, (LIMITS.memory, LIMITS.memory))


def _stop(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
