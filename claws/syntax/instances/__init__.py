"""A file at some sizes: the one way from what it declares to what the kernel is asked.

| file | what |
| --- | --- |
| `instance` | `Instance(spec, sizes)`: names as arrays of one program, and the statement of each claim |
| `fields` | the fields that move the state, of a `flow` statement |
| `value_conditions` | conditions on sizes without which nothing has a value, such as `n >= 2` for norms |
| `placed_blocks` | an imported block in a network: its nodes, copied into the network's program |
"""
