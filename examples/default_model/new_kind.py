"""What starting from a trained model brings on photographs of a kind that it has not seen.

    python examples/default_model/new_kind.py --livec DATA/livec --unlabeled DATA/unlabeled \
        --weights WEIGHTS --out OUT

The darkest fifth of LIVE Challenge stands for the new kind. A model is trained as the default one
is, on the others alone. Then 20, 50 and more labels of dark photographs are used in two ways: a
head fitted to ImageNet weights, and one fitted near that of the model, to its network. The model
as it is, without these labels, is tested on the same photographs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from make import folders_parser, given_folders, ssliqa, train

from ssliqa.images import read_image

DARK = 0.2
PLAN = {
    "title": "Dark photographs, after a training without any",
    "settings": {
        "scale": "0-100",
        "steps": 300,
        "batch_size": 8,
        "protocol": {"short": 500, "crop": 384, "grid": 2},
        "views": 4,
        "fractions": [0.6, 0.0, 0.4],
    },
    "methods": {
        "ImageNet, fitted": {
            "method": "supervised",
            "steps": 0,
            "fit_head": True,
            "student.levels": 4,
        },
    },
    "baseline": "ImageNet, fitted",
    "pairs": [
        {
            "student": {"name": "mobilenetv2_100", "frozen_stages": 5},
            "teacher": {"name": "mobilenetv1_100", "frozen_stages": 4},
        }
    ],
    "budgets": [20, 50, "all"],
    "splits": 10,
}


def main() -> None:
    parser = folders_parser(__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    options = given_folders(parser)
    out = options.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    images = options.livec / "images"
    if not (out / "dark.csv").is_file():
        divide(pd.read_csv(options.livec / "ratings.csv"), images, out)
    run = out / "run"
    train(options, out / "others.csv", "--fractions", "[1, 0, 0]")
    rated = ("--labels", out / "dark.csv", "--images", images)
    ssliqa("evaluate", run, *rated, "--scale", "0-100", "--out", out / "as it is")
    started = {
        "method": "supervised",
        "steps": 0,
        "student": {"name": "mobilenetv2_100", "start": str(run)},
    }
    with_model = {
        "the model as it is": started,
        "from the model, fitted": started | {"fit_head": True},
    }
    plan = PLAN | {"methods": PLAN["methods"] | with_model}
    (out / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    shown = ("--weights", options.weights, "--jobs", options.jobs)
    ssliqa("benchmark", out / "plan.yaml", "--out", out / "benchmark", *rated, *shown)


def divide(table: pd.DataFrame, images: Path, out: Path) -> None:
    """Write the tables of the darkest photographs and of the others."""
    light = np.array([read_image(images / name).mean() for name in table["image"]])
    dark = light <= np.quantile(light, DARK)
    table[dark].to_csv(out / "dark.csv", index=False)
    table[~dark].to_csv(out / "others.csv", index=False)


if __name__ == "__main__":
    main()
