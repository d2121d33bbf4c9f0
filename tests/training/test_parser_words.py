"""Unusable values of settings, said in words that need no knowledge of Python."""

import pytest

from ssliqa.cli.train import configuration
from ssliqa.errors import ConfigError
from ssliqa.training.parser_words import plain_words


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--steps", "abc", "steps is abc; expected a whole number or null."),
        ("--label-budget", "a few", "label_budget is a few; expected a whole number or a number"),
        ("--student.mean", "[1,2]", "student.mean is [1, 2]; expected 3 numbers in brackets or"),
        ("--device", "cuda", "device is cuda; expected auto or cpu."),
        ("--optimizer.lr", "fast", "optimizer.lr is fast; expected a number."),
        ("--student.bf16", "maybe", "student.bf16 is maybe; expected auto or yes or no."),
    ],
)
def test_an_unusable_value_is_told_with_its_setting_and_what_is_expected(option, value, words):
    with pytest.raises(ConfigError) as told:
        configuration(["--labels", "ratings.csv", "--out", "run", option, value])
    assert told.value.found.startswith(words)


def test_other_messages_are_passed_on_in_one_line():
    assert plain_words(ValueError("several\n  lines.")) == "several lines."
