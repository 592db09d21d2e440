"""Property tests of laws and numbers of laws: `claws test`. They look for bugs of claws, and decide no claim.

| file | what it has |
| --- | --- |
| `strategies.py` | hypothesis strategies for a file: sizes, states, data, training problems (users have `claws.strategies`) |
| `exact.py` | the residue of a law at one point, as exactly as the model allows |
| `laws.py` | one law: exactly at random points, along training flows, in steps |
| `ranks.py` | the number of laws in floating point |
| `files.py`, `run.py` | one file with its result as plain data; many files |
"""

import claws.readings  # noqa: F401  # one thread for NumPy, which reads this when it loads
