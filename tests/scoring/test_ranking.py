import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from ssliqa.errors import ConfigError
from ssliqa.scoring.ranking import Top, rank

nan = float("nan")


@pytest.mark.parametrize(
    ("text", "of_200"),
    [("20", 20), (" 1 ", 1), ("999", 200), ("10%", 20), ("0.1 %", 1), ("100%", 200), ("33.4%", 67)],
)
def test_a_top_is_a_count_or_a_share_rounded_up(text, of_200):
    assert Top.parse(text).of(200) == of_200


def test_a_tenth_of_thirty_is_three():
    assert Top.parse("10%").of(30) == 3
    assert Top.parse("10%").of(0) == 0


@pytest.mark.parametrize("text", ["0", "-3", "0%", "101%", "ten", "", "%", "1.5", "1e2%", "nan%"])
def test_what_is_no_top_is_refused(text):
    with pytest.raises(
        ConfigError, match=r"a count from 1 on, such as 20, or a share above 0 and up to 100%"
    ):
        Top.parse(text)


def test_the_best_come_first_equal_ones_share_a_rank_and_failures_come_last():
    order, ranks = rank(np.array([2.0, nan, 5.0, 2.0, 4.0]))
    assert order.tolist() == [2, 4, 0, 3, 1]
    assert ranks.tolist() == [1, 2, 3, 3, 0]


def test_groups_are_ranked_and_cut_on_their_own():
    levels = np.array([1.0, 5.0, 3.0, nan, 4.0, 2.0])
    groups = np.array([0, 1, 0, 1, 1, 2])
    order, ranks = rank(levels, groups, Top(count=1))
    assert order.tolist() == [2, 1, 5]
    assert ranks.tolist() == [1, 1, 1]
    order, ranks = rank(levels, groups)
    assert order.tolist() == [2, 0, 1, 4, 5, 3]
    assert ranks.tolist() == [1, 2, 1, 2, 1, 0]


@pytest.mark.parametrize("levels", [[], [nan], [nan, nan]])
def test_without_scores_nothing_is_best(levels):
    order, ranks = rank(np.array(levels), top=Top(count=3))
    assert (order.tolist(), ranks.tolist()) == ([], [])
    order, ranks = rank(np.array(levels))
    assert (order.tolist(), ranks.tolist()) == ([*range(len(levels))], [0] * len(levels))


@given(
    st.lists(st.tuples(st.sampled_from([1.0, 1.5, 2.0, 4.5, nan]), st.integers(0, 3)), max_size=30),
    st.none() | st.integers(1, 5),
)
def test_it_agrees_with_scipys_ranks_group_by_group(rows, count):
    levels = np.array([level for level, _ in rows])
    groups = np.array([group for _, group in rows], np.int64)
    order, ranks = rank(levels, groups, None if count is None else Top(count=count))
    wanted = {}
    for group in range(4):
        inside = [k for k in range(len(rows)) if groups[k] == group and levels[k] == levels[k]]
        of_scipy = rankdata([-levels[k] for k in inside], method="min").astype(int).tolist()
        best = sorted(zip(of_scipy, inside, strict=True))[:count]
        wanted |= {k: place for place, k in best}
    if count is None:
        wanted |= {k: 0 for k in range(len(rows)) if levels[k] != levels[k]}
    assert list(zip(order.tolist(), ranks.tolist(), strict=True)) == list(wanted.items())
