"""The claims of a file: what each is about, at which sizes, and with which verdict expected.

READ WITH CARE: it decides what the words of a claim refer to.
"""

from __future__ import annotations

from collections.abc import Mapping

from claws.syntax import nodes
from claws.syntax.diagnostic import SourceError, error, suggest
from claws.syntax.ranges import Ranges
from claws.syntax.spec import Claim, Spec


def read_claims(spec: Spec, overrides: Mapping[str, int]) -> list[Claim | SourceError]:
    """The claims of a file that has been declared, in order; the error of one stands in its place."""
    found: list[Claim | SourceError] = []
    for s in spec.file.statements:
        if isinstance(s, nodes.Law | nodes.Independent | nodes.Complete | nodes.Count):
            try:
                claim = _claim(spec, s, overrides)
            except SourceError as problem:
                found.append(problem)
            else:
                found += [] if claim is None else [claim]
    spec.claims += [x for x in found if isinstance(x, Claim)]
    return found


def _claim(spec: Spec, s: nodes.Claim, overrides: Mapping[str, int]) -> Claim | None:
    """One claim, or None where nothing is to be said of it: it is made at other sizes, or about what is wrong already."""
    if isinstance(s, nodes.Law):
        laws: tuple[str, ...] = (s.name.name,)
        kind, name = "law", s.name.name
        if spec.laws.get(name) is not s:
            return None  # declared twice: reported already
    elif isinstance(s, nodes.Count):
        kind, name, laws = "count", "count", ()
    else:
        kind = "independent" if isinstance(s, nodes.Independent) else "complete"
        laws = tuple(x.name for x in s.laws)
        name = f"{kind} {', '.join(laws)}"
        for x in s.laws:
            if x.name in spec.broken:
                return None
            if x.name not in spec.law_names():
                hint = suggest(x.name, spec.law_names()) or "declare it with `law`"
                raise error("CLAW033", f"no law is named `{x.name}`", x.span, hint)
        if len(set(laws)) != len(laws):
            raise error("CLAW033", "a law stands twice in this list", s.span)
    among = _among(spec, s)
    if among is not None:
        assert isinstance(s, nodes.Complete | nodes.Count) and s.among is not None
        name += f" in {', '.join(x.name for x in s.among)}"
    expected = "PROVED" if s.expect is None else s.expect.name.upper()
    sizes = tuple(Ranges(spec, overrides).sizes(s.sizes)) if s.sizes is not None else ({},)
    if not sizes:
        assert s.sizes is not None
        if overrides:
            return None  # made at other sizes than those of `-D`
        raise error("CLAW030", "no sizes satisfy this `for`", s.sizes.span)
    return Claim(s, kind, name, laws, expected, sizes, among)


def _among(spec: Spec, s: nodes.Claim) -> tuple[str, ...] | None:
    """The parameters after `in`; the name of a block stands for all of its own."""
    if not isinstance(s, nodes.Complete | nodes.Count) or s.among is None:
        return None
    found: dict[str, None] = {}
    parameters = spec.parameters()
    for x in s.among:
        own = [p for p in parameters if p == x.name or (x.name in spec.blocks and p.startswith(x.name + "."))]
        if not own:
            hint = suggest(x.name, [*parameters, *spec.blocks]) or "name parameters, or a block"
            raise error("CLAW021", f"`{x.name}` is not a parameter", x.span, hint)
        found |= dict.fromkeys(own)
    return tuple(found)
