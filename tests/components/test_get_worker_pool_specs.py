from typing import Any

import pytest
from google.cloud.aiplatform_v1 import WorkerPoolSpec
from google.protobuf import json_format

from vertex_flow.components import GetWorkerPoolSpecsOp

complete: Any = GetWorkerPoolSpecsOp.python_func


def pool(**changes: Any) -> dict[str, Any]:
    return {
        "machine_spec": {"machine_type": "n1-standard-4"},
        "replica_count": 1,
        "container_spec": {"image_uri": "image", "command": ["python", "-m", "trainer.task"]},
    } | changes


def args_of(*given: Any, **settings: Any) -> list[str]:
    (found,) = complete(worker_pool_specs=[pool()], **settings)
    return found["container_spec"].get("args", [])


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        (5, ["--a=5"]),
        (64.0, ["--a=64"]),
        (0.001, ["--a=0.001"]),
        (1e-05, ["--a=1e-05"]),
        (True, ["--a=true"]),
        (False, ["--a=false"]),
        ("x y", ["--a=x y"]),
        ("", ["--a="]),
        ([1, "b"], ["--a=1", "--a=b"]),
        ([], []),
        ({"k": [1, 2]}, ['--a={"k":[1,2]}']),
        (None, []),
    ],
)
def test_an_argument_is_written_as_a_flag(value: Any, flags: list[str]) -> None:
    assert args_of(args={"a": value}) == flags


def test_tuned_parameters_win_over_arguments_of_the_same_name() -> None:
    assert args_of(args={"a": 1, "b": 2}, hyperparams={"a": 3}) == ["--a=3", "--b=2"]


def test_a_tuned_parameter_that_is_null_leaves_the_argument() -> None:
    assert args_of(args={"a": 1}, hyperparams={"a": None}) == ["--a=1"]


def test_arguments_come_after_those_of_the_spec() -> None:
    spec = pool(container_spec={"image_uri": "image", "args": ["--first"]})
    (found,) = complete(worker_pool_specs=[spec], args={"a": 1})
    assert found["container_spec"]["args"] == ["--first", "--a=1"]


def test_every_pool_gets_the_arguments() -> None:
    found = complete(worker_pool_specs=[pool(), pool()], args={"a": 1})
    assert [item["container_spec"]["args"] for item in found] == [["--a=1"]] * 2


def test_a_python_package_gets_the_arguments() -> None:
    package = {"executor_image_uri": "image", "package_uris": ["gs://b/p"], "python_module": "m"}
    spec = {"python_package_spec": package, "replica_count": 1}
    (found,) = complete(worker_pool_specs=[spec], args={"a": 1})
    assert found["python_package_spec"] == {**package, "args": ["--a=1"]}


def test_the_environment_is_merged_by_name_as_text() -> None:
    given = {"image_uri": "image", "env": [{"name": "A", "value": "1"}, {"name": "B"}]}
    (found,) = complete(
        worker_pool_specs=[pool(container_spec=given)], env={"A": 2, "C": True, "D": None}
    )
    assert found["container_spec"]["env"] == [
        {"name": "A", "value": "2"},
        {"name": "B", "value": ""},
        {"name": "C", "value": "true"},
    ]


def test_camel_case_comes_out_as_snake_case() -> None:
    spec = {
        "machineSpec": {"machineType": "n1-standard-4"},
        "diskSpec": {"bootDiskSizeGb": 100.0},
        "replicaCount": 1,
        "containerSpec": {"imageUri": "image"},
    }
    assert complete(worker_pool_specs=[spec]) == [
        {
            "machine_spec": {"machine_type": "n1-standard-4"},
            "disk_spec": {"boot_disk_size_gb": 100},
            "replica_count": 1,
            "container_spec": {"image_uri": "image"},
        }
    ]


def test_the_result_is_what_vertex_ai_understands() -> None:
    (found,) = complete(worker_pool_specs=[pool()], args={"a": 1}, env={"B": 2})
    message = json_format.ParseDict(found, WorkerPoolSpec.pb(WorkerPoolSpec()))
    assert list(message.container_spec.args) == ["--a=1"]


def test_run_time_values_are_put_in_everywhere() -> None:
    spec = pool(machine_spec={"machine_type": {"$value": "machine"}})
    (found,) = complete(
        worker_pool_specs=[spec],
        args={"a": {"$value": "n"}},
        env={"E": {"$value": "n"}},
        values="machine\u241fstr\u241fg2-standard-4\u241en\u241fint\u241f3",
    )
    assert found["machine_spec"] == {"machine_type": "g2-standard-4"}
    assert found["container_spec"]["args"] == ["--a=3"]
    assert found["container_spec"]["env"] == [{"name": "E", "value": "3"}]


def test_more_replicas_become_a_chief_and_workers() -> None:
    found = complete(worker_pool_specs=[pool(replica_count=3)])
    assert [item["replica_count"] for item in found] == [1, 2]
    assert found[0]["container_spec"] == found[1]["container_spec"]


def test_workers_take_the_place_of_an_empty_second_pool() -> None:
    specs = [pool(replica_count=3), pool(replica_count=0), pool(replica_count=1)]
    found = complete(worker_pool_specs=specs)
    assert [item["replica_count"] for item in found] == [1, 2, 1]


def test_several_chiefs_beside_a_second_pool_are_refused() -> None:
    with pytest.raises(ValueError, match=r"has 3 replicas and there is a second one\. Vertex AI"):
        complete(worker_pool_specs=[pool(replica_count=3), pool()])


def test_a_last_pool_without_replicas_is_left_out() -> None:
    assert len(complete(worker_pool_specs=[pool(), pool(replica_count=0)])) == 1


def test_a_pool_without_replicas_before_another_keeps_its_place() -> None:
    found = complete(worker_pool_specs=[pool(), pool(replica_count=0), pool()])
    assert found[1] == {}


@pytest.mark.parametrize("specs", [[], [{"replica_count": 0}]])
def test_a_job_without_replicas_is_refused(specs: list[Any]) -> None:
    with pytest.raises(ValueError, match="first worker pool needs at least one replica"):
        complete(worker_pool_specs=specs)


@pytest.mark.parametrize(
    "accelerator",
    [
        {"accelerator_type": "", "accelerator_count": 1},
        {"accelerator_type": "NVIDIA_L4", "accelerator_count": 0},
        {"accelerator_count": 1},
    ],
)
def test_an_empty_accelerator_is_left_out(accelerator: dict[str, Any]) -> None:
    spec = pool(machine_spec={"machine_type": "g2-standard-4", **accelerator})
    (found,) = complete(worker_pool_specs=[spec])
    assert found["machine_spec"] == {"machine_type": "g2-standard-4"}


def test_an_accelerator_is_kept() -> None:
    machine = {"accelerator_type": "NVIDIA_L4", "accelerator_count": 1}
    (found,) = complete(worker_pool_specs=[pool(machine_spec=machine)])
    assert found["machine_spec"] == machine


def test_an_empty_image_is_refused() -> None:
    message = r"^container_spec.image_uri of worker pool 0 is empty: set it in worker_pool_specs\.$"
    with pytest.raises(ValueError, match=message):
        complete(worker_pool_specs=[pool(container_spec={"image_uri": ""})])


def test_an_empty_image_from_a_parameter_is_refused_with_its_name() -> None:
    spec = pool(container_spec={"image_uri": {"$value": "training_image"}})
    message = r"is empty: set it in the pipeline parameter 'training_image'\.$"
    with pytest.raises(ValueError, match=message):
        complete(worker_pool_specs=[spec], values="training_image\u241fstr\u241f")


def test_a_pool_that_runs_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="worker pool 0 has neither container_spec nor python"):
        complete(worker_pool_specs=[{"replica_count": 1}])
