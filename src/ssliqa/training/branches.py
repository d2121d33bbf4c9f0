"""All networks of a finished run: the kept student, and the branches it learned beside."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ssliqa.errors import ModelError, ResumeError
from ssliqa.models import QualityModel, load_model
from ssliqa.training.build import taught_branches
from ssliqa.training.checkpoint import Counters
from ssliqa.training.loop import CHECKPOINT
from ssliqa.training.run_config import FILE, read_config


def load_branches(folder: str | Path, device: str = "cpu") -> dict[str, QualityModel]:
    """Load the networks of a finished run, in evaluation mode.

    The student is the model that the run kept (``RUN/model``, the best one under ``keep: best``);
    the other branches, such as the teacher, are those of the last step, from the run's checkpoint.
    Those that learned nothing are left out, such as the committee's teacher where few labels did
    not let it train one.

    Args:
        folder: a run folder.
        device: where to put them.

    Returns:
        Networks by the name of their branch, the student first.

    Raises:
        ResumeError: the folder holds no run, or the run has not finished.
        ModelError: a network is missing or damaged.

    Example:
        >>> load_branches("runs/first")["teacher"].score("photo.jpg")  # doctest: +SKIP
    """
    folder = Path(folder)
    if not (folder / FILE).is_file():
        raise ResumeError(f"'{folder}' holds no run: it has no {FILE}.", "Name a run folder.")
    environment, checkpoint = folder / "environment.json", folder / CHECKPOINT
    try:
        configs = json.loads(environment.read_text(encoding="utf-8"))["networks"]
        with safe_open(str(checkpoint), framework="pt", device=device) as file:
            counters = Counters(**json.loads(file.metadata()["counters"]))
            if not counters.finished:
                raise ResumeError(
                    f"The training in '{folder}' has not finished.",
                    f"Go on with it by: ssliqa train --resume --out {folder}",
                )
            has_steps = (counters.epoch, counters.step_in_epoch) != (0, 0)
            taught = taught_branches(read_config(folder), has_steps=has_steps)
            student = load_model(folder, device)
            branches = {}
            for name in (name for name in configs if name != "student" and name in taught):
                prefix = f"method.branches.{name}.model."
                of_branch = [key for key in file.keys() if key.startswith(prefix)]  # noqa: SIM118
                model = QualityModel(**configs[name])
                model.load_state_dict(
                    {key.removeprefix(prefix): file.get_tensor(key) for key in of_branch}
                )
                branches[name] = model.to(device).eval()
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"The networks of '{folder}' cannot be loaded ({type(error).__name__}: {reason}).",
            "Its checkpoint or environment.json is missing, damaged or of an older version: "
            "train anew.",
        ) from error
    return {"student": student, **branches}
