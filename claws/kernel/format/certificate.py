"""Certificates: a statement and the evidence for it, as JSON. The format is described in FORMAT.md beside this file.

Soundness-critical where it decodes: everything read is checked for type, range and size before anything is computed.
Raises `Malformed` for whatever does not fit.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

from claws.kernel.core.errors import Malformed
from claws.kernel.core.evidence import (
    Bundle,
    ByBlock,
    ByPolynomials,
    ByTensors,
    Choices,
    Evidence,
    NotConserved,
    Premise,
    Relation,
    Residue,
    Sandwich,
    Step,
    Tree,
    Witness,
)
from claws.kernel.core.flow import Flow
from claws.kernel.core.functions import Property, Slope
from claws.kernel.core.program import (
    MAX_NODES,
    MAX_SLOPE_DEGREE,
    Apply,
    Det,
    Einsum,
    Gather,
    Iota,
    Leaf,
    Node,
    Number,
    Opaque,
    Power,
    Product,
    Program,
    Reshape,
    Scatter,
    Sum,
)
from claws.kernel.core.sizes import Size
from claws.kernel.core.statement import AnyStatement, Complete, Count, Independent, Statement
from claws.kernel.counting.points import MAX_DEPTH
from claws.kernel.values.enclosures import MAX_BITS
from claws.kernel.values.evaluation import Index

MAGIC = "claws-certificate"
FORMAT_VERSION = 3

MAX_BYTES = 64 * 1024 * 1024
MAX_DIGITS = 2000
MAX_SIZE = 1_000_000
MAX_LIST = 1_000_000
MAX_NAME = 200
MAX_TERMS = 200
MAX_BLOCKS = 16

T = TypeVar("T")


@dataclass(frozen=True)
class Certificate:
    """What a certificate file holds. `about` is for readers only: the claim's name, file and verdict."""

    statement: AnyStatement
    evidence: Evidence
    about: Mapping[str, str] = field(default_factory=dict)


# --- writing -----------------------------------------------------------------------------------------------------


def write_certificate(certificate: Certificate) -> str:
    """The certificate as JSON text; equal certificates give equal text."""
    data = {
        MAGIC: FORMAT_VERSION,
        "about": dict(certificate.about),
        "statement": encode_statement(certificate.statement),
        "evidence": _encode_evidence(certificate.evidence, len(certificate.statement.program.nodes)),
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def encode_statement(statement: AnyStatement) -> dict[str, Any]:
    program = statement.program
    claim: dict[str, Any]
    match statement:
        case Statement():
            claim = {"law": statement.law}
        case Count():
            claim = {"count": [statement.relation, statement.number]}
        case Complete():
            claim = {"complete": list(statement.laws)}
        case Independent():
            claim = {"independent": list(statement.laws)}
    return {
        "nodes": [_encode_node(n) for n in program.nodes],
        "activations": [[name, _encode_property(k)] for name, k in program.activations],
        "functions": list(program.functions),
        "conditions": [_encode_size(c) for c in program.conditions],
        "outputs": list(statement.outputs),
        **claim,
        "flow": {
            "factors": [[name, n] for name, n in statement.flow.factors],
            "drift": [[name, n] for name, n in statement.flow.drift],
            "second_order": statement.flow.second_order,
        },
    }


def digest(statement: AnyStatement) -> str:
    """A hash that identifies the statement: sha256 of its canonical JSON."""
    text = json.dumps(encode_statement(statement), separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _encode_property(x: Property) -> Any:
    if isinstance(x, Slope):
        return [[str(c), e] for c, e in x.terms]
    return None if x is None else str(x)


def _encode_size(size: Size) -> Any:
    n = size.integer()
    if n is not None:
        return n
    return [[str(c), [[name, e] for name, e in m]] for m, c in size.terms]


def _encode_shape(shape: tuple[Size, ...]) -> list[Any]:
    return [_encode_size(n) for n in shape]


def _encode_node(node: Node) -> list[Any]:
    match node:
        case Leaf(name, role, shape, domain):
            return ["leaf", name, role, _encode_shape(shape), domain]
        case Number(value):
            return ["number", _encode_size(value)]
        case Iota(start, step, length):
            return ["iota", _encode_size(start), step, _encode_size(length)]
        case Einsum(operands, labels, out, sizes):
            return ["einsum", list(operands), [list(ls) for ls in labels], list(out), _encode_shape(sizes)]
        case Sum(terms):
            return ["sum", [[str(c), n] for c, n in terms]]
        case Power(operand, exponent):
            return ["power", operand, str(exponent)]
        case Apply(function, operand):
            return ["apply", function, operand]
        case Product(operand):
            return ["product", operand]
        case Det(operand):
            return ["det", operand]
        case Opaque(function, operands, shape, batch):
            return ["opaque", function, list(operands), _encode_shape(shape), batch]
        case Gather(operand, axis, start, steps, lengths):
            return ["gather", operand, axis, _encode_size(start), list(steps), _encode_shape(lengths)]
        case Scatter(operand, axis, start, steps, length):
            return ["scatter", operand, axis, _encode_size(start), list(steps), _encode_size(length)]
        case Reshape(operand, shape):
            return ["reshape", operand, _encode_shape(shape)]


def _encode_array(x: Mapping[Index, Fraction]) -> list[Any]:
    return [[list(i), str(y)] for i, y in sorted(x.items())]


def _encode_evidence(evidence: Evidence, size: int) -> dict[str, Any]:
    """Evidence for a statement whose program has `size` nodes."""
    match evidence:
        case ByTensors():
            return {"method": "tensors", "sizes": dict(evidence.sizes), "renamings": _encode_renamings(evidence)}
        case ByPolynomials():
            return {"method": "polynomials"}
        case ByBlock(premise, dims, names, calls, sizes):
            return {
                "method": "block",
                "statement": encode_statement(premise.statement),
                "evidence": _encode_evidence(premise.evidence, len(premise.statement.program.nodes)),
                "dims": {d: _encode_size(n) for d, n in dims.items()},
                "names": dict(names),
                "calls": [list(c) for c in calls],
                "sizes": dict(sizes),
            }
        case Sandwich():
            return {
                "method": "sandwich",
                "nodes": [_encode_node(n) for n in evidence.program.nodes[size:]],
                "laws": [[n, _encode_evidence(e, size)] for n, e in evidence.laws],
                "steps": [[_encode_tree(step.tree), step.count] for step in evidence.steps],
                "modulus": evidence.modulus,
                "seed": evidence.seed,
                "paths": [_encode_bundle(b) for b in evidence.paths],
            }
        case Relation():
            terms = [[str(c), [list(x) for x in powers]] for c, powers in evidence.terms]
            return {"method": "relation", "terms": terms, "modulus": evidence.modulus, "seed": evidence.seed}
        case NotConserved():
            return {"method": "not conserved", "law": evidence.law, "witness": _encode_evidence(evidence.witness, size)}
        case Witness():
            return _encode_witness(evidence)


def _encode_renamings(evidence: ByTensors) -> list[Any]:
    return [
        [[[s, str(e), list(indices)] for s, e, indices in network], list(renaming)]
        for network, renaming in evidence.renamings
    ]


def _encode_bundle(b: Bundle) -> dict[str, Any]:
    return {
        "output": b.output,
        "entries": list(b.entries),
        "data": [[name, list(places)] for name, places in b.data],
        "on": [[n, list(places)] for n, places in b.on],
    }


def _encode_tree(tree: Tree) -> Any:
    return 1 if isinstance(tree, int) else [_encode_tree(tree[0]), _encode_tree(tree[1])]


def _encode_witness(evidence: Witness) -> dict[str, Any]:
    choices = evidence.choices
    return {
        "method": "witness",
        "sizes": dict(evidence.sizes),
        "leaves": {name: _encode_array(x) for name, x in evidence.leaves.items()},
        "homogeneous": {name: [str(a), str(b)] for name, (a, b) in choices.homogeneous.items()},
        "values": {
            name: [[str(z), str(f), str(g)] for z, (f, g) in sorted(table.items())]
            for name, table in choices.values.items()
        },
        "functions": {
            name: [
                {
                    "arguments": [_encode_array(dict(x)) for x in point],
                    "value": _encode_array(value),
                    "jacobian": [[[list(i), list(j), str(y)] for (i, j), y in sorted(b.items())] for b in jacobian],
                }
                for point, value, jacobian in table
            ]
            for name, table in choices.functions.items()
        },
        "law_entry": list(evidence.law_entry),
        "output": evidence.output,
        "output_entry": list(evidence.output_entry),
        "residue": [str(x) for x in evidence.residue] if isinstance(evidence.residue, tuple) else str(evidence.residue),
        "bits": evidence.bits,
    }


# --- reading -----------------------------------------------------------------------------------------------------


def read_certificate(text: str) -> Certificate:
    """The certificate in a JSON text. Raises `Malformed` with what is wrong; never trusts a size it has not checked."""
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
    fields = _fields(data, {MAGIC, "about", "statement", "evidence"})
    about = _mapping(fields["about"], lambda x: _text(x, 10_000))
    statement = _statement(fields["statement"])
    return Certificate(statement, _evidence(fields["evidence"], statement.program), about)


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


def _integer(x: Any, low: int, high: int) -> int:
    if type(x) is not int:
        raise Malformed(f"expected an integer, found {type(x).__name__}")
    if not low <= x <= high:
        raise Malformed(f"an integer is outside {low}..{high}")
    return x


def _text(x: Any, limit: int = MAX_NAME) -> str:
    if not isinstance(x, str):
        raise Malformed(f"expected a string, found {type(x).__name__}")
    if len(x) > limit:
        raise Malformed("a string is too long")
    return x


def _name(x: Any) -> str:
    """The name of a leaf, a dim, an activation, a function. It is printed, so it must not look like other text."""
    text = _text(x)
    if not text or not text.isprintable() or any(c.isspace() or c in '%="' for c in text):
        raise Malformed("a name is empty, or has a space or a character that is not printable")
    return text


def _fraction(x: Any) -> Fraction:
    text = _text(x, 2 * MAX_DIGITS + 2)
    return _short_fraction(text) if len(text) <= 8 else _read_fraction(text)


@lru_cache(maxsize=4096)
def _short_fraction(text: str) -> Fraction:
    return _read_fraction(text)


def _read_fraction(text: str) -> Fraction:
    if not re.fullmatch(rf"-?[0-9]{{1,{MAX_DIGITS}}}(/[0-9]{{1,{MAX_DIGITS}}})?", text):
        raise Malformed(f"expected a rational such as '-1/2', found {text[:20]!r}")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise Malformed("a rational has denominator 0") from None


def _list(x: Any, item: Callable[[Any], T], limit: int = MAX_LIST) -> tuple[T, ...]:
    if not isinstance(x, list):
        raise Malformed(f"expected a list, found {type(x).__name__}")
    if len(x) > limit:
        raise Malformed(f"a list is longer than {limit}")
    return tuple(item(y) for y in x)


def _mapping(x: Any, item: Callable[[Any], T]) -> dict[str, T]:
    if not isinstance(x, dict):
        raise Malformed(f"expected an object, found {type(x).__name__}")
    if len(x) > 10_000:
        raise Malformed("an object has too many fields")
    return {_text(k): item(v) for k, v in x.items()}


def _fields(x: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(x, dict):
        raise Malformed(f"expected an object, found {type(x).__name__}")
    if set(x) != names:
        odd = sorted(str(k)[:40] for k in set(x) ^ names)
        raise Malformed(f"missing or unknown fields: {', '.join(odd)}")
    return x


def _row(x: Any, length: int) -> list[Any]:
    if not isinstance(x, list) or len(x) != length:
        raise Malformed(f"expected a list of {length}")
    return x


def _number(x: Any) -> int:
    return _integer(x, 0, MAX_NODES)


def _size(x: Any) -> Size:
    if isinstance(x, list):
        terms: dict[tuple[tuple[str, int], ...], Fraction] = {}
        for row in _list(x, lambda y: _row(y, 2), MAX_TERMS):
            powers = _list(row[1], lambda y: _row(y, 2), MAX_TERMS)
            monomial = tuple((_name(name), _integer(e, 1, 64)) for name, e in powers)
            if list(monomial) != sorted(set(monomial)) or len({name for name, _ in monomial}) != len(monomial):
                raise Malformed("the dims of a size are not in order")
            if monomial in terms:
                raise Malformed("a size has a monomial twice")
            terms[monomial] = _fraction(row[0])
        return Size(terms)
    return Size.of(_integer(x, -MAX_SIZE, MAX_SIZE))


def _shape(x: Any) -> tuple[Size, ...]:
    return _list(x, _size, 64)


def _ints(x: Any) -> tuple[int, ...]:
    return _list(x, lambda y: _integer(y, 0, MAX_SIZE))


def _steps(x: Any) -> tuple[int, ...]:
    return _list(x, lambda y: _integer(y, -MAX_SIZE, MAX_SIZE), 64)


_NODES: dict[str, tuple[type, tuple[Callable[[Any], Any], ...]]] = {
    "leaf": (Leaf, (_name, _text, _shape, _text)),
    "number": (Number, (_size,)),
    "iota": (Iota, (_size, lambda x: _integer(x, -MAX_SIZE, MAX_SIZE), _size)),
    "einsum": (Einsum, (_ints, lambda x: _list(x, _ints), _ints, _shape)),
    "sum": (Sum, (lambda x: _list(x, lambda y: (_fraction(_row(y, 2)[0]), _number(y[1]))),)),
    "power": (Power, (_number, _fraction)),
    "apply": (Apply, (_name, _number)),
    "product": (Product, (_number,)),
    "det": (Det, (_number,)),
    "opaque": (Opaque, (_name, _ints, _shape, lambda x: _integer(x, 0, 64))),
    "gather": (Gather, (_number, lambda x: _integer(x, 0, 64), _size, _steps, _shape)),
    "scatter": (Scatter, (_number, lambda x: _integer(x, 0, 64), _size, _steps, _size)),
    "reshape": (Reshape, (_number, _shape)),
}


def _node(x: Any) -> Node:
    if not isinstance(x, list) or not x or not isinstance(x[0], str) or x[0] not in _NODES:
        raise Malformed("expected a node: a list that starts with the name of its kind")
    kind, parts = _NODES[x[0]]
    row = _row(x, len(parts) + 1)
    node: Node = kind(*(part(y) for part, y in zip(parts, row[1:], strict=True)))
    return node


_CLAIMS = ("law", "count", "complete", "independent")


def _statement(x: Any) -> AnyStatement:
    claim = next((c for c in _CLAIMS if isinstance(x, dict) and c in x), "law")
    fields = _fields(x, {"nodes", "activations", "functions", "conditions", "outputs", claim, "flow"})
    program = Program(
        nodes=_list(fields["nodes"], _node, MAX_NODES),
        activations=_list(
            fields["activations"],
            lambda y: (_name(_row(y, 2)[0]), _property(y[1])),
            1000,
        ),
        functions=_list(fields["functions"], _name, 1000),
        conditions=_list(fields["conditions"], _size, 1000),
    )
    outputs = _list(fields["outputs"], _number, 10_000)
    flow = _flow(fields["flow"])
    if claim == "law":
        return Statement(program, outputs, _number(fields["law"]), flow)
    if claim == "count":
        relation, number = _row(fields["count"], 2)
        return Count(program, outputs, flow, _text(relation, 2), _integer(number, -(10**12), 10**12))
    laws = _list(fields[claim], _number, 10_000)
    kind = Complete if claim == "complete" else Independent
    return kind(program, outputs, flow, laws)


def _property(x: Any) -> Property:
    if isinstance(x, list):
        terms = _list(x, lambda y: (_fraction(_row(y, 2)[0]), _integer(y[1], 0, MAX_SLOPE_DEGREE)), MAX_TERMS)
        return Slope(terms)
    return None if x is None else _fraction(x)


def _flow(x: Any) -> Flow:
    fields = _fields(x, {"factors", "drift", "second_order"})

    def nodes(y: Any) -> tuple[tuple[str, int], ...]:
        return _list(y, lambda z: (_text(_row(z, 2)[0]), _number(z[1])), 20_000)

    if not isinstance(fields["second_order"], bool):
        raise Malformed("second_order is true or false")
    return Flow(nodes(fields["factors"]), nodes(fields["drift"]), fields["second_order"])


def _sizes(x: Any) -> dict[str, int]:
    return _mapping(x, lambda y: _integer(y, 1, MAX_SIZE))


def _index(x: Any) -> Index:
    return _list(x, lambda y: _integer(y, 0, MAX_SIZE), 64)


def _array(x: Any) -> dict[Index, Fraction]:
    rows = _list(x, lambda y: (_index(_row(y, 2)[0]), _fraction(y[1])))
    result = dict(rows)
    if len(result) != len(rows):
        raise Malformed("an array gives an entry twice")
    return {i: y for i, y in result.items() if y}


def _evidence(x: Any, program: Program, depth: int = 0) -> Evidence:
    method = x.get("method") if isinstance(x, dict) else None
    if method == "tensors":
        return _tensors(x)
    if method == "polynomials":
        _fields(x, {"method"})
        return ByPolynomials()
    if method == "block":
        return _block(x, depth)
    if method == "sandwich":
        return _sandwich(x, program)
    if method == "relation":
        f = _fields(x, {"method", "terms", "modulus", "seed"})
        return Relation(_list(f["terms"], _relation_term, 100_000), _modulus(f["modulus"]), _seed(f["seed"]))
    if method == "not conserved":
        f = _fields(x, {"method", "law", "witness"})
        return NotConserved(_integer(f["law"], 0, 10_000), _witness(f["witness"]))
    if method == "witness":
        return _witness(x)
    raise Malformed("unknown method of evidence")


def _block(x: Any, depth: int) -> ByBlock:
    f = _fields(x, {"method", "statement", "evidence", "dims", "names", "calls", "sizes"})
    if depth >= MAX_BLOCKS:
        raise Malformed(f"blocks are nested more than {MAX_BLOCKS} deep")
    statement = _statement(f["statement"])
    if not isinstance(statement, Statement):
        raise Malformed("what is taken from a block is a law")
    evidence = _evidence(f["evidence"], statement.program, depth + 1)
    if not isinstance(evidence, ByTensors | ByPolynomials | ByBlock):
        raise Malformed("a law of a block is proved by tensors, polynomials or a block")
    return ByBlock(
        Premise(statement, evidence),
        _mapping(f["dims"], _size),
        _mapping(f["names"], _name),
        _list(f["calls"], lambda y: (_number(_row(y, 2)[0]), _number(y[1])), 100_000),
        _sizes(f["sizes"]),
    )


def _sandwich(x: Any, program: Program) -> Sandwich:
    f = _fields(x, {"method", "nodes", "laws", "steps", "modulus", "seed", "paths"})
    more = _list(f["nodes"], _node, MAX_NODES)
    if more:
        program = Program((*program.nodes, *more), program.activations, program.functions, program.conditions)
    return Sandwich(
        program,
        _list(f["laws"], lambda y: (_number(_row(y, 2)[0]), _law_evidence(y[1])), 10_000),
        _list(f["steps"], lambda y: Step(_tree(_row(y, 2)[0], MAX_DEPTH), _integer(y[1], 1, MAX_LIST)), 1000),
        _modulus(f["modulus"]),
        _seed(f["seed"]),
        _list(f["paths"], _bundle, 1000),
    )


def _bundle(x: Any) -> Bundle:
    f = _fields(x, {"output", "entries", "data", "on"})
    return Bundle(
        _integer(f["output"], 0, 10_000),
        _list(f["entries"], _number),
        _list(f["data"], lambda y: (_name(_row(y, 2)[0]), _list(y[1], _number)), 1000),
        _list(f["on"], lambda y: (_number(_row(y, 2)[0]), _list(y[1], _number)), 10_000),
    )


def _tensors(x: Any) -> ByTensors:
    f = _fields(x, {"method", "sizes", "renamings"})

    def factor(y: Any) -> tuple[int, Fraction, tuple[int, ...]]:
        s, e, indices = _row(y, 3)
        return (
            _integer(s, 0, MAX_LIST),
            _fraction(e),
            _list(indices, lambda z: _integer(z, -2 * MAX_SIZE, MAX_SIZE), 64),
        )

    return ByTensors(
        _sizes(f["sizes"]),
        _list(f["renamings"], lambda y: (_list(_row(y, 2)[0], factor), _ints(y[1])), 100_000),
    )


def _law_evidence(x: Any) -> ByTensors | ByPolynomials:
    method = x.get("method") if isinstance(x, dict) else None
    if method == "polynomials":
        _fields(x, {"method"})
        return ByPolynomials()
    if method != "tensors":
        raise Malformed("a law of a sandwich is proved by tensors or polynomials")
    return _tensors(x)


def _tree(x: Any, leaves: int) -> Tree:
    """A bracket of at most so many generators."""
    if x == 1 and not isinstance(x, bool):
        return 1
    if leaves < 2:
        raise Malformed(f"a bracket has more than {MAX_DEPTH} generators")
    left, right = _row(x, 2)
    return (_tree(left, leaves - 1), _tree(right, leaves - 1))


def _modulus(x: Any) -> int:
    return _integer(x, 2, 2**64)


def _seed(x: Any) -> int:
    return _integer(x, 0, 2**64)


def _relation_term(x: Any) -> tuple[Fraction, tuple[tuple[int, int], ...]]:
    coefficient, powers = _row(x, 2)
    return _fraction(coefficient), _list(
        powers, lambda y: (_integer(_row(y, 2)[0], 0, MAX_LIST), _integer(y[1], 1, 100)), 1000
    )


def _witness(x: Any) -> Witness:
    f = _fields(
        x,
        {"method", "sizes", "leaves", "homogeneous", "values", "functions", "law_entry", "output", "output_entry"}
        | {"residue", "bits"},
    )
    choices = Choices(
        homogeneous=_mapping(f["homogeneous"], lambda y: (_fraction(_row(y, 2)[0]), _fraction(y[1]))),
        values=_mapping(f["values"], _value_table),
        functions=_mapping(f["functions"], lambda y: list(_list(y, _function_row, 10_000))),
    )
    return Witness(
        sizes=_sizes(f["sizes"]),
        leaves=_mapping(f["leaves"], _array),
        choices=choices,
        law_entry=_index(f["law_entry"]),
        output=None if f["output"] is None else _integer(f["output"], 0, 10_000),
        output_entry=_index(f["output_entry"]),
        residue=_residue(f["residue"]),
        bits=_integer(f["bits"], 0, MAX_BITS),
    )


def _residue(x: Any) -> Residue:
    if isinstance(x, list):
        low, high = (_fraction(y) for y in _row(x, 2))
        return low, high
    return _fraction(x)


def _value_table(x: Any) -> dict[Fraction, tuple[Fraction, Fraction]]:
    rows = _list(x, lambda y: tuple(_fraction(z) for z in _row(y, 3)))
    table = {z: (f, g) for z, f, g in rows}
    if len(table) != len(rows):
        raise Malformed("a table of values gives an argument twice")
    return table


def _function_row(x: Any) -> tuple[Any, Any, Any]:
    f = _fields(x, {"arguments", "value", "jacobian"})
    point = tuple(tuple(sorted(_array(y).items())) for y in _list(f["arguments"], lambda y: y, 1000))
    jacobian = _list(
        f["jacobian"],
        lambda b: {(_index(_row(r, 3)[0]), _index(r[1])): _fraction(r[2]) for r in _list(b, lambda y: y)},
        1000,
    )
    return point, _array(f["value"]), list(jacobian)
