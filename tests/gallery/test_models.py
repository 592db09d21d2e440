"""Two independent evaluations agree: the Jacobian of each gallery file's program, and a model written by hand in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from claws.flows.problem import System
from claws.readings.floating import values
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec
from tests.gallery.hand import Array, Hand

GALLERY = Path(__file__).parent.parent.parent / "examples" / "gallery"
FILES = sorted(GALLERY.rglob("*.claw"))
STEP = 1e-6


def models() -> dict[str, Hand]:
    found: dict[str, Hand] = {}
    for family in sorted({path.parent.name for path in FILES}):
        for name, hand in import_module(f"tests.gallery.{family}").MODELS.items():
            found[f"{family}/{name}"] = hand
    return found


HAND = models()


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_every_file_is_written_by_hand() -> None:
    assert sorted(HAND) == sorted(map(name_of, FILES))


def flat(outputs: object) -> Array:
    parts = outputs if isinstance(outputs, tuple) else (outputs,)
    return np.concatenate([np.ravel(np.asarray(x, dtype=np.float64)) for x in parts])


def drawn(system: System, seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    leaves = {}
    for name in system.names("param", "const", "input"):
        x = np.asarray(random.normal(size=system.shapes[name]))
        leaves[name] = np.asarray(np.abs(x) + 0.2) if system.leaf(name).domain == "positive" else x
    return leaves


def program_jacobian(system: System, leaves: dict[str, Array]) -> tuple[Array, Array]:
    """The outputs, and their derivatives in every parameter: outputs x coordinates."""
    state = {name: leaves[name] for name in system.names("param")}
    state.update({name: np.zeros(system.shapes[name]) for name in system.names("velocity", "time")})
    data = {name: leaves[name] for name in system.names("const")}
    data.update({name: leaves[name][None] for name in system.names("input")})
    reading = system.reading(state, data)
    found, rows = [], []
    for n in system.model.outputs:
        found.append(system.at(reading, n).ravel())
        shape = reading.shapes[n]
        size = int(np.prod(shape, dtype=int))
        pulled = reading.pull({n: [np.eye(size).reshape(size, *shape)]})
        columns = []
        for name in system.names("param"):
            width = int(np.prod(system.shapes[name], dtype=int))
            part = pulled[name][0] if name in pulled else None
            full = np.zeros((size, *system.shapes[name])) if part is None else part
            columns.append(np.broadcast_to(full, (size, *system.shapes[name])).reshape(size, width))
        rows.append(np.concatenate(columns, axis=1))
    return np.concatenate(found), np.concatenate(rows)


def left_open(spec: Spec) -> dict[str, object]:
    """The functions that claws takes for what a file leaves open, each from a file with nothing else in it."""

    def evaluated(declaration: str, name: str, z: Array) -> Array:
        flat = np.ravel(z)
        text = f"{declaration}\nparam z: [{len(flat)}]\nmap {name}(z)\n"
        model = Instance(load_text(text, "function.claw"), {}).model()
        (output,) = model.outputs
        return values(model.program, [output], {"z": flat})[output]

    found: dict[str, object] = {}
    for name, degree in spec.activations.items():
        declaration = f"activation {name}" + (f" homogeneous {degree}" if degree is not None else "")
        found[name] = lambda z, d=declaration, n=name: evaluated(d, n, z).reshape(np.shape(z))
    for name in spec.functions:
        found[name] = lambda z, size, n=name: evaluated(f"function {n}: [{size}]", n, z)
    return found


def by_name(arrays: Mapping[str, object]) -> SimpleNamespace:
    """The arrays as attributes, those of a block A as attributes of an attribute A."""
    found = SimpleNamespace()
    for name, x in arrays.items():
        *blocks, last = name.split(".")
        place = found
        for block in blocks:
            place.__dict__.setdefault(block, SimpleNamespace())
            place = getattr(place, block)
        setattr(place, last, x)
    return found


def hand_jacobian(
    hand: Hand, system: System, leaves: dict[str, Array], functions: dict[str, object]
) -> tuple[Array, Array]:
    """The same by central differences."""
    columns = []
    for name in system.names("param"):
        for i in np.ndindex(*system.shapes[name]):
            sides = []
            for sign in (1, -1):
                moved = leaves[name].copy()
                moved[i] += sign * STEP
                sides.append(flat(hand.model(by_name({**functions, **leaves, name: moved}))))
            columns.append((sides[0] - sides[1]) / (2 * STEP))
    return flat(hand.model(by_name({**functions, **leaves}))), np.stack(columns, axis=1)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_program_is_the_model(path: Path) -> None:
    hand = HAND[name_of(path)]
    spec = load_text(path.read_text(encoding="utf-8"), str(path))
    system = System.of(spec, hand.sizes)
    functions = left_open(spec)
    for seed in range(2):
        leaves = drawn(system, seed)
        outputs, jacobian = program_jacobian(system, leaves)
        expected, slopes = hand_jacobian(hand, system, leaves, functions)
        np.testing.assert_allclose(outputs, expected, rtol=1e-9, atol=1e-9)
        scale = 1.0 + float(np.max(np.abs(slopes), initial=0.0))
        np.testing.assert_allclose(jacobian / scale, slopes / scale, rtol=0, atol=1e-6)
