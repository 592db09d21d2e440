"""`python -m claws` is `claws`."""

import sys

from claws.cli import main

if __name__ == "__main__":
    sys.exit(main())
