"""Runs for the console: digits from data to an endpoint, a failure, one that waits."""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kfp import dsl

from tests.samples import IMAGE, Source
from vertex_flow import (
    Discrete,
    Flow,
    Inputs,
    Out,
    Outputs,
    Param,
    Stage,
    Trainer,
    Value,
    When,
    stage,
)
from vertex_flow.stages import (
    Deploy,
    Evaluate,
    HyperTune,
    ImportDataset,
    Preprocess,
    Register,
    Train,
)

SERVING = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"
# The mean of neighbours' one-hot labels: a share of each class, learned in no time.
TRAINER = """
import argparse, os
import hypertune, joblib
import numpy as np
from sklearn.neighbors import KNeighborsRegressor

parser = argparse.ArgumentParser()
for name in ("train_data", "test_data"):
    parser.add_argument(f"--{name}", default="")
parser.add_argument("--neighbours", type=float, default=5)
options = parser.parse_args()
with np.load(options.train_data) as data:
    x, y = data["x"].reshape(len(data["x"]), -1), np.eye(10)[data["y"]]
model = KNeighborsRegressor(int(options.neighbours)).fit(x, y)
share = float((model.predict(x[:200]).argmax(1) == y[:200].argmax(1)).mean())
print("share of the first samples:", share, flush=True)
hypertune.HyperTune().report_hyperparameter_tuning_metric("share", share)
if "CLOUD_ML_TRIAL_ID" not in os.environ:
    joblib.dump(model, os.path.join(os.environ["AIP_MODEL_DIR"], "model.joblib"))
"""


@dsl.component(base_image=IMAGE)
def wait_for(file: str) -> str:
    """Wait until a file is there, and give its name."""
    import os
    import time

    print("waiting <script>alert(1)</script> [red] \x1b[31m \u202e", flush=True)
    while not os.path.exists(file):
        time.sleep(0.05)
    print("it is there", flush=True)
    return file


@dsl.component(base_image=IMAGE)
def tell(text: str) -> None:
    """Print a text."""
    print(text)


@stage
class WaitFor(Stage):
    """Waits until a file is there.

    Attributes:
        file: The file.
        found: Its name.
    """

    file: Value[str] = ""
    found = Out(str)

    def emit(self, io: Inputs) -> Outputs:
        task = wait_for(file=io.file).set_caching_options(False)
        return {"found": task.output}


@stage
class Tell(Stage):
    """Prints a text.

    Attributes:
        text: The text.
    """

    text: Value[str] = ""

    def emit(self, io: Inputs) -> Outputs:
        tell(text=io.text)
        return {}


def digits(folder: Path) -> Path:
    """Write scikit-learn's digits as images of 28 × 28."""
    import numpy as np
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    enlarged = np.pad(np.kron(pixels.reshape(-1, 8, 8), np.ones((3, 3))), ((0, 0), (2, 2), (2, 2)))
    path = folder / "digits.npz"
    np.savez(path, x=(enlarged * 255 / 16).astype("uint8"), y=labels.astype("int64"))
    return path


def digits_flow(folder: Path) -> Flow:
    """From digits to an endpoint, in seconds."""
    (folder / "neighbours.py").write_text(TRAINER)
    trainer = Trainer(module="neighbours", source=str(folder))
    score = Evaluate(thresholds={"accuracy": Param("threshold", 0.8)})
    return Flow(
        "digits",
        [
            ImportDataset(str(digits(folder))),
            Preprocess(),
            HyperTune(
                trainer, {"neighbours": Discrete([3, 5])}, metric="share", max_trials=2,
                parallel_trials=2,
            ),
            Train(trainer),
            score,
            When(score.passed, [Register(serving_image=SERVING), Deploy()]),
        ],
    )  # fmt: skip


def waiting_flow() -> Flow:
    """A flow whose second stage is pending until a file is there."""
    wait = WaitFor(file=Param("file", ""))
    return Flow("waiting", [wait, Tell(text=wait.found)])


def small_flow() -> Flow:
    """A flow of a moment."""
    return Flow("small", [Source(size=Param("size", 3))])


def eventually(what: Callable[[], Any], seconds: float = 60) -> Any:
    """Ask until the answer is true."""
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return found
