"""The methods of pipelineJobs. No future annotations: KFP reads the real ones."""

from typing import Any

import pytest
from kfp import dsl

from tests.engine.pipelines import components as ops
from tests.engine.pipelines.bench import COLLECTION, PARENT, Bench, spec_of
from vertex_flow.errors import ApiError


@dsl.pipeline(name="service")
def pipeline(x: int, text: str = "t"):
    ops.add(a=x, b=1)


def _refused(bench: Bench, body: dict[str, Any], **query: str) -> str:
    with pytest.raises(ApiError) as error:
        bench.call("POST", COLLECTION, body, **query)
    return str(error.value)


def _refused_params(bench: Bench, params: dict[str, Any]) -> str:
    return _refused(bench, bench.body(pipeline, params))


def test_a_job_has_the_id_that_was_asked_for(bench: Bench) -> None:
    body = bench.body(pipeline, {"x": 1})
    job = bench.call("POST", COLLECTION, body, pipelineJobId="asked-for")

    assert job["name"] == f"{PARENT}/pipelineJobs/asked-for"
    assert job["state"] == "PIPELINE_STATE_PENDING"


def test_a_job_without_an_id_is_called_after_its_pipeline(bench: Bench) -> None:
    job = bench.call("POST", COLLECTION, bench.body(pipeline, {"x": 1}))

    assert job["name"].startswith(f"{PARENT}/pipelineJobs/service-20")
    assert job["displayName"] == "service"


def test_an_id_is_taken_once(bench: Bench) -> None:
    body = bench.body(pipeline, {"x": 1})
    bench.call("POST", COLLECTION, body, pipelineJobId="once")

    assert "409 ALREADY_EXISTS" in _refused(bench, body, pipelineJobId="once")


def test_a_bad_id_is_refused(bench: Bench) -> None:
    message = _refused(bench, bench.body(pipeline, {"x": 1}), pipelineJobId="Not_ok")

    assert message == (
        "400 INVALID_ARGUMENT: Invalid pipeline_job_id 'Not_ok': expected up to 128 lower-case "
        "letters, digits and hyphens, a letter first ([a-z][-a-z0-9]{0,127})."
    )


def test_a_missing_parameter_is_named(bench: Bench) -> None:
    assert _refused_params(bench, {}) == (
        "400 INVALID_ARGUMENT: Invalid runtime_config.parameter_values: "
        "Parameter 'x' is required and has no value."
    )


def test_an_unknown_parameter_is_named(bench: Bench) -> None:
    assert _refused_params(bench, {"x": 1, "tex": "t"}) == (
        "400 INVALID_ARGUMENT: Invalid runtime_config.parameter_values: The pipeline has no "
        "parameter 'tex'. Did you mean 'text'? It has 'text', 'x'."
    )


def test_a_parameter_of_another_type_is_named(bench: Bench) -> None:
    assert _refused_params(bench, {"x": 1.5, "text": 3}) == (
        "400 INVALID_ARGUMENT: Invalid runtime_config.parameter_values: Parameter 'text' is 3: "
        "expected STRING. Parameter 'x' is 1.5: expected NUMBER_INTEGER."
    )


def test_an_unknown_field_of_the_spec_is_named(bench: Bench) -> None:
    spec = {**spec_of(pipeline), "rooot": {}}

    message = _refused(bench, bench.body(spec, {"x": 1}))

    assert message.startswith("400 INVALID_ARGUMENT: Invalid pipeline_spec: ")
    assert '"rooot"' in message


def test_an_unknown_component_is_named(bench: Bench) -> None:
    spec = spec_of(pipeline)
    spec["root"]["dag"]["tasks"]["add"]["componentRef"]["name"] = "comp-ad"

    assert _refused(bench, bench.body(spec, {"x": 1})) == (
        "400 INVALID_ARGUMENT: task 'add' of 'root' runs 'comp-ad': no such component. "
        "Did you mean 'comp-add'?"
    )


def test_tasks_that_wait_for_each_other_are_refused(bench: Bench) -> None:
    spec = spec_of(pipeline)
    spec["root"]["dag"]["tasks"]["add"]["dependentTasks"] = ["add"]

    assert "tasks of 'root' wait for each other: ['add', 'add']" in _refused(
        bench, bench.body(spec, {"x": 1})
    )


def test_a_condition_that_cannot_be_read_is_refused(bench: Bench) -> None:
    spec = spec_of(pipeline)
    spec["root"]["dag"]["tasks"]["add"]["triggerPolicy"] = {"condition": "1 +"}

    assert "task 'add' of 'root': condition '1 +' cannot be read at ' +'" in _refused(
        bench, bench.body(spec, {"x": 1})
    )


def test_a_resolver_is_not_implemented(bench: Bench) -> None:
    spec = spec_of(pipeline)
    spec["deploymentSpec"]["executors"]["exec-add"] = {"resolver": {}}

    assert _refused(bench, bench.body(spec, {"x": 1})) == (
        "501 UNIMPLEMENTED: executor 'exec-add': the local engine cannot run a resolver executor."
    )


def test_a_template_is_refused(bench: Bench) -> None:
    body = {**bench.body(pipeline, {"x": 1}), "templateUri": "https://example.com/template"}

    assert "does not support 'pipeline_job.template_uri'" in _refused(bench, body)


def test_an_output_directory_is_required(bench: Bench) -> None:
    body = bench.body(pipeline, {"x": 1}, gcsOutputDirectory="")

    assert "runtime_config.gcs_output_directory is required" in _refused(bench, body)


def test_labels_are_checked(bench: Bench) -> None:
    body = {**bench.body(pipeline, {"x": 1}), "labels": {"Key": "value"}}

    assert "labels: 'Key': 'value' is not allowed" in _refused(bench, body)


def test_labels_are_counted(bench: Bench) -> None:
    body = {**bench.body(pipeline, {"x": 1}), "labels": {f"k{number}": "" for number in range(65)}}

    assert "labels has 65 entries; at most 64 are allowed." in _refused(bench, body)


def test_an_unknown_job_is_not_found(bench: Bench) -> None:
    with pytest.raises(ApiError, match=r'The PipelineJob ".*/nothing" does not exist\.'):
        bench.get(f"{PARENT}/pipelineJobs/nothing")


def test_a_list_can_be_filtered(bench: Bench) -> None:
    bench.call("POST", COLLECTION, {**bench.body(pipeline, {"x": 1}), "displayName": "needle"})
    found = bench.call("GET", COLLECTION, filter='display_name="needle"')["pipelineJobs"]

    assert [job["displayName"] for job in found] == ["needle"]
    assert "jobDetail" not in found[0]


def test_a_read_mask_leaves_out_the_rest(bench: Bench) -> None:
    bench.run(pipeline, {"x": 1})
    found = bench.call("GET", COLLECTION, readMask="name,state")["pipelineJobs"]

    assert set(found[0]) == {"name", "state"}


def test_a_list_has_the_contexts_of_jobs_when_the_read_mask_names_them(bench: Bench) -> None:
    name = bench.run(pipeline, {"x": 1})["name"]
    mask = "name,jobDetail.pipelineRunContext"
    found = bench.call("GET", COLLECTION, readMask=mask, filter=f'name="{name}"')["pipelineJobs"]

    context = found[0]["jobDetail"].pop("pipelineRunContext")["name"]
    assert context == f"{PARENT}/metadataStores/default/contexts/{name.rpartition('/')[2]}"
    assert found == [{"name": name, "jobDetail": {}}]


def test_a_job_that_is_over_can_be_deleted(bench: Bench) -> None:
    job = bench.run(pipeline, {"x": 1})

    assert bench.call("DELETE", f"/v1/{job['name']}")["done"] is True
    with pytest.raises(ApiError, match="404"):
        bench.get(job["name"])


def test_a_job_that_runs_cannot_be_deleted(bench: Bench) -> None:
    job = bench.create(pipeline, {"x": 1})

    with pytest.raises(ApiError, match=r"FAILED_PRECONDITION.*cannot be deleted"):
        bench.call("DELETE", f"/v1/{job['name']}")


def test_output_only_fields_of_a_request_do_not_count(bench: Bench) -> None:
    body = {**bench.body(pipeline, {"x": 1}), "state": "PIPELINE_STATE_FAILED", "name": "x"}

    assert bench.call("POST", COLLECTION, body)["state"] == "PIPELINE_STATE_PENDING"


def test_a_parameter_that_is_none_of_its_literals_is_refused(bench: Bench) -> None:
    spec = spec_of(pipeline)
    spec["root"]["inputDefinitions"]["parameters"]["text"]["literals"] = ["s", "t"]

    assert _refused(bench, bench.body(spec, {"x": 1, "text": "u"})) == (
        "400 INVALID_ARGUMENT: Invalid runtime_config.parameter_values: Parameter 'text' is 'u': "
        "expected one of ['s', 't']."
    )


def test_a_list_can_be_ordered_and_filtered_by_pipeline(bench: Bench) -> None:
    @dsl.pipeline(name="ordered")
    def other():
        ops.say(text="x")

    names = [bench.run(other)["name"] for _ in range(2)]
    found = bench.call("GET", COLLECTION, filter='pipeline_name="ordered"', orderBy="create_time")

    assert [job["name"] for job in found["pipelineJobs"]] == names


def test_a_component_that_is_in_itself_is_refused(bench: Bench) -> None:
    @dsl.pipeline(name="inner")
    def inner():
        ops.say(text="x")

    @dsl.pipeline(name="outer")
    def outer():
        inner()

    spec = spec_of(outer)
    spec["components"]["comp-inner"]["dag"]["tasks"]["say"]["componentRef"]["name"] = "comp-inner"

    assert _refused(bench, bench.body(spec, {})) == (
        "400 INVALID_ARGUMENT: components are in themselves: ['comp-inner', 'comp-inner']"
    )


def test_a_task_cannot_leave_the_folder_of_its_job(bench: Bench) -> None:
    spec = spec_of(pipeline)
    tasks = spec["root"]["dag"]["tasks"]
    tasks["../add"] = tasks.pop("add")

    assert _refused(bench, bench.body(spec, {"x": 1})) == (
        "400 INVALID_ARGUMENT: task '../add' of 'root': a task's name has no slash, for it is "
        "part of its folder's."
    )
