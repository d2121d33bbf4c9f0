"""Relation consistency: the student relates the images of a batch as the teacher does.

Each loss compares one description of the relations within a batch, computed from the activations
of both branches; only the number of images must agree, so feature sizes may differ:

- ``angle``: the cosine at the middle image of every triplet (Park et al., RKD-A), as in the paper;
- ``distance``: the distance of every pair over the batch's mean distance (Park et al., RKD-D);
- ``gram``: the similarity of every pair, rows normalized (Tung, Mori; Liu et al.).

Some entries are equal in any two branches by construction, such as the distance of an image to
itself. The published mean runs over them too, which only shrinks the loss by a factor that depends
on the batch size; ``mask_trivial`` leaves them out.

All losses return a scalar, differentiable in both arguments: the caller detaches the teacher. They
compute in float32 (float64 for float64 features) even under autocast. Two equal images in a batch
have no direction from one to the other: their difference counts as the zero vector, without
gradient, where the textbook normalization would return gradients of any size.

Sources:
    Park, Kim, Lu, Cho, "Relational Knowledge Distillation", CVPR 2019.
    Tung, Mori, "Similarity-Preserving Knowledge Distillation", ICCV 2019.
    Liu, Yu, Luo, Dou, Heng, "Semi-supervised Medical Image Classification with Relation-driven
    Self-ensembling Model", IEEE Trans. Medical Imaging 39, 2020.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ssliqa.losses.precision import at_least_float32


def angle_relation(student: Tensor, teacher: Tensor, *, mask_trivial: bool = True) -> Tensor:
    """Angle-wise relational distillation (RKD-A).

        mean over triplets (i, j, k) of huber(cos_student(ijk) - cos_teacher(ijk))
        cos(ijk) = <e_ij, e_kj>,  e_ij = (f_i - f_j) / |f_i - f_j|,  e_jj = 0

    with the smooth-L1 (Huber) function of threshold 1. Invariant to translation, rotation and
    uniform scaling of either feature space.

    Args:
        student: activations, shape (B, F_student).
        teacher: activations of the same images, shape (B, F_teacher).
        mask_trivial: average over the B (B-1) (B-2) triplets of three different images only.
            An angle with i = j or k = j is 0, one with i = k is 1, in any network; they are 9 %
            of all entries at B = 32 and 18 % at B = 16. False gives the published mean over B^3.

    Returns:
        A scalar in 0..1.5. Fewer than three images form no angle: 0, still part of the graph.
    """
    batch = _same_images(student, teacher)
    if batch < 3:
        return _zero(student)
    with _full_precision(student):
        error = F.smooth_l1_loss(_angles(student), _angles(teacher), reduction="none")
        if not mask_trivial:
            return error.mean()
        different = _different_images(error)
        # Entry [j, i, k]: j is the middle image.
        triplets = different[:, :, None] * different[:, None, :] * different[None, :, :]
        return (error * triplets).sum() / (batch * (batch - 1) * (batch - 2))


def distance_relation(student: Tensor, teacher: Tensor, *, mask_trivial: bool = True) -> Tensor:
    """Distance-wise relational distillation (RKD-D).

        mean over pairs (i, j) of huber(d_student(ij) - d_teacher(ij))
        d(ij) = |f_i - f_j| / mean distance of the pairs that are not zero apart

    with the smooth-L1 (Huber) function of threshold 1. Invariant to translation, rotation and
    uniform scaling of either feature space.

    Args:
        student: activations, shape (B, F_student).
        teacher: activations of the same images, shape (B, F_teacher).
        mask_trivial: average over the B (B-1) pairs of two different images only. False gives the
            published mean over B^2, which counts each image's zero distance to itself.

    Returns:
        A scalar, 0 or more. Fewer than two images form no pair: 0, still part of the graph.
    """
    batch = _same_images(student, teacher)
    if batch < 2:
        return _zero(student)
    with _full_precision(student):
        error = F.smooth_l1_loss(_distances(student), _distances(teacher), reduction="none")
        if not mask_trivial:
            return error.mean()
        return (error * _different_images(error)).sum() / (batch * (batch - 1))


def gram_relation(student: Tensor, teacher: Tensor) -> Tensor:
    """Similarity-preserving distillation on row-normalized Gram matrices.

        mean over pairs (i, j) of (R_student(ij) - R_teacher(ij))^2
        G = f f^T,  R(i,:) = G(i,:) / |G(i,:)|

    Invariant to rotation and uniform scaling of either feature space, but not to translation:
    similarity is measured from the origin. No entry is trivial: the diagonal is each image's share
    in its own row.

    Args:
        student: activations, shape (B, F_student).
        teacher: activations of the same images, shape (B, F_teacher).

    Returns:
        A scalar in 0..4/B. Fewer than two images have no relation: 0, still part of the graph.
    """
    batch = _same_images(student, teacher)
    if batch < 2:
        return _zero(student)
    with _full_precision(student):
        return F.mse_loss(_gram_rows(student), _gram_rows(teacher))


RELATION_LOSSES: dict[str, Callable[..., Tensor]] = {
    "angle": angle_relation,
    "distance": distance_relation,
    "gram": gram_relation,
}
"""The losses by the name a configuration uses; ``angle`` and ``distance`` take ``mask_trivial``."""


def relation_matrix(features: Tensor, relation: str = "angle") -> Tensor:
    """The relations of a batch that a loss compares, one number for each pair of images.

    Args:
        features: activations, shape (B, F), B >= 3.
        relation: ``angle``: the cosine of the angle between images i and k as a third image sees
            them, averaged over all third images (-1..1; 1 on the diagonal), because the triplets
            themselves fill no matrix; ``distance``: over the batch's mean distance (0 or more);
            ``gram``: similarity in rows of length 1 (-1..1). The last two are what the losses see.

    Returns:
        Shape (B, B).
    """
    with _full_precision(features):
        if relation == "distance":
            return _distances(features)
        if relation == "gram":
            return _gram_rows(features)
        # Angles at i and at k themselves are zero, so they add nothing to the sum.
        mean = _angles(features).sum(dim=0) / (len(features) - 2)
        return mean.fill_diagonal_(1.0)


def _angles(features: Tensor) -> Tensor:
    """Cosines, shape (B, B, B); entry [j, i, k] is the angle at image j between i and k."""
    features = at_least_float32(features)
    # Differences are formed rather than derived from the Gram matrix: for near pairs the latter
    # cancels to noise.
    directions = _unit(features[None, :, :] - features[:, None, :])
    return directions @ directions.transpose(1, 2)


def _distances(features: Tensor) -> Tensor:
    """Distances over their mean, shape (B, B); all zero if all images coincide."""
    features = at_least_float32(features)
    distances = _norm(features[None, :, :] - features[:, None, :]).squeeze(-1)
    apart = distances > 0
    mean = distances.sum() / apart.sum().clamp_min(1)
    return distances / torch.where(mean == 0, 1.0, mean)


def _gram_rows(features: Tensor) -> Tensor:
    """Gram matrix with rows of length 1, shape (B, B)."""
    features = at_least_float32(features)
    return _unit(features @ features.T)


def _unit(vectors: Tensor) -> Tensor:
    """Vectors of length 1 along the last axis; a zero vector stays zero and has no gradient."""
    length = _norm(vectors)
    zero = length == 0
    return torch.where(zero, 0.0, vectors / torch.where(zero, 1.0, length))


def _norm(vectors: Tensor) -> Tensor:
    """Lengths along the last axis (kept), exactly 0 and without gradient below rounding noise."""
    squared = vectors.square().sum(dim=-1, keepdim=True)
    # What is this short beside the longest vector of the batch is rounding noise of equal images:
    # its direction means nothing, but its gradient (1 / length) would drown all others.
    noise = squared.detach().max() * (8 * torch.finfo(vectors.dtype).eps) ** 2
    # Asked this way round, NaN is not zero and shows in the loss.
    zero = squared <= noise
    return torch.where(zero, 0.0, torch.where(zero, 1.0, squared).sqrt())


def _full_precision(features: Tensor) -> torch.autocast:
    return torch.autocast(features.device.type, enabled=False)


def _different_images(error: Tensor) -> Tensor:
    """1 for pairs of two different images, 0 on the diagonal, shape (B, B)."""
    # A product with a mask, unlike indexing with one, does not make a GPU wait for its size.
    return 1.0 - torch.eye(len(error), dtype=error.dtype, device=error.device)


def _zero(features: Tensor) -> Tensor:
    """Zero that still depends on the features, so that a backward pass does not fail on it."""
    return at_least_float32(features).sum() * 0.0


def _same_images(student: Tensor, teacher: Tensor) -> int:
    if student.ndim != 2 or teacher.ndim != 2 or len(student) != len(teacher):
        raise ValueError(
            f"Expected (B, F) features of the same B images, found student "
            f"{tuple(student.shape)} and teacher {tuple(teacher.shape)}."
        )
    return len(student)
