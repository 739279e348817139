from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from google.cloud.aiplatform.utils.source_utils import _TrainingScriptPythonPackager

from tests.engine.job_bench import run_with_bench
from vertex_flow.engine.jobs import packages
from vertex_flow.engine.jobs.packages import check_package
from vertex_flow.errors import ApiError


@pytest.fixture
def bench(tmp_path):
    return lambda body: run_with_bench(tmp_path, body)


def tar(path: Path, *entries: tarfile.TarInfo, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for entry in entries:
            archive.addfile(entry, io.BytesIO(b"\0" * entry.size))
    return path


def entry(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> object:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info


def refusal(path: Path) -> str:
    with pytest.raises(ApiError) as caught:
        check_package(path, "gs://bucket/p")
    assert caught.value.status == "INVALID_ARGUMENT"
    return caught.value.message


class TestCheck:
    @pytest.mark.parametrize("end", ["tar.gz", "tgz", "tar.bz2", "tar.xz", "tar"])
    def test_archives_that_are_fine(self, tmp_path, end):
        mode = {"tgz": "w:gz", "tar": "w"}.get(end, f"w:{end.rpartition('.')[2]}")
        folder = entry("p", kind=tarfile.DIRTYPE)
        link = entry("p/a/b", kind=tarfile.SYMTYPE, link="../c")
        check_package(tar(tmp_path / f"p.{end}", folder, entry("p/c", 5), link, mode=mode), "p")

    @pytest.mark.parametrize("name", ["../evil", "/etc/evil", "p/../../evil", "..\\evil", "C:/x"])
    def test_entries_that_leave_it(self, tmp_path, name):
        message = f"The Python package gs://bucket/p has an entry outside of itself: {name!r}."
        assert refusal(tar(tmp_path / "p.tar.gz", entry(name))) == message
        with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
            archive.writestr(name, "")
        assert refusal(tmp_path / "p.zip") == message

    @pytest.mark.parametrize(
        ("kind", "target"),
        [
            (tarfile.SYMTYPE, "/etc/passwd"),
            (tarfile.SYMTYPE, "../../evil"),
            (tarfile.LNKTYPE, "../evil"),
        ],
    )
    def test_links_that_leave_it(self, tmp_path, kind, target):
        path = tar(tmp_path / "p.tar.gz", entry("p/link", kind=kind, link=target))
        assert "has an entry outside of itself" in refusal(path)

    def test_devices(self, tmp_path):
        path = tar(tmp_path / "p.tar.gz", entry("p/null", kind=tarfile.CHRTYPE))
        assert refusal(path) == "The Python package gs://bucket/p has a device or pipe: 'p/null'."

    def test_links_in_a_wheel(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "p.whl", "w") as archive:
            info = zipfile.ZipInfo("link")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
        assert refusal(tmp_path / "p.whl") == (
            "The Python package gs://bucket/p has a symbolic link: 'link'."
        )

    def test_tar_bomb_is_not_unpacked(self, tmp_path):
        """An entry that says that it has a terabyte, and the end of the archive far behind it."""
        with gzip.open(tmp_path / "p.tar.gz", "wb") as file:
            file.write(entry("p/big", 1 << 40).tobuf(tarfile.GNU_FORMAT))
            file.write(b"\0" * 65_536)
        assert refusal(tmp_path / "p.tar.gz") == (
            "The Python package gs://bucket/p would take more than 4 GiB unpacked."
        )

    def test_header_bomb_is_not_read(self, tmp_path):
        with gzip.open(tmp_path / "p.tar.gz", "wb") as file:
            file.write(entry("p", 1 << 30, tarfile.XHDTYPE).tobuf(tarfile.GNU_FORMAT))
        assert "has an entry with a header of 1073741824 B" in refusal(tmp_path / "p.tar.gz")

    def test_zip_bomb(self, tmp_path, monkeypatch):
        monkeypatch.setattr(packages, "MOST_BYTES", 1 << 20)
        with zipfile.ZipFile(tmp_path / "p.whl", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", b"\0" * ((1 << 20) + 1))
        assert "would take more than" in refusal(tmp_path / "p.whl")

    def test_too_many_entries(self, tmp_path, monkeypatch):
        monkeypatch.setattr(packages, "MOST_ENTRIES", 2)
        path = tar(tmp_path / "p.tar.gz", *(entry(f"p/{n}") for n in range(3)))
        assert refusal(path) == "The Python package gs://bucket/p has more than 2 entries."

    def test_an_entry_of_negative_size(self, tmp_path):
        facts = b"30 size=-99999999999999999999\n"
        head = entry("facts", len(facts), tarfile.XHDTYPE).tobuf()
        content = head + facts.ljust(512, b"\0") + entry("a").tobuf() + bytes(1024)
        (tmp_path / "p.tar.gz").write_bytes(gzip.compress(content))
        assert "The Python package gs://bucket/p cannot be read" in refusal(tmp_path / "p.tar.gz")

    @pytest.mark.parametrize("name", ["p.tar.gz", "p.whl", "p.tar.xz"])
    def test_no_archive(self, tmp_path, name):
        (tmp_path / name).write_bytes(b"<html>Not found</html>")
        assert refusal(tmp_path / name).startswith(
            "The Python package gs://bucket/p cannot be read: "
        )

    def test_no_package(self, tmp_path):
        (tmp_path / "task.py").write_text("")
        assert refusal(tmp_path / "task.py").startswith(
            "gs://bucket/p is not a Python package: its name ends in none of .tar.gz, "
        )

    def test_missing(self, tmp_path):
        assert refusal(tmp_path / "p.whl") == (
            f"The Python package gs://bucket/p does not exist: {tmp_path}/p.whl is not a file."
        )


def training_script(folder: Path, text: str, requirements: list[str]) -> Path:
    """Package a script as `aiplatform.CustomJob.from_local_script` does."""
    script = folder / "script.py"
    script.write_text(text)
    packager = _TrainingScriptPythonPackager(str(script), requirements=requirements)
    return Path(packager.make_package(str(folder)))


def package_pool(*uris: object, module: str = "aiplatform_custom_trainer_script.task") -> object:
    image = "us-docker.pkg.dev/vertex-ai/training/sklearn-cpu.1-6:latest"
    spec = {"executorImageUri": image, "pythonModule": module, "packageUris": list(map(str, uris))}
    return {"replicaCount": 1, "pythonPackageSpec": {**spec, "args": ["--epochs=3"]}}


SCRIPT = "import numpy, sys; print(__name__, sys.argv[1:], numpy.sum([1, 2]))"


def test_a_training_script_of_googles_client(bench, tmp_path):
    """What it needs is in this environment: nothing is downloaded, and nothing changes here."""
    built = training_script(tmp_path, SCRIPT, ["numpy", "six>=1"])

    async def body(b):
        places = [b.home.storage / name / built.name for name in ("first", "second")]
        logs = []
        for place in places:
            place.parent.mkdir(parents=True)
            place.write_bytes(built.read_bytes())
            uri = f"gs://{place.parent.name}/{place.name}"
            job = await b.run(package_pool(uri))
            logs.append(job.get("error") or b.log(job).splitlines()[-1])
        return logs, len(list(b.home.envs.iterdir()))

    logs, environments = bench(body)
    assert logs == ["__main__ ['--epochs=3'] 3"] * 2
    assert environments == 1, "packages are known by what is in them, not by where they lie"
    assert find_spec("aiplatform_custom_trainer_script") is None


def test_a_training_script_in_a_container_of_ones_own(bench, tmp_path):
    """Google's client then sends a shell line that upgrades pip and installs with --user."""
    built = training_script(tmp_path, SCRIPT, [])
    before = sorted(os.listdir(Path(sys.prefix) / "bin"))

    async def body(b):
        place = b.home.storage / "staging" / built.name
        place.parent.mkdir(parents=True)
        place.write_bytes(built.read_bytes())
        line = (
            f"pip3 install -q --user /gcs/staging/{built.name} && "
            "python3 -m aiplatform_custom_trainer_script.task --epochs=3"
        )
        job = await b.run(b.pool(imageUri="gcr.io/acme/train", command=["sh", "-c", line]))
        return job.get("error"), b.log(job).splitlines()[-1], os.listdir(b.home.root / "tmp")

    error, last, left = bench(body)
    assert (error, last, left) == (None, "__main__ ['--epochs=3'] 3", [])
    assert sorted(os.listdir(Path(sys.prefix) / "bin")) == before


def sdist(folder: Path, name: str, text: str) -> Path:
    """Write a package `bad` of one file."""
    path = folder / "bad-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(f"bad-1.0/{name}")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text.encode()))
    return path


def test_a_package_whose_builder_is_not_here(bench, tmp_path, monkeypatch):
    """Both tries are told: the one with this environment, and the one that cannot download."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    backend = '[build-system]\nrequires = ["vf-no-such-builder"]\nbuild-backend = "vf_builder"\n'
    path = sdist(tmp_path, "pyproject.toml", backend)
    message = bench(lambda b: b.run(package_pool(path, module="bad")))["error"]["message"]
    first, second = message.split("And built apart from this environment:")
    assert "vf_builder'" in first
    assert "No matching distribution found for vf-no-such-builder" in second


def test_a_package_that_cannot_be_built(bench, tmp_path):
    path = sdist(tmp_path, "setup.py", "raise RuntimeError('no compiler here')")
    message = bench(lambda b: b.run(package_pool(path, module="bad")))["error"]["message"]
    assert message.startswith(f"The job could not be started: cannot install {path} for a job")
    assert "RuntimeError: no compiler here" in message


def test_a_missing_package(bench):
    message = bench(lambda b: b.run(package_pool("gs://bucket/p.tar.gz")))["error"]["message"]
    assert message.startswith(
        "The job could not be started: The Python package gs://bucket/p.tar.gz does not exist: "
    )


@pytest.mark.parametrize(
    ("module", "uris", "text"),
    [
        ("-c", [], "python_module: '-c' is not the dotted name of a module"),
        ("a", ["http://host/p.whl"], "'http://host/p.whl' is not a place"),
        ("a", ["gs://bucket/../p.whl"], "leaves its bucket"),
        ("a", ["gs://bucket/p.whl"] * 101, "package_uris has 101 entries; at most 100"),
    ],
)
def test_refusals(bench, module, uris, text):
    with pytest.raises(ApiError) as caught:
        bench(lambda b: b.create(package_pool(*uris, module=module)))
    assert text in caught.value.message
