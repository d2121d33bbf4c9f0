"""What several crops of one photograph say together.

Raters see a whole photograph, so the mean over its crops is nearer to their opinion than any crop
is, and the crops' disagreement says how far to trust it.
"""

from __future__ import annotations

from torch import Tensor


def photo_means(rows: Tensor, places: Tensor) -> Tensor:
    """The mean over the crops of each photograph, in the place of each crop.

    Args:
        rows: (U, N), a row for each crop.
        places: (U,) of the photographs that the crops show.

    Returns:
        (U, N); crops of one photograph get equal rows.
    """
    same = (places[:, None] == places[None, :]).to(rows.dtype)
    return (same @ rows) / same.sum(dim=1, keepdim=True)
