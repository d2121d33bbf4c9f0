"""Loss functions as plain functions on tensors: they know no network, no method and no schedule."""

from ssliqa.losses.distribution import (
    DISTRIBUTION_ERRORS,
    DISTRIBUTION_LOSSES,
    mean_squared_error,
    squared_cdf_error,
    squared_cdf_errors,
    squared_errors,
)
from ssliqa.losses.rampup import sigmoid_rampup
from ssliqa.losses.relation import (
    RELATION_LOSSES,
    angle_relation,
    distance_relation,
    gram_relation,
    relation_matrix,
)

__all__ = [
    "DISTRIBUTION_ERRORS",
    "DISTRIBUTION_LOSSES",
    "RELATION_LOSSES",
    "angle_relation",
    "distance_relation",
    "gram_relation",
    "mean_squared_error",
    "relation_matrix",
    "sigmoid_rampup",
    "squared_cdf_error",
    "squared_cdf_errors",
    "squared_errors",
]
