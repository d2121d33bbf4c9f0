"""Nonlinear least squares whose result depends on the numbers alone, to the last bit.

Levenberg's and Marquardt's method: steps -(A + l D)^-1 g with A = J J^T, g = J r, D the diagonal of
A, and l small while steps help and larger when they do not.

Compiled libraries (MINPACK, BLAS) round the same sums in another order when an array happens to lie
elsewhere in memory. Where the minimum is a flat valley, as with a few scores that a curve can pass
in one jump, the search then ends at another place: the same evaluation gave two results. Here sums
are NumPy's own, whose order is fixed, and the few equations are solved in plain floats.

Source: D. W. Marquardt, J. SIAM 11 (1963); the criteria of convergence are MINPACK's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-3, 1e-12, 1e12
_HELPED, _FAILED = 0.2, 4.0
"""What the damping is multiplied by after a step that was taken, and one that was not."""


@dataclass(frozen=True)
class Minimum:
    """Where a search ended: parameters (p,), the sum of squares there, whether it had converged."""

    parameters: Array
    squares: float
    converged: bool


def least_squares(
    residuals: Callable[[Array], Array],
    jacobian: Callable[[Array], Array],
    first: Array,
    *,
    most: int,
    tolerance: float,
    enough: float = 0.0,
) -> Minimum:
    """Search a minimum of the sum of squares.

    Args:
        residuals: of parameters (p,), shape (n,); infinite or NaN where there is no value.
        jacobian: their derivatives, shape (p, n), a row for each parameter.
        first: parameters to start from, where the residuals are finite.
        most: evaluations of the residuals.
        tolerance: relative reduction of the squares, actual and predicted, that is not worth a
            further step.
        enough: squares that leave nothing to be gained.
    """
    b = np.array(first, dtype=np.float64)
    r = residuals(b)
    squares = _sum_of_squares(r)
    a, g = _normal_equations(jacobian(b), r)
    scale = _scale(a, np.zeros(len(b)))
    damping = _FIRST_DAMPING
    for _ in range(most - 1):
        if squares <= enough:
            return Minimum(b, squares, converged=True)
        step = _solve(a + np.diag(damping * scale), -g)
        if step is None:
            damping *= _FAILED
        else:
            moved = b + step
            r_moved = residuals(moved)
            reached = _sum_of_squares(r_moved)
            predicted = float((step * (damping * scale * step - g)).sum())
            small = predicted <= tolerance * squares
            if reached < squares:
                small = small and squares - reached <= tolerance * squares
                b, r, squares = moved, r_moved, reached
                if small:
                    return Minimum(b, squares, converged=True)
                a, g = _normal_equations(jacobian(b), r)
                scale = _scale(a, scale)
                damping = max(_LEAST_DAMPING, damping * _HELPED)
                continue
            if small:
                return Minimum(b, squares, converged=True)
            damping *= _FAILED
        if damping > _MOST_DAMPING:  # no step of any length helps: rounding is all that is left
            return Minimum(b, squares, converged=True)
    return Minimum(b, squares, converged=False)


def _sum_of_squares(r: Array) -> float:
    squares = float((r * r).sum())
    return squares if math.isfinite(squares) else math.inf


def _normal_equations(jacobian: Array, r: Array) -> tuple[Array, Array]:
    """A (p, p) and g (p,), without a matrix product, which would be a library's."""
    return (jacobian[:, None, :] * jacobian[None, :, :]).sum(-1), (jacobian * r).sum(-1)


def _scale(a: Array, before: Array) -> Array:
    """The largest diagonal so far: a parameter that has lost its influence must not run away."""
    largest = np.maximum(before, np.diag(a))
    return np.where(largest > 0, largest, 1.0)


def _solve(a: Array, g: Array) -> Array | None:
    """Solve a x = g for a symmetric a by Cholesky's method; None if it is not positive definite."""
    size = len(g)
    lower = [[0.0] * size for _ in range(size)]
    x: list[float] = []
    rows, right = a.tolist(), g.tolist()
    for i in range(size):
        for j in range(i + 1):
            rest = rows[i][j] - sum(lower[i][k] * lower[j][k] for k in range(j))
            if i != j:
                lower[i][j] = rest / lower[j][j]
            elif rest > 0 and math.isfinite(rest):
                lower[i][i] = math.sqrt(rest)
            else:
                return None
        x.append((right[i] - sum(lower[i][k] * x[k] for k in range(i))) / lower[i][i])
    for i in reversed(range(size)):
        x[i] = (x[i] - sum(lower[k][i] * x[k] for k in range(i + 1, size))) / lower[i][i]
    return np.array(x)
