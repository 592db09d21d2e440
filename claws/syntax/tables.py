"""The parse tables of the grammar, as plain data: built by lark, kept in the user's cache.

lark turns `grammar/claws.lark` into LALR(1) tables. That, and importing lark, would be most of the time that
a small check takes, so the tables are written to `$XDG_CACHE_HOME/claws` (or `~/.cache/claws`) and read from
there the next time, without lark. They are JSON, so reading them runs no code; they do decide what a file
means, so a cache that someone else could have written is not used. Without a cache all works, slower.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import stat
import sys
import zlib
from dataclasses import dataclass
from typing import Any

END = "$END"


class GrammarNotFoundError(Exception):
    """`claws.lark` is missing: the installation is broken."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One production. A reduction takes `size` values and gives `origin`, built by the method `build`.

    `inline`: its one value stands for itself. `helper`: one of lark's rules for `*` and `+`, which gives a
    list and builds nothing; `spread` are the places whose value is such a list, to be spliced in.
    """

    origin: str
    size: int
    build: str
    inline: bool
    helper: bool
    spread: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """LALR(1) tables. `states[s][symbol]` is the next state, or `~r` to reduce by rule r first."""

    terminals: tuple[tuple[str, str], ...]
    """Regular expressions by terminal, in the order in which they are to be tried."""
    keywords: dict[str, str]
    """Terminal names of the words that would otherwise be names."""
    states: list[dict[str, int]]
    rules: tuple[Rule, ...]
    start: int
    end: int


@functools.cache
def load_tables() -> Tables:
    """The tables of the grammar, from the cache if there is a good one, and once per process."""
    grammar = _grammar_text()
    key = _key(grammar)
    path = _cache_path(key)
    tables = _read_cache(path, key) if path else None
    if tables is None:
        data = _build(grammar)
        if path:
            _write_cache(path, json.dumps([key, zlib.crc32(_canonical(data)), data], separators=(",", ":")))
        tables = _decode(data)
    return tables


# --- the grammar file ------------------------------------------------------------------------------------


def _grammar_text() -> str:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # Plain files first, since importlib.resources alone takes longer than a parse: the folder of an installed
    # package, then the folder beside the package of a checkout or an editable install.
    for folder in (package, os.path.dirname(package)):
        try:
            with open(os.path.join(folder, "grammar", "claws.lark"), encoding="utf-8") as file:
                return file.read()
        except OSError:
            continue
    import importlib.resources

    try:
        return importlib.resources.files("claws.grammar").joinpath("claws.lark").read_text(encoding="utf-8")
    except (OSError, ImportError) as error:
        raise GrammarNotFoundError(
            "the grammar file claws.lark is neither in the package claws.grammar nor in a folder `grammar` "
            "beside the package claws: this installation is incomplete"
        ) from error


# --- building --------------------------------------------------------------------------------------------


def _build(grammar: str) -> dict[str, Any]:
    """The tables as JSON values, made by lark."""
    import lark

    parser = lark.Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start="statement",
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    name_pattern = re.compile(parser.get_terminal("NAME").pattern.to_regexp())
    # lark's own order of trial: longest possible match first
    ordered = sorted(parser.terminals, key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name))
    keywords, terminals = {}, []
    for terminal in ordered:
        if terminal.pattern.type == "str" and name_pattern.fullmatch(terminal.pattern.value):
            keywords[terminal.pattern.value] = terminal.name
        else:
            terminals.append([terminal.name, terminal.pattern.to_regexp()])

    configuration = parser.parse_interactive("").parser_state.parse_conf
    rule_numbers: dict[Any, int] = {}
    states: list[dict[str, int]] = [{} for _ in range(max(configuration.states) + 1)]
    for state, actions in configuration.states.items():
        for symbol, (action, target) in actions.items():
            if action.name == "Shift":
                states[state][symbol] = target
            else:
                states[state][symbol] = ~rule_numbers.setdefault(target, len(rule_numbers))
    return {
        "terminals": terminals,
        "keywords": keywords,
        "states": states,
        "rules": [_rule(rule) for rule in rule_numbers],
        "start": configuration.start_state,
        "end": configuration.end_state,
    }


def _rule(rule: Any) -> list[Any]:
    """The fields of `Rule` from lark's rule: what lark's own tree builder would do with it."""

    def is_helper(symbol: Any) -> bool:
        return not symbol.is_term and symbol.name.startswith("_")

    return [
        rule.origin.name,
        len(rule.expansion),
        rule.alias or rule.origin.name,
        rule.options.expand1 and not rule.alias and len(rule.expansion) == 1,
        is_helper(rule.origin),
        [i for i, symbol in enumerate(rule.expansion) if is_helper(symbol)],
    ]


def _decode(data: Any) -> Tables:
    return Tables(
        terminals=tuple((name, pattern) for name, pattern in data["terminals"]),
        keywords=data["keywords"],
        states=data["states"],
        rules=tuple(Rule(a, b, c, d, e, tuple(f)) for a, b, c, d, e, f in data["rules"]),
        start=data["start"],
        end=data["end"],
    )


# --- the cache -------------------------------------------------------------------------------------------


def _key(grammar: str) -> list[str]:
    """What the tables depend on: the grammar, this module, lark and Python."""
    python = ".".join(map(str, sys.version_info[:3]))
    return [grammar, str(zlib.crc32(_own_source())), _lark_version(), python]


def _own_source() -> bytes:
    try:
        with open(__file__, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _lark_version() -> str:
    """lark's version, found without importing lark."""
    from importlib.util import find_spec

    spec = find_spec("lark")
    if spec is None or spec.origin is None:
        return ""
    try:
        with open(spec.origin, encoding="utf-8") as file:
            match = re.search(r"__version__\D*['\"]([^'\"]*)", file.read())
    except (OSError, ValueError):
        return ""
    return match[1] if match else ""


def _cache_path(key: list[str]) -> str | None:
    home = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(home):  # the XDG specification says to ignore relative ones
        home = os.path.join(os.path.expanduser("~"), ".cache")
        if not os.path.isabs(home):
            return None
    return os.path.join(home, "claws", f"grammar-{zlib.crc32(repr(key).encode()):08x}.json")


def _read_cache(path: str, key: list[str]) -> Tables | None:
    """The tables in the cache file, or None if it is missing, out of date, damaged or not safely ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, encoding="utf-8") as file:
            if not _is_private(os.fstat(descriptor)):
                return None
            stored_key, checksum, data = json.load(file)
        if stored_key != key or zlib.crc32(_canonical(data)) != checksum:
            return None
        return _decode(data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _is_private(status: os.stat_result) -> bool:
    """Whether this is a plain file that only the current user can have written."""
    if not stat.S_ISREG(status.st_mode):
        return False
    if not hasattr(os, "getuid"):  # Windows: the user's folder is private already
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _canonical(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


def _write_cache(path: str, text: str) -> None:
    """Put the file there in one step, so that another process sees all of it or nothing; or do nothing."""
    import tempfile

    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix="grammar-", suffix=".tmp")
    except OSError:
        return
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
