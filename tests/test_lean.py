from __future__ import annotations

import subprocess
import sys

import pytest

PRELUDE = "import sys; from vertex_flow.lean import import_types_only as lean; lean(); "


def run(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", PRELUDE + code], check=True, stdout=subprocess.PIPE, text=True
    )
    return result.stdout.strip()


@pytest.mark.parametrize(
    "statement",
    [
        "from google.cloud.aiplatform_v1 import types",
        "from google.cloud.aiplatform_v1.types import custom_job",
        "from google.cloud import aiplatform_v1; aiplatform_v1.types.CustomJob",
        "import google.cloud.aiplatform_v1.types",
        "from google.cloud.aiplatform_v1 import CustomJob",
    ],
)
def test_the_types_come_without_the_clients(statement: str) -> None:
    assert run(f"{statement}; print('grpc' in sys.modules)") == "False"


@pytest.mark.parametrize(
    "statement",
    [
        "from google.cloud.aiplatform_v1 import JobServiceClient as C",
        "from google.cloud.aiplatform_v1.services.job_service import JobServiceClient as C",
        "from google.cloud.aiplatform_v1.services import job_service as j; C = j.JobServiceClient",
        "from google.cloud import aiplatform_v1 as v1; v1.CustomJob; C = v1.JobServiceClient",
        "from google.cloud import aiplatform; C = aiplatform.gapic.JobServiceClient",
    ],
)
def test_a_client_is_there_when_it_is_wanted(statement: str) -> None:
    assert run(f"{statement}; print(C.__name__)") == "JobServiceClient"


def test_there_is_one_class_a_message() -> None:
    code = (
        "from google.cloud.aiplatform_v1 import types; from google.cloud import aiplatform_v1; "
        "print(aiplatform_v1.CustomJob is types.CustomJob)"
    )

    assert run(code) == "True"


def test_what_is_not_there_is_missed() -> None:
    code = "from google.cloud import aiplatform_v1; print(hasattr(aiplatform_v1, 'Nothing'))"

    assert run(code) == "False"


def test_a_package_that_is_loaded_stays() -> None:
    code = (
        "import google.cloud.aiplatform_v1 as v1; v1.JobServiceClient; lean(); "
        "print(sys.modules['google.cloud.aiplatform_v1'] is v1)"
    )

    assert run(code) == "True"
