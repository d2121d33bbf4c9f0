"""Mean Teacher against plain NumPy."""

import numpy as np
import pytest
import torch
from plain_numpy import LATE, at_rest, cdf, opinions

from ssliqa.errors import ConfigError
from ssliqa.methods import Progress, Unlabeled
from ssliqa.methods.mean_teacher import MeanTeacher, MeanTeacherConfig


def test_the_loss_is_that_of_plain_numpy(make_method, batches):
    labeled, unlabeled = batches
    # Crops 0 and 1, 2 and 3, 4 to 6 are of one photograph each.
    places = np.array([0, 0, 1, 1, 2, 2, 2])
    method = make_method("mean_teacher", prediction_weight=3.0).eval()
    student, average = method.branch("student"), method.average.module
    learned = at_rest(student, labeled.images)[0]
    usual = np.median(np.abs(opinions(learned - at_rest(average, labeled.images)[0])))
    own, target = (at_rest(network, unlabeled.images)[0] for network in (student, average))
    meant, target = (
        np.array([rows[places == place].mean(axis=0) for place in places]) for rows in (own, target)
    )
    trust = np.minimum(1, (usual / np.abs(opinions(meant - target))) ** 2)
    expected = (trust * cdf(own, target)).mean()
    result = method.step(labeled, Unlabeled(unlabeled.images, torch.from_numpy(places)), LATE)
    assert result.terms["prediction_consistency"].item() == pytest.approx(expected, rel=1e-4)
    label = cdf(learned, labeled.distribution.double().numpy()).mean()
    assert result.loss.item() == pytest.approx(label + 3 * expected, rel=1e-4)


def test_weights_do_not_fade_as_the_average_comes_nearer(make_method, batches):
    labeled, unlabeled = batches
    crops = Unlabeled(unlabeled.images, torch.tensor([0, 0, 1, 1, 2, 2, 2]))
    found = []
    for share in (0.1, 0.01, 0.0):
        method = make_method("mean_teacher").eval()
        student, average = (
            network.state_dict() for network in (method.branch("student"), method.average.module)
        )
        for name, theirs in average.items():
            theirs.copy_(student[name] + share * (theirs - student[name]))
        found.append(method.step(labeled, crops, LATE).terms["prediction_consistency"].item())
    # What remains is how far crops lie from the mean over crops.
    assert found[1:] == pytest.approx([found[2]] * 2, rel=0.3)


def test_consistency_grows_with_training(make_method, batches):
    method = make_method("mean_teacher", ramp_share=0.5)
    weights = [
        method.step(*batches, Progress(0, 1, step, 100)).terms["consistency_weight"].item()
        for step in (0, 25, 50, 75)
    ]
    np.testing.assert_allclose(weights, [np.exp(-5), np.exp(-5 / 4), 1, 1], rtol=1e-6)


def test_the_average_follows_the_student(make_method):
    method = make_method("mean_teacher", agree=True, average=0.9)
    average, student = method.average.module, method.branch("student")
    method.after_step()  # the first time the average becomes the student
    with torch.no_grad():
        for values in student.parameters():
            values.add_(1)
    gaps = []
    for _ in range(3):
        method.after_step()
        pairs = zip(average.parameters(), student.parameters(), strict=True)
        gaps.append(max((ours - theirs).abs().max().item() for ours, theirs in pairs))
    assert 1 > gaps[0] > gaps[1] > gaps[2] > 0


def test_labels_teach_alone_while_they_are_few():
    assert "teacher_from 99 has" in MeanTeacher.why_no_unlabeled(MeanTeacherConfig(), 99)
    assert MeanTeacher.why_no_unlabeled(MeanTeacherConfig(), 100) is None
    assert MeanTeacher.why_no_unlabeled(MeanTeacherConfig(teacher_from=0), 1) is None


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"prediction_weight": -1}, "prediction_weight is -1"),
        ({"ramp_share": 0}, "ramp_share is 0"),
        ({"average": 1}, "average is 1"),
        ({"teacher_from": -1}, "teacher_from is -1"),
    ],
)
def test_settings_without_sense_are_refused(settings, named):
    with pytest.raises(ConfigError, match=named):
        MeanTeacherConfig(**settings)
