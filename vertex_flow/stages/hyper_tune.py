"""Find good hyperparameters."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import attrs
from kfp.dsl import Dataset

from vertex_flow.components import GetHyperparameterTuningJobResultsOp
from vertex_flow.contract import Inputs, Outputs, Stage, stage
from vertex_flow.errors import SettingError, nearest
from vertex_flow.machines import Known, MachineNeed
from vertex_flow.ports import In, Out, Value
from vertex_flow.search import Double, Parameter
from vertex_flow.stages import _training
from vertex_flow.training import Argument, Trainer, check_arguments

Algorithm = Literal["bayesian", "grid", "random"]

_ALGORITHMS = {
    "bayesian": "ALGORITHM_UNSPECIFIED",
    "grid": "GRID_SEARCH",
    "random": "RANDOM_SEARCH",
}
_GOALS = {"maximize": 1, "minimize": 2}  # StudySpec.MetricSpec.GoalType
_MEASUREMENTS = {"best": "BEST_MEASUREMENT", "last": "LAST_MEASUREMENT"}


def _one_of(choices: Mapping[str, Any]) -> Any:
    def check(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value not in choices:
            raise SettingError(
                f"HyperTune({attribute.name}={value!r}): use one of "
                f"{', '.join(map(repr, choices))}.{nearest(str(value), list(choices))}"
            )

    return check


def _check_args(_: Any, __: Any, args: Mapping[str, Any]) -> None:
    check_arguments("HyperTune", args)


def _check_space(_: Any, __: Any, space: Any) -> None:
    if not isinstance(space, Mapping) or not space:
        raise SettingError(
            "HyperTune: give the search space, at least one parameter: "
            '{"learning_rate": Double(1e-4, 1e-2, scale="log")}.'
        )
    check_arguments("HyperTune", space, setting="space")
    for name, parameter in space.items():
        if not isinstance(parameter, Parameter):
            raise SettingError(
                f"HyperTune: the search space of {name!r} is {parameter!r}; expected "
                "Double(...), Integer(...), Discrete([...]) or Categorical([...])."
            )


@stage
class HyperTune(Stage):
    """Find good hyperparameters with a Vertex AI hyperparameter tuning job.

    Each trial runs the training code with one choice of parameters as flags
    (`--learning_rate=0.001`), and the code reports the metric with `cloudml-hypertune`.

    Attributes:
        trainer: The code and its machines.
        space: Flag name → `Double`, `Integer`, `Discrete` or `Categorical`.
        metric: Name of the reported metric to optimise.
        goal: `maximize` or `minimize`.
        max_trials: Trials in all, 1 or more.
        parallel_trials: Trials at the same time, at most `max_trials`; few are found faster,
            many search blinder.
        max_failed_trials: Failed trials that fail the stage; 0 lets Vertex AI decide.
        algorithm: `bayesian`, `grid` (no `Double` in the space) or `random`.
        measurement: Which report of a trial counts: its `best` or its `last`.
        args: Flags of every trial, on top of the trainer's own.
        train_data: Passed as `--train_data=URI`.
        validation_data: Passed as `--validation_data=URI` when an earlier stage offers it.
        best_parameters: Parameters of the best trial, with their types.
        best_metric: Its metric.
        trials: Every trial: id, state, parameters, metric.

    Raises:
        SettingError: A setting is unknown, out of range, or contradicts another one.
    """

    trainer: Trainer = attrs.field(kw_only=False, validator=_training.check_trainer)
    space: Mapping[str, Parameter] = attrs.field(kw_only=False, validator=_check_space)
    metric: str
    goal: Literal["maximize", "minimize"] = attrs.field(
        default="maximize", validator=_one_of(_GOALS)
    )
    max_trials: Value[int] = 10
    parallel_trials: Value[int] = 2
    max_failed_trials: Value[int] = 0
    algorithm: Algorithm = attrs.field(default="bayesian", validator=_one_of(_ALGORITHMS))
    measurement: Literal["best", "last"] = attrs.field(
        default="best", validator=_one_of(_MEASUREMENTS)
    )
    args: Mapping[str, Argument] = attrs.field(factory=dict, validator=_check_args)
    train_data: In[Dataset] = In()
    validation_data: In[Dataset] = In(optional=True)
    best_parameters = Out(dict)
    best_metric = Out(float)
    trials = Out(list)

    def __attrs_post_init__(self) -> None:
        """Check what depends on more than one setting."""
        _check_trials(self.max_trials, self.parallel_trials)
        doubles = [name for name, p in self.space.items() if isinstance(p, Double)]
        if self.algorithm == "grid" and doubles:
            raise SettingError(
                f"HyperTune(algorithm='grid'): {doubles[0]!r} is a Double, which has no grid. "
                "Use Discrete([...]) or Integer(...), or another algorithm."
            )
        both = [name for name in self.space if name in {**self.trainer.args, **self.args}]
        if both:
            raise SettingError(
                f"HyperTune: {both[0]!r} is in the search space and in args. Remove one: a "
                "trial would get the flag twice."
            )

    def emit(self, io: Inputs) -> Outputs:
        """Run the tuning job and read its results."""
        job = _tuning_op()(
            display_name=_training.job_name(self.name),
            project=_training.PROJECT,
            location=_training.LOCATION,
            base_output_directory=_training.base_output_directory(self.name),
            worker_pool_specs=_training.worker_pool_specs(io, self.trainer, self.args),
            study_spec_metrics=[{"metric_id": self.metric, "goal": _GOALS[self.goal]}],
            study_spec_parameters=[p.spec(name) for name, p in self.space.items()],
            study_spec_algorithm=_ALGORITHMS[self.algorithm],
            study_spec_measurement_selection_type=_MEASUREMENTS[self.measurement],
            max_trial_count=io.max_trials,
            parallel_trial_count=io.parallel_trials,
            max_failed_trial_count=io.max_failed_trials,
        )
        results = GetHyperparameterTuningJobResultsOp(gcp_resources=job.outputs["gcp_resources"])
        return {
            name: results.outputs[name] for name in ("best_parameters", "best_metric", "trials")
        }

    def machines(self, known: Known) -> Sequence[MachineNeed]:
        """The replicas of the trials that run at the same time."""
        trials, parallel = known(self.max_trials), known(self.parallel_trials)
        settings = {"max_trials": trials, "parallel_trials": parallel}
        missing = tuple(name for name, value in settings.items() if value is None)
        need = _training.machine_need(
            self.name,
            self.trainer,
            known,
            parallel=parallel or 1,
            rounds=(trials or 1) / (parallel or 1),
        )
        return (attrs.evolve(need, unknown=(*need.unknown, *missing)),)


def _check_trials(most: Any, parallel: Any) -> None:
    for name, value in (("max_trials", most), ("parallel_trials", parallel)):
        if isinstance(value, (int, float)) and (type(value) is not int or value < 1):
            raise SettingError(
                f"HyperTune({name}={value!r}): expected a whole number of at least 1."
            )
    if isinstance(most, int) and isinstance(parallel, int) and most < parallel:
        raise SettingError(
            f"HyperTune(max_trials={most}, parallel_trials={parallel}): more trials at a time "
            f"than trials in all. Use parallel_trials={most} or raise max_trials."
        )


@cache
def _tuning_op() -> Any:
    """Google's tuning component, without the rest of its package.

    The package's `__init__` imports all of `google.cloud.aiplatform`, which takes longer than
    compiling the flow; the component itself needs only kfp.
    """
    package = importlib.util.find_spec("google_cloud_pipeline_components")
    if package is None or package.origin is None:
        raise SettingError("google-cloud-pipeline-components is not installed.")
    path = Path(package.origin).parent / "v1" / "hyperparameter_tuning_job" / "component.py"
    name = "vertex_flow.stages._gcpc_hyperparameter_tuning_job"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SettingError(f"{path} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # inspect.getsource looks the module up by name
    spec.loader.exec_module(module)
    return module.hyperparameter_tuning_job
