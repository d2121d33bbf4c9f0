import sys
from pathlib import Path

import pytest

# The data set is shared with the tests of training.
sys.path.append(str(Path(__file__).parents[1] / "training"))

from tiny_set import one_thread, tiny_run, tiny_set  # noqa: F401 (fixtures)


@pytest.fixture(scope="session")
def exported(tiny_run, tmp_path_factory):  # noqa: F811
    """The tiny run as files for both engines, by ending; treat them as read-only."""
    pytest.importorskip("openvino")
    pytest.importorskip("onnxruntime")
    from ssliqa import load_model
    from ssliqa.scoring.export import export_model

    folder = tmp_path_factory.mktemp("exports")
    model = load_model(tiny_run)
    return {
        suffix: export_model(model, folder / f"model{suffix}", license="CC0-1.0").file
        for suffix in (".onnx", ".xml")
    }
