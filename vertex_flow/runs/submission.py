"""What is sent to Vertex AI to run a flow: the PipelineJob message and its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.cloud import aiplatform_v1
from google.protobuf import json_format, struct_pb2

from vertex_flow import compiler, sources
from vertex_flow.context import GcpContext
from vertex_flow.errors import SettingError
from vertex_flow.graph import Graph
from vertex_flow.names import FLOW_LABEL
from vertex_flow.ports import Param, check_params
from vertex_flow.runs.options import Settled
from vertex_flow.training import TENSORBOARD, TRAINING_ACCOUNT, TRAINING_IMAGE, Trainer

_FAILURE_POLICIES = {
    "": aiplatform_v1.PipelineFailurePolicy.PIPELINE_FAILURE_POLICY_UNSPECIFIED,
    "slow": aiplatform_v1.PipelineFailurePolicy.PIPELINE_FAILURE_POLICY_FAIL_SLOW,
    "fast": aiplatform_v1.PipelineFailurePolicy.PIPELINE_FAILURE_POLICY_FAIL_FAST,
}


def pipeline_job(
    graph: Graph,
    context: GcpContext,
    values: Mapping[str, Any],
    *,
    options: Settled,
    enable_caching: bool | None = None,
) -> aiplatform_v1.PipelineJob:
    """Build the message that creates a run.

    Args:
        graph: The wired stages.
        context: Where it runs.
        values: Value of every pipeline parameter that differs from its default.
        options: The options of the run, from `settle`.
        enable_caching: Whether earlier results may be reused, for every task; None leaves it as
            it was compiled.

    Raises:
        SettingError: `enable_caching` is no bool.
    """
    if not isinstance(enable_caching, (bool, type(None))):
        raise SettingError(f"enable_caching={enable_caching!r}: expected True, False or None.")
    spec = json_format.MessageToDict(compiler.build(graph).pipeline_spec)
    if enable_caching is not None:
        _set_caching(spec, enable_caching)
    job = aiplatform_v1.PipelineJob(
        display_name=graph.name,
        runtime_config=aiplatform_v1.PipelineJob.RuntimeConfig(
            gcs_output_directory=context.pipeline_root,
            parameter_values={name: _value(value) for name, value in values.items()},
            failure_policy=_FAILURE_POLICIES[options.failure_policy],
        ),
        labels={**options.labels, FLOW_LABEL: graph.name},
        service_account=options.service_account,
        network=options.network,
    )
    if options.encryption_key:
        job.encryption_spec = aiplatform_v1.EncryptionSpec(kms_key_name=options.encryption_key)
    job._pb.pipeline_spec.update(spec)
    return job


def parameter_values(
    graph: Graph, context: GcpContext, params: Mapping[str, Any], options: Settled | None = None
) -> dict[str, Any]:
    """Check what the user gives to pipeline parameters and add what the context supplies.

    Args:
        graph: The wired stages.
        context: Where it runs.
        params: Values by parameter name.
        options: The options of the run, from `settle`.

    Raises:
        SettingError: A parameter is unknown or of another type, or a trainer's code is not
            there.
    """
    check_params(graph.name, graph.params, params)
    values = dict(params)
    image = TRAINING_IMAGE.name
    needing = list(trainers(graph))
    if needing and not values.get(image):
        values[image] = _training_image(graph, needing, context)
    return {**_tensorboard(graph, options or Settled()), **values}


def _tensorboard(graph: Graph, options: Settled) -> dict[str, str]:
    """Where training logs to, and as whom; nothing for a flow without such a stage."""
    if not options.tensorboard:
        return {}
    given = {TENSORBOARD: options.tensorboard, TRAINING_ACCOUNT: options.service_account}
    found = {param.name: value for param, value in given.items() if param.name in graph.params}
    return {name: value for name, value in found.items() if graph.params[name].default == ""}


def _training_image(graph: Graph, needing: list[Trainer], context: GcpContext) -> str:
    if not context.is_local:
        return context.named_training_image or _built_image(context, needing)
    images = {sources.local_image(trainer) for trainer in needing}
    if len(images) > 1:
        raise SettingError(
            f"the trainers of flow {graph.name!r} have their code in different packages, and "
            "one training image holds one. Give each an image of its own: "
            "Trainer(..., image=Param('other_image', ''))."
        )
    return images.pop()


def _built_image(context: GcpContext, needing: list[Trainer]) -> str:
    """The image that was built of the trainers' sources, as they are now."""
    from vertex_flow.gcp.images import image_of

    with context.apis as apis:
        return image_of(context, apis, needing)


def trainers(graph: Graph) -> Iterator[Trainer]:
    """Find the trainers of a flow that take the training image which the context supplies."""
    for node in graph.nodes:
        for setting in node.stage.settings.values():
            if isinstance(setting, Trainer) and _takes_default_image(setting):
                yield setting


def _takes_default_image(trainer: Trainer) -> bool:
    return isinstance(trainer.image, Param) and trainer.image.name == TRAINING_IMAGE.name


def _set_caching(spec: dict[str, Any], enabled: bool) -> None:
    """Turn caching on or off for every task, as Google's client does for `enable_caching`."""
    components = [spec["root"], *spec.get("components", {}).values()]
    for component in components:
        for task in component.get("dag", {}).get("tasks", {}).values():
            task["cachingOptions"] = {"enableCache": enabled}


def _value(value: Any) -> struct_pb2.Value:
    message = struct_pb2.Value()
    json_format.ParseDict(value, message)
    return message
