"""What the demo refuses before it writes or removes anything."""

import pytest

from ssliqa.demo.run import DemoOptions
from ssliqa.errors import ConfigError


@pytest.mark.parametrize(
    "given", [{"images": "photos"}, {"scale": "0-100"}, {"seed": -1}, {"seed": 2**32}]
)
def test_options_that_mean_nothing_are_refused(tmp_path, given):
    with pytest.raises(ConfigError):
        DemoOptions(out=tmp_path, **given)


def test_ratings_that_the_demo_would_remove_are_refused(tmp_path):
    inside = tmp_path / "photographs" / "ratings.csv"
    with pytest.raises(ConfigError, match="would be removed"):
        DemoOptions(out=tmp_path, labels=str(inside), images="elsewhere")
    DemoOptions(out=tmp_path, labels=str(tmp_path / "ratings.csv"), images="elsewhere")
