"""From photo files to scores, one path for the command line, validation and tables."""

from ssliqa.scoring.folder import FolderScores, score_folder
from ssliqa.scoring.journal import Journal
from ssliqa.scoring.photos import ScoredPhoto, score_photos
from ssliqa.scoring.table import write_scores

__all__ = [
    "FolderScores",
    "Journal",
    "ScoredPhoto",
    "score_folder",
    "score_photos",
    "write_scores",
]
