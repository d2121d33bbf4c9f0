"""Label Studio's JSON export: who rated what, and what in it is no rating of a photograph."""

import json

import numpy as np
import pytest
from PIL import Image

from ssliqa.data.tables import read_label_table
from ssliqa.errors import LabelTableError
from ssliqa.opinion import ACR, Scale


def rating(stars, control="quality", **more):
    return {
        **{"id": "Dx_aB91ISN", "type": "rating", "origin": "manual", "to_name": "img"},
        **{"from_name": control, "value": {"rating": stars}, **more},
    }


def choice(text, control="quality"):
    return rating(0, control) | {"type": "choices", "value": {"choices": [text]}}


def annotation(rater, *results, **more):
    return {
        **{"id": 1001, "completed_by": rater, "result": list(results), "was_cancelled": False},
        **{"ground_truth": False, "lead_time": 4.3, "task": 1},
        **more,
    }


def task(url, *annotations, **data):
    return {
        **{"id": 7, "data": {"image": url, **data}, "annotations": list(annotations)},
        **{"drafts": [], "predictions": [{"result": [rating(1)], "model_version": "m"}]},
        **{"meta": {}, "total_annotations": len(annotations), "cancelled_annotations": 0},
    }


CAT, DOG = "/data/upload/1/5e3f1a2b-cat.jpg", "/data/upload/1/0123abcd-dog.jpg"


@pytest.fixture
def read(tmp_path):
    """Read an export of these tasks, with photographs of these names at hand."""

    def _read(tasks, photos=("cat.jpg", "dog.jpg"), **options):
        for name in photos:
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (2, 2)).save(path)
        export = tmp_path / "project-1-at-2024-05-01.json"
        export.write_text(tasks if isinstance(tasks, str) else json.dumps(tasks))
        return read_label_table(export, tmp_path / "photos", **options)

    return _read


def test_stars_of_several_annotators_become_votes(read):
    table = read(
        [
            task(CAT, annotation(1, rating(4)), annotation(2, rating(5)), annotation(9, rating(5))),
            task(DOG, annotation(1, rating(1))),
        ]
    )
    assert [path.name for path in table.paths] == ["cat.jpg", "dog.jpg"]
    assert table.scale == ACR
    np.testing.assert_allclose(
        table.distribution, [[0, 0, 0, 1 / 3, 2 / 3], [1, 0, 0, 0, 0]], atol=1e-12
    )
    assert table.unrated == ()
    assert table.remarks == ()


def test_annotators_may_be_written_down_in_full_or_not_at_all(read):
    one, other = {"id": 1, "email": "a@b.c"}, {"id": 2, "email": ""}
    nobody = annotation(None, rating(2)), annotation(None, rating(4), id=1002)
    table = read(
        [task(CAT, annotation(one, rating(3)), annotation(other, rating(5))), task(DOG, *nobody)]
    )
    np.testing.assert_allclose(table.mos, [4, 3])


def test_one_annotator_who_rates_a_photograph_twice_is_told(read):
    tasks = [task(CAT, annotation(1, rating(4)), annotation(1, rating(2)))]
    with pytest.raises(LabelTableError, match=r"Rated twice by the same rater \(1\)"):
        read(tasks)


def test_cancelled_annotations_predictions_and_drafts_do_not_count(read):
    skipped = annotation(2, was_cancelled=True), annotation(3, rating(1), was_cancelled=True)
    table = read([task(CAT, annotation(1, rating(4)), *skipped), task(DOG, annotation(1))])
    np.testing.assert_array_equal(table.mos, [4])


def test_tasks_without_a_rating_are_unlabeled_photographs(read):
    tasks = [task(CAT, annotation(1, rating(4))), task(DOG)]
    table = read(tasks)
    assert [path.name for path in table.unrated] == ["dog.jpg"]
    assert table.remarks == (
        "Not rated, so only of use as unlabeled photographs (1): data/upload/1/0123abcd-dog.jpg",
    )


@pytest.mark.parametrize(
    ("texts", "mos"),
    [(("5", "4"), 4.5), (("4 - good", "3: fair"), 3.5), (("Excellent", " bad"), 3)],
)
def test_choices_that_are_numbers_or_acr_words_are_ratings(texts, mos, read):
    (first, second) = texts
    table = read([task(CAT, annotation(1, choice(first)), annotation(2, choice(second)))])
    np.testing.assert_allclose(table.mos, [mos])


def test_numbers_on_another_scale_need_it_declared(read):
    number = rating(0) | {"type": "number", "value": {"number": 70}}
    tasks = [task(CAT, annotation(1, number))]
    with pytest.raises(LabelTableError, match="--scale 0-100"):
        read(tasks)
    np.testing.assert_array_equal(read(tasks, scale="0-100").mos, [70])
    ten = [task(CAT, annotation(1, rating(9)), annotation(2, rating(8)))]
    table = read(ten, scale=Scale(0, 10))
    np.testing.assert_allclose((table.mos, table.std), [[8.5], [np.sqrt(0.5)]])


def test_what_is_no_rating_of_the_photograph_is_passed_over(read):
    region = rating(1)
    region["value"] = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0, "rating": 1}
    scene = choice("indoor", "scene")
    relation = {"from_id": "a", "to_id": "b", "type": "relation", "direction": "right"}
    tasks = [task(CAT, annotation(1, region, scene, relation, rating(4)))]
    table = read(tasks)
    np.testing.assert_array_equal(table.mos, [4])
    assert table.groups == table.names  # a control called scene is no content group


def test_of_several_controls_one_is_named(read):
    tasks = [
        task(CAT, annotation(1, rating(4, "overall"), rating(2, "sharpness"))),
        task(DOG, annotation(1, rating(3, "overall"))),
    ]
    with pytest.raises(LabelTableError, match=r"overall, sharpness.*--columns\.mos"):
        read(tasks)
    np.testing.assert_array_equal(read(tasks, columns={"mos": "overall"}).mos, [4, 3])
    table = read(tasks, columns={"mos": "sharpness"})
    np.testing.assert_array_equal(table.mos, [2])
    assert [path.name for path in table.unrated] == ["dog.jpg"]


@pytest.mark.parametrize(
    ("url", "file"),
    [
        (CAT, "cat.jpg"),
        (CAT, "5e3f1a2b-cat.jpg"),  # Label Studio's own folder of uploads
        ("/data/upload/1/5e3f1a2b-my_cat_1.JPG", "my cat (1).JPG"),
        ("/data/local-files/?d=2024/caf%C3%A9%20cat.jpg", "2024/café cat.jpg"),
        ("s3://bucket/raw/2024/cat.png", "2024/cat.png"),
        ("https://example.com/a%20b/cat.jpg?width=200&sig=x%2F", "a b/cat.jpg"),
        ("http://localhost:8080/data/upload/5e3f1a2b-cat.jpg", "cat.jpg"),
    ],
)
def test_a_url_finds_the_photograph_that_it_came_from(url, file, read):
    table = read([task(url, annotation(1, rating(4)))], photos=(file,))
    assert table.paths[0].as_posix().endswith(f"photos/{file}")


def test_an_upload_that_two_photographs_may_have_become_is_no_guess(read):
    tasks = [task("/data/upload/1/5e3f1a2b-my_cat.jpg", annotation(1, rating(4)))]
    with pytest.raises(LabelTableError, match="several files"):
        read(tasks, photos=("my cat.jpg", "my (cat).jpg", "my_cat(.jpg"))


def test_two_uploads_of_one_name_are_told_and_not_mixed(read):
    tasks = [
        task(CAT, annotation(1, rating(1))),
        task("/data/upload/1/99999999-cat.jpg", annotation(1, rating(5))),
    ]
    with pytest.raises(LabelTableError, match=r"different labels \(1\): .*5e3f1a2b-cat"):
        read(tasks)


def test_the_photograph_is_the_one_that_was_rated(read):
    reference = {"reference": "/data/upload/1/5e3f1a2b-original.png", "text": "a.b"}
    result = rating(4) | {"source": "$image"}
    assert len(read([task(CAT, annotation(1, result), **reference)])) == 1
    assert len(read([task(CAT, annotation(1, rating(4, to_name="image")), **reference)])) == 1
    with pytest.raises(
        LabelTableError, match=r"task 7 of .* holds several photographs: image, ref"
    ):
        read([task(CAT, annotation(1, rating(4)), **reference)])


@pytest.mark.parametrize(
    ("tasks", "found"),
    [
        ([task(CAT, annotation(1))], "No annotation in .* holds a rating"),
        ([task("hello", annotation(1, rating(4)))], "task 7 of .* holds no photograph"),
        ([task(CAT, annotation(1, rating("many")))], "another form than Label Studio writes"),
        ([task(CAT, 4)], "another form than Label Studio writes"),
        ([task(CAT, annotation(1, "stars"))], "another form than Label Studio writes"),
        ([task(CAT) | {"annotations": 3}], "another form than Label Studio writes"),
        ([task(CAT) | {"data": None}, task(CAT)], "No column holds the names|another form"),
    ],
)
def test_damage_is_one_line(tasks, found, read):
    with pytest.raises(LabelTableError, match=found) as caught:
        read(tasks)
    assert "\n" not in str(caught.value)


def test_the_short_export_is_sent_back_for_the_long_one(read):
    rows = [{"image": CAT, "id": 1, "quality": [{"rating": 4}], "annotator": 1, "annotation_id": 3}]
    with pytest.raises(LabelTableError, match=r"JSON-MIN.*Export again, as JSON"):
        read(rows)
