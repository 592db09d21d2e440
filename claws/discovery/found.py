"""What the search for laws is asked for, and what it hands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from claws.kernel.core.finding import NamedPoint, Premise
from claws.syntax.diagnostic import Diagnostic


@dataclass(frozen=True)
class FoundLaw:
    """A conservation law that the kernel has proved.

    `text` is an expression in the file's names, ready for `law NAME = text`. `sizes` are the dims that were fixed for the proof;
    empty where none was. `for_all_sizes` has the meaning it has in reports: the law is proved with every remaining dim free.
    """

    text: str
    for_all_sizes: bool
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Notes:
    """What a search left out, for people: a line each, no line twice."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Add a line unless it is there."""
        if line not in self.lines:
            self.lines.append(line)


@dataclass(frozen=True)
class Settings:
    """What to look for in a file, and how hard."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    """Dims set or overridden (`-D n=3`)."""
    degree: int = 2
    """The degree up to which polynomials are searched, at least 1."""
    basis: tuple[str, ...] = ()
    """Expressions, in the names of the file, whose entries laws may be made of besides the coordinates."""
    complete: bool = False
    """Raise the degree until no law is missing."""
    symmetries: bool = False
    """List the linear symmetries that give no law as well."""
    seed: int = 0
    """The seed of all random points: with the same one, and without a timeout, the same is found."""
    budget: int = 100_000_000
    """Elementary steps for each file."""
    timeout: float | None = 300.0
    """A backstop in seconds for each file, None for none."""


@dataclass(frozen=True)
class FileLaw:
    """A proved law, by the name that it would have in the file."""

    name: str
    text: str
    """What stands after `law NAME =`, without the sizes."""
    for_all_sizes: bool
    sizes: Mapping[str, int]
    """The sizes of its `for`; empty for none."""
    entries: int
    """How many different scalar laws it has, at the sizes of the search."""
    symmetry: str = ""
    """The symmetry that it generates; empty where that is not known."""
    symmetry_latex: str = ""
    """The symmetry as LaTeX."""

    @property
    def claim(self) -> str:
        """What stands after `law NAME =`."""
        clause = ", ".join(f"{d} = {n}" for d, n in self.sizes.items())
        return f"{self.text} for {clause}" if clause else self.text


@dataclass
class Findings:
    """What was found in one file, filled in as the search goes on."""

    path: str
    model: str = ""
    """The name of the model."""
    errors: list[Diagnostic] = field(default_factory=list)
    """What is wrong with the file, with an expression of `--basis`, or with claws itself."""
    text: str = ""
    """The text that the errors are in."""
    dims: tuple[str, ...] = ()
    """The dims that the file declares."""
    place: str = ""
    """Where that text stands, if that is not the file."""
    sizes: dict[str, int] = field(default_factory=dict)
    """The sizes at which laws were counted, and looked for entry by entry."""
    chosen: tuple[str, ...] = ()
    """The dims whose sizes nobody gave."""
    bare: str = ""
    """The file without its claims."""
    parameters: int = 0
    """How many coordinates the state has: parameters, and velocities under momentum."""
    laws: list[FileLaw] = field(default_factory=list)
    """The laws that were found, in the order of the search."""
    independent: int = 0
    """How many of their entries have independent gradients at the point of the search."""
    counted: int = 0
    """How many laws there are as far as the kernel can count them."""
    together: int = 0
    """How many of those that were found it can count together: fewer where the others are counted by involution."""
    count_at_least: int = 0
    """A lower bound for the number of laws: those that are proved and independent."""
    count_at_most: int = 0
    """An upper bound that the kernel has accepted; at first, one law for each coordinate."""
    premises: tuple[Premise, ...] = ()
    """What the kernel's bounds take for granted."""
    near: tuple[NamedPoint, ...] = ()
    """The point near which the kernel's upper bound was seen; empty for almost everywhere."""
    degree: int = 0
    """The degree up to which polynomials were searched; 0 where there was no need to."""
    symmetries: list[str] = field(default_factory=list)
    """Linear symmetries that give no law, where these were asked for."""
    notes: list[str] = field(default_factory=list)
    """What the search left out, a line each."""
    interrupted: bool = False
    """Whether the user ended the search."""
    failed: bool = False
    """Whether claws itself failed."""

    @property
    def missing(self) -> int:
        """How many independent laws may exist beside those that were found."""
        return self.count_at_most - self.independent
