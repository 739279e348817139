"""The trials of a tuning job, one at a time and two at a time: what does the second one gain?

python -m benchmarks.parallel_trials --trials 4 --epochs 2
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from google.cloud.aiplatform_v1 import JobServiceClient

from benchmarks.asking import PARENT, client, engine, finished

ROOT = Path(__file__).parents[1]


def write_data(path: Path, samples: int) -> None:
    """Write random images, which take as long to learn as real ones."""
    random = np.random.default_rng(0)
    images = random.random((samples, 28, 28), dtype="float32")
    np.savez(path, x=images, y=np.arange(samples) % 10)


def tuning_job(data: Path, *, trials: int, parallel: int, epochs: int) -> dict[str, Any]:
    """A tuning job over the learning rate of the MNIST trainer."""
    container = {
        "image_uri": ROOT.as_uri(),
        "command": ["python", "-m", "trainer.task"],
        "args": [f"--train_data={data}", f"--epochs={epochs}"],
    }
    rate = {"min_value": 1e-3, "max_value": 1e-2}
    return {
        "display_name": f"{parallel}-at-a-time",
        "max_trial_count": trials,
        "parallel_trial_count": parallel,
        "study_spec": {
            "metrics": [{"metric_id": "val_accuracy", "goal": "MAXIMIZE"}],
            "parameters": [{"parameter_id": "learning_rate", "double_value_spec": rate}],
        },
        "trial_job_spec": {
            "worker_pool_specs": [
                {
                    "machine_spec": {"machine_type": "n1-standard-4"},
                    "replica_count": 1,
                    "container_spec": container,
                }
            ],
            "base_output_directory": {"output_uri_prefix": f"gs://benchmark/{parallel}"},
        },
    }


def seconds(jobs: JobServiceClient, job: dict[str, Any]) -> float:
    """How long a tuning job takes."""
    start = time.perf_counter()
    created = jobs.create_hyperparameter_tuning_job(parent=PARENT, hyperparameter_tuning_job=job)
    finished(lambda: jobs.get_hyperparameter_tuning_job(name=created.name))
    return time.perf_counter() - start


def main() -> None:
    """Print the seconds of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=4, help="trials of each job")
    parser.add_argument("--epochs", type=int, default=2, help="epochs of each trial")
    parser.add_argument("--samples", type=int, default=4000, help="images to learn from")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, engine() as started:
        data = Path(folder) / "images.npz"
        write_data(data, options.samples)
        jobs = client(JobServiceClient, started)
        seconds(jobs, tuning_job(data, trials=1, parallel=1, epochs=1))  # starts the warm parent
        times = [
            seconds(
                jobs,
                tuning_job(data, trials=options.trials, parallel=parallel, epochs=options.epochs),
            )
            for parallel in (1, 2)
        ]
    print(f"{options.trials} trials, 1 at a time  {times[0]:6.1f} s")
    print(f"{options.trials} trials, 2 at a time  {times[1]:6.1f} s")
    print(f"ratio                 {times[0] / times[1]:6.2f} x")


if __name__ == "__main__":
    main()
