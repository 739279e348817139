"""Where results go."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from trainer.errors import TrainingError
from trainer.reports import Epoch, Reports, write_metrics

EPOCH = Epoch(2, 0.5, 0.75, 0.25, 0.875, 1.25)


def test_the_line_of_an_epoch() -> None:
    expected = "epoch 2/5 loss 0.5000 accuracy 0.7500 val_accuracy 0.8750 1.2 s"
    assert EPOCH.line(5) == expected


@pytest.mark.parametrize("slash", ["", "/"])
def test_metrics_are_put_beside_the_model(tmp_path: Path, slash: str) -> None:
    found = write_metrics(EPOCH, f"{tmp_path}/3/model{slash}")
    assert found == f"{tmp_path}/3/metrics/metrics.json"
    assert Path(found).is_file()


def test_no_trial_reports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypertune", None)
    Reports({}, chief=True).tune(EPOCH)


def test_only_the_chief_reports(tmp_path: Path) -> None:
    environment = {
        "CLOUD_ML_HP_METRIC_FILE": f"{tmp_path}/metrics",
        "AIP_TENSORBOARD_LOG_DIR": f"{tmp_path}/logs",
    }
    reports = Reports(environment, chief=False)
    reports.tune(EPOCH)
    reports.plot(EPOCH)
    assert list(tmp_path.iterdir()) == []


def test_a_trial_needs_hypertune(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypertune", None)
    with pytest.raises(TrainingError) as caught:
        Reports({"CLOUD_ML_TRIAL_ID": "1"}, chief=True)
    assert str(caught.value) == (
        "CLOUD_ML_TRIAL_ID or CLOUD_ML_HP_METRIC_FILE is set, so this is a tuning trial, but "
        "the package that reports metrics is missing: install cloudml-hypertune"
    )
