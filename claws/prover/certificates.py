"""Certificates as JSON text: what the kernel has accepted, written so that it can be accepted again.

Untrusted. How a value is written follows from its type, as in `claws.kernel.format.decoding`, which reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from fractions import Fraction
from typing import Any, get_args, get_origin

from claws.kernel.core.fields import Bracket, Row, Tagged, hints, is_union, unmarked
from claws.kernel.core.sizes import Size
from claws.kernel.counting.evidence import Evidence
from claws.kernel.counting.statements import AnyStatement
from claws.kernel.format.certificate import FORMAT_VERSION, MAGIC, Certificate, digest_of


def write_certificate(certificate: Certificate) -> str:
    """The certificate as JSON text; equal certificates give equal text."""
    data = {
        MAGIC: FORMAT_VERSION,
        "about": dict(certificate.about),
        "statement": encode(AnyStatement, certificate.statement),
        "evidence": encode(Evidence, certificate.evidence),
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def digest(statement: AnyStatement) -> str:
    """A hash that identifies a statement, as that of a certificate for it."""
    data = {MAGIC: FORMAT_VERSION, "about": {}, "statement": encode(AnyStatement, statement), "evidence": {}}
    return digest_of(json.dumps(data))


def encode(tp: Any, x: Any) -> Any:
    """A value of this type as JSON data."""
    plain, marks = unmarked(tp)
    tagged = next((mark for mark in marks if isinstance(mark, Tagged)), None)
    if tagged is not None:
        tag = next(tag for tag, record in tagged.tags if type(x) is record)
        fields = _fields(x)
        return [tag, *fields.values()] if isinstance(x, Row) else {tagged.key: tag, **fields}
    if any(isinstance(mark, Bracket) for mark in marks):
        return 1 if isinstance(x, int) else [encode(tp, y) for y in x]
    if isinstance(x, Size):
        return _size(x)
    if is_union(plain):
        plain = next(member for member in get_args(plain) if _is(x, member))
    if isinstance(x, Fraction) or plain is Fraction:
        return str(x)
    if is_dataclass(x):
        fields = _fields(x)
        return list(fields.values()) if isinstance(x, Row) else fields
    inner = get_args(unmarked(plain)[0])
    if isinstance(x, list | tuple):
        each = inner * len(x) if len(inner) == 1 else [inner[0]] * len(x) if inner[-1] is ... else inner
        return [encode(item, y) for item, y in zip(each, x, strict=True)]
    if isinstance(x, Mapping):
        if unmarked(inner[0])[0] is str:
            return {k: encode(inner[1], y) for k, y in x.items()}
        return [[encode(inner[0], k), encode(inner[1], y)] for k, y in sorted(x.items())]
    return x


def _fields(record: Any) -> dict[str, Any]:
    return {name: encode(tp, getattr(record, name)) for name, tp in hints(type(record)).items()}


def _is(x: Any, member: Any) -> bool:
    """Whether a value is of this member of a union."""
    plain = unmarked(member)[0]
    return isinstance(x, get_origin(plain) or plain)


def _size(size: Size) -> Any:
    n = size.integer()
    if n is not None:
        return n
    return [[str(c), [[name, e] for name, e in m]] for m, c in size.terms]
