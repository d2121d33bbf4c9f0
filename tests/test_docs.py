"""The reference pages are what the code makes of them today."""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {path.name: (path, text) for path, text in module.pages().items()}


@pytest.mark.parametrize("name", ["command-line.md", "datasets.md", "methods.md"])
def test_the_reference_pages_are_up_to_date(name, pages):
    path, text = pages[name]
    assert path.read_text(encoding="utf-8") == text, "run `make docs`"


def test_every_link_between_the_pages_leads_somewhere():
    for page in [DOCS.parent / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
