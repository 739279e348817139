"""What Vertex AI would refuse is found before it is sent: every fault, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runs.test_leaks import KEY
from tests.samples import Source, Spend
from vertex_flow import Flow, GcpContext, Param, Trainer
from vertex_flow.errors import PreflightError
from vertex_flow.runs.options import settle
from vertex_flow.runs.preflight import check
from vertex_flow.runs.submission import parameter_values, pipeline_job
from vertex_flow.stages import ImportDataset, Preprocess, Train

FLOW = Flow("sample", [Source(size=Param("size", 3)), Spend(amount=Param("amount", 0.5))])
CLOUD = GcpContext(
    project="acme", location="europe-west4", training_image="europe-docker.pkg.dev/acme/i/t:1"
)
KMS = "projects/acme/locations/{}/keyRings/r/cryptoKeys/k"
BOARD = "projects/acme/locations/{}/tensorboards/1"


def faults(
    context: GcpContext = CLOUD,
    values: dict[str, Any] | None = None,
    flow: Flow = FLOW,
    job_id: str = "sample-1",
    **options: Any,
) -> tuple[str, ...]:
    settled = settle(context, options)
    given = values or parameter_values(flow.graph, context, {})
    job = pipeline_job(flow.graph, context, given, options=settled)
    try:
        check(job_id, job, context, settled)
    except PreflightError as error:
        return error.faults
    return ()


def test_nothing_is_wrong_with_a_plain_run() -> None:
    assert faults() == ()


def test_nothing_is_wrong_with_all_options() -> None:
    options = {
        "network": "projects/123/global/networks/default",
        "encryption_key": KMS.format("europe-west4"),
        "tensorboard": BOARD.format("europe-west4"),
        "service_account": "123-compute@developer.gserviceaccount.com",
        "experiment": "trying",
    }
    assert faults(**options) == ()


def test_nothing_is_wrong_with_training() -> None:
    trainer = Trainer(module="trainer.task", env={"MODE": "fast"}, args={"max_tokens": "5"})
    flow = Flow("mnist", [ImportDataset("gs://b/x"), Preprocess(), Train(trainer)])
    assert faults(flow=flow) == ()


def test_the_names_of_jobs_are_not_too_long() -> None:
    training = Train(Trainer(module="trainer.task"))
    flow = Flow("mnist", [ImportDataset("gs://b/x"), Preprocess(), training])
    assert faults(flow=flow, job_id="a" * 122) == ()
    name = f"{'a' * 123}-train"
    assert faults(flow=flow, job_id="a" * 123) == (
        f"the job {name!r} has a name of 129 characters; use up to 128: a shorter job_id, or "
        "shorter names of flow and stage.",
    )


def test_all_faults_at_once() -> None:
    settled = settle(CLOUD, {"network": "default", "service_account": "me@acme.org"})
    job = pipeline_job(FLOW.graph, CLOUD, {}, options=settled)
    with pytest.raises(PreflightError) as caught:
        check("Sample", job, CLOUD, settled)
    assert caught.value.flow == "sample"
    assert str(caught.value) == (
        "3 faults in the run of flow 'sample'; nothing was submitted\n"
        "  job_id: 'Sample' is not valid: use up to 128 lower-case letters, digits and hyphens, "
        "a letter first.\n"
        "  service_account: 'me@acme.org' is not the e-mail address of one: "
        "NAME@PROJECT.iam.gserviceaccount.com is expected.\n"
        "  network: 'default' is not the full name of one: projects/NUMBER/global/networks/NAME "
        "is expected, with the project's number: gcloud projects describe PROJECT "
        "--format='value(projectNumber)'."
    )


@pytest.mark.parametrize("job_id", ["", "1a", "a_b", "a" * 129, "a\n", "é", "a b"])
def test_ids_that_are_not_valid(job_id: str) -> None:
    assert faults(job_id=job_id) == (
        f"job_id: {job_id!r} is not valid: use up to 128 lower-case letters, digits and hyphens, "
        "a letter first.",
    )


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (
            {"experiment": "My Try"},
            "experiment: 'My Try' is not valid: use up to 128 lower-case letters, digits and "
            "hyphens, a letter or digit first.",
        ),
        (
            {"encryption_key": "k"},
            "encryption_key: 'k' is not the full name of one: "
            "projects/P/locations/L/keyRings/R/cryptoKeys/K is expected.",
        ),
        (
            {"encryption_key": KMS.format("us-central1")},
            f"encryption_key: {KMS.format('us-central1')} is in us-central1; the run is in "
            "europe-west4.",
        ),
        (
            {"tensorboard": "1"},
            "tensorboard: '1' is not the full name of one: "
            "projects/P/locations/L/tensorboards/ID is expected.",
        ),
        (
            {"tensorboard": BOARD.format("us-central1")},
            f"tensorboard: {BOARD.format('us-central1')} is in us-central1; the run is in "
            "europe-west4.",
        ),
        (
            {"tensorboard": BOARD.format("europe-west4"), "service_account": ""},
            "tensorboard: a job that logs to one needs a service account: service_account=...",
        ),
        (
            {"labels": {f"l{number}": "x" for number in range(63)}},
            "labels: 65 of them, our own included; at most 64 are allowed.",
        ),
    ],
)
def test_options_that_would_be_refused(options: dict[str, Any], fault: str) -> None:
    assert faults(**options) == (fault,)


@pytest.mark.parametrize(
    "options",
    [
        {"encryption_key": KMS.format("europe-west4").replace("acme", "a b")},
        {"tensorboard": BOARD.format("europe-west4") + "\n"},
    ],
)
def test_names_that_nearly_are_some(options: dict[str, Any]) -> None:
    (fault,) = faults(**options)
    assert "is not the full name of one" in fault


def test_a_root_outside_cloud_storage() -> None:
    context = GcpContext(project="acme", pipeline_root="/tmp/here")
    assert faults(context) == (
        "pipeline_root: '/tmp/here' is not in Cloud Storage: gs://BUCKET/FOLDER is expected.",
    )


def test_a_parameter_that_the_pipeline_does_not_have() -> None:
    assert faults(values={"sise": 1}) == ("parameter 'sise': the pipeline has none of that name.",)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"size": "4"}, "parameter 'size': str is not NUMBER_INTEGER."),
        ({"size": 4.5}, "parameter 'size': float is not NUMBER_INTEGER."),
        ({"size": True}, "parameter 'size': bool is not NUMBER_INTEGER."),
        ({"amount": [1]}, "parameter 'amount': list is not NUMBER_DOUBLE."),
    ],
)
def test_parameters_of_another_type(values: dict[str, Any], fault: str) -> None:
    assert faults(values=values) == (fault,)


def test_a_message_that_is_too_large() -> None:
    (fault,) = faults(flow=Flow("big", [ImportDataset("gs://b/" + "x" * 11_000_000)]))
    assert fault.endswith(
        " bytes; at most 10,485,760 are allowed. Pass data by URI, and keep code in the training "
        "image."
    )


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_display_names(name: str) -> None:
    job = pipeline_job(FLOW.graph, CLOUD, {}, options=settle(CLOUD, {}))
    job.display_name = name
    with pytest.raises(PreflightError) as caught:
        check("a", job, CLOUD, settle(CLOUD, {}))
    assert caught.value.faults == (f"display_name: {len(name)} characters; use 1 to 128.",)


def test_a_parameter_without_a_value() -> None:
    job = pipeline_job(FLOW.graph, CLOUD, {}, options=settle(CLOUD, {}))
    parameters = type(job).pb(job).pipeline_spec["root"]["inputDefinitions"]["parameters"]
    parameters["count"] = {"parameterType": "NUMBER_INTEGER"}
    with pytest.raises(PreflightError) as caught:
        check("a", job, CLOUD, settle(CLOUD, {}))
    assert caught.value.faults == ("parameter 'count': it has no default, and no value was given.",)


def test_a_spec_with_an_unknown_field() -> None:
    settled = settle(CLOUD, {})
    job = pipeline_job(FLOW.graph, CLOUD, {}, options=settled)
    type(job).pb(job).pipeline_spec.update({"surprise": 1})
    with pytest.raises(PreflightError, match=r"the message does not parse as PipelineSpec: .*surp"):
        check("a", job, CLOUD, settled)


def test_secrets_are_refused_and_not_told() -> None:
    trainer = Trainer(module="a.b", env={"DB_PASSWORD": "hunter2"}, args={"note": KEY})
    flow = Flow("leaky", [ImportDataset("gs://b/x"), Preprocess(), Train(trainer)])
    found = faults(flow=flow)
    assert [one.partition(", and")[0].partition("constant")[2] for one in found] == [
        ".note holds what looks like a private key",
        ".DB_PASSWORD holds what looks like a secret, the value of DB_PASSWORD",
    ]  # in the order of their places
    assert "hunter2" not in str(found)
    assert "MIIE" not in str(found)
    assert found[0].endswith(
        "everybody who may see the run could read it. Keep it in Secret Manager, pass its name "
        "(projects/P/secrets/NAME/versions/latest), and read it in the code."
    )


def test_a_parameter_with_a_secret() -> None:
    flow = Flow("leaky", [ImportDataset(Param("token", "gs://b/x"))])
    assert faults(flow=flow, values={"token": "abc"})[0].startswith(
        "runtimeConfig.parameterValues.token holds what looks like a secret, the value of token"
    )


def test_on_this_machine_nothing_leaves_it(tmp_path: Path) -> None:
    flow = Flow("leaky", [ImportDataset(Param("token", "gs://b/x"))])
    assert faults(GcpContext.local(tmp_path), {"token": "abc"}, flow) == ()
