"""What a training says of itself before it begins."""

import pytest

from ssliqa.cli.train import configuration
from ssliqa.training import Monitor, train


class Told(Monitor):
    """Keeps what it is told."""

    def __init__(self):
        self.texts = []

    def message(self, text):
        self.texts.append(text)


@pytest.mark.parametrize(
    ("options", "remark"),
    [
        (("--method", "supervised", "--label-budget", "5"), "Only 5 rated photographs"),
        (("--method", "supervised", "--unlabeled", "FURTHER"), "does not look at unlabeled"),
        (("--method", "ucvme", "--method.alone_from", "19"), "--method supervised makes the same"),
        (
            ("--method", "mean_teacher", "--unlabeled", "FURTHER", "--method.teacher_from", "19"),
            "use --unlabeled-crops 2",
        ),
        (
            ("--method", "mean_teacher", "--unlabeled", "FURTHER"),
            "With fewer than 100 labels (method.teacher_from), here 19, the network learns from "
            "these alone",
        ),
        (("--method", "ucvme"), "There are no unlabeled photographs, so method ucvme learns from"),
        (
            ("--method", "self_training", "--unlabeled", "FURTHER", "--method.alone_from", "19"),
            "With 19 labels or more (method.alone_from), here 19, both networks learn from the",
        ),
        (
            ("--method", "ucvme", "--unlabeled", "FURTHER", "--method.alone_from", "19"),
            "With 19 labels or more (method.alone_from), here 19, both networks learn from the",
        ),
    ],
)
def test_what_helps_little_is_told(tiny_set, tmp_path, options, remark):
    given = [tiny_set.further if option == "FURTHER" else option for option in options]
    told = Told()
    train(configuration(tiny_set.arguments(tmp_path / "run", *given, "--steps", "1")), told)
    assert any(remark in text for text in told.texts)


@pytest.mark.parametrize(
    "options",
    [
        ("--method", "mean_teacher", "--method.teacher_from", "0", "--unlabeled-crops", "2"),
        ("--method", "ucvme"),
    ],
)
def test_a_training_with_all_it_can_use_is_not_remarked_on(tiny_set, tmp_path, options):
    options += ("--unlabeled", tiny_set.further, "--steps", "1", "--fractions", "[1, 0, 0]")
    told = Told()
    train(configuration(tiny_set.arguments(tmp_path / "run", *options)), told)
    assert told.texts == []
