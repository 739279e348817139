"""Training code that fails, one way a test: what the run's error says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Lab
from vertex_flow import Flow, Trainer
from vertex_flow.errors import RunCancelled, SettingError
from vertex_flow.stages import Train

SAVE = "import os; open(os.environ['AIP_MODEL_DIR'] + 'model.txt', 'w').write('x')\n"


def test_a_module_that_does_not_exist(lab: Lab):
    data = lab.data
    trainer = Trainer(module="trainer.tusk", source=str(lab.folder))
    flow = Flow("train", [data, Train(trainer, train_data=data.dataset)])
    with pytest.raises(SettingError) as caught:
        lab.run(flow)
    assert str(caught.value) == (
        f"Trainer(module='trainer.tusk'): there is no such module in {lab.folder} nor on "
        "Python's path. Give the folder that holds its package: "
        "Trainer(..., source='path/to/folder')."
    )


def test_a_package_that_is_not_installed(lab: Lab):
    error = lab.failure(lab.train("import no_such_package\n"))
    assert (error.stage, error.task) == ("train", "custom-training-job")
    assert "ModuleNotFoundError: No module named 'no_such_package'" in error.reason
    assert f"'no_such_package' was looked for in {lab.folder}" in error.reason


def test_an_import_error_inside(lab: Lab):
    error = lab.failure(lab.train("from json import no_such_name\n"))
    assert "ImportError: cannot import name 'no_such_name' from 'json'" in error.reason


def test_a_syntax_error(lab: Lab):
    error = lab.failure(lab.train("def broken(:\n"))
    assert "SyntaxError: invalid syntax" in error.reason


def test_an_exit_code(lab: Lab):
    error = lab.failure(lab.train("print('no luck today')\nraise SystemExit(3)\n"))
    assert (
        "exited with a non-zero status of 3. Termination reason: Error.\nno luck today\n"
        in error.reason
    )


def test_the_log_is_where_the_error_says(lab: Lab):
    error = lab.failure(lab.train("print('what it printed')\nraise SystemExit(3)\n"))
    with open(str(error.logs_uri)) as log:
        assert log.read() == "what it printed\n"


def test_a_failure_that_printed_nothing(lab: Lab):
    error = lab.failure(lab.train("import os\nos._exit(4)\n"))
    assert "status of 4. Termination reason: Error.\nIt printed nothing.\nLog: " in error.reason


def test_a_signal(lab: Lab):
    error = lab.failure(lab.train("import os\nos.kill(os.getpid(), 11)\n"))
    assert "exited with a non-zero status of 11(SIGSEGV)." in error.reason


def test_the_kernel_out_of_memory(lab: Lab):
    error = lab.failure(lab.train("import os\nos.kill(os.getpid(), 9)\n"))
    assert "Termination reason: Error. The system may have run out of memory." in error.reason


def test_no_model(lab: Lab):
    error = lab.failure(lab.train("print('all done')\n"))
    assert error.task == "get-custom-job-results"
    assert "the training job left no model in " in error.reason
    assert "the environment variable AIP_MODEL_DIR names" in error.reason
    assert "checkpoints (empty), logs (empty), model (empty)." in error.reason


def test_metrics_that_are_nan(lab: Lab):
    code = SAVE + (
        "folder = os.environ['AIP_MODEL_DIR'] + '../metrics/'\n"
        "os.makedirs(folder)\n"
        "open(folder + 'metrics.json', 'w').write('{\"loss\": NaN}')\n"
    )
    error = lab.failure(lab.train(code))
    assert "metrics.json: the metric 'loss' is nan: training diverged." in error.reason


def test_a_metric_that_no_trial_reports(lab: Lab):
    code = "report(0.5, 'val_accuracy')\nreport(0.4, 'loss')\n"
    error = lab.failure(lab.tune(code, "val_acuracy"))
    assert error.stage == "hyper-tune"
    assert error.reason.endswith(
        "failed: 2 of 2 trials failed. Trial 1 reported 'loss', 'val_accuracy', not "
        "'val_acuracy'. Did you mean 'val_accuracy'?"
    )


def test_no_metric_at_all(lab: Lab):
    error = lab.failure(lab.tune("", "val_accuracy"))
    assert error.reason.endswith(
        "Trial 1 reported no metric; 'val_accuracy' was expected. Report it with "
        "hypertune.HyperTune().report_hyperparameter_tuning_metric("
        "hyperparameter_metric_tag='val_accuracy', metric_value=..., global_step=...)."
    )


def test_a_metric_that_is_nan(lab: Lab):
    error = lab.failure(lab.tune("report(float('nan'), 'loss')\n", "loss"))
    assert error.reason.endswith(
        "failed: No trial gave a usable result. Trial 1 reported nan for 'loss' at step 1."
    )


def test_trials_that_fail(lab: Lab):
    error = lab.failure(lab.tune("raise ValueError('too many units')\n", "loss"))
    assert "failed: 2 of 2 trials failed. Trial 1: The replica workerpool0-0" in error.reason
    assert "ValueError: too many units" in error.reason
    assert "/trial-1/workerpool0-0.log" in str(error.logs_uri)


def test_megabytes_of_output_are_cut(lab: Lab):
    code = "for i in range(50_000): print('line', i, 'z' * 80)\nraise SystemExit(1)\n"
    error = lab.failure(lab.train(code))
    assert f"line 49999 {'z' * 80}\nLog: " in error.reason
    assert len(error.reason) < 3000


def test_a_line_without_end_is_cut(lab: Lab):
    error = lab.failure(lab.train("print('w' * 8_000_000)\nraise SystemExit(1)\n"))
    assert f"{'w' * 1000}…\n" in error.reason
    assert len(error.reason) < 3000


def test_binary_output_cannot_touch_the_terminal(lab: Lab):
    code = "import os\nos.write(1, bytes(range(256)) * 4000 + b'\\n')\nraise SystemExit(1)\n"
    error = lab.failure(lab.train(code))
    assert all(char.isprintable() or char in "\n\t" for char in str(error))


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("session", [False, True])
def test_children_of_a_trainer_end_with_it(lab: Lab, live, session):
    code = SAVE + (
        "import subprocess\n"
        f"child = subprocess.Popen(['sleep', '1000'], start_new_session={session})\n"
        "open(os.environ['AIP_MODEL_DIR'] + 'pid', 'w').write(str(child.pid))\n"
    )
    run = lab.run(lab.train(code))
    child = live.written(Path(run["train"].artifacts["model"].uri) / "pid")
    live.gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_trainer_that_ignores_the_polite_signal_is_cancelled(lab: Lab, live):
    folder = lab.folder / "stubborn"
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(folder)!r}, 'w').write(str(os.getpid()))\n"
        "time.sleep(1000)\n"
    )
    run = lab.train(code).run(lab.context, wait=False, progress=None)
    pid = live.written(folder)
    run.cancel()
    with pytest.raises(RunCancelled, match="was cancelled"):
        run.wait()
    live.gone(pid)
