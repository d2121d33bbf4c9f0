import yaml

from ssliqa.models import save_model
from ssliqa.models.card import model_card
from ssliqa.opinion import Scale


def test_a_card_names_backbone_and_scale_and_shows_how_to_use_the_model():
    card = model_card("mobilenetv2_100", "0-100, lower is better", "")
    assert "# Image quality model (mobilenetv2_100)" in card
    assert "**0-100, lower is better**" in card
    assert "from ssliqa import QualityModel" in card
    assert "ssliqa score photo.jpg --model" in card


def test_a_cards_head_is_metadata_the_hub_can_read():
    _, head, _ = model_card("any", "1-5", "").split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert metadata["library_name"] == "ssliqa"
    assert "image-quality-assessment" in metadata["tags"]


def test_further_facts_stand_at_the_end_with_a_line_before_them():
    bare = model_card("any", "1-5", "")
    assert model_card("any", "1-5", "## Training\n\nOn much.\n") == (
        bare + "\n## Training\n\nOn much.\n"
    )


def test_the_card_of_a_saved_model_tells_of_that_model(tiny_model, tmp_path):
    save_model(tiny_model(scale=Scale(0, 10)), tmp_path / "model", "## Facts\n\nTrue ones.\n")
    card = (tmp_path / "model" / "README.md").read_text()
    assert card == model_card("test_resnet", "0-10", "## Facts\n\nTrue ones.\n")


def test_the_example_on_the_card_runs(tiny_model, tmp_path, photo, monkeypatch, capsys):
    from PIL import Image

    model = tiny_model()
    save_model(model, tmp_path / "path/to/this/folder")
    Image.fromarray(photo).save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    lines = (tmp_path / "path/to/this/folder/README.md").read_text().splitlines()
    example = "\n".join(line[4:] for line in lines if line.startswith("    "))
    exec(example, {})
    assert capsys.readouterr().out == f"{model.score('photo.jpg')}\n"
