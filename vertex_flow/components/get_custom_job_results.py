"""Reads what a custom training job left behind."""
# mypy: disallow-untyped-decorators=False
# ruff: noqa: D417 - KFP reads the description of an output under Returns

from typing import Any, NamedTuple

from kfp import dsl
from kfp.dsl import Artifact, Metrics, Model, Output

from vertex_flow.components._images import GCPC_IMAGE
from vertex_flow.components._vertex import job_name, vertex_access, vertex_client


def succeeded_output(job: Any) -> str:
    """Check that a CustomJob succeeded, and return its base output directory."""
    if job.state.name != "JOB_STATE_SUCCEEDED":
        reason = f": {job.error.message}" if job.error.message else ""
        raise RuntimeError(
            f"{job.name} did not succeed: its state is {job.state.name}{reason}. Its logs say more."
        )
    base = job.job_spec.base_output_directory.output_uri_prefix.rstrip("/")
    if not base:
        raise ValueError(
            f"{job.name} has no base output directory, so nothing says where its model is. "
            "Give CustomTrainingJobOp a base_output_directory."
        )
    return str(base)


def check_model(path: str, base: str) -> None:
    """Refuse a training job that left no model below its base output directory."""
    import os

    if os.path.isdir(path) and os.listdir(path):
        return
    above = os.path.dirname(path)
    names = sorted(os.listdir(above)) if os.path.isdir(above) else []
    places = {name: os.path.join(above, name) for name in names}
    empty = [name for name, at in places.items() if os.path.isdir(at) and not os.listdir(at)]
    found = ", ".join(f"{name} (empty)" if name in empty else name for name in names)
    raise FileNotFoundError(
        f"the training job left no model in {base}/model: the trainer must save it to the folder "
        f"that the environment variable AIP_MODEL_DIR names. Found in {base}: {found or 'nothing'}."
    )


def read_metrics(path: str) -> dict[str, float]:
    """Read the metrics that the trainer wrote, a flat JSON object; none when there is no file."""
    import json
    import math
    import os

    if not os.path.exists(path):
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            metrics = json.load(file)
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON: {error}.") from None
    if not isinstance(metrics, dict):
        raise ValueError(f"{path} must hold a JSON object of metric names and numbers.")
    for name, value in metrics.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{path}: the metric {name!r} is not a number: {value!r}.")
        if not math.isfinite(value):
            raise ValueError(f"{path}: the metric {name!r} is {value}: training diverged.")
    return metrics


@dsl.component(
    base_image=GCPC_IMAGE,
    install_kfp_package=False,
    additional_funcs=[
        job_name,
        vertex_access,
        vertex_client,
        succeeded_output,
        check_model,
        read_metrics,
    ],
)
def get_custom_job_results(
    gcp_resources: str,
    model: Output[Model],
    checkpoints: Output[Artifact],
    logs: Output[Artifact],
    metrics: Output[Metrics],
) -> NamedTuple("Outputs", [("job", str)]):  # type: ignore[valid-type]  # KFP's form of it
    """Reads the model, checkpoints, logs and metrics that a custom training job left behind.

    Args:
        gcp_resources: Output gcp_resources of the CustomTrainingJobOp that ran the job. The job
            must have a base output directory.

    Returns:
        model: Folder that the trainer saved to, <base output directory>/model (AIP_MODEL_DIR).
        checkpoints: Folder <base output directory>/checkpoints (AIP_CHECKPOINT_DIR).
        logs: Folder <base output directory>/logs (AIP_TENSORBOARD_LOG_DIR), for TensorBoard.
        metrics: Metrics in <base output directory>/metrics/metrics.json, a JSON object of names
            and numbers that the trainer may write.
        job: Resource name of the CustomJob, projects/.../customJobs/ID.
    """
    name = job_name(gcp_resources, "CustomJob")
    client = vertex_client("JobServiceClient", name.split("/")[3])
    base = succeeded_output(client.get_custom_job(name=name))
    model.uri = f"{base}/model"
    checkpoints.uri = f"{base}/checkpoints"
    logs.uri = f"{base}/logs"
    check_model(model.path, base)
    metrics_file = model.path.removesuffix("model") + "metrics/metrics.json"
    for metric, value in read_metrics(metrics_file).items():
        metrics.log_metric(metric, value)
    return (name,)


GetCustomJobResultsOp = get_custom_job_results
