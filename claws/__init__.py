"""claws: machine-checked conservation laws of neural-network training.

`claws.load(path)` and `claws.loads(text)` read a `.claw` file; `.check()` decides its claims;
`claws.Model.from_sympy` builds a model from SymPy expressions. See `claws.api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["ClawError", "Law", "Model", "__version__", "load", "loads"]

if TYPE_CHECKING:
    from claws.api import ClawError, Law, Model, load, loads

    __version__: str


def __getattr__(name: str) -> Any:
    # read on first use: the command line must not pay for what it does not need, and the kernel runs without the other rooms
    if name in ("ClawError", "Law", "Model", "load", "loads"):
        from claws import api

        return getattr(api, name)
    if name == "__version__":
        from claws.version import VERSION

        return VERSION
    raise AttributeError(f"module 'claws' has no attribute {name!r}")
