"""What Vertex AI would be sent for each managed step: messages without an unknown field."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import aiplatform_v1 as v1
from google.protobuf import json_format

from tests.samples import compiled
from tests.stages.payloads import StagePipeline, artifact
from vertex_flow import Categorical, Discrete, Double, Integer, Param, Port, Trainer
from vertex_flow.components import (
    AddServingConfigOp,
    GetTrainingArgsDictOp,
    GetWorkerPoolSpecsOp,
)
from vertex_flow.engine.pipelines.values import Ports
from vertex_flow.stages import (
    Deploy,
    Evaluate,
    HyperTune,
    ImportDataset,
    Preprocess,
    Register,
    Train,
)

IMAGE = "europe-docker.pkg.dev/acme/x/trainer:1"
SPACE = {
    "rate": Double(1e-4, 1e-2, scale="log"),
    "layers": Integer(1, 3),
    "units": Discrete([64, 128]),
    "activation": Categorical(["relu", "tanh"]),
}


def parsed(message: Any, payload: dict[str, Any]) -> Any:
    """Read a payload as a message; an unknown field is an error."""
    found = message()
    json_format.ParseDict(payload, message.pb(found), ignore_unknown_fields=False)
    return found


def worker_pools(pipeline: StagePipeline) -> list[Any]:
    """Run the tasks that put the worker pools together, on the inputs they are compiled with."""
    arguments = pipeline.inputs("get-training-args-dict")
    given: dict[str, Any] = {name: one[0] for name, one in arguments.artifacts.items()}
    args = GetTrainingArgsDictOp.python_func(**arguments.parameters, **given)
    pipeline.ends("get-training-args-dict", Output=args)
    inputs = pipeline.inputs("get-worker-pool-specs").parameters
    pools: list[Any] = GetWorkerPoolSpecsOp.python_func(**inputs)
    pipeline.ends("get-worker-pool-specs", Output=pools)
    return pools


@pytest.fixture
def trainer() -> Trainer:
    return Trainer(
        module="trainer.task",
        args={"epochs": Param("epochs", 5), "note": 'a "quoted" text'},
        env={"MODE": Param("mode", "fast")},
        machine_type=Param("machine", "n1-standard-8"),
        accelerator_type="NVIDIA_TESLA_T4",
        accelerator_count=1,
        replicas=Param("replicas", 3),
        strategy="SPOT",
    )


SCOPE = Ports(
    parameters={
        "epochs": 7,
        "mode": "slow",
        "machine": "n1-highmem-8",
        "replicas": 3,
        "training_image": IMAGE,
        "trials": 8,
    },
    artifacts={"train_data": artifact("train_data")},
)


@pytest.fixture
def training(trainer: Trainer) -> StagePipeline:
    spec = compiled(ImportDataset("gs://acme/x.npz"), Preprocess(), Train(trainer))
    pipeline = StagePipeline(spec, "train", SCOPE)
    worker_pools(pipeline)
    return pipeline


@pytest.fixture
def tuning(trainer: Trainer) -> StagePipeline:
    tune = HyperTune(
        trainer,
        SPACE,
        metric="val_accuracy",
        goal="minimize",
        max_trials=Param("trials", 6),
        max_failed_trials=2,
        algorithm="random",
        measurement="last",
    )
    spec = compiled(ImportDataset("gs://acme/x.npz"), Preprocess(), tune)
    pipeline = StagePipeline(spec, "hyper-tune", SCOPE)
    worker_pools(pipeline)
    return pipeline


def test_a_custom_job(training: StagePipeline) -> None:
    job = parsed(v1.CustomJob, training.payload("custom-training-job"))
    assert job.display_name == "mnist-20250102-train"


def test_a_custom_job_names_its_flow(training: StagePipeline) -> None:
    job = parsed(v1.CustomJob, training.payload("custom-training-job"))
    assert dict(job.labels) == {"vertex-flow-flow": "sample"}


def test_a_custom_job_writes_below_the_pipeline_root(training: StagePipeline) -> None:
    job = parsed(v1.CustomJob, training.payload("custom-training-job"))
    assert job.job_spec.base_output_directory.output_uri_prefix == (
        "gs://acme/pipelines/mnist-20250102/train"
    )


def test_a_custom_job_has_its_strategy(training: StagePipeline) -> None:
    job = parsed(v1.CustomJob, training.payload("custom-training-job"))
    assert job.job_spec.scheduling.strategy.name == "SPOT"


def test_a_custom_job_logs_to_no_tensorboard_by_itself(training: StagePipeline) -> None:
    job = parsed(v1.CustomJob, training.payload("custom-training-job"))
    assert (job.job_spec.tensorboard, job.job_spec.service_account) == ("", "")


def test_a_custom_job_logs_to_the_tensorboard_of_the_run(trainer: Trainer) -> None:
    spec = compiled(ImportDataset("gs://acme/x.npz"), Preprocess(), Train(trainer))
    board = "projects/acme/locations/europe-west4/tensorboards/1"
    given = {"tensorboard": board, "training_service_account": "robot"}
    scope = Ports(parameters={**SCOPE.parameters, **given}, artifacts=SCOPE.artifacts)
    pipeline = StagePipeline(spec, "train", scope)
    worker_pools(pipeline)
    job = parsed(v1.CustomJob, pipeline.payload("custom-training-job"))
    assert (job.job_spec.tensorboard, job.job_spec.service_account) == (board, "robot")


def test_several_replicas_are_a_chief_and_workers(training: StagePipeline) -> None:
    job = parsed(v1.CustomJob, training.payload("custom-training-job"))
    assert [pool.replica_count for pool in job.job_spec.worker_pool_specs] == [1, 2]


def test_run_time_values_reach_machine_arguments_and_environment(training: StagePipeline) -> None:
    job = parsed(v1.CustomJob, training.payload("custom-training-job"))
    pool = job.job_spec.worker_pool_specs[0]
    assert (
        pool.machine_spec.machine_type,
        sorted(pool.container_spec.args),
        [(one.name, one.value) for one in pool.container_spec.env],
    ) == (
        "n1-highmem-8",
        ["--epochs=7", '--note=a "quoted" text', "--train_data=gs://acme/train_data"],
        [("MODE", "slow")],
    )


def test_the_training_image_and_module(training: StagePipeline) -> None:
    job = parsed(v1.CustomJob, training.payload("custom-training-job"))
    container = job.job_spec.worker_pool_specs[0].container_spec
    assert (container.image_uri, list(container.command)) == (
        IMAGE,
        ["python", "-m", "trainer.task"],
    )


def test_tuned_parameters_win_over_arguments(trainer: Trainer) -> None:
    best = Port(stage="best", name="best_parameters", type=dict)
    spec = compiled(
        ImportDataset("gs://acme/x.npz"),
        Preprocess(),
        HyperTune(trainer, SPACE, metric="m", name="best"),
        Train(trainer, args={"units": 32}, best_parameters=best),
    )
    tuned = {**SCOPE.parameters, "best_parameters": {"units": 128}}
    pipeline = StagePipeline(spec, "train", Ports(parameters=tuned, artifacts=SCOPE.artifacts))
    assert "--units=128" in worker_pools(pipeline)[0]["container_spec"]["args"]


def test_a_tuning_job(tuning: StagePipeline) -> None:
    job = parsed(v1.HyperparameterTuningJob, tuning.payload("hyperparameter-tuning-job"))
    assert (job.max_trial_count, job.parallel_trial_count, job.max_failed_trial_count) == (8, 2, 2)


def test_the_study_of_a_tuning_job(tuning: StagePipeline) -> None:
    job = parsed(v1.HyperparameterTuningJob, tuning.payload("hyperparameter-tuning-job"))
    study = job.study_spec
    assert (
        [(one.metric_id, one.goal.name) for one in study.metrics],
        study.algorithm.name,
        study.measurement_selection_type.name,
    ) == ([("val_accuracy", "MINIMIZE")], "RANDOM_SEARCH", "LAST_MEASUREMENT")


def test_the_search_space_of_a_tuning_job(tuning: StagePipeline) -> None:
    job = parsed(v1.HyperparameterTuningJob, tuning.payload("hyperparameter-tuning-job"))
    rate, layers, units, activation = job.study_spec.parameters
    assert (rate.double_value_spec.max_value, rate.scale_type.name) == (1e-2, "UNIT_LOG_SCALE")
    assert layers.integer_value_spec.max_value == 3
    assert list(units.discrete_value_spec.values) == [64.0, 128.0]
    assert list(activation.categorical_value_spec.values) == ["relu", "tanh"]


@pytest.fixture
def registering(trainer: Trainer) -> StagePipeline:
    spec = compiled(
        ImportDataset("gs://acme/x.npz"),
        Preprocess(),
        Train(trainer),
        Register(description="A line.\nAnother.", aliases=["champion"], labels={"team": "a"}),
        name="mnist",
    )
    pipeline = StagePipeline(spec, "register", Ports(artifacts={"model": artifact("model")}))
    serving = serving_config(pipeline)
    pipeline.ends("add-serving-config", serving_model=serving)
    pipeline.ends("find-model", parent_model=artifact("parent_model", resourceName=PARENT))
    return pipeline


PARENT = "projects/acme/locations/europe-west4/models/7"


class _Written:
    """An output artifact that a component's function writes to."""

    def __init__(self) -> None:
        self.uri = ""
        self.metadata: dict[str, Any] = {}


def serving_config(pipeline: StagePipeline) -> Any:
    inputs = pipeline.inputs("add-serving-config")
    written = _Written()
    AddServingConfigOp.python_func(
        **inputs.parameters, model=inputs.artifacts["model"][0], serving_model=written
    )
    from vertex_flow.engine.pipelines.values import Artifact

    return (Artifact(name="s", key="s", uri=written.uri, metadata=written.metadata),)


def test_a_model_upload(registering: StagePipeline) -> None:
    model = parsed(v1.Model, registering.payload("model-upload"))
    assert (model.display_name, model.artifact_uri, model.description) == (
        "mnist",
        "gs://acme/model",
        "A line.\nAnother.",
    )


def test_a_model_upload_has_aliases_and_labels(registering: StagePipeline) -> None:
    model = parsed(v1.Model, registering.payload("model-upload"))
    assert (list(model.version_aliases), dict(model.labels)) == (
        ["default", "champion"],
        {"team": "a", "vertex-flow-flow": "mnist"},
    )


def test_a_model_upload_has_its_serving_container(registering: StagePipeline) -> None:
    model = parsed(v1.Model, registering.payload("model-upload"))
    assert model.container_spec.image_uri.startswith("us-docker.pkg.dev/vertex-ai/prediction/tf2")


@pytest.fixture
def deploying(trainer: Trainer) -> StagePipeline:
    spec = compiled(
        ImportDataset("gs://acme/x.npz"),
        Preprocess(),
        Train(trainer),
        Evaluate(),
        Register(),
        Deploy(traffic_percent=20, max_replicas=3, accelerator_type="NVIDIA_TESLA_T4",
               accelerator_count=1),
    )  # fmt: skip
    model = artifact("vertex_model", resourceName=f"{PARENT}@2")
    pipeline = StagePipeline(spec, "deploy", Ports(artifacts={"vertex_model": model}))
    endpoint = artifact("endpoint", resourceName="projects/acme/locations/europe-west4/endpoints/1")
    split = {"0": 20, "17": 80}
    pipeline.ends("find-or-create-endpoint", endpoint=endpoint, traffic_split=split)
    return pipeline


def test_a_deployment(deploying: StagePipeline) -> None:
    request = parsed(v1.DeployModelRequest, deploying.payload("model-deploy"))
    assert (request.endpoint, dict(request.traffic_split), request.deployed_model.model) == (
        "projects/acme/locations/europe-west4/endpoints/1",
        {"0": 20, "17": 80},
        f"{PARENT}@2",
    )


def test_the_machines_of_a_deployment(deploying: StagePipeline) -> None:
    request = parsed(v1.DeployModelRequest, deploying.payload("model-deploy"))
    resources = request.deployed_model.dedicated_resources
    assert (
        resources.machine_spec.machine_type,
        resources.machine_spec.accelerator_type.name,
        resources.min_replica_count,
        resources.max_replica_count,
    ) == ("n1-standard-2", "NVIDIA_TESLA_T4", 1, 3)


def test_every_launcher_of_the_flow_has_a_test_here() -> None:
    trainer = Trainer(module="a.b")
    spec = compiled(
        *[ImportDataset("gs://acme/x.npz"), Preprocess()],
        *[HyperTune(trainer, SPACE, metric="m"), Train(trainer)],
        *[Evaluate(), Register(), Deploy()],
    )
    executors = spec["deploymentSpec"]["executors"]
    launchers = [name for name, one in executors.items() if "launcher" in str(one)]
    assert sorted(launchers) == [
        "exec-custom-training-job",
        "exec-hyperparameter-tuning-job",
        "exec-model-deploy",
        "exec-model-upload",
    ]
