"""The flags of the example: what is compiled, what is refused, and how that is said."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from types import ModuleType

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec.pipeline_spec_pb2 import PipelineSpec

from tests.end_to_end.program import EXAMPLES, Desk


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the example, away from every cloud."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_"))]:
        monkeypatch.delenv(name)
    import mnist_flow

    return mnist_flow


@pytest.fixture
def said(example, tmp_path, monkeypatch, capsys) -> Callable[..., tuple[int, str]]:
    """Run the example with flags it refuses, and give its exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # Google's library asks the network otherwise

    def run(*flags: str) -> tuple[int, str]:
        try:
            code = example.main(list(flags))
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        assert captured.out == ""
        return code, captured.err

    return run


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--data nope.npz", "--data nope.npz: there is no such file."),
        ("--data .", "--data .: there is no such file."),
        ("--compile x.txt", "compile('x.txt'): expected a path that ends in .yaml, .yml or .json."),
        (
            "--on vertex",
            "--on vertex reads its data from Cloud Storage, and --data is 'auto'. Give a URI: "
            "--data gs://BUCKET/mnist.npz",
        ),
        (
            "--on vertex --data gs://b/x.npz",
            "no Google Cloud project: pass GcpContext(project=...), set GOOGLE_CLOUD_PROJECT, or "
            "run `gcloud config set project PROJECT` and `gcloud auth application-default "
            "login`. To run on this machine, use GcpContext.local().",
        ),
        (
            "--on vertex --project acme --data gs://b/x.npz",
            "401 UNAUTHENTICATED: there are no Google Cloud credentials on this machine. "
            "GcpContext.local() needs none\n"
            "  Cause: there is no gcloud login here, no key file and no attached service account.\n"
            "  Fix: gcloud auth application-default login",
        ),
        (
            "--on vertex --project acme --location moon --data gs://b/x.npz",
            "GcpContext(location='moon'): Vertex AI is in no such region; expected one such as "
            "'us-central1' or 'europe-west4'.",
        ),
    ],
)
def test_what_cannot_be_run_is_said_without_a_traceback(said, flags, message):
    assert said(*flags.split()) == (1, f"error: {message}\n")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--trials 1", "--trials must be at least 2: two run at a time"),
        ("--epochs 0", "--epochs must be at least 1"),
        ("--epochs 1.5", "argument --epochs: invalid int value: '1.5'"),
        ("--threshold 1.5", "--threshold must be from 0 to 1"),
        ("--threshold nan", "--threshold must be from 0 to 1"),
        ("--json nowhere/x.json", "--json nowhere/x.json: there is no folder {cwd}/nowhere"),
        ("--bucket b", "--project and --bucket go with --on vertex"),
        ("--nothing", "unrecognized arguments: --nothing"),
    ],
)
def test_wrong_flags_are_refused_before_anything_runs(said, tmp_path, flags, message):
    code, err = said(*flags.split())
    assert code == 2
    assert err.splitlines()[-1].endswith(f"error: {message.format(cwd=tmp_path)}")


def test_compiling_needs_no_cloud(desk: Desk):
    network = desk.audited()
    path = desk.work / "mnist.json"
    result = desk.run("mnist_flow.py", "--compile", str(path))
    assert (result.code, result.out, result.err) == (0, f"compiled to {path}\n", "")
    assert network.read_text() == ""
    spec = json_format.ParseDict(json.loads(path.read_text()), PipelineSpec())
    assert spec.pipeline_info.name == "mnist"


def test_compiled_files_are_the_same(desk: Desk):
    paths = [desk.work / "one.yaml", desk.work / "two.yaml"]
    for seed, path in enumerate(paths):
        desk.run("mnist_flow.py", "--compile", str(path), PYTHONHASHSEED=str(seed))
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert not desk.home.exists()
