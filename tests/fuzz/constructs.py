"""Which constructs of the language a file uses, so that a run can say what it has seen of each."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from claws.syntax import nodes
from claws.syntax.library.table import TABLE

OTHER = (
    "index", "negative index", "slice", "slice with a step", "array", "comprehension", "nested comprehension", "sum over a range",
    "prod over a range", "transpose", "power", "root", "negative power", "matrix product", "quotient", "dim as a number", "let",
    "input", "const", "free dims", "fixed dims", "for", "positive", "nonzero", "activation", "activation homogeneous",
    "activation with a derivative", "function", "function with a shape", "several outputs", "precondition", "block",
    "block's law", "einsum without ->", "softmax with a mask", "sum along an axis", "prod along an axis", "concat along an axis",
    "conv with stride", "conv with padding", "conv with dilation", "conv with groups", "conv with bias",
    "leaky_relu with a slope", "tri with another diagonal",
)  # fmt: skip
"""What a file may use beside the functions of the language."""

DYNAMICS = (
    "flow gradient",
    "flow momentum",
    "flow decay",
    "flow rate",
    "rate of a parameter",
    "decay of a parameter",
    "time",
    "vel",
)

_NAMES = {row.name for row in TABLE}

ALL = tuple(row.name for row in TABLE if row.name != "vel") + OTHER


def constructs(file: nodes.File) -> set[str]:
    """The names of what a file uses."""
    found: set[str] = set()
    dims = {name.name for s in file.statements if isinstance(s, nodes.Dim) for name, _ in s.entries}
    todo: list[tuple[Any, bool]] = [(s, False) for s in file.statements]
    while todo:
        x, is_size = todo.pop()
        if isinstance(x, tuple):
            todo += [(y, is_size) for y in x]
            continue
        if not is_dataclass(x):
            continue
        found |= _of(x)
        if isinstance(x, nodes.Name) and x.name in dims and not is_size:
            found.add("dim as a number")
        sized = isinstance(x, nodes.Group | nodes.Loop | nodes.Slice) or (
            isinstance(x, nodes.Call) and x.function.name in ("ones", "zeros", "I", "reshape", "tri")
        )
        todo += [(getattr(x, f.name), is_size or sized) for f in fields(x)]
    return found


def _of(x: Any) -> set[str]:
    match x:
        case nodes.Index(_, items):
            found = {"index"} if any(not isinstance(i, nodes.Slice) for i in items) else set()
            for i in items:
                if isinstance(i, nodes.Slice):
                    found.add("slice" if i.step is None else "slice with a step")
                elif isinstance(i, nodes.Negative):
                    found.add("negative index")
            return found
        case nodes.Array():
            return {"array"}
        case nodes.ArrayComprehension(body, loops):
            nested = len(loops) > 1 or isinstance(body, nodes.ArrayComprehension)
            return {"comprehension", *(["nested comprehension"] if nested else [])}
        case nodes.Transpose():
            return {"transpose"}
        case nodes.Binary("^", _, right):
            kinds = {"power"}
            if isinstance(right, nodes.Negative):
                kinds.add("negative power")
            if any(isinstance(y, nodes.Binary) for y in (right, getattr(right, "operand", None))):
                kinds.add("root")
            return kinds
        case nodes.Binary(operator):
            return {{"@": "matrix product", "/": "quotient"}.get(operator, "sum or product")}
        case nodes.Call():
            return _of_call(x)
        case nodes.Let():
            return {"let"}
        case nodes.Declare(role, groups):
            return ({role} if role != "param" else set()) | {g.domain.name for g in groups if g.domain is not None}
        case nodes.Dim(entries):
            return {"free dims" if size is None else "fixed dims" for _, size in entries}
        case nodes.For():
            return {"for"}
        case nodes.Activation(entries):
            return {
                "activation"
                if e is None
                else "activation with a derivative"
                if isinstance(e, nodes.Derivative)
                else "activation homogeneous"
                for _, e in entries
            }
        case nodes.Function(shapes):
            return {"function" if shape is None else "function with a shape" for _, shape in shapes}
        case nodes.Map(outputs):
            return {"several outputs"} if len(outputs) > 1 else set()
        case nodes.Precondition():
            return {"precondition"}
        case nodes.Import():
            return {"block"}
        case nodes.Name(name):
            return (
                {"block's law"}
                if "." in name and name.rpartition(".")[2].islower()
                else {"time"}
                if name == "t"
                else set()
            )
        case nodes.Dynamic(kind, arguments):
            own = {f"{kind.name} of a parameter"} if len(arguments) > 1 and kind.name != "momentum" else set()
            return {f"flow {kind.name}"} | own
    return set()


def _of_call(x: nodes.Call) -> set[str]:
    name, keys = x.function.name, {k.name for k, _ in x.keywords}
    found = {name} if name in _NAMES else {"a function of the file"}
    if x.arguments and isinstance(x.arguments[0], nodes.Generator):
        return {name, f"{name} over a range"}
    if name == "einsum" and isinstance(x.arguments[0], nodes.Text) and "->" not in x.arguments[0].value:
        found.add("einsum without ->")
    if name == "softmax" and keys:
        found.add("softmax with a mask")
    if name in ("sum", "prod", "concat") and (keys or (name != "concat" and len(x.arguments) > 1)):
        found.add(f"{name} along an axis")
    if name in ("conv1d", "conv2d"):
        found |= {f"conv with {key}" for key in keys}
        if len(x.arguments) > 2:
            found.add("conv with bias")
    if name == "leaky_relu" and (keys or len(x.arguments) > 1):
        found.add("leaky_relu with a slope")
    if name in ("tri", "tril", "triu") and keys:
        found.add("tri with another diagonal")
    return found
