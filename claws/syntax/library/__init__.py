"""The functions of the language: `table` has a row for each; the other files say how they are written in nodes."""
