"""Small claims whose truth is known, both ways, as data.

Each was derived by hand; the remark says how, or what the near miss is. A residue is J (P grad h), the
derivative of the model along the law's gradient; a law is conserved iff it vanishes identically.

The table: `==` starts a section; lines that are not indented are a model, as in a `.claw` file; indented ones
are its claims: a name, what claws must say, the law, a remark; deeper ones continue these.

    proved       claws must say PROVED
    refuted      claws must say REFUTED
    not-proved   false, but no counter-example has rational values, or they are rare: UNKNOWN will do
    not-refuted  true, by an identity that claws need not know: UNKNOWN will do
"""

from __future__ import annotations

from dataclasses import dataclass

VERDICTS = {
    "proved": frozenset({"PROVED"}),
    "refuted": frozenset({"REFUTED"}),
    "not-proved": frozenset({"REFUTED", "UNKNOWN"}),
    "not-refuted": frozenset({"PROVED", "UNKNOWN"}),
}

TABLE = r"""
== linear
dim n, m, r param U: [n, r], V: [m, r] map U @ V.T
    linear                      proved      U.T @ U - V.T @ V  # the balance law of two layers
    linear_sign                 refuted     U.T @ U + V.T @ V  # near miss: the sign
    linear_factor_2             refuted     U.T @ U - 2*V.T @ V  # near miss: a factor 2
    linear_trace                proved      trace(U.T @ U - V.T @ V)  # a linear function of laws
    linear_frobenius            proved      sqnorm(U) - sqnorm(V)  # the trace, written otherwise
    linear_column               proved      U[:, 0] @ U[:, 0] - V[:, 0] @ V[:, 0]  # an entry of the law
    linear_two_columns          proved      U[:, 0] @ U[:, 1] - V[:, 0] @ V[:, 1]  # needs r >= 2
    linear_entry                refuted     U[0, 0]^2 - V[0, 0]^2  # one weight against another
    linear_entry_1x1            proved      U[0, 0]^2 - V[0, 0]^2 for n = 1, m = 1, r = 1
                                            # at one size the entry is the law
    linear_one_layer            refuted     sqnorm(U)  # each layer for itself
    linear_output               refuted     trace((U.T @ U) @ (V.T @ V))
                                            # the norm of the output is trained
dim n, r param U, V: [n, r] map U @ V.T
    linear_wrong_side           refuted     U @ U.T - V @ V.T  # the residue is a commutator [A, U V^T]
    linear_wrong_side_1         proved      U @ U.T - V @ V.T for n = 1  # numbers commute
    linear_mixed_product        refuted     U.T @ V  # near miss: a product across the layers
    linear_skew                 refuted     U.T @ V - V.T @ U  # no Noether charge of first-order flows
dim n, m, r param U: [n, r], V: [m, r] input x: [m] map U @ V.T
    linear_input                proved      U.T @ U - V.T @ V  # unused input
dim n, m, r param U: [n, r], V: [m, r] map U @ V.T, V
    linear_two_outputs          refuted     U.T @ U - V.T @ V  # V is exposed, so it moves by itself
dim a, b, c, d param W1: [b, a], W2: [c, b], W3: [d, c] map W3 @ W2 @ W1
    deep_linear                 proved      W2.T @ W2 - W1 @ W1.T  # adjacent layers
    deep_linear_ends            proved      sqnorm(W3) - sqnorm(W1)  # a sum of two traces
dim n param W1, W2: [n, n] map W2 @ W1
    deep_linear_swapped         refuted     W2 @ W2.T - W1.T @ W1  # near miss: swapped axes
dim n param W1, W2, W3: [n, n] map W3 @ W2 @ W1
    deep_linear_skipping        refuted     W3.T @ W3 - W1 @ W1.T  # near miss: layers that are not adjacent

== stopped gradients
dim n, m, r param U: [n, r], V, W: [m, r] map U @ V.T + stop(U) @ W.T
    stop_balance                proved      U.T @ U - V.T @ V  # U moves by V alone
    stop_twins                  proved      V - W  # both are moved by the value of U
    stop_nothing                refuted     U.T @ U - V.T @ V - W.T @ W  # the law without the stop

== functions of laws
dim n, m, r param U: [n, r], V: [m, r] map U @ V.T
    law_offset                  proved      (U.T @ U - V.T @ V) + 5  # off by a constant
    law_scaled                  proved      -3*(U.T @ U - V.T @ V)/7  # times a constant
    law_times_law               proved      (U.T @ U - V.T @ V) * trace(U.T @ U - V.T @ V)
                                            # products of laws are laws
    law_exp                     proved      exp(trace(U.T @ U - V.T @ V)) * (U.T @ U - V.T @ V)
                                            # any function of laws
    law_times_other             refuted     sqnorm(U) * trace(U.T @ U - V.T @ V)
                                            # near miss: a law times no law
    law_kron                    proved      kron((U.T @ U - V.T @ V), (U.T @ U - V.T @ V))
                                            # products of laws, arranged
    law_kron_layers             refuted     kron(U.T @ U, V.T @ V)  # near miss: of the layers instead
    law_reshaped                proved      reshape((U.T @ U - V.T @ V), [r*r])  # the same entries
    law_det                     proved      det(U.T @ U - V.T @ V) for r in 1..3  # a polynomial in laws
    law_det_of_each             refuted     det(U.T @ U) - det(V.T @ V) for r = 2
                                            # the determinant of a difference is another thing
    law_det_of_each_1           proved      det(U.T @ U) - det(V.T @ V) for n = 3, m = 2, r = 1
                                            # true for numbers
param u, v, w map u*v*w
    law_quotient                proved      (u^2 - v^2)/(u^2 - w^2)  # a quotient of laws
param x, y map x*y
    law_zero                    proved      0  # a constant is conserved
param U: [2, 2] map U
    law_cayley_hamilton         proved      U @ U - trace(U)*U + det(U)*I(2)
                                            # identically zero, by Cayley-Hamilton
param U: [3, 3] map U
    law_cayley_hamilton_3       refuted     U @ U - trace(U)*U + det(U)*I(3)  # the identity of size 2
dim n, m, r param U: [n, r], V: [m, r] map U @ V.T let G = (U.T @ U - V.T @ V)
    law_in_let                  proved      G @ G - G  # through abbreviations

== shared weights
dim n, r param U: [n, r] map U @ U.T
    shared_gram                 refuted     U.T @ U  # no balance with itself
    shared_norm                 refuted     sqnorm(U)  # it is a trained output
param u: [2] in nonzero map u[0]^2 + u[1]^2
    shared_direction            proved      u[0]/u[1]  # the flow is radial
param w, v map w*w*v
    shared_twice                proved      w^2 - 2*v^2  # (2w, -4v).(2wv, w^2) = 0
    shared_twice_as_once        refuted     w^2 - v^2  # the law of u*w*v, untied
dim n, r input x: [n] param W: [r, n] map W.T @ relu(W @ x)
    shared_autoencoder          refuted     diag(W @ W.T)  # tied layers grow together
dim n, m input x: [m] param w: [n + m - 1] map [sum(w[i + j]*x[j] for j in 0..m-1) for i in 0..n-1]
    shared_hankel               refuted     sqnorm(w)  # one layer has no law
dim r, m param U: [3, r], V: [m, r] map U[0:2] @ V.T
    unused_rows                 proved      U[0:2].T @ U[0:2] - V.T @ V  # the rows that take part
    unused_rows_counted         proved      U.T @ U - V.T @ V + U[2, 0]^3
                                            # a parameter that takes no part is conserved

== products and powers
param x, y map x*y
    neuron                      proved      x^2 - y^2  # (2x, -2y).(y, x) = 0
    neuron_rotation             refuted     x^2 + y^2  # residue 4xy
dim D param x: [D] map prod(x)
    product                     proved      [x[i]^2 - x[j]^2 for i in 0..D-1 for j in 0..D-1]  # for every D
    product_last                proved      x[D-1]^2 - x[0]^2  # the index n-1
    product_minus_one           proved      x[-1]^2 - x[D-1]^2  # two names of one entry
    product_minus_one_twice     refuted     x[-1]^2 - 2*x[0]^2  # near miss: a factor 2
dim D param x: [D] map prod(x[k] for k in 1..D-1)
    product_not_first           proved      x[1]^2 - x[2]^2 for D = 4  # part of x
    product_not_first_all       refuted     x[0]^2 - x[1]^2  # x[0] rests and x[1] moves
param x, y map x*y*prod(x for k in 1..0)
    product_empty               proved      x^2 - y^2  # an empty product is 1
param x, y map x*y + sum(x for k in 3..2)
    sum_empty                   proved      x^2 - y^2  # an empty sum is 0
param x, y map x*y + sum(x for k in 2..2)
    sum_one                     refuted     x^2 - y^2  # ranges include both ends
    sum_one_shifted             proved      x^2 - (y + 1)^2  # x(y + 1)
param x, y map x*y^2
    power                       proved      2*x^2 - y^2  # (4x, -2y).(y^2, 2xy) = 0
    power_as_product            refuted     x^2 - y^2  # the law of x*y
param x in nonzero, y map x^-2*y
    power_negative              proved      x^2 + 2*y^2  # degree -2
    power_negative_sign         refuted     x^2 - 2*y^2  # that of degree 2
param x in positive, y map sqrt(x)*y
    power_root                  proved      2*x^2 - y^2  # degree 1/2
    power_root_as_product       refuted     x^2 - y^2  # that of degree 1
param x, y map x^2^3*y
    power_tower                 proved      x^2 - 8*y^2  # x^2^3 is x^8
    power_tower_left            refuted     x^2 - 6*y^2  # (x^2)^3 would be x^6
param x, y map -x^2*y
    minus_power                 proved      -x^2 + 2*y^2  # -x^2 is -(x^2)
    minus_power_squared         refuted     (-x)^2 + 2*y^2  # and not (-x)^2
param x param y, z in nonzero map x/y/z
    quotient_chain              proved      y^2 - z^2  # x/y/z is x/(y*z)
param x param y, z in nonzero map x/(y/z)
    quotient_nested             refuted     y^2 - z^2  # this is x*z/y
    quotient_nested_own         proved      x^2 - z^2  # this is x*z/y
param x, y, z map x - y - z
    minus_chain                 proved      x + z  # the gradient is (1, -1, -1)
param x, y, z map x - (y - z)
    minus_nested                refuted     x + z  # the gradient is (1, -1, 1)
param U: [2, 2] map sum(U^2)
    square_elementwise          refuted     U[0, 1]^2 - U[1, 0]^2  # U^2 is U*U
param U: [2, 2] map trace(U @ U)
    square_matrix               proved      U[0, 1]^2 - U[1, 0]^2  # 2*u01*u10 + ...
param U: [2, 2] in nonzero map sum(U^2)
    square_elementwise_ratio    proved      U[0, 0]/U[0, 1]  # the flow is radial
param U: [2, 2] in nonzero map trace(U @ U)
    square_matrix_ratio         refuted     U[0, 0]/U[0, 1]  # only for U*U
dim n param u, v, w: [n] map u*v*w
    hadamard_deep               proved      [u*u - v*v, v*v - w*w]  # entry by entry
dim n param u, v: [n] map u*v
    hadamard_matrix             refuted     outer(u, u) - outer(v, v)  # only its diagonal
dim n param u, v: [n] map dot(u, v)
    hadamard_sum                proved      outer(u, u) - outer(v, v)  # one output
dim n param u, v: [n] map u*u - v*v
    difference_of_squares       proved      u*v  # (v, u).(2u, -2v) = 0
dim n param u, v: [n] map u*u + v*v
    sum_of_squares              refuted     u*v  # residue 4uv
dim n param u: [n], v map sum(u)*v
    size_in_law                 proved      sum(u)^2 - n*v^2  # a dim is a number
    size_not_in_law             refuted     sum(u)^2 - v^2  # true at n = 1 only

== rational functions, elementary functions
param x param y in nonzero map x + y^3
    rational                    proved      x + 1/(3*y)  # 1 - 3*y^2/(3*y^2) = 0
    rational_sign               refuted     x - 1/(3*y)  # residue 2
param x, y in positive map x*y/(x + y)
    parallel                    proved      x^3 - y^3  # J is (y^2, x^2)/(x + y)^2
    parallel_square             refuted     x^2 - y^2  # the law of x*y
param x param y in positive map x + y^2
    logarithm                   proved      x - log(y)/2  # 1 - 2y/(2y) = 0
    logarithm_sign              refuted     x + log(y)/2  # residue 2
param x, y map exp(x)*y
    exponential                 proved      y^2/2 - x  # (-1, y).(exp(x)*y, exp(x)) = 0
    exponential_factor          refuted     y^2 - x  # near miss: a factor 2
dim n param u, v: [n] input x: [n] map x*(atan(u) + v)
    arctangent                  proved      u + u^3/3 - v  # dv/du = 1/atan'(u) = 1 + u^2, for all sizes
    arctangent_taylor           refuted     u + u^3/6 - v  # near miss: the factor
    arctangent_identity         refuted     u - v  # true to first order

== relu, leaky relu, abs
dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ relu(V.T @ x)
    relu                        proved      diag(U.T @ U) - diag(V.T @ V)  # one law for each neuron
    relu_sum                    proved      sqnorm(U) - sqnorm(V)  # the sum of these
    relu_matrix                 refuted     U.T @ U - V.T @ V  # the law of the linear net
    relu_matrix_1               proved      U.T @ U - V.T @ V for r = 1
                                            # at one size the matrix is its diagonal
    relu_matrix_2               refuted     U.T @ U - V.T @ V for r = 2  # and no longer at the next
    relu_off_diagonal           refuted     U[:, 0] @ U[:, 1] - V[:, 0] @ V[:, 1]  # two neurons
dim r = 1 dim n, m input x: [m] param U: [n, r], V: [m, r] map U @ relu(V.T @ x)
    relu_matrix_fixed           proved      U.T @ U - V.T @ V  # r = 1
dim n, m, r input x: [m] param U: [n, r], V: [m, r], b: [r], c: [n] map U @ relu(V.T @ x + b) + c
    relu_bias                   proved      diag(U.T @ U) - diag(V.T @ V) - b^2
                                            # the bias is a weight from a unit that is 1
    relu_bias_missing           refuted     diag(U.T @ U) - diag(V.T @ V)  # near miss: without the bias
    relu_bias_sign              refuted     diag(U.T @ U) - diag(V.T @ V) + b^2
                                            # near miss: on the other side
    relu_bias_outer             refuted     diag(U.T @ U) - diag(V.T @ V) - b^2 + sum(c)
                                            # the outer bias moves
    relu_bias_matrix            refuted     U.T @ U - V.T @ V - outer(b, b) for r = 2  # two neurons
dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k] map C @ relu(B @ relu(A @ x))
    deep_relu                   proved      diag(A @ A.T) - diag(B.T @ B)  # each hidden neuron
    deep_relu_ends              proved      sqnorm(A) - sqnorm(C)  # sums of layers agree without biases
dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k], b: [q]
map C @ relu(B @ relu(A @ x + b))
    deep_relu_ends_bias         refuted     sqnorm(A) - sqnorm(C)  # and not with them
    deep_relu_ends_with_bias    proved      sqnorm(A) + sqnorm(b) - sqnorm(C)  # counted
dim n input x: [n] param A, B: [n, n] map B @ relu(A @ x)
    deep_relu_axes              refuted     diag(A.T @ A) - diag(B.T @ B)
                                            # near miss: columns of A, not rows
dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ relu(V.T @ x)^2
    relu_squared                proved      diag(U.T @ U) - diag(V.T @ V)/2  # degree 2
    relu_squared_as_relu        refuted     diag(U.T @ U) - diag(V.T @ V)  # not degree 1
param x, y map x*y + relu(-x)
    relu_two_regions            refuted     x^2 - y^2  # true where x > 0 only
param x in positive, y map x*y + relu(-x)
    relu_one_region             not-refuted x^2 - y^2  # x > 0
param x in positive, y map relu(x)*y
    relu_of_positive            proved      x^2 - y^2  # Euler's rule needs no sign
dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ (relu(V.T @ x) - relu(-V.T @ x))
    relu_both_signs             proved      U.T @ U - V.T @ V  # linear
dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ leaky_relu(V.T @ x, slope=1/10)
    leaky_relu                  proved      diag(U.T @ U) - diag(V.T @ V)  # degree 1
dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ leaky_relu(V.T @ x)
    leaky_relu_default          proved      diag(U.T @ U) - diag(V.T @ V)  # slope 1/100
    leaky_relu_matrix           refuted     U.T @ U - V.T @ V  # almost linear
dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ leaky_relu(V.T @ x, slope=1)
    leaky_relu_slope_1          proved      U.T @ U - V.T @ V  # linear
dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ abs(V.T @ x)
    abs                         proved      diag(U.T @ U) - diag(V.T @ V)  # degree 1
    abs_matrix                  refuted     U.T @ U - V.T @ V  # two neurons
dim m, r input x: [m] param U: [m, r], V: [m, r] map x + U @ relu(V.T @ x)
    residual                    proved      diag(U.T @ U) - diag(V.T @ V)  # the skip has no parameter
dim d, r input x: [d] param U, V, A, B: [d, r] let z = x + U @ relu(V.T @ x) map z + A @ relu(B.T @ z)
    residual_between            refuted     sqnorm(U) - sqnorm(B)  # the skip can't be rescaled
dim n param u, v: [n] input x: [n] map x*(elu(u) + v)
    elu_inverse                 proved      v - relu(u) + 1/(elu(u) - relu(u) + 1)
                                            # dv/du = 1/elu'(u): 1 on the right, exp(-u) on the left
    elu_right_side              refuted     u - v  # true where u > 0
    elu_left_side               refuted     v + 1/(elu(u) + 1)  # true where u < 0
dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k] map C @ B @ elu(A @ x)
    elu_after                   proved      C.T @ C - B @ B.T  # linear layers after it
    elu_across                  refuted     sqnorm(A) - sqnorm(B)  # near miss: it is not homogeneous, as relu is

== activations of which less is known
activation s dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k] map C @ B @ s(A @ x)
    opaque_after                proved      C.T @ C - B @ B.T  # after s
activation s dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k] map C @ s(B @ A @ x)
    opaque_before               proved      B.T @ B - A @ A.T  # before s
activation s dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ s(V.T @ x)
    opaque_across               refuted     diag(U.T @ U) - diag(V.T @ V)  # s not homogeneous
activation s homogeneous 1 dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ s(V.T @ x)
    degree_1                    proved      diag(U.T @ U) - diag(V.T @ V)  # as relu
activation s homogeneous 2 dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ s(V.T @ x)
    degree_2                    proved      diag(U.T @ U) - diag(V.T @ V)/2  # Euler
    degree_2_as_1               refuted     diag(U.T @ U) - diag(V.T @ V)  # near miss: a wrong degree
    degree_2_inverse            refuted     diag(U.T @ U)/2 - diag(V.T @ V)  # near miss: on the wrong side
    degree_2_matrix             refuted     U.T @ U - V.T @ V/2  # two neurons
activation s homogeneous 3 dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ s(V.T @ x)
    degree_3                    proved      3*diag(U.T @ U) - diag(V.T @ V)  # Euler
activation s homogeneous 1/2 dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ s(V.T @ x)
    degree_half                 proved      diag(U.T @ U) - 2*diag(V.T @ V)  # Euler
activation s homogeneous 2 dim n, m, r input x: [m] param U: [n, r], V: [m, r], b: [r]
map U @ s(V.T @ x + b)
    degree_2_bias               proved      2*diag(U.T @ U) - diag(V.T @ V) - b^2  # Euler
activation s homogeneous 2 dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k]
map C @ s(B @ s(A @ x))
    degree_2_deep               proved      sqnorm(A)/4 - sqnorm(C)  # |A|^2/2 - |B|^2 and |B|^2/2 - |C|^2
    degree_2_deep_once          refuted     sqnorm(A)/2 - sqnorm(C)  # near miss: degrees multiply
dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ (V.T @ x)^2
    square_neurons              proved      diag(U.T @ U) - diag(V.T @ V)/2  # degree 2
    square_neurons_matrix       refuted     U.T @ U - V.T @ V/2  # two neurons
function F dim n, m, r param U: [n, r], V: [m, r] map F(U @ V.T)
    function_outside            proved      U.T @ U - V.T @ V  # chain rule
    function_sign               refuted     U.T @ U + V.T @ V  # sign
function F dim n, r param U, V: [n, r] map F(U) @ V.T
    function_inside             refuted     sqnorm(U) - sqnorm(V)  # F need not be linear
function F: [2] dim n, m, r param U: [n, r], V: [m, r], w: [3] map F(U @ V.T, w)
    function_two                proved      U.T @ U - V.T @ V  # another argument takes no part
    function_two_mixed          refuted     sqnorm(U) - sqnorm(w)  # and has no balance with the first

== smooth activations
dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k] map C @ B @ tanh(A @ x)
    tanh_after                  proved      C.T @ C - B @ B.T  # after tanh
dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k] map C @ tanh(B @ A @ x)
    tanh_before                 proved      B.T @ B - A @ A.T  # before tanh
param u, v input x map u*tanh(v*x)
    tanh_across                 not-proved  u^2 - v^2  # not homogeneous
param u, v, b input x map u*tanh(v*x + b)
    tanh_across_bias            not-proved  u^2 - v^2 - b^2
dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k] map C @ sigmoid(B @ A @ x)
    sigmoid_before              proved      trace(B.T @ B) - sqnorm(A)  # chain rule
param u, v input x map u*sigmoid(v*x)
    sigmoid_across              refuted     u^2 - v^2  # sigmoid(0) = 1/2
dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k] map C @ B @ gelu(A @ x)
    gelu_after                  proved      C.T @ C - B @ B.T  # after gelu
param u, v input x map u*gelu(v*x)
    gelu_across                 not-proved  u^2 - v^2  # gelu looks like relu
dim d, r input x: [d] param W, G: [r, d], O: [d, r] map O @ (silu(G @ x) * (W @ x))
    silu_gate                   proved      diag(W @ W.T) - diag(O.T @ O)  # the linear branch of SwiGLU
dim n, m, r input x: [m] param U: [n, r], V: [m, r] param b: [r] map U @ exp(V.T @ x + b)
    exp_bias                    proved      diag(U.T @ U) - 2*b  # b multiplies the outer weight
    exp_bias_factor             refuted     diag(U.T @ U) - b  # factor 2
dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k] map C @ exp(B @ A @ x)
    exp_before                  proved      B.T @ B - A @ A.T  # chain rule
dim p, q, k, l input x: [p] param A: [q, p], B: [k, q], C: [l, k]
map C @ softplus(B @ A @ x), C @ erf(B @ A @ x)
    softplus_erf                proved      B.T @ B - A @ A.T
param u, v input x map u*sin(v*x)
    sin_across                  not-proved  u^2 - v^2  # not homogeneous
param u, v input x map u*(sigmoid(v*x) + sigmoid(-v*x))
    sigmoid_pair                proved      v  # the sum is 1
param u, v map u*(sin(v)^2 + cos(v)^2)
    sin_cos                     proved      v  # the sum is 1

== softmax, normalisation
dim n, c input x: [n] param W: [c, n] map softmax(W @ x)
    softmax_shift               proved      sum(W, axis=0)  # a shift of all logits
dim n = 1, c = 2 input x: [n] param W: [c, n] map softmax(W @ x)
    softmax_wrong_axis          refuted     sum(W, axis=1)  # near miss: the axis
dim T, d, k, v input X: [T, d] param Q: [d, k], K: [d, k], V: [d, v], O: [v, d]
map softmax(X @ Q @ K.T @ X.T / sqrt(k)) @ X @ V @ O
    attention_qk                proved      Q.T @ Q - K.T @ K  # Q K^T is two linear layers
    attention_vo                proved      V.T @ V - O @ O.T  # V O is two linear layers
    attention_vo_axes           refuted     V.T @ V - O @ O.T + sum(O)  # and nothing of O alone
dim T, d, k input X: [T, d] param Q, K: [d, k], a, b: [k] map softmax((X @ Q + a) @ (X @ K + b).T) @ X
    attention_key_bias          proved      b
                                            # the bias of the keys shifts rows of scores: no effect
dim T = 2, d = 1, k = 1 input X: [T, d] param Q, K: [d, k], a, b: [k]
map softmax((X @ Q + a) @ (X @ K + b).T) @ X
    attention_query_bias        refuted     a  # near miss: the bias of the queries
dim H, T, d, k input X: [T, d] param Q: [H, d, k], K: [H, d, k], V: [H, d, d]
map sum(softmax(X @ Q[a] @ K[a].T @ X.T) @ X @ V[a] for a in 0..H-1)
    heads                       proved      [Q[a].T @ Q[a] - K[a].T @ K[a] for a in 0..H-1]  # head by head
    heads_summed                proved      einsum("adi,adj->ij", Q, Q) - einsum("adi,adj->ij", K, K)
                                            # a sum of laws
    heads_crossed               refuted     Q[0].T @ Q[1] - K[0].T @ K[1] for H = 2, T = 2, d = 1, k = 1
                                            # heads do not mix
dim n, m input x: [n] param W: [m, n] map layernorm(W @ x)
    layernorm                   proved      [sqnorm(W), sum(W)]  # scale and shift
dim n, m input x: [n] param W: [m, n] map rmsnorm(W @ x)
    rmsnorm                     proved      sqnorm(W)  # scale
input x param W: [2] map rmsnorm(W*x)
    rmsnorm_shift               refuted     sum(W)  # rmsnorm keeps the mean
dim n input x: [n] param g, v: [n] map g*dot(v, x)/sqrt(sqnorm(v))
    weight_normalised           proved      sqnorm(v)  # degree 0 in v

== einsum, tensors
dim n, m, p, r param A: [n, r], B: [m, r], C: [p, r] map einsum("ir,jr,kr->ijk", A, B, C)
    cp                          proved      diag(A.T @ A) - diag(B.T @ B)  # each component
    cp_matrix                   refuted     A.T @ A - B.T @ B  # true for two factors
    cp_matrix_1                 proved      A.T @ A - B.T @ B for r = 1  # one component
dim n, m, r param A: [n, r], B: [m, r] map einsum("ir,jr", A, B)
    einsum_implicit             proved      A.T @ A - B.T @ B
                                            # the implicit form keeps i and j, so this is A B^T
dim n, m, r param A: [n, r], B: [m, r] map einsum("ir,jr,kr->ijk", A, A, B)
    cp_shared                   proved      diag(A.T @ A) - 2*diag(B.T @ B)  # A has degree 2
    cp_shared_once              refuted     diag(A.T @ A) - diag(B.T @ B)  # near miss: counted once
dim n, m, a, b param A: [n, a], B: [m, b], G: [a, b] map einsum("ia,jb,ab->ij", A, B, G)
    tucker                      proved      A.T @ A - G @ G.T  # a side of the core
dim n, m, a param A: [n, a], B: [m, a], G: [a, a] map einsum("ia,jb,ab->ij", A, B, G)
    tucker_side                 refuted     A.T @ A - G.T @ G  # near miss: the other side

== indexing, stacking, rearranging
dim r, m param U: [3, r], V: [m, r] map U[0:2] @ V.T
    slices                      refuted     U[1:3].T @ U[1:3] - V.T @ V  # another slice than the model's
dim r, m param U: [3, r], V: [m, r] map U[0:2] @ V.T, U[1:3] @ V.T
    slices_overlapping          proved      U.T @ U - V.T @ V  # together they are U
    slices_counted_twice        refuted     U[0:2].T @ U[0:2] + U[1:3].T @ U[1:3] - V.T @ V
                                            # the middle row stands twice
param u, v, w map [u*v, u*w]
    stack                       proved      u^2 - v^2 - w^2  # a linear net 1-1-2
    stack_half                  refuted     u^2 - v^2  # near miss: one output weight
    stack_one_false_entry       refuted     [u^2 - v^2 - w^2, 7, u^2 - w^2]  # the last entry alone
param u, v map u*v, u
    second_output               refuted     u^2 - v^2  # the second output moves u alone
dim n, m, r param U: [n, r], V: [m, r], w: [r] map concat(U, V) @ w
    concat                      proved      U.T @ U + V.T @ V - outer(w, w)  # one layer in two pieces
    concat_one_piece            refuted     U.T @ U - outer(w, w)  # near miss: one piece
dim n, k, r, s param A: [n, r], B: [n, s], C: [r + s, k] map concat(A, B, axis=1) @ C
    concat_columns              proved      A.T @ B - C[0:r] @ C[r:r + s].T  # a block off the diagonal
dim n, k, r param A: [n, r], B: [n, r], C: [r + r, k] map concat(A, B, axis=1) @ C
    concat_columns_wrong        refuted     A.T @ A - C[r:r + r] @ C[r:r + r].T  # near miss: the block of B
dim n, k, r param U: [n, r], V: [k, r] map [U[i] @ V[j] for i in 0..n-1 for j in 0..k-1]
    comprehension               proved      U.T @ U - V.T @ V  # U V^T by indices
dim n, r param U, V: [n, n] map [sum(U[i, k]*V[k, j] for k in 0..n-1) for i in 0..n-1 for j in 0..n-1]
    comprehension_swapped       refuted     U @ U.T - V.T @ V  # near miss: swapped axes
dim n, m param U: [n, m], V: [n*m] map reshape(U, [n*m])*V
    reshape                     proved      reshape(U, [n*m])^2 - V^2
param U: [2, 2], V: [4] map reshape(U, [4])*V
    reshape_order               refuted     U[0, 1]^2 - V[2]^2  # rows first: U[0, 1] is entry 1
    reshape_row_major           proved      U[0, 1]^2 - V[1]^2  # rows first
dim n, m, p, q param U: [n, m], V: [p, q] map kron(U, V)
    kron                        proved      sqnorm(U) - sqnorm(V)  # bilinear
dim n, r param U, V: [n, r] map kron(U, V)
    kron_matrix                 refuted     U.T @ U - V.T @ V  # scale alone
dim n, m param u: [n], V: [n, m] map diag(u) @ V
    diag_left                   proved      u^2 - diag(V @ V.T)  # rows
dim n param u: [n], V: [n, n] map diag(u) @ V
    diag_left_columns           refuted     u^2 - diag(V.T @ V)  # not columns
dim n param U, V: [n, n] map diag(U @ V)
    diag_output                 proved      diag(U @ U.T) - diag(V.T @ V)  # row i with column i
    diag_output_matrix          proved      U.T @ U - V @ V.T  # a function of U V
dim n param U, V: [n, n] map trace(U @ V)
    trace_output                proved      U*U - V.T*V.T  # sum of U[i, j]*V[j, i]
    trace_output_axes           refuted     U*U - V*V  # near miss: not transposed
param U: [2, 2] map det(U)
    det_output                  proved      [(U.T @ U)[0, 1], (U.T @ U)[0, 0] - (U.T @ U)[1, 1]]
                                            # det(U A) with trace A = 0
    det_output_norm             refuted     sqnorm(U)  # residue 4*det(U)
param U: [3, 3] map det(U)
    det_output_3                proved      (U @ U.T)[0, 1]  # det(A U) with trace A = 0
dim n param a: [n, 1], b: [n] map a*b
    broadcast_outer             proved      sqnorm(a) - sqnorm(b)  # n x n products
    broadcast_entries           refuted     reshape(a, [n])^2 - b^2  # [n, 1]*[n] is no entrywise product
dim n param a: [n, 1], b: [n] map a[:, 0]*b
    broadcast_column            proved      a[:, 0]^2 - b^2  # this one is
    broadcast_law               refuted     a^2 - b^2  # the law is n x n here
dim n param U: [n, n], b: [n] map U + b
    broadcast_row               proved      sum(U, axis=0) - b  # b is added to rows: U[i, j] + b[j]
    broadcast_row_axis          refuted     sum(U, axis=1) - b  # near miss: axis

== convolutions
dim a, c, o, k, l, N input x: [a, N] param w: [c, a, k], v: [o, c, l] map conv1d(conv1d(x, w), v)
    conv_channels               proved      einsum("iat,jat->ij", w, w) - einsum("oit,ojt->ij", v, v)
                                            # linear: channels mix
dim a, c, o, k, l, N input x: [a, N] param w: [c, a, k], v: [o, c, l] map conv1d(relu(conv1d(x, w)), v)
    conv_relu                   proved      [sqnorm(w[i]) - sqnorm(v[:, i]) for i in 0..c-1]
                                            # channel by channel
    conv_relu_matrix            refuted     einsum("iat,jat->ij", w, w) - einsum("oit,ojt->ij", v, v)
                                            # the law of the linear one
dim a, c, o, k, l, N input x: [a, N] param w: [c, a, k], v: [o, c, l] param b: [c]
map conv1d(relu(conv1d(x, w, bias=b, padding=1)), v, padding=2)
    conv_relu_padding           proved      [sqnorm(w[i]) + b[i]^2 - sqnorm(v[:, i]) for i in 0..c-1]
                                            # padding with 0 scales with the rest
    conv_padding_bias           refuted     [sqnorm(w[i]) - sqnorm(v[:, i]) for i in 0..c-1]
                                            # near miss: without the bias
input x: [4] param w, v: [2] map conv1d(conv1d(x, w), v)
    conv_taps                   refuted     w[0]^2 - v[0]^2  # tap by tap
    conv_norms                  proved      sqnorm(w) - sqnorm(v)
const x: [2] param w: [2] map conv1d(x, w)
    conv_direction              proved      x[1]*w[0] - x[0]*w[1]  # PyTorch's: x[0]*w[0] + x[1]*w[1]
    conv_direction_flipped      refuted     x[0]*w[0] - x[1]*w[1]  # this would be the flipped kernel's
const x: [1] param w: [3] map conv1d(x, w, padding=1)
    conv_padding_place          proved      [w[0], w[2]]  # only the middle tap sees the one number
    conv_padding_place_wrong    refuted     w[1]  # it does
const x: [4] param w: [2] map conv1d(x, w, stride=2)
    conv_stride                 refuted     sum(w)  # two outputs fix w
const x: [5] param w: [2] map conv1d(x, w, stride=3, dilation=4)
    conv_stride_dilation        proved      x[4]*w[0] - x[0]*w[1]  # one output: x[0]*w[0] + x[4]*w[1]
input x: [4, 3] param w: [4, 2, 2], v: [4] map v*sum(relu(conv1d(x, w, groups=2)), axis=1)
    conv_groups                 proved      [sqnorm(w[i]) - v[i]^2 for i in 0..3]  # channel by channel
dim a, c, N, M input x: [a, N, M] param w: [c, a, 2, 3], v: [c]
map sum(v[i]*relu(conv2d(x, w))[i] for i in 0..c-1)
    conv2d                      proved      [sqnorm(w[i]) - v[i]^2 for i in 0..c-1]
const x: [1, 2] param w: [1, 2] map conv2d(x, w)
    conv2d_axes                 proved      x[0, 1]*w[0, 0] - x[0, 0]*w[0, 1]
input x: [2, 2, 2] param w: [2, 2, 1, 1], v: [1, 2, 1, 1] map conv2d(relu(conv2d(x, w)), v)
    conv2d_relu_linear          refuted     einsum("iahw,jahw->ij", w, w) - einsum("oihw,ojhw->ij", v, v)
                                            # the law of the linear one

== inputs, constants, flows, domains, sizes
const c: [2] param u, v map c[0]*u + c[1]*v
    constants                   proved      c[1]*u - c[0]*v  # one line of motion
    constants_ignored           refuted     u - v  # c is generic
input x: [2] param u, v map x[0]*u + x[1]*v
    inputs                      refuted     u - v  # two samples move both
dim k, n, m, r const A: [k, n, m] param U: [n, r], V: [m, r] map einsum("kij,ir,jr->k", A, U, V)
    sensing                     proved      U.T @ U - V.T @ V  # measurements of U V^T
    sensing_constant            refuted     U.T @ A[0] @ V  # a constant in the balance
dim n, m, r const W: [n, m] param A: [r, m], B: [n, r] map W + B @ A
    frozen                      proved      B.T @ B - A @ A.T
    frozen_included             refuted     sqnorm(W + B @ A)  # the norm of the output
dim n, m, r param U: [n, r] in positive, V: [m, r] in positive map U @ V.T precondition U by U, V by V
    entropic                    proved      sum(U, axis=0) - sum(V, axis=0)
                                            # P grad h = (U, -V), the scaling
    entropic_sign               refuted     sum(U, axis=0) + sum(V, axis=0)  # near miss: the sign
    entropic_ignored            refuted     U.T @ U - V.T @ V  # the law of the gradient flow
dim n, m, r param U: [n, r], V: [m, r] map U @ V.T
    entropic_without            refuted     sum(U, axis=0) - sum(V, axis=0)  # the law of the entropic flow
    sizes_where                 proved      U.T @ U - V.T @ V for n in 1..3, m in 1..3, r = 2 where n <= m
                                            # each size
param x, y map x*y precondition x by x
    entropic_half               proved      x - y^2/2  # (x, -y).(y, x) = 0
    entropic_half_both          refuted     x - y  # y has the plain flow
param x, y map x*y precondition x by 2
    precondition_number         proved      x^2 - 2*y^2  # (4x, -4y).(y, x) = 0
    precondition_number_inverse refuted     2*x^2 - y^2  # the wrong side
param x, y in positive map x*y precondition x by x^2, y by y^2
    precondition_square         proved      log(x) - log(y)  # P grad h = (x, -y)
dim n const c: [n] param u, v: [n] map u*v precondition u by c, v by c
    precondition_constant       proved      u^2 - v^2  # the same speed for both
dim n const c: [n] param u, v: [n] map u*v precondition u by c
    precondition_constant_one   refuted     u^2 - v^2  # other speeds
param x in positive, y map x*y + abs(x) - x
    domain_positive             not-refuted x^2 - y^2  # abs(x) = x here
param x, y map x*y + abs(x) - x
    domain_real                 refuted     x^2 - y^2  # and not for x < 0
dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ relu(V.T @ x)
    sizes_range                 refuted     U.T @ U - V.T @ V for n in 1..2, m in 2..3, r in {2, 3}
                                            where n < m
                                            # r > 1
dim n param U: [n + 1, 2*n], V: [n^2, 2*n] map U @ V.T
    sizes_dim_expression        proved      U.T @ U - V.T @ V

== identities that a quick normal form could get wrong
param x, y, z map sqrt(x^2)*y + x*z
    root_of_square              refuted     y - z  # sqrt(x^2) is -x for x < 0
param x in positive, y, z map sqrt(x^2)*y + x*z
    root_of_square_positive     proved      y - z  # and x here
param x in positive, y, z map sqrt(x)^2*y + x*z
    square_of_root              proved      y - z  # always x
param x, y, z map abs(x)^2*y + x^2*z
    square_of_abs               proved      y - z  # abs(x)^2 = x^2
param x in nonzero, y in nonzero map x*y*y/y
    cancelled                   proved      x^2 - y^2  # y/y = 1
param x, y in positive, z map (x^2 - y^2)/(x + y)*z
    cancelled_sum               proved      x + y  # (x - y)*z
    cancelled_sum_sign          refuted     x - y  # residue 2z
activation s param x, y map (s(x) - s(x))*y
    opaque_same                 proved      [x, y]  # one value at one point
activation s param x, y map (s(2*x) - 4*s(x))*y
    opaque_scaled               refuted     y  # s is not homogeneous
activation s homogeneous 2 param x, y map (s(2*x) - 4*s(x))*y
    degree_2_scaled             not-refuted y  # 2^2 = 4
activation s homogeneous 3 param x, y map (s(2*x) - 4*s(x))*y
    degree_3_scaled             refuted     y  # 2^3 = 8
activation s homogeneous 2 param x, y map (s(-x) - s(x))*y
    degree_2_negated            refuted     y  # two branches
activation s, q param x, y map (s(x) - q(x))*y
    two_opaque                  refuted     y  # two functions
function F param x, y: [2] map F(x, y) - F(y, x)
    function_swapped            refuted     x + y  # F is not symmetric
function F param x, y: [2] map F(x, y) - F(x, y)
    function_same               proved      x*y  # one value
param x, y map (relu(3*x) - 3*relu(x))*y
    relu_scaled                 proved      y  # the same region
param x, y map (relu(-x) + relu(x))*y
    relu_negated                refuted     y  # this is abs(x)*y
param x, y map relu(x)*relu(-x)*y
    relu_product                proved      y  # one of them is off
param x, y, z map (exp(x + y) - exp(x)*exp(y))*z
    exp_sum                     proved      z  # exp is a homomorphism
const p param x in positive, y, z map (x^2*exp(-p*log(x)) - exp((2 - p)*log(x)))*z + y
    exp_power                   proved      z  # x^2/x^p = x^(2 - p)
param x, y map exp(log(x^2)/2)*y - x*y
    exp_log_square              refuted     y  # abs(x)
param x, y map (tanh(x) + tanh(-x))*y, (cos(x) - cos(-x))*y, (softplus(x) - softplus(-x) - x)*y
    reflections                 proved      y
param x in positive, y map exp(log(x))*y
    exp_log                     proved      x^2 - y^2  # exp(log(x)) = x
param x, y in positive map log(x*y)
    log_product                 proved      x^2 - y^2  # (2x, -2y).(1/x, 1/y) = 0
param x, y map (tanh(x) + 1 - 2*sigmoid(2*x))*y
    tanh_sigmoid                not-refuted y  # tanh from sigmoid
param x, y map (erf(x) + erf(-x))*y
    erf_odd                     proved      y  # erf is odd
dim n param z: [n] map sum(softmax(z))
    softmax_total               proved      z  # the output is 1
param z, y map softmax([z])*y
    softmax_one                 proved      z  # softmax of one number is 1
param z, y map softmax([z, 0])*y
    softmax_two                 refuted     z  # and of two it is not
dim n, m, r param U: [n, r], V: [m, r] map U @ V.T
    trace_cyclic                proved      trace(U.T @ U @ V.T @ V) - trace(V.T @ V @ U.T @ U)
                                            # identically 0
dim n param U, V: [n, n] map U, V
    trace_not_symmetric         refuted     trace(U @ U @ V @ V) - trace(U @ V @ U @ V)  # not cyclic
param U, V: [2, 2] map det(U @ V)
    det_product                 proved      U.T @ U - V @ V.T  # a function of U V
param U: [3, 3] map U
    det_transposed              proved      det(U) - det(U.T)  # identically 0
param U: [2, 2] map U
    det_linear                  refuted     det(2*U) - 2*det(U)  # det has degree 2
param x, y map x*y
    abs_of_law                  proved      abs(x^2 - y^2)  # a function of a law, away from its kink
activation s dim n, m, r param U: [n, r], V: [m, r] map U @ V.T
    opaque_of_law               proved      s(U.T @ U - V.T @ V)  # any function of laws
activation s param x, y map x*y
    opaque_of_other             refuted     s(x^2 + y^2)  # of no law
param x, y, z map ((x^2)^(1/4))^2*y + x*z
    root_of_root                refuted     y - z  # this is abs(x)*y + x*z
param x, y, z map (x^6)^(1/2)*y + x^3*z
    root_of_sixth               refuted     y - z  # this is abs(x)^3*y + x^3*z
param x, y, z map (x^4)^(1/2)*y + x^2*z
    root_of_fourth              not-refuted y - z  # and this is x^2*(y + z)
param x, y, z map relu(x)*relu(y)*z - relu(x*y)*z
    relu_of_product             not-proved  z  # false where x and y are both negative
activation s homogeneous 2 param x, y, z map (s(x)*s(y) - s(x*y))*z
    degree_2_of_product         not-proved  z  # true of z^2, false of 2*z^2
activation s homogeneous 1 param x, y, z map (s(s(x)) - s(x))*z
    degree_1_twice              not-proved  z  # true of relu, false of 2*z
dim n, m, r input x: [n] activation s homogeneous 0 param U: [m, r], V: [n, r] map U @ s(V.T @ x)
    degree_0                    proved      diag(V.T @ V)  # Euler: the scale of v has no effect
    degree_0_outer              refuted     diag(U.T @ U)  # and that of u has
dim n, m, r input x: [m] param U: [n, r], V: [m, r] map U @ leaky_relu(V.T @ x, slope=-1)
    leaky_relu_slope_minus_1    refuted     U.T @ U - V.T @ V  # this is abs
dim n param U: [n] map U - sum(U)/n
    centred                     proved      sum(U)  # a shift has no effect
    centred_norm                refuted     sqnorm(U)  # and scale has

== indices that run backwards, along or past
dim n param x, y: [n] map [x[k]*y[n - 1 - k] for k in 0..n-1]
    reversed                    proved      [x[k]^2 - y[n - 1 - k]^2 for k in 0..n-1]
                                            # each with its partner
    reversed_not                refuted     x^2 - y^2  # not so
dim n param u: [n] map sum(k*u[k] for k in 0..n-1)
    weighted                    proved      [u[0], u[2] - 2*u[1]] for n in 3..4  # J = (0, 1, 2, ...)
    weighted_not                refuted     u[2] - u[1]  # J = (0, 1, 2, ...)
dim n param u: [n + 1], v: [n] map u[1:n + 1]*v
    shifted                     proved      u[1:n + 1]^2 - v^2  # from 1 on
    shifted_not                 refuted     u[0:n]^2 - v^2  # near miss: by one
dim n param u: [n + 1] map u[0:n]*u[1:n + 1]
    shifted_neighbours          proved      sum((u[2*k]^2 - u[2*k + 1]^2) for k in 0..1) for n = 3
                                            # a chain u0*u1, u1*u2, u2*u3: even minus odd squares
    shifted_neighbours_not      refuted     u[0]^2 - u[1]^2 for n = 3
dim n param u, v, w: [n] map concat(u, v)[1:n + 1]*w
    concat_across               proved      v[0]^2 - w[n - 1]^2  # the slice ends with v[0]
    concat_across_not           refuted     u[0]^2 - w[0]^2  # and starts with u[1]
dim n, m param U: [n, m], V: [n*m] map reshape(U.T, [n*m])*V
    reshape_transposed          proved      reshape(U.T, [n*m])^2 - V^2  # columns first
    reshape_transposed_not      refuted     reshape(U, [n*m])^2 - V^2  # near miss: rows first
dim n param U: [n, n], v: [n] map einsum("ii,i->i", U, v)
    diagonal_entries            proved      diag(U)^2 - v^2  # U[i, i]
    diagonal_entries_free       proved      U[0, 1]  # takes no part
dim n param U: [n, n], v: [n] map einsum("ii,j->j", U, v)
    diagonal_entries_sum        proved      trace(U)^2 - n*sqnorm(v)  # trace(U)*v
param U: [2], V: [2] map kron(U, V)[1]
    kron_order                  proved      U[0]^2 - V[1]^2  # entry 1 is U[0]*V[1]
    kron_order_not              refuted     U[0]^2 - V[0]^2  # V[0] takes no part
param x, y map x*y precondition x by y
    precondition_by_other       proved      x^2/2 - y^3/3  # (x*y, -y^2).(y, x) = 0
    precondition_by_other_not   refuted     x^2 - y^2  # the gradient flow's law
"""


@dataclass(frozen=True)
class Known:
    name: str
    model: str
    law: str
    expected: str
    """A key of VERDICTS."""
    why: str

    @property
    def text(self) -> str:
        """The `.claw` file that makes this claim, of a law `h`."""
        return f"{self.model}\nlaw h = {self.law}\n"


def read_table(table: str) -> list[Known]:
    cases: list[Known] = []
    model: list[str] = []
    rows: list[str] = []

    def finish() -> None:
        for row in rows:
            claim, _, why = row.partition("#")
            name, expected, law = claim.split(None, 2)
            if expected not in VERDICTS:
                raise ValueError(f"{name}: `{expected}` is no verdict")
            cases.append(Known(name, "\n".join(model), law.strip(), expected, why.strip()))
        if rows:
            model.clear()
            rows.clear()

    for line in table.splitlines():
        if not line or line.startswith("=="):
            finish()
        elif not line.startswith(" "):
            finish()
            model.append(line)
        elif line.startswith(" " * 8):
            rows[-1] += " " + line.strip()
        else:
            rows.append(line)
    finish()
    return cases


CASES = read_table(TABLE)
