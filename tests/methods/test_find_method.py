import pytest

import ssliqa.methods
from ssliqa.errors import ConfigError
from ssliqa.methods import find_method, method_names
from ssliqa.methods.ssliqa import SSLIQA
from ssliqa.methods.supervised import Supervised

NEW = """
from dataclasses import dataclass
from ssliqa.methods.contract import Method, StepResult
from ssliqa.methods.supervised import Supervised  # another file's method is not this file's

@dataclass(frozen=True)
class Settings:
    pass

class Constant(Method):
    Config = Settings

    def step(self, labeled, unlabeled, progress):
        return StepResult(labeled.images.new_zeros(()), {})
"""


def test_methods_are_found_by_their_name():
    assert find_method("ssliqa") is SSLIQA
    assert find_method("supervised") is Supervised


def test_the_names_are_sorted_and_hold_no_other_files():
    names = method_names()
    assert names == sorted(set(names))
    assert not {"branch", "contract", "find", "joined_batch"} & set(names)


@pytest.mark.parametrize("name", ["mean_taecher", "contract", "find", "branch", "", "../ssliqa"])
def test_an_unknown_method_is_refused_with_those_there_are(name):
    with pytest.raises(ConfigError) as caught:
        find_method(name)
    assert f"no method called '{name}'" in caught.value.found
    assert caught.value.remedy == f"The methods are: {', '.join(method_names())}."


def test_a_new_method_is_one_new_file(tmp_path, monkeypatch):
    (tmp_path / "constant.py").write_text(NEW)
    paths = [*ssliqa.methods.__path__, str(tmp_path)]
    monkeypatch.setattr(ssliqa.methods, "__path__", paths)
    assert "constant" in method_names()
    assert find_method("constant").__name__ == "Constant"
