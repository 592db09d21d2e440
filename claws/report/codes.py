"""The error codes: what each means, and a file that triggers it (`claws explain CLAW004`).

A test fails if a code lacks an explanation, or if its example does not give that code.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of error. `example` is the text of a .claw file that triggers it."""

    code: str
    title: str
    explanation: str
    example: str


_CODES = (
    # CLAW001 to CLAW019: the text of a file (claws.syntax.parser)
    Code(
        "CLAW001",
        "a character that is not part of the language",
        "Names may contain any letters, Greek ones too, but operators are the ones on a keyboard: `x^2` and\n"
        "not a raised 2, `*`, `-`, `<=`, `U.T`. Text copied from a paper often has look-alikes of them.",
        "param x, y\nmap x*y\nlaw norm = x\N{SUPERSCRIPT TWO} - y^2\n",
    ),
    Code(
        "CLAW002",
        "no statement starts like this",
        "Every statement starts with a keyword: model, import, dim, param, input, const, activation, function, let,\n"
        "map, flow, precondition, law, independent, complete or count. Lines and indentation mean nothing,\n"
        "so a statement may take several lines; a line that begins with a name after a complete statement\n"
        "probably has a misspelt keyword.",
        "parm x, y\nmap x*y\n",
    ),
    Code(
        "CLAW003",
        "something else is expected here",
        "The statement can't be read beyond this place. The message says what could stand here.",
        "param x, y\nmap x*y\nlaw balance: x^2 - y^2\n",
    ),
    Code(
        "CLAW004",
        "a bracket without a partner",
        "Each `(`, `[` and `{` is closed by its own kind, within one statement.",
        "param x, y\nmap x*y\nlaw balance = (x^2 - y^2\n",
    ),
    Code(
        "CLAW005",
        "nested too deeply",
        "At most 100 brackets, signs, powers, transposes and indices may be pending at one place, so that a\n"
        "file can't exhaust the checker. Name a part of the expression with `let`.",
        "param x\nmap " + "(" * 101 + "x" + ")" * 101 + "\n",
    ),
    Code(
        "CLAW006",
        "a number that can't be read",
        "Numbers have digits on both sides of the point, and are exact: `0.1` is 1/10. A number has at most\n"
        "200 characters and an exponent between -400 and 400; larger ones are built with powers.",
        "param x, y\nmap x*y\nlaw balance = .5*x^2 - 0.5*y^2\n",
    ),
    Code(
        "CLAW007",
        "quotes that are not closed, or in the wrong place",
        'A docstring, between `"""`, stands at the start of the file, and nowhere else. Other texts, such\n'
        "as the subscripts of `einsum`, are closed on the line where they are opened. Comments start\n"
        "with `#`.",
        'param x, y\n"""A docstring."""\nmap x*y\n',
    ),
    Code(
        "CLAW008",
        "an unknown word",
        "Some places take one of a few words: a domain is `real`, `positive` or `nonzero`; an expected\n"
        "verdict `proved`, `refuted` or `unknown`; a flow `gradient` or `momentum(tau)`. An activation is\n"
        "`homogeneous k` or given `with` its derivative, a preconditioner `by` an expression, and conditions are\n"
        "joined by `and`.",
        "param x, y in positiv\nmap x*y\n",
    ),
    Code(
        "CLAW009",
        "a name is missing, or is a keyword",
        "What a statement declares needs a name, and the keywords of the language can't be names.",
        "param x, y\nmap x*y\nlaw = x^2 - y^2\n",
    ),
    Code(
        "CLAW010",
        "written as in another language",
        "The notation is NumPy's, with these differences: shapes are declared, as in `param U: [n, r]`; the\n"
        "transpose is `U.T` and there are no other attributes; functions have no prefix; a range is written\n"
        "`0..r-1` and includes both ends; `=` gives a name to a value, and a law is one expression rather\n"
        "than an equation.",
        "dim n\nparam U[n, n]\nmap U\n",
    ),
    Code(
        "CLAW011",
        "an operator, a comma or a value is missing",
        "Products are written out, as in `2*x`; names and arguments are separated by commas; both sides of\n"
        "an operator have a value.",
        "param x, y\nmap 2x*y\n",
    ),
    Code(
        "CLAW012",
        "`for`, `in`, `where` or `expect` is not written like this",
        "A claim may end with `for n = 3, m in 1..4, r in {1, 2} where r <= m` and then with `expect\n"
        "refuted`. Inside brackets, `for k in 0..r-1` is a loop.",
        "dim n\nparam x: [n]\nmap x\ncount = 0 for n = 1..4\n",
    ),
    Code(
        "CLAW019",
        "further errors are not listed",
        "At most 20 errors of one file are listed, since later ones often follow from earlier ones.",
        "param x\nmap x\n" + "law = x\n" * 21,
    ),
    # CLAW020 to CLAW039: what a file means (claws.syntax.reader, elaboration, library, instances)
    Code(
        "CLAW020",
        "a name is declared twice, or already has a meaning",
        "Every name stands for one thing in a file, and built-in functions such as `sum` or `I` can't be\n"
        "redeclared.",
        "param x, y\nlet x = y\nmap x*y\n",
    ),
    Code(
        "CLAW021",
        "an unknown name",
        "A name that an expression uses is declared with param, input, const, dim, let, activation or\n"
        "function, or is the variable of a comprehension around it. A `let` can't use itself.",
        "param weights\nmap wieghts^2\n",
    ),
    Code(
        "CLAW022",
        "shapes do not fit",
        "Shapes follow NumPy's rules. Sizes that are left free agree only if they are the same expression in\n"
        "the dims: an n x r matrix times an m x r matrix is an error even though n and m could be equal.",
        "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V\n",
    ),
    Code(
        "CLAW023",
        "an index, a slice or a range is out of bounds",
        "Indices start at 0 and negative ones count from the end; slices do not run past the end; ranges\n"
        "`a..b` include both ends. An index that fits only some sizes, such as `U[:, 1]` with r free, is\n"
        "no error: the claim is then made for the sizes that it fits, and the verdict says so.",
        "param x: [3]\nmap x[3]\n",
    ),
    Code(
        "CLAW024",
        "a call or an expression of the wrong form",
        "A function has other arguments than these, or something stands where it has no meaning.",
        "param x: [3]\nmap sqnorm(x, x)\n",
    ),
    Code(
        "CLAW025",
        "this needs a fixed size",
        "Some constructs have a meaning only when a size is known: a power with a dim in the exponent, a\n"
        "slice with a step, a convolution with a stride. Fix the dim in the file (`dim n = 3`), on the command\n"
        "line (`-D n=3`) or for the claim (`for n in 1..4`).",
        "dim n\nparam x\nmap x^n\nlaw l = x\n",
    ),
    Code(
        "CLAW026",
        "not a size",
        "Shapes, slice bounds and range bounds are whole-number expressions in dims and numbers, and sizes\n"
        "are at least 1.",
        "param x: [1/2]\nmap x\n",
    ),
    Code(
        "CLAW027",
        "a statement is missing, or stands twice",
        "A file has at least one `param`, exactly one `map` and at most one `flow`.",
        "param x, y\nlaw balance = x^2 - y^2\n",
    ),
    Code(
        "CLAW028",
        "a law mentions an input",
        "A conservation law must hold whatever the data is, so laws and preconditioners speak of parameters and\n"
        "of constants (`const`), never of an `input`, also not through a `let`.",
        "param w\ninput x\nmap w*x\nlaw l = w*x\n",
    ),
    Code(
        "CLAW029",
        "this must be a number",
        "Exponents, degrees, axes, strides and the like are numbers that are known at once, and not too large.",
        "param x, y\nmap x^y\n",
    ),
    Code(
        "CLAW030",
        "a `for` clause that gives no sizes",
        "`for` binds dims that the file declares and leaves free, each once, to sizes of at least 1.",
        "dim n\nparam x: [n]\nmap sqnorm(x)\nlaw l = x for m in 1..3\n",
    ),
    Code(
        "CLAW032",
        "a flow that makes no sense, or a velocity without momentum",
        "`flow momentum(tau)` names its friction; after a comma may follow `decay(lambda)` and `rate(eta, U)`,\n"
        "each a number, then names of parameters. Friction, decay and rate depend on constants and the time `t`.\n"
        "`vel(U)` is the velocity of a parameter and has a meaning only under momentum.",
        "param x, y\nmap x*y\nlaw l = vel(x)\n",
    ),
    Code(
        "CLAW033",
        "an unknown law",
        "`complete` and `independent` list laws of the same file, each once.",
        "param x, y\nmap x*y\nlaw balance = x^2 - y^2\nindependent balence\n",
    ),
    Code(
        "CLAW034",
        "too large or nested too deeply",
        "An expression is nested more deeply, or a range is longer, than can be handled. Use `let` for parts of\n"
        "an expression, and free dims instead of long ranges.",
        "",
    ),
    Code(
        "CLAW035",
        "a division by zero",
        "The divisor is the number 0, so the expression has no value for any parameters.",
        "param x\nmap x/0\n",
    ),
    Code(
        "CLAW036",
        "a block that can't be used",
        "`import \"attention.claw\" as A(n = 4)` takes the model of another file, which must be right by itself, as a\n"
        "block: its path is relative to the folder of the file that imports it. Dims of the block that are not given\n"
        "are the dims of the same name. A block with one output is called, `A(x)`, and has parameters of its own, `A.U`.",
        'import "attention.claw" as A\nparam x\nmap x\n',
    ),
    # CLAW040 to CLAW049: files and the command line (claws.runner)
    Code("CLAW040", "a file can't be read or written", "There is no such file, or it can't be opened.", ""),
    Code("CLAW041", "not a text file", "Files are UTF-8 text of at most 8 MiB.", ""),
    Code("CLAW042", "a folder without .claw files", "A folder is searched, with its subfolders, for `*.claw`.", ""),
    Code("CLAW043", "a size for no dim", "`-D n=3` sets a dim that at least one of the files declares.", ""),
    Code(
        "CLAW044",
        "Coq is not installed",
        "`claws check --coq` and `claws export coq --build` run coqc, Coq's compiler, with the library Coquelicot. On\n"
        "Debian and Ubuntu: apt-get install coq libcoq-coquelicot. Without `--build`, `claws export coq` does not need it.",
        "",
    ),
    # CLAW050 to CLAW059: warnings, which change no verdict and no exit status (claws.syntax.look_alikes)
    Code(
        "CLAW050",
        "names that look alike",
        "A warning. Two names, or a name and a function of the language, look alike and are not the same, as letters of\n"
        "different scripts do: Latin `a` and Cyrillic `\N{CYRILLIC SMALL LETTER A}`. Or one name is written in two ways,\n"
        "with letters that the normal form NFKC makes one. Verdicts are about what the letters are, not about how they look.",
        "param a, \N{CYRILLIC SMALL LETTER A}\nmap a*\N{CYRILLIC SMALL LETTER A}\nlaw l = a^2 - \N{CYRILLIC SMALL LETTER A}^2\n",
    ),
    # CLAW090 to CLAW099: claws itself
    Code(
        "CLAW090",
        "the checker failed",
        "A bug of claws. No verdict was given; please report it with the file. CLAWS_DEBUG=1 prints where.",
        "",
    ),
    Code(
        "CLAW091",
        "the kernel turned a certificate down",
        "The search believed in a proof or counter-example that the kernel does not accept. No verdict was\n"
        "given, so nothing false was said; it is a bug of claws, please report it with the file.",
        "",
    ),
    Code(
        "CLAW092",
        "coqc does not accept an exported proof",
        "The kernel has given its verdict, and Coq does not confirm it: a bug of the export, or of the kernel, or a\n"
        "version of Coq that the library does not compile with. Please report it with the file.",
        "",
    ),
)  # fmt: skip

CODES: dict[str, Code] = {code.code: code for code in _CODES}
