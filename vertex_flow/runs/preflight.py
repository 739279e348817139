"""What Vertex AI would refuse, found before anything is sent: all faults at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.cloud import aiplatform_v1
from google.protobuf import json_format

from vertex_flow.context import GcpContext
from vertex_flow.errors import PreflightError
from vertex_flow.runs import leaks
from vertex_flow.runs.options import Settled

_JOB_ID = re.compile(r"[a-z][-a-z0-9]{0,127}")
_EXPERIMENT = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
_BUCKET_URI = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](?:/\S*)?")
_ACCOUNT = re.compile(r"[a-z0-9][\w.-]*@[a-z0-9][\w.-]*\.gserviceaccount\.com", re.ASCII)
_NETWORK = re.compile(r"projects/[0-9]+/global/networks/[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_KEY = re.compile(
    r"projects/[^/\s]+/locations/(?P<location>[^/\s]+)/keyRings/[\w-]{1,63}/cryptoKeys/[\w-]{1,63}"
)
_TENSORBOARD = re.compile(r"projects/[^/\s]+/locations/(?P<location>[^/\s]+)/tensorboards/[^/\s]+")
_LONGEST_NAME = 128
_MOST_LABELS = 64
_LARGEST = 10 * 1024 * 1024  # "Request payload size exceeds the limit: 10485760 bytes."
_KINDS: Mapping[str, tuple[type, ...]] = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int, float),
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}


def check(
    job_id: str, job: aiplatform_v1.PipelineJob, context: GcpContext, options: Settled
) -> None:
    """Refuse what Vertex AI would refuse, and what must not be sent to it.

    Args:
        job_id: Id that the job is to have.
        job: The message.
        context: Where it is to run.
        options: The options of the run.

    Raises:
        PreflightError: With every fault.
    """
    found = faults(job_id, job, context, options, secrets=not context.is_local)
    if found:
        raise PreflightError(job.display_name, found)


def faults(
    job_id: str,
    job: aiplatform_v1.PipelineJob,
    context: GcpContext,
    options: Settled,
    *,
    secrets: bool,
) -> list[str]:
    """Find what Vertex AI would refuse, and what must not be sent to it.

    Args:
        job_id: Id that the job is to have.
        job: The message.
        context: Where it is to run.
        options: The options of the run.
        secrets: Whether credentials are looked for.
    """
    plain = json_format.MessageToDict(type(job).pb(job))
    found = [*_ids(job_id, options.experiment), *_sizes(job, plain), *_message(plain)]
    found += _display_names(job_id, plain.get("pipelineSpec", {}))
    found += _parameters(plain)
    if not context.is_local:
        found += _place(job, context.location)
    if secrets:
        found += _secrets(plain)
    if not context.is_local:
        found += _tensorboard(options, context.location)
    return found


def _ids(job_id: str, experiment: str) -> Iterator[str]:
    if not _JOB_ID.fullmatch(job_id):
        yield (
            f"job_id: {job_id!r} is not valid: use up to 128 lower-case letters, digits and "
            "hyphens, a letter first."
        )
    if experiment and not _EXPERIMENT.fullmatch(experiment):
        yield (
            f"experiment: {experiment!r} is not valid: use up to 128 lower-case letters, digits "
            "and hyphens, a letter or digit first."
        )


def _sizes(job: aiplatform_v1.PipelineJob, plain: Mapping[str, Any]) -> Iterator[str]:
    name, size = job.display_name, len(json.dumps(plain).encode())
    if not 0 < len(name) <= _LONGEST_NAME:
        yield f"display_name: {len(name)} characters; use 1 to {_LONGEST_NAME}."
    count = len(job.labels) + 1  # with the one that a submission is recognised by
    if count > _MOST_LABELS:
        yield f"labels: {count} of them, our own included; at most {_MOST_LABELS} are allowed."
    if size > _LARGEST:
        yield (
            f"the message has {size:,} bytes; at most {_LARGEST:,} are allowed. Pass data by "
            "URI, and keep code in the training image."
        )


def _display_names(job_id: str, spec: Mapping[str, Any]) -> Iterator[str]:
    """Jobs are named after the run and their stage, which may be too long together."""
    components = [spec.get("root", {}), *spec.get("components", {}).values()]
    for component in components:
        for task in component.get("dag", {}).get("tasks", {}).values():
            given = task.get("inputs", {}).get("parameters", {}).get("display_name", {})
            template = given.get("runtimeValue", {}).get("constant", "")
            name = str(template).replace("{{$.pipeline_job_name}}", job_id)
            if name != template and len(name) > _LONGEST_NAME:
                yield (
                    f"the job {name!r} has a name of {len(name)} characters; use up to "
                    f"{_LONGEST_NAME}: a shorter job_id, or shorter names of flow and stage."
                )


def _message(plain: Mapping[str, Any]) -> Iterator[str]:
    """What is sent must be what its types say, the spec of the pipeline included."""
    from kfp.pipeline_spec import pipeline_spec_pb2

    kinds: Any = (aiplatform_v1.PipelineJob.pb(), vars(pipeline_spec_pb2)["PipelineSpec"])
    for kind, value in zip(kinds, (plain, plain.get("pipelineSpec", {})), strict=True):
        try:
            json_format.ParseDict(dict(value), kind())
        except json_format.ParseError as error:
            yield f"the message does not parse as {kind.DESCRIPTOR.name}: {error}"


def _parameters(plain: Mapping[str, Any]) -> Iterator[str]:
    root = plain.get("pipelineSpec", {}).get("root", {})
    declared = root.get("inputDefinitions", {}).get("parameters", {})
    values = plain.get("runtimeConfig", {}).get("parameterValues", {})
    for name, value in sorted(values.items()):
        kind = declared.get(name, {}).get("parameterType")
        if name not in declared:
            yield f"parameter {name!r}: the pipeline has none of that name."
        elif kind in _KINDS and not _is_a(value, kind):
            yield f"parameter {name!r}: {type(value).__name__} is not {kind}."
    for name, one in sorted(declared.items()):
        if name not in values and "defaultValue" not in one and not one.get("isOptional"):
            yield f"parameter {name!r}: it has no default, and no value was given."


def _is_a(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "BOOLEAN"
    whole = kind != "NUMBER_INTEGER" or (isinstance(value, (int, float)) and value == int(value))
    return isinstance(value, _KINDS[kind]) and whole


def _place(job: aiplatform_v1.PipelineJob, location: str) -> Iterator[str]:
    root = job.runtime_config.gcs_output_directory
    account, network, key = job.service_account, job.network, job.encryption_spec.kms_key_name
    if not _BUCKET_URI.fullmatch(root):
        yield f"pipeline_root: {root!r} is not in Cloud Storage: gs://BUCKET/FOLDER is expected."
    if account and not _ACCOUNT.fullmatch(account):
        yield (
            f"service_account: {account!r} is not the e-mail address of one: "
            "NAME@PROJECT.iam.gserviceaccount.com is expected."
        )
    if network and not _NETWORK.fullmatch(network):
        yield (
            f"network: {network!r} is not the full name of one: "
            "projects/NUMBER/global/networks/NAME is expected, with the project's number: "
            "gcloud projects describe PROJECT --format='value(projectNumber)'."
        )
    if key:
        form = "projects/P/locations/L/keyRings/R/cryptoKeys/K"
        yield from _located("encryption_key", key, _KEY, form, location)


def _tensorboard(options: Settled, location: str) -> Iterator[str]:
    if not options.tensorboard:
        return
    form = "projects/P/locations/L/tensorboards/ID"
    yield from _located("tensorboard", options.tensorboard, _TENSORBOARD, form, location)
    if not options.service_account:
        yield "tensorboard: a job that logs to one needs a service account: service_account=..."


def _located(
    option: str, name: str, pattern: re.Pattern[str], form: str, location: str
) -> Iterator[str]:
    match = pattern.fullmatch(name)
    if match is None:
        yield f"{option}: {name!r} is not the full name of one: {form} is expected."
    elif match["location"] != location:
        yield f"{option}: {name} is in {match['location']}; the run is in {location}."


def _secrets(plain: Mapping[str, Any]) -> Iterator[str]:
    for leak in sorted(leaks.find(plain), key=lambda leak: leak.place):
        yield (
            f"{leak.place} holds what looks like {leak.kind}, and everybody who may see the run "
            "could read it. Keep it in Secret Manager, pass its name "
            "(projects/P/secrets/NAME/versions/latest), and read it in the code."
        )
