"""The cache of tasks. No future annotations: KFP reads the real ones."""

import os
import threading
from pathlib import Path

import pytest
from kfp import dsl
from kfp.dsl import Dataset

from tests.engine.pipelines import components as ops
from tests.engine.pipelines.bench import Bench, artifact, details, outputs, states
from vertex_flow.engine.pipelines import cache
from vertex_flow.engine.pipelines.work import Work


@dsl.pipeline(name="cached")
def cached(text: str):
    ops.read(file=ops.write(text=text).outputs["file"])


def test_what_ran_before_is_not_run_again(bench: Bench) -> None:
    first = bench.run(cached, {"text": "again"})
    second = bench.run(cached, {"text": "again"})

    assert states(second) == {"write": "SKIPPED", "read": "SKIPPED"}
    assert outputs(second, "read") == outputs(first, "read")
    assert artifact(second, "write", "file")["uri"] == artifact(first, "write", "file")["uri"]


def test_a_hit_is_marked(bench: Bench) -> None:
    bench.run(cached, {"text": "marked"})
    execution = details(bench.run(cached, {"text": "marked"}))["read"]["execution"]

    assert execution["state"] == "CACHED"
    assert execution["metadata"]["cached"] is True


def test_another_input_is_a_miss(bench: Bench) -> None:
    bench.run(cached, {"text": "one"})

    assert states(bench.run(cached, {"text": "other"}))["write"] == "SUCCEEDED"


def test_another_job_name_is_no_other_input(bench: Bench) -> None:
    @dsl.pipeline(name="inner")
    def inner(text: str):
        ops.say(text=text)

    @dsl.pipeline(name="named")
    def pipeline():
        inner(text=f"{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}-x")

    bench.run(pipeline)

    assert states(bench.run(pipeline))["inner.say"] == "SKIPPED"


def test_a_lost_output_is_a_miss(bench: Bench) -> None:
    first = bench.run(cached, {"text": "lost"})
    Path(artifact(first, "write", "file")["uri"]).unlink()

    assert states(bench.run(cached, {"text": "lost"}))["write"] == "SUCCEEDED"


def test_caching_can_be_turned_off(bench: Bench) -> None:
    @dsl.pipeline(name="uncached")
    def pipeline():
        ops.say(text="uncached").set_caching_options(False)

    bench.run(pipeline)

    assert states(bench.run(pipeline)) == {"say": "SUCCEEDED"}


def test_a_failed_task_is_not_kept(bench: Bench) -> None:
    @dsl.pipeline(name="failing")
    def pipeline():
        ops.fail()

    bench.run(pipeline)

    assert states(bench.run(pipeline)) == {"fail": "FAILED"}


def test_changed_data_is_a_miss(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "data.txt"

    @dsl.pipeline(name="imported")
    def pipeline(uri: str):
        ops.read(file=dsl.importer(artifact_uri=uri, artifact_class=Dataset).output)

    file.write_text("old")
    bench.run(pipeline, {"uri": str(file)})
    unchanged = bench.run(pipeline, {"uri": str(file)})
    file.write_text("new")
    os.utime(file, (1, 1))
    changed = bench.run(pipeline, {"uri": str(file)})

    assert states(unchanged)["read"] == "SKIPPED"
    assert outputs(changed, "read") == {"Output": "new-1"}


def test_the_engine_answers_while_files_are_looked_at(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, places = cache.key, []

    def key(work: Work, custom: str = "") -> str:
        places.append(threading.current_thread())
        return look(work, custom)

    monkeypatch.setattr(cache, "key", key)
    bench.run(cached, {"text": "beside"})

    assert len(places) == 2
    assert threading.current_thread() not in places  # whose loop the engine runs on


def test_changed_data_that_a_parameter_names_is_a_miss(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "data.txt"

    @dsl.pipeline(name="named-data")
    def pipeline(file: str):
        ops.kinds(i=1, f=0.5, b=True, s="", l=[{"args": [f"--data={file}"]}], d={})

    def run() -> dict[str, str]:
        return states(bench.run(pipeline, {"file": str(file)}))

    file.write_text("old")
    run()
    unchanged = run()
    os.utime(file, (1, 1))

    assert (unchanged, run()) == ({"kinds": "SKIPPED"}, {"kinds": "SUCCEEDED"})


@pytest.mark.parametrize("text", ["/" + "a" * 5000, "/", "file://[", "--data=", "gs://..."])
def test_a_text_that_is_no_file(bench: Bench, text: str) -> None:
    @dsl.pipeline(name="long")
    def pipeline(text: str):
        ops.say(text=text)

    bench.run(pipeline, {"text": text})

    assert states(bench.run(pipeline, {"text": text})) == {"say": "SKIPPED"}


def test_pipelines_of_other_names_share_nothing(bench: Bench) -> None:
    @dsl.pipeline(name="other-name")
    def other(text: str):
        ops.read(file=ops.write(text=text).outputs["file"])

    bench.run(cached, {"text": "shared"})

    assert states(bench.run(other, {"text": "shared"}))["write"] == "SUCCEEDED"


def test_a_key_of_the_authors_own_stands_for_inputs_and_command(bench: Bench) -> None:
    @dsl.pipeline(name="own-key")
    def pipeline(text: str):
        ops.shout(text=text).set_caching_options(True, cache_key="mine")
        ops.say(text=text).set_caching_options(True, cache_key="mine")

    first = bench.run(pipeline, {"text": "one"})
    second = bench.run(pipeline, {"text": "other"})

    assert states(second) == {"shout": "SKIPPED", "say": "SKIPPED"}
    assert outputs(second, "say") == outputs(first, "say") == {"Output": "one"}
