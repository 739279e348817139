"""Reads the best trial of a hyperparameter tuning job, and all the others."""
# mypy: disallow-untyped-decorators=False
# ruff: noqa: D417 - KFP reads the description of an output under Returns

from typing import Any, NamedTuple

from kfp import dsl
from kfp.dsl import Markdown, Output

from vertex_flow.components._images import GCPC_IMAGE
from vertex_flow.components._vertex import job_name, vertex_access, vertex_client


def integer_parameters(parameters: Any) -> set[str]:
    """Name the parameters of a study whose values are whole numbers, the conditional included."""
    names: set[str] = set()
    for parameter in parameters:
        discrete = list(parameter.discrete_value_spec.values)
        if "integer_value_spec" in parameter or (
            discrete and all(float(value).is_integer() for value in discrete)
        ):
            names.add(parameter.parameter_id)
        conditional = parameter.conditional_parameter_specs
        names |= integer_parameters([item.parameter_spec for item in conditional])
    return names


def read_trial(trial: Any, whole: set[str]) -> dict[str, Any]:
    """Read one trial into plain values; `whole` names the parameters that are integers."""
    import math

    # A pipeline's outputs cannot carry NaN or infinity: what was not finite is None.
    read: dict[str, Any] = {
        "id": trial.id,
        "state": trial.state.name,
        "parameters": {
            item.parameter_id: int(item.value) if item.parameter_id in whole else item.value
            for item in trial.parameters
        },
        "metrics": {
            item.metric_id: item.value if math.isfinite(item.value) else None
            for item in trial.final_measurement.metrics
        },
    }
    if trial.infeasible_reason:
        read["infeasible_reason"] = trial.infeasible_reason
    return read


def choose_best(name: str, job: Any, trials: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
    """Choose the best of the trials, the earliest of equals, and name the metric it is best in."""
    metrics = list(job.study_spec.metrics)
    if len(metrics) != 1:
        listed = ", ".join(metric.metric_id for metric in metrics) or "none"
        raise ValueError(
            f"{name} has several objectives, or none, so no single trial is the best: {listed}. "
            "Tune one metric; to weigh several, let the trainer report one number made of them."
        )
    metric = metrics[0].metric_id
    sign = -1 if metrics[0].goal.name == "MINIMIZE" else 1
    measured = [
        trial
        for trial in trials
        if trial["state"] == "SUCCEEDED" and trial["metrics"].get(metric) is not None
    ]
    if not measured:
        raise RuntimeError(no_trial(name, job, trials, metric))
    return max(measured, key=lambda trial: sign * trial["metrics"][metric]), metric


def no_trial(name: str, job: Any, trials: list[dict[str, Any]], metric: str) -> str:
    """Say why no trial can be the best."""
    text = f"no trial of {name} succeeded with a finite value of {metric!r}"
    text += f": the job is {job.state.name}"
    text += f", {job.error.message}" if job.error.message else ""
    for trial in trials:
        reported = ", ".join(
            f"{key}={'NaN' if value is None else value}" for key, value in trial["metrics"].items()
        )
        text += f"\n  trial {trial['id']}: {trial['state']}, reported {reported or 'nothing'}"
        reason = trial.get("infeasible_reason")
        text += f", {reason}" if reason else ""
    return f"{text}\nThe logs of the trials say more."


def trials_markdown(trials: list[dict[str, Any]], best: str, metric: str) -> str:
    """Write the trials as a table, the best one marked."""
    parameters = list(dict.fromkeys(key for trial in trials for key in trial["parameters"]))

    def cell(value: Any) -> str:
        if value is None:
            return "NaN"
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        return text.replace("|", "\\|").replace("\n", " ")

    header = ["trial", "state", metric, *parameters]
    rows = [header, ["---"] * len(header)]
    for trial in trials:
        label = f"**{trial['id']} (best)**" if trial["id"] == best else trial["id"]
        row = [label, trial["state"], trial["metrics"].get(metric, "")]
        row += [trial["parameters"].get(key, "") for key in parameters]
        rows.append([cell(value) for value in row])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


@dsl.component(
    base_image=GCPC_IMAGE,
    install_kfp_package=False,
    additional_funcs=[
        job_name,
        vertex_access,
        vertex_client,
        integer_parameters,
        read_trial,
        choose_best,
        no_trial,
        trials_markdown,
    ],
)
def get_hyperparameter_tuning_job_results(
    gcp_resources: str,
    trials_table: Output[Markdown],
) -> NamedTuple(  # type: ignore[valid-type]  # KFP's form of several outputs
    "Outputs",
    [("best_parameters", dict), ("best_metric", float), ("best_trial", str), ("trials", list)],
):
    """Chooses the best trial of a hyperparameter tuning job and lists all of them.

    Only trials that succeeded with a finite measurement can be the best; of equals the earliest
    is.

    Args:
        gcp_resources: Output gcp_resources of the HyperparameterTuningJobRunOp that ran the job.
            The job must have exactly one metric.

    Returns:
        trials_table: All trials as a table: state, metric and parameters, the best one marked.
        best_parameters: Parameter names and values of the best trial, integers as integers.
        best_metric: Final measurement of the best trial.
        best_trial: Id of the best trial.
        trials: All trials, each with id, state, parameters, metrics and, where it has one,
            infeasible_reason.
    """
    import os

    name = job_name(gcp_resources, "HyperparameterTuningJob")
    client = vertex_client("JobServiceClient", name.split("/")[3])
    job = client.get_hyperparameter_tuning_job(name=name)
    whole = integer_parameters(job.study_spec.parameters)
    ordered = sorted(job.trials, key=lambda trial: int(trial.id))
    trials = [read_trial(trial, whole) for trial in ordered]
    best, metric = choose_best(name, job, trials)
    os.makedirs(os.path.dirname(trials_table.path), exist_ok=True)
    with open(trials_table.path, "w", encoding="utf-8") as file:
        file.write(trials_markdown(trials, best["id"], metric))
    return best["parameters"], best["metrics"][metric], best["id"], trials


GetHyperparameterTuningJobResultsOp = get_hyperparameter_tuning_job_results
