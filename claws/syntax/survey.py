"""Elaborates everything that a file says once, to find what is wrong with it before anything is proved.

READ WITH CARE: a file with errors is not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from claws.syntax import nodes
from claws.syntax.diagnostic import SourceError, error, suggest
from claws.syntax.elaboration.names import NeedsSizesHere
from claws.syntax.instances.instance import Instance
from claws.syntax.spec import Claim, Sizes, Spec


class Survey:
    """Looks for what is wrong in a file whose declarations and claims have been read; what it finds is in `Spec.diagnostics`."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._tries: dict[tuple[tuple[str, int], ...], Instance] = {}

    def run(self, claims: Sequence[Claim | SourceError]) -> None:
        """Elaborates every declaration with its dims left free, then each claim at its smallest and largest sizes."""
        self._declarations()
        for claim in claims:
            try:
                self._claim(claim)
            except SourceError as problem:
                self._report(problem)

    def _report(self, problem: SourceError) -> None:
        self.spec.diagnostics.append(problem.diagnostic)

    def _declarations(self) -> None:
        """Finds what is wrong whatever the sizes."""
        spec = self.spec
        try:
            here = Instance(spec, {})
        except SourceError as problem:
            self._report(problem)
            spec.functions.clear()  # what is wrong with the shape of one has been said
            here = Instance(spec, {})

        def attempt(action: Callable[[], object]) -> None:
            try:
                action()
            except NeedsSizesHere as problem:
                # an error only if a claim is made without these sizes: that claim will say so
                if not any(
                    isinstance(s, nodes.Law | nodes.Complete | nodes.Count | nodes.Independent)
                    for s in spec.file.statements
                ):
                    self._report(problem)
            except SourceError as problem:
                if problem not in spec.broken.values():
                    self._report(problem)

        for name in spec.blocks:
            try:
                here.block(name)
            except SourceError as problem:
                self._report(problem)
                spec.broken |= {x: problem for x in (name, *spec.leaves) if x == name or x.startswith(f"{name}.")}
        for name in (*spec.leaves, *spec.lets):
            attempt(lambda name=name: here.value(name))  # type: ignore[misc]
        for e in spec.map.outputs if spec.map is not None else ():
            attempt(lambda e=e: here.output(e))  # type: ignore[misc]
        for name, (target, _) in list(spec.preconditions.items()):
            if name not in spec.parameters():
                del spec.preconditions[name]
                if name not in spec.broken:
                    self._report(
                        error("CLAW021", f"`{name}` is not a parameter", target.span, suggest(name, spec.parameters()))
                    )
            else:
                attempt(lambda name=name: here.preconditioner(name))  # type: ignore[misc]
        attempt(here.fields)

    def _claim(self, claim: Claim | SourceError) -> None:
        if isinstance(claim, SourceError):
            raise claim
        if self.spec.diagnostics or self.spec.map is None:
            self._try_laws(claim.laws)
        else:
            # the smallest and the largest: what is wrong at others is found when they are checked
            for sizes in claim.sizes[:1] if len(claim.sizes) == 1 else (claim.sizes[0], claim.sizes[-1]):
                self._try_claim(claim, sizes)

    @cached_property
    def _apart(self) -> Instance:
        """An instance for laws alone: an error of the map leaves it unharmed."""
        return Instance(self.spec, {})

    def _try_laws(self, laws: tuple[str, ...]) -> None:
        """What is wrong with laws themselves, in a file that has other errors."""
        for law in laws:
            try:
                self._apart.law(law)
            except NeedsSizesHere:
                pass  # at the claim's sizes it may be right
            except SourceError as problem:
                if problem not in self.spec.broken.values():
                    self._report(problem)

    def _try_claim(self, claim: Claim, sizes: Sizes) -> None:
        """Raises `SourceError` where the claim has no meaning at these sizes."""
        key = tuple(sizes.items())
        if key in self._tries:
            try:
                self._elaborate(claim, self._tries[key])
                return
            except SourceError:
                pass  # perhaps because of what an earlier claim needs of the sizes
        self._tries[key] = Instance(self.spec, sizes)
        self._elaborate(claim, self._tries[key])

    @staticmethod
    def _elaborate(claim: Claim, here: Instance) -> None:
        for law in claim.laws:
            here.statement(law)
            here.check_among(law, claim)
        if isinstance(claim.node, nodes.Count):
            here.dims_only().affine(claim.node.value, "a count")
