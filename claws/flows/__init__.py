"""Training in floating point: what `claws flow` shows, and what property tests train. Nothing here decides a claim."""

import claws.readings  # noqa: F401  # one thread for NumPy, which reads this when it loads
