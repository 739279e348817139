"""The documented pipeline on MNIST: from a data set to a model behind an endpoint.

python examples/mnist_flow.py                        # this machine, data found by itself
python examples/mnist_flow.py --data mnist.npz       # an npz file of your own
python examples/mnist_flow.py --compile mnist.yaml   # the file that Vertex AI takes
python examples/mnist_flow.py --on vertex --project acme --data gs://acme-ml/mnist.npz
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import mnist_data
import numpy as np

from vertex_flow import Discrete, Double, Flow, GcpContext, Param, Run, Trainer, When
from vertex_flow.errors import VertexFlowError
from vertex_flow.stages import (
    Deploy,
    Evaluate,
    HyperTune,
    ImportDataset,
    Preprocess,
    Register,
    Train,
)

DIGITS = 10  # how many test digits are sent to the endpoint
TRAINER = Trainer(module="trainer.task")


def mnist_flow() -> Flow:
    """The flow: seven stages, the last two only for a model that is good enough."""
    score = Evaluate(thresholds={"accuracy": Param("threshold", 0.90)})
    space = {"learning_rate": Double(1e-3, 1e-2, scale="log"), "units": Discrete([64, 128, 256])}
    return Flow(
        "mnist",
        [
            ImportDataset(Param("data", "gs://your-bucket/mnist.npz")),
            Preprocess(),
            HyperTune(
                TRAINER,
                space,
                metric="val_accuracy",
                max_trials=Param("trials", 4),
                parallel_trials=2,
                args={"epochs": 2},
            ),
            Train(TRAINER, args={"epochs": Param("epochs", 6)}),
            score,
            When(score.passed, [Register(), Deploy()]),
        ],
    )


def main(arguments: list[str] | None = None) -> int:
    """Compile or run the flow as the flags say; the exit code is 1 when it fails."""
    options = parse(arguments)
    started = time.monotonic()
    try:
        if options.compile:
            print(f"compiled to {mnist_flow().compile(options.compile)}")
            return 0
        run = start(options)
        predictions = predict(run)
        ending = digits(predictions) if predictions else refusal(run, options.threshold)
        print("", run.summary(), "", ending, sep="\n")
        if options.json:
            seconds = time.monotonic() - started
            Path(options.json).write_text(json.dumps(facts(run, predictions, seconds), indent=2))
        if options.serve and run.endpoint:
            serve(run)
        run.close()
    except (VertexFlowError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the flags."""
    parser = argparse.ArgumentParser(description="The documented pipeline on MNIST.")
    flag = parser.add_argument
    flag("--data", default="auto", help="npz file, gs:// URI, or auto (MNIST, else digits)")
    flag("--on", choices=["local", "vertex"], default="local", help="where the flow runs")
    flag("--project", help="Google Cloud project, with --on vertex")
    flag("--location", default="us-central1", help="region, with --on vertex")
    flag("--bucket", help="Cloud Storage bucket, with --on vertex")
    flag("--trials", type=int, default=4, help="tuning trials, two at a time")
    flag("--epochs", type=int, default=6, help="passes over the data in the final training")
    flag("--threshold", type=float, default=0.90, help="least test accuracy, 0 to 1")
    flag("--compile", metavar="PATH", help="only write the compiled pipeline")
    flag("--json", metavar="PATH", help="write the results for programs")
    flag("--serve", action="store_true", help="keep the endpoint up until Ctrl-C")
    options = parser.parse_args(arguments)
    folder = Path(options.json or ".").absolute().parent
    rules = {
        "--trials must be at least 2: two run at a time": options.trials >= 2,
        "--epochs must be at least 1": options.epochs >= 1,
        "--threshold must be from 0 to 1": 0 <= options.threshold <= 1,
        f"--json {options.json}: there is no folder {folder}": folder.is_dir(),
        "--project and --bucket go with --on vertex": options.on == "vertex"
        or not (options.project or options.bucket),
    }
    for rule, holds in rules.items():
        if not holds:
            parser.error(rule)
    return options


def start(options: argparse.Namespace) -> Run:
    """Find the data and run the flow to its end."""
    params = {
        "data": mnist_data.locate(options.data, cloud=options.on == "vertex"),
        "trials": options.trials,
        "epochs": options.epochs,
        "threshold": options.threshold,
    }
    if options.on == "local":
        return mnist_flow().run(GcpContext.local(), params=params)
    context = GcpContext(project=options.project, location=options.location, bucket=options.bucket)
    context.build_image(TRAINER)  # only when these sources were not built before
    return mnist_flow().run(context, params=params)


def predict(run: Run) -> list[dict[str, int]] | None:
    """Send some test digits to the endpoint; None when nothing was deployed."""
    endpoint = run.endpoint
    if endpoint is None:
        return None
    images, labels = mnist_data.load(run["preprocess"].artifacts["test_data"].uri, DIGITS)
    answers = endpoint.predict(images)
    return [
        {"predicted": int(np.argmax(answer)), "true": int(label)}
        for answer, label in zip(answers, labels, strict=True)
    ]


def refusal(run: Run, threshold: float) -> str:
    """Say why nothing was deployed."""
    accuracy = run["evaluate"].metrics["accuracy"]
    return (
        f"test accuracy {accuracy:.6g} is below the threshold of {threshold:g}: nothing is deployed"
    )


def digits(predictions: list[dict[str, int]]) -> str:
    """Word the predictions for a person."""
    rows = {name: [one[name] for one in predictions] for name in ("predicted", "true")}
    right = sum(one["predicted"] == one["true"] for one in predictions)
    lines = [f"{name:>10}  {'  '.join(map(str, row))}" for name, row in rows.items()]
    header = f"{len(predictions)} test digits, predicted through HTTP: {right} right"
    return "\n".join([header, *lines])


def facts(run: Run, predictions: list[dict[str, int]] | None, seconds: float) -> dict[str, Any]:
    """The results for programs; what is absent is None."""
    model, endpoint, tuning = run.model, run.endpoint, run["hyper-tune"].outputs
    return {
        "accuracy": run["evaluate"].metrics.get("accuracy"),
        "best_parameters": tuning.get("best_parameters"),
        "trials": tuning.get("trials"),
        "model_version": model.version if model else None,
        "endpoint_url": endpoint.url if endpoint else None,
        "predictions": predictions,
        "seconds": round(seconds, 1),
    }


def serve(run: Run) -> None:
    """Keep the endpoint up until Ctrl-C, and say how Google's own client reaches it."""
    print(
        "\nThe endpoint stays up until Ctrl-C. From another Python process:\n"
        "  from google.cloud import aiplatform\n"
        "  from google.oauth2.credentials import Credentials\n"
        f'  token = open("{run.token_file}").read()\n'
        f'  aiplatform.init(project="local", location="us-central1", '
        f'api_transport="rest",\n                  api_endpoint="{run.api_endpoint}", '
        "credentials=Credentials(token))\n"
        f'  aiplatform.Endpoint("{run.endpoint.name if run.endpoint else ""}")'
        ".predict(instances=[...])",
        flush=True,
    )
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
