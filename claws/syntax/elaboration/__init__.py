"""Expressions to nodes of a program.

| file | what |
| --- | --- |
| `builder` | makes nodes of the kernel's program, one kind at a time, and carries the axes of comprehension variables along |
| `arrays` | NumPy's arithmetic, products and joins, written with the builder |
| `names` | what a name stands for where it is used, and the numbers, sizes and indices made of names |
| `expressions` | walks the tree of an expression: operators, indices, comprehensions, calls |
| `library` | one table: a function of the language is one row |
"""
