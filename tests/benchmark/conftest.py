import sys
from pathlib import Path

# The data set is shared with the tests of training.
sys.path.append(str(Path(__file__).parents[1] / "training"))

from tiny_set import one_thread, tiny_run, tiny_set  # noqa: F401

# Small copies of databases in their authors' layout.
sys.path.append(str(Path(__file__).parents[1] / "data/datasets"))
