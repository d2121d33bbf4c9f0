"""From photo files to scores, one path for the command line, validation and tables."""

from ssliqa.scoring.photos import ScoredPhoto, score_photos
from ssliqa.scoring.table import write_scores

__all__ = ["ScoredPhoto", "score_photos", "write_scores"]
