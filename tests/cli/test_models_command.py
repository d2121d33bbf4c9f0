"""``ssliqa models``: the listed networks, or any named one."""

import json

import pytest
import torch

from ssliqa.cli.main import main
from ssliqa.models.backbones import listed_backbones
from ssliqa.models.complexity import backbone_facts


def run(*arguments):
    return main(["models", *map(str, arguments)])


def test_named_networks_are_shown_in_the_order_given(capsys):
    assert run("test_resnet", "mobilenetv1_025", "torchvision:mobilenet_v3_small") == 0
    captured = capsys.readouterr()
    header, *rows = captured.out.splitlines()
    assert header.split()[:5] == ["network", "parameters", "MACs", "at", "224"]
    assert [row.split()[0] for row in rows] == [
        "test_resnet",
        "mobilenetv1_025",
        "torchvision:mobilenet_v3_small",
    ]
    cells = "mobilenetv1_025 0.21 M 0.041 G 256 6 half ssliqa apache-2.0 smallest"
    assert rows[1].split() == cells.split()
    assert captured.err == ""


@pytest.mark.slow  # it builds them all
def test_without_names_every_listed_network_is_looked_at(capsys):
    assert run() == 0
    captured = capsys.readouterr()
    shown = [row.split()[0] for row in captured.out.splitlines()[1:]]
    assert shown == [entry["name"] for entry in listed_backbones()]
    assert captured.err == ""


def test_everything_goes_into_a_file(tmp_path):
    file = tmp_path / "new" / "models.json"
    assert run("mobilenetv1_025", "test_resnet", "--size", 64, "--json", file) == 0
    first, second = json.loads(file.read_text())
    facts = backbone_facts("mobilenetv1_025", 64)
    assert (first["macs"], first["parameters"]) == (facts.macs, facts.parameters)
    assert (first["stages"], first["mean"]) == (list(facts.stages), [0.5, 0.5, 0.5])
    assert (first["role"], second["role"], first["latency"]) == ("smallest", "", None)


def test_latency_states_its_threads(tmp_path, capsys):
    file = tmp_path / "models.json"
    assert run("test_resnet", "--size", 64, "--latency", "--json", file) == 0
    captured = capsys.readouterr().out
    assert " ms " in captured.splitlines()[0]
    assert f"on the CPU, {torch.get_num_threads()} threads" in captured
    (row,) = json.loads(file.read_text())
    assert row["latency"]["seconds"] > 0
    assert row["latency"]["threads"] == torch.get_num_threads()


def test_a_network_that_does_not_take_the_size_is_named_with_status_1(capsys):
    assert run("alexnet", "test_resnet", "--size", 20) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("ssliqa: alexnet: The network does not take images of 20x20")
    assert captured.err.count("\n") == 1
    assert "test_resnet" in captured.out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("resnet18", "nonsense"), "no backbone called 'nonsense'"),
        (("--size", 0), "--size is 0"),
        (("--size", "small"), "size"),
        (("--json", "DIR"), "is a folder"),
        (("--speed",), "--speed"),
    ],
)
def test_what_cannot_be_carried_out_is_one_line_and_status_2(tmp_path, capsys, arguments, named):
    assert run(*(tmp_path if word == "DIR" else word for word in arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ssliqa: ")
    assert captured.err.count("\n") == 1
    assert named in captured.err
