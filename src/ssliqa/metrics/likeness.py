"""Which photographs are of the kind of the labeled ones: a classifier and a conformal test.

A ridge classifier tells labeled from unlabeled photographs by their features. Where both are of one
kind it learns nothing that holds for photographs it has not seen, so every score is that of a
photograph's own absence (cross-fitting). The p-value of an unlabeled photograph is then its place
among the labeled ones: if it is of their kind, it is below ``a`` with a probability of about ``a``.

Sources: S. Bates et al., "Testing for outliers with conformal p-values", Annals of Statistics 51,
2023; classifiers that tell labeled from unlabeled: C. Elkan, K. Noto, "Learning classifiers from
only positive and unlabeled data", KDD 2008.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
FEWEST = 4 * FOLDS
"""With fewer labeled photographs a p-value says little; with fewer unlabeled ones there is nothing
to tell them from."""

# For features of unit variance, divided by the root of their number. On LIVE Challenge with foreign
# photographs mixed in, 1 to 64 told them apart nearly equally well, 0.1 worse.
_RIDGE = 4.0


def likeness(
    labeled: NDArray[np.floating], unlabeled: NDArray[np.floating], seed: int = 0
) -> NDArray[np.float64]:
    """Conformal p-values of the unlabeled photographs.

    Args:
        labeled: features, shape (L, F), L of at least ``FOLDS``.
        unlabeled: features, shape (U, F), U of at least ``FOLDS``.
        seed: of the folds.

    Returns:
        Shape (U,), each in 1 / (L + 1) .. 1; small for photographs unlike the labeled ones.
    """
    if min(len(labeled), len(unlabeled)) < FOLDS:
        raise ValueError(
            f"Expected {FOLDS} photographs or more of each kind, found {len(labeled)} labeled and "
            f"{len(unlabeled)} unlabeled."
        )
    features = np.concatenate([labeled, unlabeled]).astype(np.float64)
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    features /= max(features.shape[1], 1) ** 0.5
    kind = np.repeat([1.0, -1.0], [len(labeled), len(unlabeled)])
    # Each kind has the same weight together, however many there are.
    weight = np.where(kind > 0, len(unlabeled), len(labeled)) * 2 / len(kind)
    scores = np.empty(len(kind))
    generator = np.random.default_rng(seed)
    folds = np.concatenate(
        [generator.permutation(len(part)) % FOLDS for part in (labeled, unlabeled)]
    )
    for fold in range(FOLDS):
        seen, held = folds != fold, folds == fold
        line = _ridge(features[seen], kind[seen], weight[seen])
        scores[held] = features[held] @ line
    of_labeled = np.sort(scores[: len(labeled)])
    below = np.searchsorted(of_labeled, scores[len(labeled) :], side="right")
    return (1 + below) / (len(labeled) + 1)


def _ridge(
    features: NDArray[np.float64], target: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.floating]:
    """Weighted ridge regression; of the two forms that are equal, the one of fewer unknowns."""
    count, size = features.shape
    if size < count:
        weighted = features.T * weight
        return np.linalg.solve(weighted @ features + _RIDGE * np.eye(size), weighted @ target)
    system = features @ features.T + np.diag(_RIDGE / weight)
    return features.T @ np.linalg.solve(system, target)
