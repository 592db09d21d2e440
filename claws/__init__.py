"""claws: machine-checked conservation laws of neural-network training.

`claws.load(path)` and `claws.loads(text)` read a `.claw` file; `.check()` decides its claims;
`claws.Model.from_sympy` builds a model from SymPy expressions. See `claws.api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claws.version import VERSION

__version__ = VERSION

__all__ = ["ClawError", "Law", "Model", "__version__", "load", "loads"]

if TYPE_CHECKING:
    from claws.api import ClawError, Law, Model, load, loads


def __getattr__(name: str) -> Any:
    # read on first use: the command line must not pay for what it does not need
    if name in ("ClawError", "Law", "Model", "load", "loads"):
        from claws import api

        return getattr(api, name)
    raise AttributeError(f"module 'claws' has no attribute {name!r}")
