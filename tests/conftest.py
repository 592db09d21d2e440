"""For all tests: pytest's own fixture `pytester`, which runs pytest on a folder of its own."""

pytest_plugins = "pytester"
