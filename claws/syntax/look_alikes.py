"""What a reader of a file may take for something else: letters of different scripts that look alike, and two forms of one name.

These are no errors, and a verdict is about what the letters are; but what is read is not what is claimed, so each gets a warning.
"""

from __future__ import annotations

import unicodedata

from claws.syntax.diagnostic import Diagnostic
from claws.syntax.lexer import Token, quote, scan_tokens
from claws.syntax.library.table import BUILTINS
from claws.syntax.tables import load_tables

_LOOKS = (
    # Greek as Latin
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρυϳ", "ABEZHIKMNOPTYXovpuj"),
    # Cyrillic as Latin
    ("АВЕКМНОРСТУХЅІЈԌԚԜѴ", "ABEKMHOPCTYXSIJGQWV"),
    ("аеорсухѕіјһԁԛԝѵ", "aeopcyxsijhdqwv"),
    # Cyrillic as Greek
    ("ГПФѲѰпкфѳѱєѡ", "ΓΠΦΘΨπκφθψεω"),
    # Armenian as Latin
    ("ՕՍՏԼօսհոզցյ", "OUSLouhnqgj"),
)
"""Letters, and what each looks like in common fonts: a Latin letter, else a Greek one. Unicode's technical report 39 has more."""

_LOOK = {ord(letter): look for letters, looks in _LOOKS for letter, look in zip(letters, looks, strict=True)}


def look_of(text: str) -> str:
    """What a text looks like: texts that look alike have one look."""
    return unicodedata.normalize("NFKD", text).translate(_LOOK)


def find_look_alikes(text: str) -> list[Diagnostic]:
    """A warning for each name of a file that looks like another, or is written in two ways, at the first place where it does."""
    if text.isascii():
        return []
    search = _Search(text)
    before = "", ""
    for token in scan_tokens(text).tokens:
        if token.kind == "NAME":
            search.name(token)
        elif token.kind == "STRING" and before == ("einsum", "("):
            search.subscripts(token)
        before = before[1], token.text
    return search.found


class _Search:
    """The names of a file so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.language = dict.fromkeys(BUILTINS, "a function of the language")
        self.language |= dict.fromkeys(load_tables().keywords, "a keyword")
        self.shown = {name: name for name in self.language}
        """By look, the name that has it."""
        self.first: dict[str, Token] = {}
        self.forms: dict[str, list[str]] = {}
        """The forms in which each name is written, that of the first place first."""
        self.found: list[Diagnostic] = []

    def name(self, token: Token) -> None:
        """Takes a name, and warns of it where it is not the first of its look or its form."""
        name, raw = token.text, self.text[token.start : token.end]
        first, forms = self.first.setdefault(name, token), self.forms.setdefault(name, [])
        other = self.shown.setdefault(look_of(name), name)
        if first is token and other != name:
            what = self.language.get(other, "another name")
            self._warn(token, f"{quote(name)} looks like {quote(other)}, {what}", name, other)
        if unicodedata.normalize("NFKC", raw) != name:
            return  # an error has said what is wrong with it
        if forms and raw not in forms:
            hint = f"names are compared in the normal form NFKC: write {quote(name)} for both"
            notes = ((f"{quote(forms[0])} stands here first", first.span),)
            message = f"{quote(raw)} is the same name as {quote(forms[0])}"
            self.found.append(Diagnostic("CLAW050", message, token.span, hint, notes))
        if raw not in forms:
            forms.append(raw)

    def subscripts(self, token: Token) -> None:
        """Warns of letters that look alike among the subscripts of an `einsum`."""
        looks: dict[str, str] = {}
        for letter in dict.fromkeys(token.text):
            other = looks.setdefault(look_of(letter), letter)
            if other != letter:
                self._warn(token, f"the subscripts {quote(letter)} and {quote(other)} look alike", letter, other)

    def _warn(self, token: Token, message: str, one: str, other: str) -> None:
        """Warns that one text looks like another, and says what its letters are."""
        pairs = dict.fromkeys((a, b) for a, b in zip(one, other, strict=False) if a != b)
        said = ", ".join(f"{quote(a)} is {_name(a)}, {quote(b)} is {_name(b)}" for a, b in pairs)
        there = self.first.get(other)
        notes = () if there is None else ((f"{quote(other)} stands here first", there.span),)
        self.found.append(Diagnostic("CLAW050", message, token.span, f"{said}: choose what can be told apart", notes))


def _name(letter: str) -> str:
    return unicodedata.name(letter, f"U+{ord(letter):04X}")
