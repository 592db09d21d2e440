"""`claws show`: the model, its laws, their gradients and residues as readable mathematics.

It prints what the readings compute and decides nothing: the verdict is `claws check`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from claws.kernel.core.errors import Meter, Refused, Undefined
from claws.kernel.core.program import count_entries
from claws.kernel.core.sizes import ZERO
from claws.kernel.core.statement import Statement
from claws.kernel.format.printing import render_statement
from claws.kernel.laws.by_tensors import tensor_residue
from claws.kernel.laws.tensors import Tensors
from claws.kernel.values.evaluation import directional, evaluate, fixed
from claws.kernel.values.residues import law_directions, law_drift
from claws.prover.renamings import LeastForms
from claws.report.descent import descend
from claws.report.tensor_text import TensorPrinter
from claws.syntax import nodes
from claws.syntax.diagnostic import START, Diagnostic, SourceError, Span, suggest
from claws.syntax.instances.instance import Instance
from claws.syntax.printer import print_expression
from claws.syntax.spec import Spec

BUDGET = 20_000_000
ENTRIES_BUDGET = 1_000_000
"""SymPy's steps are some ten times slower."""


def show(spec: Spec, laws: Sequence[str], form: str = "text") -> str:
    """The text for these laws (all for none). `form` is text, program, latex or sympy.

    Raises `SourceError` for a law that is not there, and for LaTeX or SymPy where a size is left free.
    """
    for name in laws:
        if name not in spec.laws:
            hint = suggest(name, spec.laws) or "the laws are: " + ", ".join(spec.laws)
            raise SourceError(Diagnostic("CLAW033", f"no law is named `{name}`", hint=hint))
    if not spec.laws:
        hint = "add one, such as `law norm = sqnorm(U)`"
        raise SourceError(Diagnostic("CLAW033", "the file has no law, so there is nothing to show", hint=hint))
    claims = {c.name: c for c in spec.claims if c.kind == "law"}
    wanted = list(laws) or [name for name in spec.laws if name in claims]
    parts = []
    for k, name in enumerate(wanted):
        claim = claims.get(name)
        if claim is None:
            span = spec.laws[name].span
            raise SourceError(Diagnostic("CLAW030", f"none of the sizes of `{name}` is left", span))
        statement = Instance(spec, claim.sizes[0]).statement(name)
        try:
            if form == "program":
                parts.append(f"law {name}\n{render_statement(statement)}")
            elif form == "text":
                parts.append(_text(spec, statement, name, first=k == 0))
            else:
                parts.append(_entries(spec, statement, name, form, first=k == 0))
        except Refused as problem:
            raise SourceError(no_value(problem, claim.node.span)) from problem
    return "\n\n".join(parts)


def flow_equation(spec: Spec, name: str) -> str:
    """How a parameter moves, `U' = -grad_U E` in the simplest case."""
    dynamics = spec.dynamics
    gradient = f"P*grad_{name} E" if name in spec.preconditions else f"grad_{name} E"
    decay, rate = (table.get(name, table.get(None)) for table in (dynamics.decay, dynamics.rate))
    if decay is not None:
        gradient = f"{gradient} + {factor_text(decay)}*{name}"
        if rate is not None or dynamics.momentum is None:
            gradient = f"({gradient})"
    if rate is not None:
        gradient = f"{factor_text(rate)}*{gradient}"
    if dynamics.momentum is None:
        return f"{name}' = -{gradient}"
    return f"{name}'' + {factor_text(dynamics.momentum)}*{name}' + {gradient} = 0"


def factor_text(e: nodes.Expression) -> str:
    """An expression as a factor of a product."""
    text = print_expression(e)
    return f"({text})" if isinstance(e, nodes.Binary | nodes.Negative) else text


def no_value(problem: Refused, span: Span = START) -> Diagnostic:
    """Why the entries of a law can't be written down."""
    return Diagnostic("CLAW035" if isinstance(problem, Undefined) else "CLAW034", str(problem), span)


def _text(spec: Spec, statement: Statement, name: str, first: bool) -> str:
    program = statement.program
    meter = Meter(BUDGET)
    tensors = Tensors(program, meter, LeastForms(meter))
    printer = TensorPrinter(tensors)
    lines = []
    params = program.leaves("param")
    if first:
        total = sum((count_entries(program.shapes[n]) for n, _ in params), start=ZERO)
        shapes = ", ".join(
            leaf.name + (f" [{', '.join(map(str, leaf.shape))}]" if leaf.shape else "") for _, leaf in params
        )
        lines += [f"model {spec.model}", f"  parameters  {shapes}; D = {total}"]
        lines.append(f"  flow        {', '.join(flow_equation(spec, leaf.name) for _, leaf in params)}")
        lines += [f"  P of {p} = {print_expression(e)}" for p, (_, e) in spec.preconditions.items()]
        lines.append("  repeated indices are summed; 1 is one entry, eq[i,j] the identity matrix")
    assert spec.map is not None
    for k, (n, e) in enumerate(zip(statement.outputs, spec.map.outputs, strict=True)):
        lines.append(f"output {k}: {print_expression(e)}")
        lines.append(f"  = {printer.render(tensors.value(n))}")
    lines.append(f"law {name} = {print_expression(spec.laws[name].value)}")
    lines.append("  with an arbitrary constant array A of the law's shape, h = the sum of A times the law:")
    try:
        residue = tensor_residue(statement, tensors)
    except Refused as problem:
        lines.append(f"  {problem}")
        return "\n".join(lines)
    parts = {part.gradient: part for part in statement.flow.parts(1)}
    for leaf_name, tensor in residue.direction.items():
        factor = "" if parts[leaf_name].factor is None else "P * "
        lines.append(f"  {factor}grad_{parts[leaf_name].target} h = {printer.render(tensor)}")
    for k, n in enumerate(statement.outputs):
        left = residue.left.get(n)
        lines.append(f"  d(output {k}) along it = {'0' if left is None else printer.render(left)}")
    if statement.flow.drift:
        rest = "0" if residue.drift is None else printer.render(residue.drift)
        lines.append(f"  d(law)/dt without a loss = {rest}")
    definitions = printer.definitions()
    if definitions:
        lines.append("  where")
        lines += [f"    {line}" for line in definitions]
    if residue.left or residue.drift is not None:
        lines.append("  the residue does not cancel symbolically: `claws check` looks for a counter-example")
    else:
        lines.append("  the residue vanishes for all sizes: the law is conserved")
        lines.append(f"  {descend(spec, name).text}")
    return "\n".join(lines)


def _entries(spec: Spec, statement: Statement, name: str, form: str, first: bool) -> str:
    dims = statement.program.free_dims()
    if dims:
        options = " ".join(f"-D {d}=2" for d in dims)
        raise SourceError(
            Diagnostic(
                "CLAW025",
                f"entries can be written only at fixed sizes; {', '.join(dims)} is free",
                hint=f"add {options}",
            )
        )
    import sympy

    from claws.readings.sympy_reading import SympyRing, as_matrix, symbols_of

    def write(label: str, x: object) -> str:
        return f"{label} = {sympy.latex(x)}" if form == "latex" else f"{label} = {x}"

    program = statement.program
    meter = Meter(ENTRIES_BUDGET)
    ring = SympyRing(meter, dict(program.activations))
    leaves = symbols_of(program)
    values = evaluate(program, [*statement.outputs, statement.law], leaves, ring, meter)

    def shape(n: int) -> tuple[int, ...]:
        return tuple(fixed(k) for k in program.shapes[n])

    lines = []
    if first:
        lines += [write(rf"\phi_{k}" if form == "latex" else f"phi_{k}", as_matrix(values[n], shape(n)))
                  for k, n in enumerate(statement.outputs)]  # fmt: skip
    title = rf"\text{{{name}}}" if form == "latex" else name
    lines.append(write(title, as_matrix(values[statement.law], shape(statement.law))))
    shapes = {leaf.name: shape(n) for n, leaf in program.leaves("param")}
    drift = law_drift(statement, leaves, ring, meter)
    if statement.flow.drift:
        x = {i: sympy.simplify(y) for i, y in drift.items()}
        label = rf"\frac{{d}}{{dt}} {title}" if form == "latex" else f"drift {name}"
        lines.append(write(label, as_matrix(x, shape(statement.law))))
    targets = {part.gradient: part.target for part in statement.flow.parts(1)}
    for entry, direction in law_directions(statement, leaves, ring, meter).items():
        at = f"[{', '.join(map(str, entry))}]" if entry else ""
        for leaf, x in direction.items():
            moved = targets[leaf]
            label = rf"\nabla_{{{moved}}} {title}{at}" if form == "latex" else f"grad_{moved} {name}{at}"
            lines.append(write(label, as_matrix(x, shapes[leaf])))
        residue = directional(program, statement.outputs, leaves, direction, ring, meter)
        for k, n in enumerate(statement.outputs):
            x = {i: sympy.expand(y) for i, y in residue[n].items()}
            label = rf"J_{k} \nabla {title}{at}" if form == "latex" else f"residue_{k} {name}{at}"
            lines.append(write(label, as_matrix(x, shape(n))))
    return "\n".join(lines)
