"""Certificates: a statement and the evidence for it, read from JSON. The format is described in FORMAT.md beside this file.

Soundness-critical: raises `Malformed` for whatever does not fit. What writes certificates is no part of the kernel.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NoReturn

from claws.kernel.core.errors import Malformed
from claws.kernel.core.fields import Longest
from claws.kernel.counting.evidence import Evidence
from claws.kernel.counting.statements import AnyStatement
from claws.kernel.format.decoding import decode
from claws.kernel.laws.evidence import ByBlock

MAGIC = "claws-certificate"
FORMAT_VERSION = 3

MAX_BYTES = 64 * 1024 * 1024
MAX_BLOCKS = 16
"""Blocks are nested at most so deep."""

About = Mapping[str, Annotated[str, Longest(10_000)]]


@dataclass(frozen=True)
class Certificate:
    """What a certificate file holds. `about` is for readers only: the claim's name, file and verdict."""

    statement: AnyStatement
    evidence: Evidence
    about: Mapping[str, str] = field(default_factory=dict)


def read_certificate(text: str) -> Certificate:
    """The certificate in a JSON text. Raises `Malformed` with what is wrong; never trusts a size it has not checked."""
    data = _parsed(text)
    try:
        statement = decode(AnyStatement, data["statement"])
        evidence = decode(Evidence, data["evidence"])
        about = decode(About, data["about"])
    except RecursionError:
        raise Malformed("the certificate is nested too deeply") from None
    depth, inner = 0, evidence
    while isinstance(inner, ByBlock):
        depth, inner = depth + 1, inner.premise.evidence
    if depth > MAX_BLOCKS:
        raise Malformed(f"blocks are nested more than {MAX_BLOCKS} deep")
    return Certificate(statement, evidence, about)


def digest_of(text: str) -> str:
    """A hash that identifies the statement of a certificate: sha256 of its JSON without spaces, with the fields in order."""
    statement = json.dumps(_parsed(text)["statement"], separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(statement.encode()).hexdigest()


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise Malformed(f"the certificate is longer than {MAX_BYTES} bytes")
    try:
        data = json.loads(text, parse_constant=_no_constant, parse_float=_no_float, object_pairs_hook=_object)
    except RecursionError:
        raise Malformed("the certificate is nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"the certificate is not JSON: {error}") from None
    if not isinstance(data, dict) or MAGIC not in data:
        raise Malformed(f"this is not a claws certificate: it has no {MAGIC!r} field")
    if data[MAGIC] != FORMAT_VERSION or isinstance(data[MAGIC], bool):
        raise Malformed(
            f"the certificate has format version {str(data[MAGIC])[:20]}, this kernel reads {FORMAT_VERSION}"
        )
    if set(data) != {MAGIC, "about", "statement", "evidence"}:
        odd = sorted(str(k)[:40] for k in set(data) ^ {MAGIC, "about", "statement", "evidence"})
        raise Malformed(f"missing or unknown fields: {', '.join(odd)}")
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a name that is given twice would mean one thing to one reader and another to the next."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("an object gives a field twice")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number here")


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is not exact; rationals are strings such as '1/2'")
