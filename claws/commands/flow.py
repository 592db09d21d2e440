"""`claws flow`: train a model and draw how far each law drifts."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from claws.commands import options as shared

if TYPE_CHECKING:
    from claws.syntax.spec import Spec

EPILOG = """exit status:
  0    the run was made
  2    the file, the data or the command line is wrong, or a file can't be written
  130  interrupted"""

FIGURES = (".png", ".svg", ".pdf")

FLOW_SIZE = 3
"""The size of a dim that neither the file nor `-D` gives."""

VERDICT_SECONDS = 20.0
"""How long the verdict of one law may take that is shown beside its drift."""


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_file(parser)
    shared.add_sizes(parser)
    parser.add_argument(
        "-o",
        "--output",
        action="append",
        default=[],
        metavar="PATH",
        dest="outputs",
        help="write the run here: .png, .svg or .pdf (a figure), or .csv; may be given several times",
    )
    parser.add_argument(
        "--data", metavar="PATH", help="inputs, constants and targets: .npz, or .csv with a header x[0],x[1],target"
    )
    parser.add_argument(
        "--loss", default="square", metavar="NAME", help="square, logistic, softplus or pseudo-Huber (default: square)"
    )
    parser.add_argument(
        "--duration", type=length, default=5.0, metavar="T", help="how long to train, in the flow's time (default: 5)"
    )
    parser.add_argument(
        "--step",
        type=length,
        default=0.02,
        metavar="ETA",
        help="the step of gradient descent; half of it is run too (default: 0.02)",
    )
    parser.add_argument(
        "--scale", type=length, default=0.5, help="the standard deviation of initial parameters (default: 0.5)"
    )
    parser.add_argument(
        "--samples", type=shared.positive, default=16, metavar="N", help="random samples, without --data (default: 16)"
    )
    parser.add_argument("--points", type=points, default=101, metavar="N", help="times that are kept (default: 101)")
    shared.add_seed(parser, "for parameters and data")


def points(text: str) -> int:
    n = shared.natural(text)
    if not 2 <= n <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 2 to 100000")
    return n


def length(text: str) -> float:
    value = shared.seconds(text)
    if not 1e-6 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1e-6 to 1e6")
    return value


def run(arguments: argparse.Namespace) -> int:
    from claws.commands.output import loaded, print_errors

    spec = loaded(arguments.file, arguments.sizes)
    if spec is None:
        return 2
    from claws.flows.problem import CannotTrain
    from claws.syntax.diagnostic import SourceError

    try:
        _train(spec, arguments)
        return 0
    except SourceError as problem:
        print_errors(spec.path, spec.text, [problem.diagnostic], sys.stdout)
    except (CannotTrain, OSError) as problem:
        print(f"claws: {problem}", file=sys.stderr)
    return 2


def _train(spec: Spec, arguments: argparse.Namespace) -> None:
    """Train, print the sketch, write the outputs. Raises `SourceError`, `CannotTrain`, `OSError`."""
    from claws.commands.output import share_bar
    from claws.flows.data import fitted, read_data
    from claws.flows.losses import LOSSES
    from claws.flows.problem import CannotTrain, System, random_problem
    from claws.flows.record import run as record_run
    from claws.flows.record import sketch, to_csv
    from claws.syntax.source import write_whole

    for path in arguments.outputs:
        ending = os.path.splitext(path)[1].lower()
        if ending not in (*FIGURES, ".csv"):
            raise CannotTrain(f"{path}: a run is written as {', '.join(FIGURES)} or .csv")
        if ending in FIGURES and _missing_packages("matplotlib"):
            raise CannotTrain("figures need matplotlib: pip install 'claws[plot]'; .csv needs nothing more")
    if arguments.loss not in LOSSES:
        raise CannotTrain(f"there is no loss `{arguments.loss}`; there are {', '.join(LOSSES)}")
    sizes = {d: FLOW_SIZE for d, n in spec.dims.items() if n is None} | dict(arguments.sizes)
    data = {}
    if arguments.data is not None:
        data = fitted(read_data(arguments.data), System.of(spec, sizes).shapes)
    problem = random_problem(
        spec,
        sizes,
        arguments.seed,
        scale=arguments.scale,
        samples=arguments.samples,
        data=data,
        loss=LOSSES[arguments.loss],
    )
    with share_bar() as tick:
        record = record_run(problem, arguments.duration, [arguments.step, arguments.step / 2], arguments.points, tick)
    record.verdicts = _verdicts(spec, sizes, list(problem.system.laws))
    print(f"{spec.model}: {spec.path}, seed {arguments.seed}")
    for line in sketch(record):
        print(line)
    for path in arguments.outputs:
        if path.lower().endswith(".csv"):
            write_whole(path, to_csv(record))
        else:
            from claws.flows.figure import save

            at = ", ".join(f"{d} = {n}" for d, n in sizes.items())
            save(record, path, spec.model.replace("_", " ") + (f" ({at})" if at else ""))
        print(f"written: {path}")


def _verdicts(spec: Spec, sizes: Mapping[str, int], laws: Sequence[str]) -> dict[str, str]:
    """What `claws check` says of laws at these sizes."""
    from claws.runner.claims import check_claim
    from claws.runner.options import Options
    from claws.syntax.diagnostic import SourceError

    found = {}
    for claim in spec.claims:
        if claim.kind == "law" and claim.name in laws:
            try:
                found[claim.name] = check_claim(spec, claim, sizes, Options(timeout=VERDICT_SECONDS)).verdict.value
            except SourceError:
                continue
    return found


def _missing_packages(*names: str) -> str:
    from importlib.util import find_spec

    return " and ".join(name for name in names if find_spec(name) is None)
