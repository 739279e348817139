"""What is known of the pipelines that KFP publishes: what they are given, and what they give.

A name is the path of a compiled pipeline below `test_data/sdk_compiled_pipelines` of KFP's
repository, without `.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

REVISION = "7b70c7b95f6832772efd6fd0029a4024491a0f44"
PIPELINES = 151

KUBERNETES = "needs Kubernetes"
IMAGE = "needs its image's programs"
NETWORK = "needs a network"
OTHER = "other"


@attrs.frozen
class Miss:
    """Why a pipeline does not run to its end.

    Attributes:
        kind: What it needs that is no matter of the engine, or `OTHER`.
        reason: What happens.
    """

    kind: str
    reason: str


ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "valid/arguments_parameters": {"param1": "a", "param2": "b"},
    "valid/container_io": {"text": "t"},
    "valid/container_with_artifact_output": {"num_epochs": 3},
    "valid/container_with_concat_placeholder": {"text1": "t"},
    "valid/containerized_python_component": {"message1": "a", "message2": "b"},
    "valid/critical/add_numbers": {"a": 5, "b": 5},
    "valid/env-var": {"env_var": "PATH"},
    "valid/essential/component_with_env_variable": {"var_name": "KFP_TEST_ENV_VAR"},
    "valid/essential/concat_message": {"message1": "Hello ", "message2": "World!"},
    "valid/essential/dict_input": {"struct": {"test_key": "test_value"}},
    "valid/essential/lightweight_python_functions_pipeline": {"message": "m"},
    "valid/essential/lightweight_python_functions_with_outputs": {
        "first_message": "Hello",
        "second_message": " World",
        "first_number": 10,
        "second_number": 20,
    },
    "valid/identity": {"value": "test_value"},
    "valid/local_execution/local_execution_pipeline_with_ignore_upstream_failure": {
        "marker_path": "{folder}/marker"
    },
    "valid/local_execution/local_execution_pipeline_with_retry": {"counter_path": "{folder}/count"},
    "valid/parallel_and_nested/pipeline_with_loops": {"loop_parameter": ["a", "b", "c"]},
    "valid/pipeline_with_condition_dynamic_task_output_custom_training_job": {
        "location": "us-central1",
        "project": "acme",
    },
    "valid/pipeline_with_dynamic_task_output_custom_training_job": {
        "location": "us-central1",
        "project": "acme",
    },
    "valid/pipeline_with_metadata_fields": {"string": "and more"},
    "valid/pipeline_with_parallelfor_parallelism": {"loop_parameter": ["a", "b", "c"]},
    "valid/pipeline_with_parallelfor_pipeline_param": {
        "prefix": "test-prefix",
        "loop_parameter": ["a", "b"],
    },
    "valid/pipeline_with_various_io_types": {"input1": "x"},
    "valid/preprocess": {
        "message": "m",
        "input_dict_parameter": {"a": 1},
        "input_list_parameter": ["x"],
    },
    "valid/pvc_mount": {"pvc_name": "p"},
    "valid/sequential_v1": {"param1": "First", "param2": "Second"},
    "valid/sequential_v2": {"url": "gs://ml-pipeline-playground/shakespeare1.txt"},
    "valid/take_nap_compiled": {"naptime_secs": 1},
    "valid/take_nap_pipeline_root_compiled": {"naptime_secs": 1},
    "valid/upload_download_compiled": {
        "bucket_name": "b",
        "mlpipeline_minio_artifact_secret": "{}",
    },
}
"""Arguments, as KFP's own tests give them; `{folder}` is an empty folder."""

INPUT_ARTIFACTS: Mapping[str, tuple[str, ...]] = {
    "valid/component_with_metadata_fields": ("dataset_a", "dataset_b"),
    "valid/components_with_optional_artifacts": ("dataset1",),
    "valid/input_artifact": ("data",),
    "valid/pipeline_with_metadata_fields": ("in_dataset",),
    "valid/pipeline_with_various_io_types": ("input3",),
}
"""Input artifacts that a job is given; each is a file that holds its own name."""

FAILS = frozenset(
    {
        "valid/failing/fail_v2",
        "valid/failing/pipeline_with_exit_handler",
        "valid/failing/pipeline_with_multiple_exit_handlers",
        "valid/local_execution/local_execution_pipeline_with_ignore_upstream_failure",
        "valid/pipeline_as_exit_task",
        "valid/pipeline_with_task_final_status",
        "valid/pipeline_with_task_using_ignore_upstream_failure",
    }
)
"""Pipelines that should fail: a task of theirs does, to show what happens then."""

PROGRAMS: Mapping[str, str] = {"valid/critical/parameters_simple": "jq"}
"""Programs that containers call, which need not be on every machine."""

SLOW = frozenset({"valid/log_streaming_compiled", "valid/long-running"})
"""Pipelines that sleep for a minute and more."""

OUTPUTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "valid/component_with_metadata_fields": {"dataset-joiner": {"Output": "dataset_adataset_b"}},
    "valid/conditional_producer_and_consumers": {
        "for-loop-2": {"pipelinechannel--double-Output": [4, 6]},
    },
    "valid/critical/add_numbers": {"add-numbers": {"Output": 10}},
    "valid/critical/collected_parameters": {
        "collecting-parameters": {"Output": ["model_id_s1", "model_id_s2", "model_id_s3"]}
    },
    "valid/critical/mixed_parameters": {"mantle": {"Output": 1}},
    "valid/critical/multiple_parameters_namedtuple": {"mantle": {"val1": "foo", "val2": "bar"}},
    "valid/critical/parallel_for_after_dependency": {"print-op-3": {"Output": "baz"}},
    "valid/critical/parameter_cache": {"mantle": {"Output": "foo"}},
    "valid/critical/parameters_simple": {"add": {"Output": 12}, "add-container": {"sum": 12}},
    "valid/critical/pipeline_with_artifact_custom_path": {
        "validate-input-artifact": {"Output": True}
    },
    "valid/critical/pipeline_with_importer_workspace": {
        "import-stage": {"train_result": "123", "dir_result": "part-000.txt,part-001.txt"}
    },
    "valid/critical/pipeline_with_retry": {"add": {"Output": 8}},
    "valid/critical/pipeline_with_workspace": {
        "read-from-workspace": {"Output": "Hello from workspace!"}
    },
    "valid/critical/producer_consumer_param_pipeline": {
        "producer": {"output_value": "Hello world, this is an output parameter\n"}
    },
    "valid/essential/component_with_env_variable": {"read-env-var": {"Output": "env_var_value"}},
    "valid/essential/concat_message": {"concat-message": {"Output": "Hello World!"}},
    "valid/essential/lightweight_python_functions_pipeline": {
        "preprocess": {
            "output_parameter_path": "m",
            "output_bool_parameter_path": True,
            "output_list_parameter_path": ["a", "b", "c"],
            "output_dict_parameter_path": {"A": 1, "B": 2},
        }
    },
    "valid/essential/lightweight_python_functions_with_outputs": {
        "add-numbers": {"Output": 30},
        "concat-message": {"Output": "Hello World"},
        "output-named-tuple": {"scalar": "123"},
    },
    "valid/essential/pipeline_with_outputs": {"inner-pipeline": {"msg": "world"}},
    "valid/essential/pipeline_with_params_containing_format": {
        "print-op": {"Output": "Hello KFP"},
        "for-loop-2-1.print-op2": {"Output": "2 and KFP."},
    },
    "valid/essential/pipeline_with_reused_component": {
        "add-numbers": {"Output": 5},
        "add-numbers-2": {"Output": 10},
        "add-numbers-3": {"Output": 17},
    },
    "valid/identity": {"identity": {"Output": "test_value"}},
    "valid/local_execution/local_execution_pipeline_with_exit_handler": {
        "record-exit": {"Output": "exit:SUCCEEDED"}
    },
    "valid/local_execution/local_execution_pipeline_with_k8s_only_methods": {
        "echo": {"Output": "hello"}
    },
    "valid/local_execution/local_execution_pipeline_with_oneof": {
        "tag-selected": {"Output": "selected:A"}
    },
    "valid/local_execution/local_execution_pipeline_with_retry": {"flaky": {"Output": "attempt=2"}},
    "valid/local_execution/pipeline_with_caching": {"add-one": {"Output": 2}},
    "valid/local_execution/pipeline_with_collected_artifacts": {
        "read-and-join": {"Output": "0,1,2"}
    },
    "valid/nested_return": {
        "nested-return": {"Output": [{"A_a": "1", "B_b": "2"}, {"A_a": "10", "B_b": "20"}]}
    },
    "valid/parallel_and_nested/pipeline_in_pipeline": {
        "inner-pipeline.print-op1": {"Output": "world"}
    },
    "valid/parallel_and_nested/pipeline_in_pipeline_complex": {
        "for-loop-2-1.inner-pipeline.print-op1": {"Output": "world!"}
    },
    "valid/parameters_complex": {
        "for-loop-2": {
            "pipelinechannel--double-Output": [2, 4, 6],
            "pipelinechannel--double-2-Output": [[8, 10, 12], [8, 10, 12], [8, 10, 12]],
        },
        "add-two-numbers": {"Output": 306},
    },
    "valid/pipeline_with_parallelfor_pipeline_param": {
        "for-loop-4-1.for-loop-5-0.print-with-prefix-3": {"Output": "test-prefix: a"}
    },
    "valid/pipeline_with_string_machine_fields_task_output": {"sum-numbers": {"Output": 3}},
    "valid/preprocess": {
        "preprocess": {
            "output_parameter_path": "m",
            "output_list_parameter_path": ["x"],
            "output_dict_parameter_path": {"a": 1},
        }
    },
}
"""Output parameters of tasks, from KFP's own tests or from reading what the tasks do."""

FILES: Mapping[str, Mapping[tuple[str, str], str]] = {
    "valid/artifacts_complex": {
        ("add-two-lists-of-datasets.add-two-ints", "out_dataset"): "42",
    },
    "valid/artifacts_simple": {("add-container", "out_dataset"): "12"},
    "valid/pipeline_with_metadata_fields": {
        ("dataset-joiner", "out_dataset"): "and morein_dataset",
    },
}
"""What is in the files of output artifacts, by task and output."""

_NO_SECRET = Miss(KUBERNETES, "a Kubernetes secret, which a job of Vertex AI does not have")
_NOT_SET = Miss(KUBERNETES, "a Kubernetes secret; without it they say `not-set`")
_NO_VOLUME = Miss(KUBERNETES, "a Kubernetes volume claim, which a job of Vertex AI does not have")
_NO_POD = Miss(KUBERNETES, "labels and annotations of a Kubernetes pod")
_NO_PROGRAM = Miss(IMAGE, "`my_program`, which exists nowhere")

MISSES: Mapping[str, Miss] = {
    "valid/create_pod_metadata_complex": _NO_POD,
    "valid/critical/modelcar": Miss(KUBERNETES, "a model that a sidecar container holds (oci://)"),
    "valid/critical/pipeline_with_pod_metadata": _NO_POD,
    "valid/critical/pipeline_with_secret_as_env": _NO_SECRET,
    "valid/critical/pipeline_with_volume_long_name": _NO_VOLUME,
    "valid/integration/ray_integration_compiled": Miss(KUBERNETES, "a Ray cluster on Kubernetes"),
    "valid/parallel_and_nested/nested_parallel_for_secret": _NOT_SET,
    "valid/parallel_and_nested/parallel_for_mount_pvc": _NO_VOLUME,
    "valid/parallel_and_nested/parallel_for_secret": _NOT_SET,
    "valid/pipeline_with_secret_as_volume": _NO_SECRET,
    "valid/pipeline_with_volume": _NO_VOLUME,
    "valid/pipeline_with_volume_no_cache": _NO_VOLUME,
    "valid/pvc_mount": _NO_VOLUME,
    "valid/upload_download_compiled": Miss(KUBERNETES, "KFP's own MinIO server, and its secret"),
    "valid/container_io": _NO_PROGRAM,
    "valid/container_with_artifact_output": Miss(IMAGE, "`run.sh` of an image that exists nowhere"),
    "valid/container_with_concat_placeholder": _NO_PROGRAM,
    "valid/container_with_if_placeholder": _NO_PROGRAM,
    "valid/container_with_placeholder_in_fstring": _NO_PROGRAM,
    "valid/containerized_python_component": Miss(
        IMAGE, "the source of the function, which is in it"
    ),
    "valid/pipeline_with_concat_placeholder": Miss(IMAGE, "`[[` of BusyBox's shell"),
    "valid/pipeline_with_importer_and_gcpc_types": Miss(IMAGE, "`cmd`, which exists nowhere"),
    "valid/pipeline_with_various_io_types": Miss(IMAGE, "the entrypoint of an image"),
    "valid/sequential_v2": Miss(IMAGE, "`gsutil`, with access to Google Cloud Storage"),
    "valid/two_step_pipeline": Miss(IMAGE, "`gsutil`, with access to Google Cloud Storage"),
    "valid/critical/pipeline_with_artifact_upload_download": Miss(
        NETWORK, "a data set of Hugging Face"
    ),
    "valid/xgboost_sample_pipeline": Miss(NETWORK, "a public data set, and packages of Python 3.7"),
    "valid/component_with_task_final_status_GH-12033": Miss(
        OTHER, "runs an exit task on its own: no final status is there, and it fails for want of it"
    ),
    "valid/critical/pipeline_with_input_status_state": Miss(
        OTHER, "asserts the state COMPLETE of KFP's own back end; on Vertex AI it is SUCCEEDED"
    ),
    "valid/critical/pipeline_with_placeholders": Miss(
        OTHER, "asserts names of KFP's own back end; Vertex AI's begin with projects/"
    ),
    "valid/pipeline_with_google_artifact_type": Miss(
        OTHER, "asks pip for `aiplatform`, a package that only KFP's script of it makes"
    ),
}
"""The pipelines that do not run with the result that they should have, and why."""
