"""What starting from a trained model brings on photographs of a kind that it has not seen.

    python examples/default_model/new_kind.py --livec DATA/livec --unlabeled DATA/unlabeled \
        --weights WEIGHTS --out OUT

The darkest fifth of LIVE Challenge stands for the new kind. A model is trained as the default one
is, on the others alone. Then 20, 50 and more labels of dark photographs are used in two ways: a
head fitted to ImageNet weights, and one fitted near that of the model, to its network. The model
as it is, without these labels, is tested on the same photographs; OUT/as it is.csv has its SRCC on
each division beside that of the model that has learned from them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from make import folders_parser, given_folders, ssliqa, train
from scipy.stats import wilcoxon

from ssliqa.images import read_image
from ssliqa.metrics import srcc

DARK = 0.2
FROM_MODEL = "from the model, fitted"
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
    from_model = {
        "method": "supervised",
        "steps": 0,
        "fit_head": True,
        "student": {"name": "mobilenetv2_100", "start": str(run)},
    }
    plan = PLAN | {"methods": PLAN["methods"] | {FROM_MODEL: from_model}}
    (out / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    shown = ("--weights", options.weights, "--jobs", options.jobs)
    ssliqa("benchmark", out / "plan.yaml", "--out", out / "benchmark", *rated, *shown)
    beside_as_it_is(out)


def divide(table: pd.DataFrame, images: Path, out: Path) -> None:
    """Write the tables of the darkest photographs and of the others."""
    light = np.array([read_image(images / name).mean() for name in table["image"]])
    dark = light <= np.quantile(light, DARK)
    table[dark].to_csv(out / "dark.csv", index=False)
    table[~dark].to_csv(out / "others.csv", index=False)


def beside_as_it_is(out: Path) -> None:
    """Write and print SRCC with and without the labels, on the test part of each division."""
    score = pd.read_csv(out / "as it is" / "predictions.csv").set_index("path")["score"]
    results = pd.read_csv(out / "benchmark" / "results.csv")
    results = results[results["method"] == FROM_MODEL]
    table = results[["labeled", "split", "SRCC"]].rename(columns={"SRCC": "fitted"})
    cells = [
        pd.read_csv(out / "benchmark/cells" / cell / "evaluation/test part/predictions.csv")
        for cell in results["cell"]
    ]
    table["as it is"] = [
        srcc(score[cell["path"]].to_numpy(), cell["mos"].to_numpy()) for cell in cells
    ]
    table.to_csv(out / "as it is.csv", index=False)
    for labeled, rows in table.groupby("labeled"):
        gain = rows["fitted"] - rows["as it is"]
        print(
            f"{labeled} labels: {rows['fitted'].mean():.3f}, as it is {rows['as it is'].mean():.3f}"
            f"; {gain.mean():+.3f}, better on {(gain > 0).sum()} of {len(rows)}, Wilcoxon's p "
            f"{wilcoxon(gain).pvalue:.3f}"
        )


if __name__ == "__main__":
    main()
