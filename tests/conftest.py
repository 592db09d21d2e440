"""For all tests: pytest's own fixture `pytester`, which runs pytest on a folder of its own; hypothesis without chance in CI."""

import os

from hypothesis import settings

pytest_plugins = "pytester"

# how long an example takes says something about the machine, too
settings.register_profile("desk", deadline=None)
# a change is not to be refused for an example that another run would not have met; at a desk every run tries new ones
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
