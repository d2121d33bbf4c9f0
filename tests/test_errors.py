import inspect
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssliqa import errors
from ssliqa.errors import MissingExtraError, SsliqaError, first_few

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if kind.__module__ == errors.__name__
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_can_be_caught_as_one_of_ours(kind):
    assert issubclass(kind, SsliqaError)
    assert kind.__doc__


def test_a_message_says_what_was_found_and_what_to_do():
    error = SsliqaError("The crop is 0.", "Use 1 or more.")
    assert str(error) == "The crop is 0. Use 1 or more."
    assert (error.found, error.remedy) == ("The crop is 0.", "Use 1 or more.")


def test_a_message_without_a_remedy_ends_cleanly():
    assert str(SsliqaError("The file is empty.")) == "The file is empty."


def test_an_error_survives_the_way_between_processes():
    error = pickle.loads(pickle.dumps(errors.ModelError("found", "remedy")))  # noqa: S301
    assert type(error) is errors.ModelError
    assert (error.found, error.remedy) == ("found", "remedy")


def test_a_missing_extra_names_the_line_that_installs_it():
    error = MissingExtraError("matplotlib", "report")
    assert "matplotlib" in error.found
    assert "pip install 'ssliqa[report]'" in error.remedy


def test_few_offenders_are_all_named():
    assert first_few(["a", "b"]) == "a, b"
    assert first_few([]) == ""


def test_of_many_offenders_the_first_are_named_and_the_rest_counted():
    assert first_few(list("abcdefg"), most=3) == "a, b, c (and 4 more)"


@given(st.lists(st.integers(), max_size=30), st.integers(1, 10))
def test_no_offender_is_lost(items, most):
    text = first_few(items, most)
    named, _, rest = text.partition(" (and ")
    counted = len(named.split(", ")) if items else 0
    assert counted + int(rest.removesuffix(" more)") or 0) == len(items)
