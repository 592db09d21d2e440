"""From the text of a `.claw` file to statements of the kernel: it decides what a claim means, so it is READ WITH CARE.

One way, in this order:

| file | what |
| --- | --- |
| `source` | the text of a file, or why it can't be read |
| `lexer`, `tables` | text to tokens; the tables of the grammar |
| `parser`, `tree_builder`, `mistakes` | tokens to the tree (`nodes`), with every error of the text; `printer` goes back |
| `reader` | tree to `Spec`, through `declarations` (`imports`, `dynamics`, `slopes`), `file_claims` (`ranges`) and `survey` |
| `spec` | a file that has been read, as plain data |
| `elaboration/`, `library/` | expressions to nodes of a program; a function of the language is one row of `library/table` |
| `instances/` | a file at some sizes: `Instance(spec, sizes)` makes the statements that the kernel is asked |

`look_alikes` warns of names that a reader may take for one another. `diagnostic` has errors and warnings as values, `limits` what
a file may ask for.
"""
