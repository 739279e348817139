from __future__ import annotations

from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import (
    CustomJob,
    Endpoint,
    Execution,
    JobState,
    Model,
    PipelineJob,
)

from vertex_flow.engine.state.filters import matcher
from vertex_flow.errors import ApiError

HINT = (
    'Expected terms such as display_name="x", labels.key:* or create_time>"2026-01-31T00:00:00Z", '
    "joined by AND, OR, NOT and parentheses."
)
JOB = CustomJob(
    name="projects/p/locations/l/customJobs/7",
    display_name="mnist train",
    labels={"team": "vision", "my-key": "a.b"},
    state=JobState.JOB_STATE_RUNNING,
    create_time="2026-03-01T12:00:00Z",
    job_spec={"enable_web_access": True, "scheduling": {"restart_job_on_worker_restart": True}},
)


def matches(text: str, message: Any = JOB) -> bool:
    return matcher(text, type(message).pb(message).DESCRIPTOR)(message)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        'display_name="mnist train"',
        "displayName = 'mnist train'",
        'display_name="mnist*"',
        'display_name:"train"',
        'display_name:"mnist*"',
        'display_name!="other"',
        "labels.team=vision",
        'labels.team:"vis*"',
        "labels.team:*",
        "labels:team",
        'labels."my-key"="a.b"',
        'labels.my-key="a.b"',
        'state="JOB_STATE_RUNNING"',
        "state=JOB_STATE_RUNNING",
        'state!="JOB_STATE_FAILED"',
        'state:"*RUNNING"',
        'create_time>"2026-03-01T11:59:59.123456789Z"',
        'createTime>="2026-03-01T12:00:00Z"',
        'create_time="2026-03-01T13:00:00+01:00"',
        'create_time<"2026-03-02"',
        'create_time<="2026-03-01T12:00:00"',
        "create_time:*",
        "job_spec.enable_web_access=true",
        "jobSpec.scheduling.restartJobOnWorkerRestart=TRUE",
        "NOT labels.old:*",
        'labels.team="vision" AND state="JOB_STATE_RUNNING"',
        'labels.team="x" OR state="JOB_STATE_RUNNING"',
        'labels.team="x" OR labels.team="vision" AND NOT display_name="x"',
        '(labels.team="x" AND display_name="x") OR state="JOB_STATE_RUNNING"',
        'NOT (labels.team="x" AND display_name="x")',
    ],
)
def test_a_filter_that_passes(text: str) -> None:
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    [
        'display_name="mnist"',
        'display_name="MNIST TRAIN"',
        'display_name!="mnist*"',
        "labels.old:*",
        'labels.old=""',
        'state="JOB_STATE_FAILED"',
        'create_time>"2026-03-01T12:00:00Z"',
        'end_time>"2020-01-01T00:00:00Z"',
        "end_time:*",
        "job_spec.enable_web_access=false",
        'labels.team="vision" AND state="JOB_STATE_FAILED"',
        'labels.team="vision" AND labels.team="x" OR labels.team="y"',
        'NOT labels.team="vision"',
    ],
)
def test_a_filter_that_does_not_pass(text: str) -> None:
    assert not matches(text)


def test_a_quote_inside_a_text_is_escaped() -> None:
    assert matches(r'display_name="a \"b\""', CustomJob(display_name='a "b"'))


@pytest.mark.parametrize("text", ["error.code=5", "error.code>=5", "error.code<10"])
def test_numbers_compare_as_numbers(text: str) -> None:
    assert matches(text, CustomJob(error={"code": 5}))


@pytest.mark.parametrize(
    "text", ['pipelineName:"mnist-*"', 'pipeline_name="mnist-flow"', 'pipeline_job_user_id="run-1"']
)
def test_a_pipeline_job_is_found_by_its_pipeline(text: str) -> None:
    run = PipelineJob(
        name="projects/p/locations/l/pipelineJobs/run-1",
        pipeline_spec={"pipelineInfo": {"name": "mnist-flow"}},
    )

    assert matches(text, run)


def test_a_model_is_found_by_its_id() -> None:
    assert matches("model=12", Model(name="projects/p/locations/l/models/12"))


def test_an_endpoint_is_found_by_its_id() -> None:
    assert not matches("endpoint=12", Endpoint(name="projects/p/locations/l/endpoints/13"))


def test_a_field_of_a_struct_is_found() -> None:
    run = PipelineJob(pipeline_spec={"root": {"inputDefinitions": {"x": "y"}}})

    assert matches("pipeline_spec.root.inputDefinitions.x=y", run)


def test_a_missing_field_of_a_struct_is_not() -> None:
    assert not matches("pipeline_spec.root.x=y", PipelineJob(pipeline_spec={"root": "text"}))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('display_name="x', '""x" was not understood'),
        ("display_name", 'an operator after "display_name" was expected at the end'),
        ('display_name ~ "x"', 'an operator after "display_name" was expected, and not "~"'),
        ("display_name=", 'a value is missing after "display_name="'),
        ("display_name=)", 'a value is missing after "display_name="'),
        ('(display_name="x"', 'a ")" is missing'),
        ('display_name="x")', '")" was not expected'),
        ('display_name="x" state="y"', '"state" was not expected'),
        ("AND", 'an operator after "AND" was expected at the end'),
        ('"x"="y"', 'a field was expected, and not ""x""'),
        (
            'create_time>"soon"',
            '"create_time" takes a time such as "2026-01-31T12:00:00Z", and not "soon"',
        ),
        ("state=JOB_STATE_RUNNIN", '"state" takes JOB_STATE_RUNNING, and not "JOB_STATE_RUNNIN"'),
        (
            "job_spec.enable_web_access=1",
            '"job_spec.enable_web_access" takes true or false, and not "1"',
        ),
        ("job_spec=x", '"job_spec" has fields of its own; name one of them'),
        ("error.code=x", '"error.code" takes a number, and not "x"'),
    ],
)
def test_a_filter_says_what_it_did_not_understand(text: str, why: str) -> None:
    with pytest.raises(ApiError) as caught:
        matches(text)

    assert caught.value.message == f'Invalid filter "{text}": {why}. {HINT}'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("display_nam=x", "CustomJob has no field \"display_nam\". Did you mean 'display_name'?"),
        ("display_name.x=y", '"display_name" has no fields.'),
        (
            "job_spec.schedulin=x",
            "CustomJobSpec has no field \"schedulin\". Did you mean 'scheduling'?",
        ),
    ],
)
def test_a_filter_names_the_field_that_there_is(text: str, why: str) -> None:
    with pytest.raises(ApiError) as caught:
        matches(text)

    assert caught.value.message == f'Invalid filter "{text}": {why}'


RUN = Execution(
    name="projects/p/locations/l/metadataStores/default/executions/7",
    schema_title="system.Run",
    metadata={"accuracy": 0.9375, "model": "cnn", "final": True, "input:rate": 0.5},
)


@pytest.mark.parametrize(
    "text",
    [
        "metadata.accuracy.number_value > 0.9",
        "metadata.accuracy.number_value = 0.93750",
        "metadata.accuracy.number_value != 1",
        'metadata.model.string_value = "cnn"',
        "metadata.final.bool_value = true",
        'metadata."input:rate".number_value <= 0.5',
        "NOT metadata.model.number_value = 1",
        "NOT metadata.missing.number_value < 1",
    ],
)
def test_values_of_a_struct(text: str) -> None:
    assert matches(text, RUN)


def test_a_number_of_a_struct_takes_numbers() -> None:
    with pytest.raises(ApiError, match=r'"metadata\.x\.number_value" takes a number, and not "hi'):
        matches("metadata.x.number_value > high", RUN)


RELATIONS = {"in_context": lambda context: frozenset({RUN.name} if context == "mine" else ())}


def related(text: str) -> bool:
    return matcher(text, Execution.pb(RUN).DESCRIPTOR, RELATIONS)(RUN)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('in_context("mine")', True),
        ('in_context("other")', False),
        ('in_context("mine") AND schema_title="system.Run"', True),
        ('NOT in_context("other")', True),
        ('in_context:"mine","mine"', True),
        ('in_context:"mine","other"', False),
    ],
)
def test_relations(text: str, holds: bool) -> None:
    assert related(text) is holds


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('in_context("mine")', {RUN.name}),
        ('schema_title="x" AND in_context("mine")', {RUN.name}),
        ('schema_title="x" OR in_context("mine")', None),
        ('NOT in_context("mine")', None),
        ('in_context("mine") OR in_context("other")', {RUN.name}),
    ],
)
def test_which_names_can_pass(text: str, names: set[str] | None) -> None:
    found = matcher(text, Execution.pb(RUN).DESCRIPTOR, RELATIONS).names
    assert found == names


def test_an_unknown_function() -> None:
    with pytest.raises(ApiError, match='there is no function "inside"; of functions there is in_c'):
        related('inside("mine")')


def test_a_filter_nested_too_deep() -> None:
    with pytest.raises(ApiError, match="it is nested more than 20 deep"):
        matches("(" * 10_000 + "display_name=x" + ")" * 10_000)


@pytest.mark.parametrize("text", ["*a" * 40 + "b", "*" * 400 + "b"])
@pytest.mark.parametrize("sign", ["=", ":"])
def test_a_pattern_that_a_regular_expression_would_never_finish(sign: str, text: str) -> None:
    assert not matches(f'display_name{sign}"{text}"', CustomJob(display_name="a" * 1000))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a*a", True),
        ("aba*aba", False),
        ("*b*", True),
        ("a**a", True),
        ("ab*ba", True),
        ("b*", False),
        ("a*b", False),
        ("*", True),
    ],
)
def test_wildcards(text: str, holds: bool) -> None:
    assert matches(f'display_name="{text}"', CustomJob(display_name="abcba")) is holds


@pytest.mark.parametrize("value", [1.0, "x", True, [1], {"b": 1}, None])
def test_values_that_cannot_be_compared_do_not_pass(value: Any) -> None:
    assert not matches('metadata.a>"y"', Execution(metadata={"a": value}))
