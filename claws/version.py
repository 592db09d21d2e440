"""The version of claws, in a file of its own so that every room can name it."""

VERSION = "0.1.0"
