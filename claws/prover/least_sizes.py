"""The smallest sizes at which a statement says something.

Untrusted: the kernel checks the sizes that it is given.
"""

from __future__ import annotations

from claws.kernel.core.sizes import SizeBounds


def smallest_sizes(dims: list[str], bounds: SizeBounds) -> dict[str, int]:
    """Sizes that meet the conditions of a program: all 1 where that does, else raised one by one.

    They may fail to meet them where raising leads nowhere.
    """
    sizes = dict.fromkeys(dims, 1)
    for _ in range(4096):
        if bounds.hold_at(sizes):
            break
        for c in bounds.conditions:
            value = c.at(sizes).constant()
            if value is not None and value < 0:
                # such as n >= m + 1: n goes up
                up = [d for d in sorted(c.dims()) if (c.at({**sizes, d: sizes[d] + 1}).constant() or 0) > value]
                if up:
                    sizes[up[0]] += 1
    return sizes
