"""Maximum likelihood over positive parameters: one search, and a plain answer to whether it found a maximum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats]]
# Logarithms of parameters are sought within these ends. A search that stops at one has no maximum inside.
FARTHEST = 11.0
# Of the mean log-likelihood by the logarithm of a parameter: at 1e-6, printed digits no longer move.
FLAT = 1e-6


@dataclass(frozen=True)
class Maximum:
    """Parameters, the log-likelihood of all customers there, calls of the likelihood, and why it is none (or None)."""

    parameters: tuple[float, ...]
    log_likelihood: float
    calls: int
    trouble: str | None


def dot(left: Floats, right: Floats) -> float:
    """Σ left × right, in one thread: what BLAS adds up in several may end in another last digit each time."""
    return float(np.einsum("i,i->", left, right))


def maximise(likelihood: Likelihood, start: tuple[float, ...], customers: int) -> Maximum:
    """Find the parameters that make ``likelihood`` greatest.

    ``likelihood`` takes parameters, shape (k,), all above zero, and returns the log-likelihood of all ``customers``
    and its gradient by them, shape (k,). The search (L-BFGS-B) runs over logarithms, from ``start`` always, so that
    the same rows give the same parameters. Raises nothing: a search that fails says so in ``trouble``.
    """

    def less_is_better(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        value, gradient = likelihood(parameters)
        return -value / customers, -gradient * parameters / customers

    with np.errstate(all="ignore"):
        found = minimize(
            less_is_better,
            np.log(start),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-FARTHEST, FARTHEST)] * len(start),
            options={"gtol": FLAT / 100, "ftol": 1e-15, "maxiter": 500},
        )
        value, slope = less_is_better(found.x)
    return Maximum(
        tuple(float(p) for p in np.exp(found.x)), float(-value * customers), int(found.nfev), _trouble(found.x, slope)
    )


def _trouble(logs: Floats, slope: Floats) -> str | None:
    if not (np.isfinite(logs).all() and np.isfinite(slope).all()):
        return "the likelihood is not a number where the search ended"
    if np.abs(logs).max() >= FARTHEST - 1e-3:
        return "a parameter ran to the end of its range: these purchases do not fit the model"
    if np.abs(slope).max() > FLAT:
        return f"the search stopped where the likelihood still rises (slope {np.abs(slope).max():.1e})"
    return None
