"""A name on the hub without a network: soon an error, or the model that was fetched before."""

import socket
import time

import huggingface_hub
import pytest
from huggingface_hub import constants

from ssliqa.errors import ModelError
from ssliqa.models import load_model, save_model

NAME = "org/model"
COMMIT = "0" * 40


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """The hub is a port of this machine that nobody listens at, and its cache a new folder."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        nowhere = f"http://127.0.0.1:{port}"
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, nowhere)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", nowhere)
        cache = tmp_path / "cache"
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
        yield cache


@pytest.mark.usefixtures("no_network")
def test_a_mistyped_name_is_told_without_trying_again_and_again():
    started = time.monotonic()
    with pytest.raises(ModelError, match=f"no model folder '{NAME}', and the hub .* be reached"):
        load_model(NAME)
    assert time.monotonic() - started < 8  # the hub's own retries take half a minute


def test_a_model_that_was_fetched_before_needs_no_network(no_network, tiny_model, photo):
    model = tiny_model()
    place = no_network / "models--org--model"
    save_model(model, place / "snapshots" / COMMIT)
    (place / "refs").mkdir()
    (place / "refs/main").write_text(COMMIT)
    assert huggingface_hub.try_to_load_from_cache(NAME, "config.json", cache_dir=no_network)
    started = time.monotonic()
    assert load_model(NAME).score(photo) == model.score(photo)
    assert time.monotonic() - started < 8
