"""`claws verify`: re-check certificates against the claims of a file, without the prover."""

from __future__ import annotations

import argparse

from claws.commands import options as shared

EPILOG = ""


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_file(parser)
    parser.add_argument(
        "certificates", nargs="+", metavar="CERT", help="certificates that `check --certificates` wrote"
    )
    shared.add_sizes(parser)
    shared.add_work(parser)
    shared.add_pure(parser)


def run(arguments: argparse.Namespace) -> int:
    from claws.commands.output import loaded
    from claws.runner.options import Options
    from claws.runner.verification import verify_certificate

    options = Options(
        dict(arguments.sizes), budget=arguments.budget, timeout=arguments.timeout or None, pure=arguments.pure
    )
    spec = loaded(arguments.file, arguments.sizes)
    if spec is None:
        return 2
    status = 0
    for path in arguments.certificates:
        found = verify_certificate(spec, path, options)
        print(f"{path}: {'accepted: ' if found.accepted else 'REFUSED: '}{found.message}")
        for title, text in found.rows:
            print(f"  {title}  {text}")
        if not found.accepted:
            status = max(status, 2 if found.unreadable else 4)
    return status
