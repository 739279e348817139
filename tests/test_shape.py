"""The shape of the code: short functions, short modules, a test file for each module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "vertex_flow").rglob("*.py"), *(ROOT / "trainer").rglob("*.py")])

LONGEST_FUNCTION = 40  # lines of its body, without the docstring
LONGEST_MODULE = 400

# Modules that have no test file of their own name: the file that tests what they do, seen from
# the module that uses them.
TESTED_ELSEWHERE = {
    "trainer/errors": "trainer/test_task",
    "trainer/learner": "trainer/test_task",
    "__main__": "cli/test_main",
    "_version": "test_init",
    "ui/__main__": "ui/test_serve",
    "cli/why": "cli/test_diff",
    "report/changes": "report/test_why",
    "report/explaining": "report/test_why",
    "report/reason": "report/test_why",
    "report/sides": "report/test_comparison",
    "report/structs": "report/test_snapshot",
    "report/taskruns": "report/test_why",
    "report/telling": "report/test_why",
    "cli/contexts": "cli/test_doctor",
    "cli/flows": "cli/test_check",
    "cost/limit": "cost/test_estimate",
    "edits": "test_flow",
    "client/client": "client/test_calling",
    "client/endpoints": "gcp/test_clean",
    "client/jobs": "runs/test_failures",
    "client/metadata": "runs/test_experiments",
    "client/pipelines": "client/test_calling",
    "client/schedules": "schedules/test_schedule",
    "client/tensorboards": "gcp/test_tensorboard",
    "schedules/messages": "schedules/test_schedule",
    "schedules/timing": "schedules/test_schedule",
    "schedules/upserting": "schedules/test_schedule",
    "runs/jobs": "runs/test_gathering",
    "report/view": "report/test_live",
    "runs/reading": "runs/test_run",
    "runs/usage": "runs/test_gathering",
    "runs/reaching": "runs/test_run",
    "components/_arrays": "components/test_preprocessing",
    "components/_images": "components/test_components",
    "gcp/transfer/buckets": "gcp/transfer/test_uploading",
    "gcp/transfer/cloud": "gcp/transfer/test_resumable",
    "gcp/transfer/content": "gcp/transfer/test_uploading",
    "gcp/transfer/opening": "gcp/transfer/test_uploading",
    "engine/__main__": "engine/test_embedded",
    "engine/joined": "engine/test_visited",
    "engine/joining": "engine/test_standing",
    "engine/listening": "engine/test_embedded",
    "engine/program": "engine/test_embedded",
    "engine/serve": "engine/test_embedded",
    "engine/api/binding": "engine/api/test_rpc",
    "engine/batch_predictions/asking": "engine/batch_predictions/test_service",
    "engine/batch_predictions/checks": "engine/batch_predictions/test_service",
    "engine/batch_predictions/fields": "engine/batch_predictions/test_service",
    "engine/batch_predictions/outputs": "engine/batch_predictions/test_service",
    "engine/batch_predictions/replicas": "engine/batch_predictions/test_service",
    "engine/batch_predictions/runs": "engine/batch_predictions/test_service",
    "engine/api/refused": "engine/models/test_service",
    "engine/endpoints/deployments": "engine/endpoints/test_service",
    "engine/endpoints/records": "engine/endpoints/test_service",
    "engine/endpoints/server": "engine/endpoints/test_service",
    "engine/endpoints/servers": "engine/endpoints/test_service",
    "engine/jobs/checks": "engine/jobs/test_service",
    "engine/jobs/failures": "engine/jobs/test_runs",
    "engine/jobs/tracking": "official/test_tensorboards",
    "engine/metadata/built_in": "engine/metadata/test_schemas",
    "engine/metadata/etags": "engine/metadata/test_nodes",
    "engine/metadata/fields": "engine/metadata/test_stores",
    "engine/metadata/queries": "engine/metadata/test_lineage",
    "engine/metadata/service": "engine/metadata/test_stores",
    "engine/models/uploads": "engine/models/test_service",
    "engine/models/versions": "engine/models/test_service",
    "engine/schedules/checks": "engine/schedules/test_service",
    "engine/pipelines/arguments": "engine/pipelines/test_service",
    "engine/pipelines/cache": "engine/pipelines/test_caching",
    "engine/pipelines/executor_io": "engine/pipelines/test_python",
    "engine/pipelines/facts": "engine/pipelines/test_service",
    "engine/pipelines/fields": "engine/pipelines/test_service",
    "engine/pipelines/gcpc/batch_predictions": "official/test_batch_prediction",
    "engine/pipelines/gcpc/endpoints": "engine/pipelines/test_gcpc",
    "engine/pipelines/gcpc/jobs": "engine/pipelines/test_gcpc",
    "engine/pipelines/gcpc/launch": "engine/pipelines/test_gcpc",
    "engine/pipelines/gcpc/launchers": "engine/pipelines/test_gcpc",
    "engine/pipelines/gcpc/models": "engine/pipelines/test_gcpc",
    "engine/pipelines/labels": "engine/pipelines/test_service",
    "engine/pipelines/lineage": "official/test_lineage",
    "engine/pipelines/inputs": "engine/pipelines/test_walk",
    "engine/pipelines/ir": "engine/pipelines/test_walk",
    "engine/pipelines/journal": "engine/pipelines/test_recovery",
    "engine/pipelines/outputs": "engine/pipelines/test_walk",
    "engine/pipelines/record": "engine/pipelines/test_service",
    "engine/pipelines/spec": "engine/pipelines/test_service",
    "engine/pipelines/tasks/container": "engine/pipelines/test_tasks",
    "engine/pipelines/tasks/importer": "engine/pipelines/test_tasks",
    "engine/pipelines/tasks/kinds": "engine/pipelines/test_tasks",
    "engine/pipelines/tasks/process": "engine/pipelines/test_tasks",
    "engine/pipelines/tasks/python": "engine/pipelines/test_python",
    "engine/pipelines/values": "engine/pipelines/test_walk",
    "engine/pipelines/work": "engine/pipelines/test_failures",
    "engine/processes/child": "engine/processes/test_launcher",
    "engine/processes/process": "engine/processes/test_launcher",
    "engine/processes/shadows": "engine/processes/test_launcher",
    "engine/processes/threads": "engine/processes/test_command",
    "engine/processes/variables": "engine/processes/test_command",
    "engine/processes/warm": "engine/processes/test_launcher",
    "engine/processes/zygote": "engine/processes/test_launcher",
    "engine/state/paging": "engine/state/test_store",
    "engine/state/paths": "engine/state/test_filters",
    "engine/training_pipelines/fields": "engine/training_pipelines/test_service",
    "engine/training_pipelines/runs": "engine/training_pipelines/test_service",
    "engine/training_pipelines/tasks": "engine/training_pipelines/test_service",
    "engine/training_pipelines/uploads": "engine/training_pipelines/test_service",
    "engine/tensorboards/batches": "engine/tensorboards/test_parts",
    "engine/tensorboards/fields": "engine/tensorboards/test_instances",
    "engine/tensorboards/service": "engine/tensorboards/test_instances",
    "engine/tensorboards/uploads": "official/test_tensorboards",
    "gcp/requirements": "gcp/test_doctor",
    "gcp/site": "gcp/test_doctor",
    "engine/state/listing": "engine/models/test_service",
    "engine/storage/bodies": "engine/storage/test_http",
    "engine/storage/conditions": "engine/storage/test_objects",
    "engine/storage/digests": "engine/storage/test_receiving",
    "engine/storage/downloads": "engine/storage/test_sending",
    "engine/storage/methods": "engine/storage/test_http",
    "engine/storage/parameters": "engine/storage/test_settings",
    "engine/storage/records": "engine/storage/test_objects",
    "engine/storage/refusals": "engine/storage/test_http",
    "engine/storage/resources": "engine/storage/test_objects",
    "engine/storage/uploads": "engine/storage/test_receiving",
    "engine/tuning/checks": "engine/tuning/test_service",
    "engine/tuning/runs": "engine/tuning/test_service",
    "engine/tuning/search_space": "engine/tuning/test_suggestions",
    "engine/tuning/trials": "engine/tuning/test_service",
    "serving/__main__": "serving/test_server",
    "testing/engines": "testing/test_plugin",
    "testing/sources": "testing/test_stages",
    "stages/_component": "stages/test_preprocess",
    "stages/_training": "stages/test_payloads",
}


def functions(source: Path) -> Iterator[tuple[str, int]]:
    """Each function of a module, and the lines of its body."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = node.end_lineno - body[0].lineno + 1 if body and node.end_lineno else 0
            yield f"{source.relative_to(ROOT)}:{node.name}", lines


def test_no_function_is_long() -> None:
    found = [one for source in SOURCES for one in functions(source)]
    assert [one for one in found if one[1] > LONGEST_FUNCTION] == []


def test_few_functions_are_over_30_lines() -> None:
    lengths = [lines for source in SOURCES for _, lines in functions(source)]
    assert sum(lines > 30 for lines in lengths) <= 0.03 * len(lengths)


def test_no_module_is_long() -> None:
    lengths = {
        str(source.relative_to(ROOT)): source.read_text(encoding="utf-8").count("\n")
        for source in SOURCES
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def module_name(source: Path) -> str:
    """Path of a module without suffix, as its tests mirror it."""
    return str(source.relative_to(ROOT).with_suffix("")).removeprefix("vertex_flow/")


def file_of_tests(module: str) -> Path:
    """Where the tests of a module are."""
    folder, _, name = module.rpartition("/")
    return ROOT / "tests" / folder / f"test_{name.lstrip('_')}.py"


MODULES = [module_name(source) for source in SOURCES if source.name != "__init__.py"]


def test_every_module_has_its_tests() -> None:
    untested = [one for one in MODULES if not file_of_tests(one).is_file()]
    assert sorted(set(untested) - set(TESTED_ELSEWHERE)) == []


def test_tests_that_stand_elsewhere_are_there() -> None:
    files = {module: ROOT / "tests" / f"{test}.py" for module, test in TESTED_ELSEWHERE.items()}
    assert [module for module, file in files.items() if not file.is_file()] == []


def test_no_module_is_listed_that_is_gone_or_has_tests_of_its_own() -> None:
    known = {one for one in MODULES if not file_of_tests(one).is_file()}
    assert sorted(set(TESTED_ELSEWHERE) - known) == []
