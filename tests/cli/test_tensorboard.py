"""`vertex-flow tensorboard`."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import COMMAND, Shell
from tests.cli.shop import Shop
from vertex_flow import Flow, Trainer
from vertex_flow.stages import ImportDataset, Train

FIT = """
import os, pathlib
pathlib.Path(os.environ["AIP_MODEL_DIR"], "model.txt").write_text("a model")
"""


@pytest.fixture(scope="module")
def trained(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Id of a run that has trained."""
    folder: Path = tmp_path_factory.mktemp("trainer")
    (folder / "fit.py").write_text(FIT)
    data = ImportDataset(str(folder))
    train = Train(Trainer(module="fit", source=str(folder)), train_data=data.dataset)
    return Flow("trained", [data, train]).run(shop.context, progress=None).job_id


def test_it_is_up_until_ctrl_c(shop: Shop, trained: str) -> None:
    command = [*COMMAND, "tensorboard", trained, "--home", str(shop.home)]
    env = Shell(shop.home.parent).environment()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        said = re.fullmatch(rf"{trained}  (http://127\.0\.0\.1:\d+/)\n", process.stdout.readline())
        assert said is not None
        assert httpx.get(said[1]).status_code == 200
        process.send_signal(signal.SIGINT)
        assert (process.stdout.read(), process.wait()) == ("Ctrl-C ends it.\n", 0)
    with pytest.raises(httpx.ConnectError):
        httpx.get(said[1])


def test_a_run_without_training(shop: Shop) -> None:
    done = shop("tensorboard", shop.done)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: run {shop.done} has no training job or trial yet, and so no logs for "
        "TensorBoard.\n"
    )
