"""The flags of a run."""

from __future__ import annotations

import dataclasses

import pytest

from trainer.options import Options, parse


def test_every_flag_has_the_default_of_its_option() -> None:
    assert parse(["--train_data=a.npz"]) == Options(train_data="a.npz")


def test_every_option_is_a_flag() -> None:
    values = {"train_data": "a", "validation_data": "b", "epochs": 7, "learning_rate": 0.5}
    values |= {"units": 9, "dropout": 0.0, "batch_size": 3, "max_shift": 0}
    values |= {"validation_fraction": 0.4, "seed": 11}
    assert dataclasses.asdict(parse([f"--{k}={v}" for k, v in values.items()])) == values


@pytest.mark.parametrize("name", ["epochs", "units", "batch_size", "max_shift", "seed"])
def test_a_whole_number_may_be_written_as_a_double(name: str) -> None:
    value = getattr(parse(["--train_data=a", f"--{name}=8.0"]), name)
    assert (value, type(value)) == (8, int)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        (
            "--units=64.5",
            "argument --units: '64.5' is not a whole number (64 and 64.0 are both fine)",
        ),
        (
            "--units=many",
            "argument --units: 'many' is not a whole number (64 and 64.0 are both fine)",
        ),
        (
            "--epochs=inf",
            "argument --epochs: 'inf' is not a whole number (64 and 64.0 are both fine)",
        ),
        (
            "--epochs=0",
            "argument --epochs: '0' is out of range; expected a whole number of at least 1",
        ),
        (
            "--max_shift=15",
            "argument --max_shift: '15' is out of range; expected one from 0 to 14",
        ),
        (
            "--learning_rate=0",
            "argument --learning_rate: '0' is out of range; expected above 0",
        ),
        (
            "--learning_rate=nan",
            "argument --learning_rate: 'nan' is not a number",
        ),
        (
            "--dropout=1",
            "argument --dropout: '1' is out of range; expected at least 0 and below 1",
        ),
        (
            "--validation_fraction=0",
            "argument --validation_fraction: '0' is out of range; expected above 0 and below 1",
        ),
        ("--train_data=", "argument --train_data: empty; expected a path or a gs:// URI"),
        ("--unit=3", "unknown --unit; did you mean --units?"),
        ("--learning-rate=3", "unknown --learning-rate; did you mean --learning_rate?"),
    ],
)
def test_a_wrong_flag_is_refused(
    flag: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(["--train_data=a", flag])
    assert stop.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"trainer.task: error: {message}"


def test_an_unknown_flag_without_a_near_one_gets_the_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parse(["--train_data=a", "--zzz", "3"])
    assert "unknown --zzz; the flags are --batch_size, --dropout" in capsys.readouterr().err


def test_data_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([])
    assert "required: --train_data" in capsys.readouterr().err
