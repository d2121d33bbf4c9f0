"""A model goes to the hub and comes back, by its name; the hub is a server on this machine."""

import pytest
from hub_server import TOKEN, HubServer
from huggingface_hub import constants

from ssliqa.errors import ModelError
from ssliqa.models import QualityModel, load_model

NAME = "org/sharp"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with HubServer() as server:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield server
        server.shutdown()


def test_what_was_pushed_is_loaded_by_its_name_and_scores_the_same(hub, tiny_model, photo):
    model = tiny_model()
    model.push_to_hub(NAME, token=TOKEN)
    pushed = {path for name, path in hub.files if name == NAME}
    assert pushed == {"README.md", "config.json", "model.safetensors"}
    assert b"library_name: ssliqa" in hub.files[NAME, "README.md"]
    for loaded in (load_model(NAME), QualityModel.from_pretrained(NAME)):
        assert loaded.score(photo) == model.score(photo)
        assert loaded.config == model.config


def test_what_was_fetched_once_is_there_without_the_hub(hub, tiny_model, photo):
    model = tiny_model()
    model.push_to_hub(NAME, token=TOKEN)
    load_model(NAME)
    hub.files.clear()  # whoever asks the hub now gets nothing
    again = QualityModel.from_pretrained(NAME, local_files_only=True)
    assert again.score(photo) == model.score(photo)


@pytest.mark.usefixtures("hub")
def test_a_name_that_the_hub_does_not_know_is_told():
    with pytest.raises(ModelError, match="the hub has no such model"):
        load_model("org/unknown")
