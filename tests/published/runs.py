"""Runs of published pipelines, through the engine's REST API."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import yaml

from tests.published import catalogue
from vertex_flow.engine.embedded import EmbeddedEngine

PARENT = "projects/acme/locations/us-central1"
_LONGEST = 1200.0  # seconds
_OVER = ("SUCCEEDED", "FAILED", "CANCELLED")


class Published:
    """The compiled pipelines of a checkout, and an engine that runs them.

    Args:
        root: The folder `test_data/sdk_compiled_pipelines` of the checkout.
        folder: Where files may be written.
        engine: Runs them.
    """

    def __init__(self, root: Path, folder: Path, engine: EmbeddedEngine) -> None:
        self._root = root
        self._folder = folder
        self._http = httpx.Client(
            base_url=f"{engine.endpoint}/v1/",
            headers={"authorization": f"Bearer {engine.token}"},
            timeout=120,
        )
        self._engine = engine
        bucket = engine.home / "storage" / "ml-pipeline-playground"
        bucket.mkdir(parents=True)
        for name in ("shakespeare1.txt", "shakespeare2.txt"):
            (bucket / name).write_text("To be, or not to be", encoding="utf-8")

    def __enter__(self) -> Published:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def run(self, name: str) -> dict[str, Any]:
        """Run a pipeline to its end and give its job."""
        text = (self._root / f"{name}.yaml").read_text(encoding="utf-8")
        folder = self._folder / name.replace("/", "-")
        folder.mkdir()
        given = json.dumps(catalogue.ARGUMENTS.get(name, {})).replace("{folder}", str(folder))
        body = {
            "pipelineSpec": next(iter(yaml.safe_load_all(text))),
            "runtimeConfig": {
                "gcsOutputDirectory": str(folder / "root"),
                "parameterValues": json.loads(given),
                "inputArtifacts": self._artifacts(name, folder),
            },
        }
        answer = self._http.post(f"{PARENT}/pipelineJobs", json=body)
        assert answer.status_code == 200, answer.text
        return self._over(answer.json()["name"])

    def text(self, uri: str) -> str:
        """Read the file of an artifact."""
        return Path(uri).read_text(encoding="utf-8")

    def _artifacts(self, name: str, folder: Path) -> dict[str, Any]:
        found = {}
        for key in catalogue.INPUT_ARTIFACTS.get(name, ()):
            file = folder / key
            file.write_text(key, encoding="utf-8")
            body = {"uri": str(file), "schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}
            artifacts = f"{PARENT}/metadataStores/default/artifacts"
            made = self._http.post(artifacts, json=body).raise_for_status().json()
            found[key] = {"artifactId": made["name"].rpartition("/")[2]}
        return found

    def _over(self, job: str) -> dict[str, Any]:
        end = time.monotonic() + _LONGEST
        while time.monotonic() < end:
            found: dict[str, Any] = self._http.get(job).raise_for_status().json()
            if state(found) in _OVER:
                return found
            time.sleep(0.1)
        self._http.post(f"{job}:cancel", json={}).raise_for_status()
        raise AssertionError(f"{job} is not over after {_LONGEST:.0f} s")


def state(job: Mapping[str, Any]) -> str:
    """The state of a job, for example `SUCCEEDED`."""
    found: str = job["state"].removeprefix("PIPELINE_STATE_")
    return found


def faults(job: Mapping[str, Any]) -> str:
    """Why tasks of a job failed."""
    tasks = job["jobDetail"].get("taskDetails", [])
    found = [
        f"{one['taskUniqueName']}: {one['error']['message']}" for one in tasks if "error" in one
    ]
    return "\n".join(found)
