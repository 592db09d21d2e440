"""Files written to hurt: huge sizes, towers, undefined values, odd text. Each must end soon, in a verdict or a clear error."""

# ruff: noqa: E501 (the files are easiest to compare with one on a line)

from __future__ import annotations


def _tower(operation: str, height: int, start: str = "x + 1") -> str:
    """`let a1 = a0*a0 let a2 = a1*a1 ...`: a program of `height` nodes that is a number of 2^height digits written out."""
    lets = "".join(f"let a{k} = {operation.replace('_', f'a{k - 1}')}\n" for k in range(1, height + 1))
    return f"param x, y\nlet a0 = {start}\n{lets}map a{height} * y\nlaw l = x^2 - y^2\n"


def _einsum(operands: int, letters: int) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyz"[:letters]
    rows = ",".join(alphabet[k % letters] + alphabet[(k + 1) % letters] for k in range(operands))
    return f'dim n\nparam U: [n, n]\nmap einsum("{rows}->", {", ".join(["U"] * operands)})\nlaw l = U.T @ U - U @ U.T\n'


NASTY: dict[str, str] = {
    # --- large sizes ---
    "a million entries": "dim n = 10^6\nparam u, v: [n]\nmap u*v\nlaw l = u^2 - v^2\nlaw false = u^2 + v^2\n",
    "a million by a million": "dim n = 10^6\nparam U, V: [n, n]\nmap U @ V.T\nlaw l = U.T @ U - V.T @ V\n",
    "a million by a million, false": "dim n = 10^6\nparam U, V: [n, n]\nmap U @ V.T\nlaw l = U.T @ U + V.T @ V\n",
    "a large false law": "dim n = 300\nparam U, V: [n, n]\nmap U @ V.T\nlaw l = U @ U.T - V @ V.T\n",
    "size beyond bounds": "dim n = 10^6 + 1\nparam u: [n]\nmap u\nlaw l = u\n",
    "size product": "dim n = 10^6\nparam u: [n^4], v: [n*n]\nmap sum(u), sum(v)\nlaw l = sum(v)\n",
    "for over a million": "dim n\nparam u, v: [n]\nmap u*v\nlaw l = u^2 - v^2 for n in 1..10^6\n",
    "for over a trillion": "dim n, m\nparam u: [n], v: [m]\nmap sum(u), sum(v)\nlaw l = u for n in 1..10^6, m in 1..10^6\n",
    "for that filters all": "dim n, m, r\nparam u: [n, m, r]\nmap sum(u)\n"
    "law l = u for n in 1..10^5, m in 1..10^5, r in 1..10^5 where n < 0\n",
    "count over a trillion": "dim n, m\nparam u: [n], v: [m]\nmap sum(u)\ncount = 0 for n in 1..10^5, m in 1..10^5 where n = m\n",
    "many axes": "param U: [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]\nmap sum(U)\nlaw l = U\n",
    "many free axes": f"dim n\nparam U: [{', '.join('n' * 40)}]\nmap sqnorm(U)\nlaw l = U^2\n",
    "a large outer product": "dim n = 3000\nparam u, v: [n]\nmap sum(u*v)\nlaw l = outer(u, u) - outer(v, v)\n",
    "outer of outer": "dim n = 60\nparam u: [n]\nmap sum(u)\n"
    'law l = einsum("i,j,k,l,m->ijklm", u, u, u, u, u)\n',
    "kron tower": "param U: [3, 3]\nlet a = kron(U, U)\nlet b = kron(a, a)\nlet c = kron(b, b)\nlet d = kron(c, c)\nmap trace(d)\nlaw l = trace(U)\n",
    "conv of a million": "dim N = 10^6\nparam w: [3], v: [3]\ninput x: [N]\nmap conv1d(conv1d(x, w), v)\nlaw l = sqnorm(w) - sqnorm(v)\nlaw f = sqnorm(w)\n",
    "long kernel": "dim N = 500, k = 250\nparam w: [k]\ninput x: [N]\nmap conv1d(x, w)\nlaw l = sqnorm(w)\n",
    "one dim a million, false": "dim n = 10^6\ninput x: [n]\nparam w: [n]\nmap dot(w, x)\nlaw l = sqnorm(w)\n",
    # --- powers and numbers ---
    "power 4096": "param x, y\nmap x^4096 * y\nlaw l = x^2 - 4096*y^2\nlaw f = x^2 - y^2\n",
    "power of a power": "param x, y\nmap (x^4096)^4096 * y\nlaw l = x^2 - y^2\n",
    "power thrice": "param x, y\nmap ((x^4096)^4096)^4096 + y\nlaw l = x^2 - y^2\nlaw m = x + y\n",
    "power of a sum": "param x, y, z\nmap (x + y + z)^4096\nlaw l = x - y\nlaw f = x + y\n",
    "power of many": "dim n = 12\nparam x: [n]\nmap sum(x)^64\nlaw l = [x[i] - x[j] for i in 0..n-1 for j in 0..n-1]\nlaw f = sum(x)^64\n",
    "law with a large power": "param x, y, z\nmap x*y*z\nlaw l = (x^2 - y^2)^512 * (y^2 - z^2)^512\nlaw f = (x^2 + y^2)^512 * (y^2 - z^2)^512\n",
    "negative large power": "param x, y in nonzero\nmap x^-4096 * y\nlaw l = x^2 + 4096*y^2\n",
    "fractional power": "param x, y in positive\nmap x^(1/64) * y^(63/64)\nlaw l = x^2 - y^2/63\nlaw m = 63*x^2 - y^2\n",
    "tiny root": "param x, y in positive\nmap x^(1/4096) * y\nlaw l = x^2 - y^2\n",
    "power beyond bounds": "param x\nmap x^4097\nlaw l = x\n",
    "power of a power of numbers": "param x\nmap x * 9^9^9\nlaw l = x\n",
    "number power": "param x\nmap x * 2^4096^2\nlaw l = x\n",
    "long number": f"param x, y\nmap {'9' * 199}*x*y\nlaw l = x^2 - y^2\nlaw f = {'7' * 199}*x^2 - y^2\n",
    "too long a number": f"param x, y\nmap {'9' * 100_000}*x*y\nlaw l = x^2 - y^2\n",
    "exponent of ten": "param x, y\nmap 1e400*x + 1e-400*y\nlaw l = 1e-400*x - 1e400*y\nlaw f = x - y\n",
    "exponent beyond bounds": "param x, y\nmap 1e999999999*x + y\nlaw l = x\n",
    "numbers that grow": "param x, y\n"
    + "".join(f"let c{k} = {'c' + str(k - 1) + '*c' + str(k - 1) if k else '10^400'}\n" for k in range(40))
    + "map c39*x + y\nlaw l = x - c39*y\n",
    "dims that grow": "dim n\nlet a = n + 1\n"
    + "".join(f"let b{k} = {'b' + str(k - 1) + '*b' + str(k - 1) if k else 'a'}\n" for k in range(30))
    + "param x, y\nmap b29*x + y\nlaw l = x - b29*y\n",
    "sizes that grow": "dim n, m, r, k\nparam x: [(n + m + r + k)^16]\nmap sum(x)\nlaw l = sum(x)\n",
    "size to the sixteenth twice": "dim n, m, r, k\nparam x: [((n + m + r + k)^16)^16]\nmap sum(x)\nlaw l = sum(x)\n",
    "number of dims to the 64th": "dim n, m, r, k\nparam x, y\nmap (n + m + r + k)^64*x + y\nlaw l = x - y\n",
    # --- towers of lets ---
    "tower of products": _tower("_*_", 200),
    "tower of sums": _tower("_+_", 200),
    "tower of powers": _tower("_^2", 60),
    "tower of cubes": _tower("_^3 + 1", 30),
    "tower of relu": _tower("relu(_ + x)", 200),
    "tower of exp": _tower("exp(_)", 30),
    "tower of exp sums": _tower("exp(_) + _", 20),
    "tower of tanh products": _tower("tanh(_)*_", 25),
    "tower of quotients": _tower("1/(_ + x)", 60),
    "tower of roots": _tower("sqrt(_^2 + 1)", 30),
    "tower of stacks": _tower("[_, _]", 25),
    "tower of concat": _tower("concat(_, _)", 40, "[x, x]"),
    "tower of outer": _tower("kron(_, _)", 12, "[x, y]"),
    "tower of sums of products": _tower("_*_ + x*_ + y", 14),
    "tower of matrices": "dim n\nparam U, V: [n, n]\nlet a0 = U @ V\n"
    + "".join(f"let a{k} = a{k - 1} @ a{k - 1}\n" for k in range(1, 60))
    + "map a59\nlaw l = U.T @ U - V @ V.T\nlaw f = sqnorm(U)\n",
    "tower of matrix sums": "dim n\nparam U, V: [n, n]\nlet a0 = U @ V\n"
    + "".join(f"let a{k} = a{k - 1} @ a{k - 1} + U @ a{k - 1}\n" for k in range(1, 12))
    + "map a11\nlaw l = U.T @ U - V @ V.T\nlaw f = sqnorm(U)\n",
    "tower of lets in a law": "param x, y\nlet a0 = x^2 - y^2\n"
    + "".join(f"let a{k} = a{k - 1}*a{k - 1}\n" for k in range(1, 40))
    + "map x*y\nlaw l = a39\nlaw f = a39 + x\n",
    "long chain of lets": "param x, y\nlet a0 = x\n"
    + "".join(f"let a{k} = a{k - 1} + y\n" for k in range(1, 3000))
    + "map a2999\nlaw l = 2999*x - y\n",
    "long sum": "param x, y\nmap " + " + ".join(["x*y"] * 20_000) + "\nlaw l = x^2 - y^2\n",
    "long sum of terms": "param x, y\nmap " + " + ".join(f"{k}*x^{k % 50 + 1}*y^{k % 49 + 1}" for k in range(3000)) + "\nlaw l = x^2 - y^2\n",
    "long product": "param x, y\nmap " + "*".join(["x", "y"] * 3000) + "\nlaw l = x^2 - y^2\n",
    "product of sums": "param x, y, z, w\nmap " + "*".join(f"(x + {k}*y + z - w)" for k in range(60)) + "\nlaw l = x^2 - y^2\nlaw m = z + w\n",
    # --- einsum, det, comprehensions ---
    "einsum of 60": _einsum(60, 26),
    "einsum of 60 in a knot": _einsum(60, 5),
    "einsum of 400": _einsum(400, 26),
    "einsum symmetric": 'dim n\nparam u, v: [n]\nmap einsum("'
    + ",".join("abcdefghij") + '->", ' + ", ".join(["u"] * 10) + ")*sum(v)\nlaw l = sum(u)^10 - sum(v)\nlaw m = u - v\n",
    "einsum symmetric pairs": "dim n\nparam U: [n, n]\nmap " + "*".join(["sqnorm(U)"] * 12) + "\nlaw l = U @ U.T - U.T @ U\n",
    "traces": "dim n\nparam U: [n, n]\nmap " + "*".join(["trace(U @ U @ U)"] * 8) + "\nlaw l = trace(U @ U @ U)\n",
    "petersen": 'dim n\nparam U: [n, n], V: [n, n]\nmap einsum("ab,bc,cd,de,ea,af,bg,ch,di,ej,fh,hj,jg,gi,if->", '
    + ", ".join(["U"] * 15) + ")*sqnorm(V)\nlaw l = sqnorm(U)/15 - sqnorm(V)/2\nlaw m = U.T @ U - V.T @ V\n",
    "cube of a hypercube": 'dim n\nparam U: [n, n]\nmap einsum("'
    + ",".join("abcdefghijklmnop"[i] + "abcdefghijklmnop"[i ^ (1 << b)] for i in range(16) for b in range(4) if not i >> b & 1)
    + '->", ' + ", ".join(["U"] * 32) + ")\nlaw l = U.T @ U - U @ U.T\n",
    "comprehension twice ten thousand": "param x, y\nmap [x*y for i in 1..10^4 for j in 1..10^4]\nlaw l = x^2 - y^2\nlaw f = x^2 + y^2\n",
    "nested comprehension": "param x, y\nmap [[x*y*i*j for i in 1..10^4] for j in 1..10^4]\nlaw l = x^2 - y^2\nlaw f = x^2\n",
    "sum of sums": "param x, y\nmap sum(sum(x*y for i in 1..10^4) for j in 1..10^4)\nlaw l = x^2 - y^2\nlaw f = x^2\n",
    "unrolled twice": "param x, y\nmap sum(x^i*y^j for i in 1..1000 for j in 1..1000)\nlaw l = x^2 - y^2\n",
    "unrolled powers": "param x, y\nmap sum(x^i*y^i for i in 1..2000)\nlaw l = x^2 - y^2\nlaw f = x^2\n",
    "unrolled thrice": "param x, y\nmap sum(x^i*y^j*x^k for i in 1..4000 for j in 1..4000 for k in 1..4000)\nlaw l = x^2 - y^2\n",
    "five loops": "dim n = 10^4\nparam x: [n]\nmap sum(x[i]*x[j]*x[k]*x[l]*x[m] for i in 0..n-1 for j in 0..n-1 for k in 0..n-1 for l in 0..n-1 for m in 0..n-1)\nlaw l = x\n",
    "range of a million": "param x, y\nmap prod(x + k*y for k in 1..10^6)\nlaw l = x\n",
    "prod of many": "param x, y\nmap prod(x + k*y for k in 1..200)\nlaw l = x\nlaw m = x^2 - y^2\n",
    "prod of a long vector": "dim n = 10^5\nparam x: [n]\nmap prod(x)\nlaw l = x[0]^2 - x[1]^2\nlaw f = x[0] - x[1]\n",
    "prod over empty": "param x, y\nmap x*y*prod(k for k in 1..0), sum(k*x for k in 1..0)\nlaw l = x^2 - y^2\n",
    "empty comprehension": "param x, y\nmap [x*k for k in 1..0], x*y\nlaw l = x^2 - y^2\n",
    "backwards range": "param x, y\nmap sum(x for k in 5..1)\nlaw l = x\n",
    "det of 12": "dim n = 12\nparam U, V: [n, n]\nmap det(U)*det(V)\nlaw l = sqnorm(U) - sqnorm(V)\n",
    "det of 12, false": "dim n = 12\nparam U: [n, n]\nmap det(U)\nlaw l = U[0, 0]\n",
    "det of 9": "dim n = 9\nparam U: [n, n]\nmap det(U)\nlaw l = U.T @ U - U @ U.T\nlaw f = trace(U)\n",
    "det of dets": "dim n = 4\nparam U, V: [n, n]\nmap det(kron(U, V))\nlaw l = sqnorm(U) - sqnorm(V)\n",
    "det of any size": "dim n\nparam U, V: [n, n]\nmap det(U @ V)\nlaw l = U.T @ U - V @ V.T\nlaw f = sqnorm(U)\n",
    "det tower": "param U: [3, 3]\nlet a = det(U)\nlet B = U*a\nlet b = det(B)\nlet C = U*b + B\nlet c = det(C)\nmap det(U*c + C)\nlaw l = trace(U)\n",
    # --- reshape and indices ---
    "reshape": "dim n, m\nparam U: [n, m]\nmap reshape(reshape(U, [n*m]), [m, n]) @ U\nlaw l = U.T @ U\n",
    "reshape of all": "dim n = 1000\nparam U: [n, n]\nmap sum(reshape(U, [n*n])*reshape(U.T, [n^2]))\nlaw l = U - U.T\nlaw f = U[0, 1]\n",
    "reshape that does not fit": "dim n\nparam U: [n, n]\nmap reshape(U, [n + 1, n - 1])\nlaw l = U\n",
    "reshape to one": "param U: [6, 6]\nmap reshape(U, [1, 36, 1, 1, 1])[0, 5, 0, 0, 0]\nlaw l = U[0, 0]\nlaw f = U[0, 5]\n",
    "reshape chain": "param U: [720]\nmap sum("
    + "reshape(" * 40 + "U" + "".join(f", [{a}])" for a in ["24, 30", "720", "2, 360", "8, 9, 10"] * 10) + ")\nlaw l = U[0] - U[1]\n",
    "index chain": "param U: [2, 2, 2, 2]\nmap U[-1][-1][-1][-1], U[-2, -1][0]\nlaw l = U[0, 0, 0, 0]\n",
    "index chain too far": "param U: [2, 2]\nmap U[-1][-1][-1]\nlaw l = U[-3]\n",
    "a hundred minus ones": "param U: [2]\nmap U" + "[-1]" * 99 + "\nlaw l = U[-1]\n",
    "slice of slices": "dim n = 100\nparam U: [n]\nmap U" + "[1:-1]" * 49 + "\nlaw l = U\nlaw m = U[0]\n",
    "empty slices": "param U: [3]\nmap sum(U[1:1]), U[0]\nlaw l = U[1:]\nlaw e = U[2:2]\n",
    "free empty slices": "dim n\nparam U: [n]\nmap sum(U[1:n-5])\nlaw l = U[0]\nlaw f = U\n",
    "stepped slices": "dim n = 10^6\nparam U: [n]\nmap U[::2]\nlaw l = U[1::2]\nlaw f = U[::4]\n",
    "huge index": "param U: [3]\nmap U[10^6], U[10^30]\nlaw l = U[-10^30]\n",
    "size zero": "dim n = 0\nparam U: [n]\nmap U\nlaw l = U\n",
    "shape zero": "param U: [0, 3]\nmap U\nlaw l = U\n",
    "shape minus": "dim n\nparam U: [n - 5]\nmap U\nlaw l = U\n",
    "I of a million": "dim n = 10^6\nparam u: [n]\nmap I(n) @ u\nlaw l = u\n",
    "ones of a million": "dim n = 10^6\nparam u: [n]\nmap ones(n, n) @ u\nlaw l = u[0] - u[1]\n",
    # --- undefined values ---
    "one over nothing": "param x, y\nmap 1/(x - x)*y\nlaw l = x\nlaw m = y\n",
    "one over hidden nothing": "param x, y\nmap y/((x + y)^2 - x^2 - 2*x*y - y^2)\nlaw l = x\nlaw m = y\n",
    "law over nothing": "param x, y\nmap x*y\nlaw l = (x^2 - y^2)/(x - x)\nlaw m = 1/0\nlaw k = 0/0\n",
    "root of nothing": "param x, y\nmap sqrt(x - x) + y\nlaw l = x\n",
    "log of zero": "param x, y\nmap log(0)*x*y\nlaw l = x^2 - y^2\n",
    "log of nothing": "param x, y\nmap log(x - x) + x*y\nlaw l = x^2 - y^2\n",
    "root of minus one": "param x, y\nmap sqrt(-1)*x*y\nlaw l = x^2 - y^2\n",
    "root of a negative square": "param x, y\nmap sqrt(-x^2 - 1)*y\nlaw l = x^2 - y^2\nlaw m = x\n",
    "log of a negative": "param x, y\nmap log(-x^2)*y\nlaw l = x^2 - y^2\n",
    "zero to the zero": "param x, y\nmap 0^0*x*y, (x - x)^0*x*y\nlaw l = x^2 - y^2\n",
    "zero over zero": "param x, y\nmap (x - x)/(y - y)\nlaw l = x^2 - y^2\n",
    "zero to minus one": "param x, y\nmap 0^(-1)*x\nlaw l = x\n",
    "relu of nothing": "param x, y\nmap relu(x - x)*y + x*y\nlaw l = x^2 - y^2\n",
    "relu of zero": "param x, y\nmap relu(0) + x*y\nlaw l = x^2 - y^2\n",
    "abs of hidden nothing": "param x, y\nmap abs((x + y)^2 - x^2 - 2*x*y - y^2) + x*y\nlaw l = x^2 - y^2\n",
    "homogeneous of nothing": "activation s homogeneous -1\nparam x, y\nmap s(x - x)*y + s(x)\nlaw l = x\nlaw m = y\n",
    "homogeneous of degree zero": "activation s homogeneous 0\nparam x, y\nmap s(x)*y\nlaw l = x\nlaw m = y\n",
    "homogeneous one half": "activation s homogeneous 1/2\nparam x, y\nmap s(x)*y\nlaw l = x^2 - y^2\nlaw m = 2*x^2 - y^2\nlaw k = x^2 - 2*y^2\n",
    "divided by a hidden zero matrix": "dim n\nparam U: [n, n]\nmap U/(trace(U) - trace(U.T))\nlaw l = U\n",
    # --- functions ---
    "softmax of softmax": "dim n, m\nparam U: [n, m], x: [m]\nmap " + "softmax(" * 30 + "U @ x" + ")" * 30 + "\nlaw l = sum(U, axis=0)\nlaw f = sqnorm(U)\n",
    "softmax of softmax, fixed": "param U: [3, 2], x: [2]\nmap " + "softmax(" * 30 + "U @ x" + ")" * 30 + "\nlaw l = sum(U, axis=0)\nlaw f = sqnorm(x)\n",
    "norms of norms": "dim n\nparam u, v: [n]\nmap " + "layernorm(rmsnorm(" * 10 + "u" + "))" * 10 + "*v\nlaw l = sqnorm(u)\nlaw f = sqnorm(v)\n",
    "gelu of silu": "param x, y\nmap " + "gelu(silu(" * 12 + "x*y" + "))" * 12 + "\nlaw l = x^2 - y^2\nlaw f = x^2 + y^2\n",
    "erf of erf": "param x, y, z\nmap " + "erf(" * 20 + "x*y + z" + ")" * 20 + "\nlaw l = x^2 - y^2\nlaw f = x + y\n",
    "leaky in leaky": "param x: [3], y: [3]\nmap " + "leaky_relu(" * 12 + "x*y + 1" + ", slope=1/3)" * 12 + "\nlaw l = x^2 - y^2\nlaw f = x + y\n",
    "abs of abs": "param x, y, z\nmap " + "abs(x - " * 14 + "y*z" + ")" * 14 + "\nlaw l = y^2 - z^2\nlaw f = x\n",
    "many relus": "param x: [6], y: [6]\nmap prod(relu(x*y + x)), prod(abs(x - y))\nlaw l = x^2 - y^2\n",
    "functions of functions": "function F, G\nparam x: [3], y: [3]\nmap " + "F(G(" * 15 + "x*y" + "))" * 15 + "\nlaw l = x^2 - y^2\nlaw f = x + y\n",
    "function of a million": "dim n = 10^6\nfunction F: [n]\nparam x, y: [n]\nmap F(x*y)\nlaw l = x^2 - y^2\nlaw f = x\n",
    "function of many": "dim n = 60\nfunction F: [n, n]\nparam x, y: [n, n]\nmap F(x @ y)\nlaw l = x.T @ x - y @ y.T\nlaw f = x\n",
    "deep net": "dim n\ninput x: [n]\nparam " + ", ".join(f"W{k}: [n, n]" for k in range(40)) + "\nmap "
    + "".join(f"W{k} @ relu(" for k in range(40)) + "x" + ")" * 40 + "\nlaw l = diag(W0.T @ W0) - diag(W1 @ W1.T)\nlaw f = W0.T @ W0 - W1 @ W1.T\n",
    "deep residual net": "dim n\ninput x: [n]\nparam " + ", ".join(f"W{k}: [n, n], V{k}: [n, n]" for k in range(16)) + "\nlet h0 = x\n"
    + "".join(f"let h{k + 1} = h{k} + W{k} @ relu(V{k} @ h{k})\n" for k in range(16))
    + "map h16\nlaw l = diag(W0.T @ W0) - diag(V0 @ V0.T)\nlaw f = W0.T @ W0 - V0 @ V0.T\n",
    # --- preconditions and flows ---
    "precondition by a tower": "param x, y\nprecondition x by (x + y)^200, y by (x - y)^200\nmap x*y\nlaw l = x^2 - y^2\n",
    "precondition by zero": "param x, y\nprecondition x by 0, y by y - y\nmap x*y\nlaw l = x + y\n",
    "precondition by nothing": "param x, y\nprecondition x by 1/(x - x)\nmap x*y\nlaw l = x^2 - y^2\n",
    "momentum": "flow momentum(1/0)\nparam x, y\nmap x*y\nlaw l = vel(x)*y - x*vel(y)\n",
    # --- names and text ---
    "names": "dim T\nparam I: [T]\nmap I\nlaw t = I\n",
    "names that are words": "param T, t, e, by, where_, e5, _\nmap T*t*e*by*where_*e5*_\nlaw vel_ = T^2 - t^2\n",
    "time without momentum": "param x\nmap x\nlaw l = t*x\n",
    "Greek": "dim ν\nparam θ, ψ: [ν]\nmap θ*ψ\nlaw λ = θ^2 - ψ^2\n",
    "combining": "param e\u0301, é\nmap e\u0301*é\nlaw l = e\u0301^2 - é^2\n",
    "look-alikes": "param x, х\nmap x*х\nlaw l = x^2 - х^2\n",
    "right to left": "param א, ب\nmap א*ب\nlaw \u202el = א^2 - ب^2\n",
    "full width": "param ｘ, ｙ\nmap ｘ*ｙ\nlaw l = ｘ^２ - ｙ^2\n",
    "emoji": "param \U0001f600\nmap \U0001f600\nlaw l = \U0001f600\n",
    "surrogate": "param x\nmap x\nlaw l = \ud800\n",
    "long name": f"param {'x' * 100_000}\nmap {'x' * 100_000}\nlaw l = {'x' * 99_999}\n",
    "many names": "param " + ", ".join(f"x{k}" for k in range(5000)) + "\nmap x1*x2\nlaw l = x1^2 - x2^2\nlaw f = y1\n",
    "many laws": "param x, y\nmap x*y\n" + "".join(f"law l{k} = x^2 - y^2\n" for k in range(300)),
    "many errors": "param x, y\nmap x*y\n" + "".join(f"law l{k} = z{k}\n" for k in range(3000)),
    "Windows line ends": "param x, y\r\nmap x*y\r\nlaw l = x^2 - y^2\r\nlaw f = x^2 - z\r\n",
    "old Mac line ends": "param x, y\rmap x*y\rlaw l = x^2 - y^2\rlaw f = z\r",
    "tabs": "\tparam\tx,\ty\n\tmap\tx*y\n\tlaw\tl\t=\tx^2\t-\tz\n",
    "byte order mark": "\ufeffparam x, y\nmap x*y\nlaw l = x^2 - y^2\n",
    "byte order mark inside": "param x, y\n\ufeffmap x*y\nlaw l = x^2 - y^2\n",
    "form feeds": "param x, y\fmap x*y\vlaw l = x^2 - y^2\x1c\x1d\x85law f = z\u2028law g = w\n",
    "no-break space": "param\u00a0x, y\nmap x*y\nlaw l = x^2\u2009-\u3000y^2\n",
    "zero bytes": "param x\0, y\nmap x*y\nlaw l = x^2 - y^2\0\n",
    "escape codes": "param x\nmap x\nlaw l = \x1b[31mx\x1b[0m\n",
    "only a comment": "# nothing",
    "only a docstring": '"""nothing"""',
    "nothing": "",
    "blank": " \n\t\n",
    "deep brackets": "param x\nmap " + "(" * 50_000 + "x" + ")" * 50_000 + "\n",
    "open brackets": "param x\nmap " + "[" * 50_000,
    "deep minus": "param x\nmap " + "-" * 50_000 + "x\nlaw l = x\n",
    "deep transposes": "param x: [2, 2]\nmap x" + ".T" * 50_000 + "\nlaw l = x\n",
    "deep powers": "param x\nmap x" + "^1" * 50_000 + "\nlaw l = x\n",
    "deep calls": "param x\nmap " + "sum(" * 90 + "x" + ")" * 90 + "\nlaw l = x\n",
    "deep comprehensions": "param x\nmap " + "[" * 30 + "x" + "".join(f" for k{i} in 1..2]" for i in range(30)) + "\nlaw l = x\n",
    "deep arrays": "param x\nmap " + "[" * 60 + "x" + "]" * 60 + "\nlaw l = x\n",
    "deep lets in a cycle": "param x\nlet a = b\nlet b = c\nlet c = a\nmap a*x\nlaw l = b\n",
    "let of itself": "param x\nlet a = a + x\nmap a\nlaw l = a\n",
    "shape of itself": "dim n = n\nparam x: [n]\nmap x\nlaw l = x\n",
    "shape by a param": "param x\nparam y: [x]\nmap y\nlaw l = y\n",
    "long line": "param x, y\nmap x*y\nlaw l = x^2 - y^2" + " " * 1_000_000 + "- z\n",
    "long docstring": '"""' + "word " * 200_000 + '"""\nparam x\nmap x\nlaw l = y\n',
}  # fmt: skip
