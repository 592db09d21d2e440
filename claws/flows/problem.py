"""Training problems in floating point: a model at fixed sizes with data, a loss and a place to start, and how it then moves.

Not trusted: numbers here illustrate and test; they decide no claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from claws.flows.losses import SQUARE, Loss
from claws.kernel.core.flow import STATE, velocity_of
from claws.kernel.core.program import ROLES, Leaf
from claws.kernel.counting.statements import Count
from claws.kernel.values.evaluation import fixed
from claws.readings.arrays import Reading, Theta
from claws.readings.floating import constant, float_reading
from claws.readings.floating import values as values_of
from claws.readings.flow import motion
from claws.readings.jets import Array, Jet
from claws.readings.points import flattened
from claws.syntax import nodes
from claws.syntax.diagnostic import SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.spec import Spec

State = dict[str, Array]
"""Arrays by the names of leaves: parameters, `vel(U)`, `t`."""

EVALUATIONS = 1_000
"""Gradients that one integration takes by default; a stiffer problem is cut short."""


class CannotTrain(Exception):
    """The model has no value at the start, or the sizes do not fit it."""


@dataclass(frozen=True)
class System:
    """A model at fixed sizes with its laws, as one program; `laws` names their nodes.

    `declared` seeds the functions that the file leaves open (`activation s`, `function F`); `soft` rounds kinks (see
    `claws.readings.floating.FloatFunctions`).
    """

    model: Count
    laws: Mapping[str, int]
    declared: int = 0
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    soft: float = 0.0

    @staticmethod
    def of(spec: Spec, sizes: Mapping[str, int], declared: int = 0) -> System:
        """The model at these sizes, with those of its laws that have a meaning there. Raises `SourceError`, `CannotTrain`."""
        instance = Instance(spec, sizes)
        laws = []
        for name in spec.laws:
            try:
                instance.law(name)
            except SourceError:
                continue
            laws.append(name)
        model, nodes = instance.with_laws(laws)
        program = model.program
        shapes = {leaf.name: tuple(fixed(k) for k in program.shapes[n]) for n, leaf in program.leaves(*ROLES)}
        return System(model, dict(zip(laws, nodes, strict=True)), declared, shapes)

    def names(self, *roles: str) -> list[str]:
        return [leaf.name for _, leaf in self.model.program.leaves(*roles)]

    @property
    def state(self) -> list[str]:
        return self.names(*STATE)

    def leaf(self, name: str) -> Leaf:
        return next(leaf for _, leaf in self.model.program.leaves(*ROLES) if leaf.name == name)

    def reading(self, state: Mapping[str, Array], data: Mapping[str, Array] | None = None) -> Reading:
        """The program at this state; `data` are the constants, and inputs with their samples along axis 0."""
        inputs = set(self.names("input"))
        leaves: dict[str, Jet] = {name: [constant(x)] for name, x in state.items()}
        for name, x in (data or {}).items():
            leaves[name] = [np.asarray(x, dtype=np.float64)] if name in inputs else [constant(x)]
        return float_reading(self.model.program, leaves, 0, self.declared, self.soft)

    def law_values(self, state: Mapping[str, Array], data: Mapping[str, Array]) -> dict[str, Array]:
        """The value of each law."""
        reading = self.reading(state, data)
        return {name: self.at(reading, n) for name, n in self.laws.items()}

    def at(self, reading: Reading, n: int) -> Array:
        """A node that depends on no input, as an array of its own."""
        found: Array = reading.array(n)[0].copy()
        return found

    def law_gradient(self, name: str, state: Mapping[str, Array], data: Mapping[str, Array]) -> tuple[Array, list[str]]:
        """The Jacobian of a law, entries x coordinates of the state, and the names of the state in its order."""
        reading = self.reading(state, data)
        n = self.laws[name]
        shape = reading.shapes[n]
        size = int(np.prod(shape, dtype=int))
        pulled = reading.pull({n: [np.eye(size).reshape(size, *shape)]})
        return flattened(pulled, self.shapes, self.state, size), self.state

    def motion(self, state: Mapping[str, Array], data: Mapping[str, Array], gradient: Mapping[str, Array]) -> State:
        """state' for a gradient of the loss by parameter: the flow's drift, minus factor * gradient in what the flow moves."""
        result = {name: np.zeros(self.shapes[name]) for name in self.state}
        downhill: Theta = {name: [constant(-gradient[name])] for name in self.names("param")}
        for name, (x, *_) in motion(self.reading(state, data), self.model.flow, downhill).items():
            if x is not None:
                result[name] = result[name] + x[0]
        return result


@dataclass(frozen=True)
class TrainingProblem:
    """A system with a loss, data and an initial state. `data` has constants, and inputs with samples along axis 0.

    `targets` has an array samples x shape for each output of the map. The loss is the mean over samples of the sum over entries.
    """

    system: System
    sizes: Mapping[str, int]
    start: State
    data: Mapping[str, Array]
    targets: tuple[Array, ...]
    loss: Loss = SQUARE

    def __repr__(self) -> str:
        def text(x: Array) -> str:
            return np.array2string(np.asarray(x), separator=", ", threshold=60).replace("\n", "")

        lines = [f"sizes {dict(self.sizes)}, loss {self.loss}"]
        lines += [f"{name} = {text(x)}" for name, x in {**self.start, **self.data}.items()]
        lines += [f"target {k} = {text(x)}" for k, x in enumerate(self.targets)]
        return "TrainingProblem(\n  " + "\n  ".join(lines) + "\n)"

    @property
    def parameters(self) -> State:
        return {name: self.start[name] for name in self.system.names("param")}

    def energy(self, state: Mapping[str, Array] | None = None) -> float:
        """The loss."""
        reading = self.system.reading(self.start if state is None else state, self.data)
        total = 0.0
        for n, target in zip(self.system.model.outputs, self.targets, strict=True):
            y = reading.array(n)
            total += float(np.sum(self.loss.value(np.broadcast_to(y, target.shape), target))) / len(target)
        return total

    def gradient(self, state: Mapping[str, Array] | None = None) -> State:
        """The gradient of the loss with respect to every parameter."""
        reading = self.system.reading(self.start if state is None else state, self.data)
        seeds: dict[int, Any] = {}
        for n, target in zip(self.system.model.outputs, self.targets, strict=True):
            y = reading.array(n)
            slope = self.loss.slope(np.broadcast_to(y, target.shape), target) / len(target)
            seeds[n] = [slope if n not in seeds else seeds[n][0] + slope]
        pulled = reading.pull(seeds)
        result = {}
        for name in self.system.names("param"):
            part = pulled[name][0] if name in pulled else None
            shape = self.system.shapes[name]
            result[name] = (
                np.zeros(shape) if part is None else np.sum(np.broadcast_to(part, (len(part), *shape)), axis=0)
            )
        return result

    def motion(self, state: Mapping[str, Array]) -> State:
        """state' along the flow."""
        return self.system.motion(state, self.data, self.gradient(state))

    def law_values(self, state: Mapping[str, Array] | None = None) -> dict[str, Array]:
        return self.system.law_values(self.start if state is None else state, self.data)

    def law_rate(self, law: str, gradient: Mapping[str, Array] | None = None) -> Array:
        """d/dt of every entry of a law at the start, for this gradient of the loss by parameter (default: the problem's own).

        Zero for a conservation law, up to rounding: the test for an implementation of the model that is not claws's.
        """
        g = self.gradient() if gradient is None else {k: np.asarray(x, dtype=np.float64) for k, x in gradient.items()}
        jacobian, names = self.system.law_gradient(law, self.start, self.data)
        moved = self.system.motion(self.start, self.data, g)
        rate = jacobian @ np.concatenate([moved[name].ravel() for name in names])
        return np.asarray(rate.reshape(self.law_values()[law].shape))

    def with_start(self, state: State) -> TrainingProblem:
        return replace(self, start=state)

    # --- vectors ---

    def pack(self, state: Mapping[str, Array]) -> Array:
        return np.concatenate([np.ravel(state[name]) for name in self.system.state])

    def unpack(self, vector: Array) -> State:
        state, k = {}, 0
        for name in self.system.state:
            shape = self.system.shapes[name]
            size = int(np.prod(shape, dtype=int))
            state[name] = vector[k : k + size].reshape(shape)
            k += size
        return state


@dataclass
class Trajectory:
    """How training went. Law values are arrays times x shape. `stopped` says why it ended early, if it did."""

    problem: TrainingProblem
    kind: str
    """How it was made: `gradient flow`, or `gradient descent, step 0.01`."""
    times: Array
    states: Array
    """times x coordinates."""
    stopped: str = ""
    evaluations: int = 0

    def losses(self) -> Array:
        with np.errstate(all="ignore"):
            return np.array([self.problem.energy(self.problem.unpack(s)) for s in self.states])

    def laws(self) -> dict[str, Array]:
        """The values of each law; not a number where it has none."""
        with np.errstate(all="ignore"):
            rows = [self.problem.law_values(self.problem.unpack(s)) for s in self.states]
        return {name: np.array([row[name] for row in rows]) for name in self.problem.system.laws}

    def drifts(self) -> dict[str, Array]:
        """max |h(t) - h(0)| over the entries of each law, at each time."""
        return {
            name: np.max(np.abs(values - values[0]).reshape(len(values), -1), axis=1, initial=0.0)
            for name, values in self.laws().items()
        }


Tick = Callable[[float], None]
"""Told how much of a run is done, from 0 to 1."""


def gradient_flow(
    problem: TrainingProblem,
    duration: float = 1.0,
    points: int = 33,
    rtol: float = 1e-10,
    tick: Tick | None = None,
    evaluations: int = EVALUATIONS,
) -> Trajectory:
    """The training flow in continuous time, by scipy's DOP853 (Hairer, Nørsett, Wanner 1993), an 8th-order Runge-Kutta method.

    Ends early where a parameter leaves its domain, where the problem is too stiff, or where numbers overflow.
    """
    from scipy.integrate import DOP853

    def field(time: float, vector: Array) -> Array:
        return problem.pack(problem.motion(problem.unpack(vector)))

    bounded = [name for name in problem.system.names("param") if problem.system.leaf(name).domain != "real"]

    def inside(vector: Array) -> bool:
        state = problem.unpack(vector)
        return all(np.all(state[name] * np.sign(problem.start[name]) > 0) for name in bounded)

    start = problem.pack(problem.start)
    wanted = np.linspace(0.0, duration, points)
    times, states, stopped = [0.0], [start], ""
    with np.errstate(all="ignore"):
        solver = DOP853(field, 0.0, start, duration, rtol=rtol, atol=rtol / 100)
        while solver.status == "running":
            solver.step()
            if solver.status == "failed" or not np.all(np.isfinite(solver.y)):
                stopped = "the steps became too small"
            elif not inside(solver.y):
                stopped = "a parameter leaves its domain"
            elif solver.nfev > evaluations:
                stopped = "too stiff to be followed further"
            if stopped:
                break
            new = wanted[(wanted > times[-1]) & (wanted <= solver.t)]
            if len(new):
                values = solver.dense_output()(new)
                times += new.tolist()
                states += list(values.T)
            if tick is not None:
                tick(solver.t / duration)
    return Trajectory(problem, "flow", np.array(times), np.array(states), stopped, solver.nfev)


def gradient_descent(
    problem: TrainingProblem, step: float, duration: float = 1.0, points: int = 33, tick: Tick | None = None
) -> Trajectory:
    """The same training in steps: theta - step * gradient, plain.

    Momentum moves the velocity first, then theta by the new velocity, as optimisers do.
    """
    count = max(1, round(duration / step))
    keep = set(np.unique(np.linspace(0, count, min(points, count + 1)).round().astype(int)).tolist())
    state = dict(problem.start)
    pushed = {part.target for part in problem.system.model.flow.parts(1)}
    moves_late = [name for name in problem.system.names("param") if velocity_of(name) in pushed]
    times, states, stopped = [0.0], [problem.pack(state)], ""
    with np.errstate(all="ignore"):
        for k in range(1, count + 1):
            moved = problem.motion(state)
            new = {name: state[name] + step * moved[name] for name in state}
            for name in moves_late:
                new[name] = state[name] + step * new[velocity_of(name)]
            if not all(np.all(np.isfinite(x)) for x in new.values()):
                stopped = "the steps diverge"
                break
            state = new
            if k in keep:
                times.append(k * step)
                states.append(problem.pack(state))
            if tick is not None:
                tick(k / count)
    return Trajectory(problem, f"descent, step {step:g}", np.array(times), np.array(states), stopped, count)


def law_at(spec: Spec, law: str, values: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    """The value of a law at arrays of the user's, without a training problem. Raises `CannotTrain` where they do not fit."""
    at = {d: n for d, n in spec.dims.items() if n is not None} | sizes_of(spec, values) | dict(sizes)
    program = Instance(spec, at).statement(law).program
    leaves = {leaf.name: program.shapes[n] for n, leaf in program.leaves(*STATE, "const")}
    unknown = [name for name in values if name not in leaves]
    if unknown:
        raise CannotTrain(f"laws of the model have no `{unknown[0]}`; they may have {', '.join(leaves)}")
    missing = program.free_dims()
    if missing:
        raise CannotTrain(f"the arrays do not show the size {missing[0]}: give the arrays of all parameters, or sizes")
    model, (root,) = Instance(spec, at).with_laws([law])
    program = model.program
    needed = [node.name for n in program.cone([root]) if isinstance(node := program.nodes[n], Leaf)]
    for name in needed:
        if name not in values:
            raise CannotTrain(f"the law `{law}` mentions `{name}`, and no value is given for it")
        shape = tuple(fixed(k) for k in leaves[name])
        if values[name].shape != shape:
            raise CannotTrain(f"`{name}` has shape {values[name].shape}; expected {shape}")
    return values_of(program, [root], {name: values[name] for name in needed})[root]


def sizes_of(spec: Spec, values: Mapping[str, Array]) -> dict[str, int]:
    """The dims that can be read off the shapes of arrays: axes that are declared as a single dim."""
    found: dict[str, int] = {}
    for name, x in values.items():
        group = spec.leaves[name][0] if name in spec.leaves else None
        shape = () if group is None or group.shape is None else group.shape
        if len(shape) == x.ndim:
            for e, n in zip(shape, x.shape, strict=True):
                if isinstance(e, nodes.Name) and n > 0:
                    found.setdefault(e.name, n)
    return found


def random_problem(
    spec: Spec,
    sizes: Mapping[str, int],
    seed: int = 0,
    *,
    scale: float = 0.5,
    samples: int = 8,
    data: Mapping[str, Array] | None = None,
    loss: Loss = SQUARE,
) -> TrainingProblem:
    """A student that learns from a teacher: normal parameters of this scale, normal data, targets from other parameters.

    `data` gives inputs and constants (inputs with samples along axis 0), and targets as `target` or `target0`, `target1`, ...
    Raises `CannotTrain` for data that do not fit.
    """
    system = System.of(spec, sizes, seed)
    random = np.random.default_rng(seed)
    given = dict(data or {})

    def drawn(name: str, size: float) -> Array:
        x = random.normal(size=system.shapes[name]) * size
        domain = system.leaf(name).domain
        return (
            np.abs(x) + 0.1 * size if domain == "positive" else x + 0.1 * size * np.sign(x) if domain != "real" else x
        )

    inputs = {name: given.pop(name) for name in system.names("input") if name in given}
    for name, x in inputs.items():
        if x.shape[1:] != system.shapes[name]:
            raise CannotTrain(
                f"the data of `{name}` have shape {x.shape}; expected (samples, {_listed(system.shapes[name])})"
            )
    lengths = {len(x) for x in inputs.values()}
    if len(lengths) > 1:
        raise CannotTrain("the inputs have different numbers of samples")
    if not system.names("input"):
        samples = 1
    count = lengths.pop() if lengths else samples
    if not count:
        raise CannotTrain("there are no samples")
    program = system.model.program
    steering = {
        node.name for n in program.cone(system.model.flow.nodes()) if isinstance(node := program.nodes[n], Leaf)
    }
    all_data: dict[str, Array] = {}
    for name in system.names("input"):
        all_data[name] = inputs[name] if name in inputs else random.normal(size=(count, *system.shapes[name]))
    for name in system.names("const"):
        # frictions, decays and rates are positive in practice
        x = given.pop(name) if name in given else np.abs(drawn(name, 1.0)) if name in steering else drawn(name, 1.0)
        if x.shape != system.shapes[name]:
            raise CannotTrain(f"the constant `{name}` has shape {x.shape}; expected {system.shapes[name]}")
        all_data[name] = x
    state = {name: drawn(name, scale) for name in system.names("param")}
    teacher = {name: drawn(name, 1.0) for name in system.names("param")}
    for name in system.names("velocity"):
        # the angular momentum is zero without a velocity, and its law would look empty
        state[name] = random.normal(size=system.shapes[name]) * scale
    for name in system.names("time"):
        state[name] = np.zeros(())
    targets = []
    reading = system.reading({**state, **teacher}, all_data)
    for k, n in enumerate(system.model.outputs):
        key = next((x for x in (f"target{k}", "target") if x in given and (k == 0 or x != "target")), None)
        shape = (count, *reading.shapes[n])
        if key is None:
            with np.errstate(all="ignore"):
                targets.append(np.broadcast_to(reading.array(n), shape).copy())
            continue
        target = given.pop(key)
        if target.shape != shape and target.size == np.prod(shape, dtype=int):
            target = target.reshape(shape)
        if target.shape != shape:
            raise CannotTrain(f"`{key}` has shape {target.shape}; expected {shape}")
        targets.append(target)
    if given:
        known = [*system.names("input", "const"), "target"]
        raise CannotTrain(f"the model has no `{next(iter(given))}`; data may be given for {', '.join(known)}")
    problem = TrainingProblem(system, dict(sizes), state, all_data, tuple(targets), loss)
    return started(problem)


def started(problem: TrainingProblem) -> TrainingProblem:
    """The problem, from the time 1 where the flow has no value at 0 (as with the friction 3/t).

    Raises `CannotTrain` where it has no value at all.
    """
    with np.errstate(all="ignore"):
        for time in (0.0, 1.0):
            times = problem.system.names("time")
            state = {name: np.array(time) if name in times else x for name, x in problem.start.items()}
            here = problem.with_start(state)
            if all(np.all(np.isfinite(x)) for x in here.motion(state).values()):
                return here
    raise CannotTrain("the gradient has no value at the start")


def _listed(shape: Sequence[int]) -> str:
    return ", ".join(map(str, shape)) or "nothing more"
