"""What a training image is built from, and its tag."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vertex_flow import Param, Trainer
from vertex_flow.errors import SettingError
from vertex_flow.gcp.images.build_context import BuildContext, collect

FILES = {
    "learner/__init__.py": "",
    "learner/task.py": "import shared\n",
    "learner/labels.txt": "a\n",
    "learner/run.sh": "#!/bin/sh\n",
    "shared.py": "x = 1\n",
    "notes.md": "not imported\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    if (folder / "learner/run.sh").is_file():
        (folder / "learner/run.sh").chmod(0o755)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "here", FILES)


@pytest.fixture
def own(folder: Path) -> Path:
    """A folder with a Dockerfile of the user's."""
    return write(folder, {"Dockerfile": "ARG BASE=base\nFROM ${BASE}\nCOPY . /app\n"})


def context(folder: Path, module: str = "learner.task", **settings: Any) -> BuildContext:
    return collect(Trainer(module=module, source=str(folder), **settings))


def archive(context: BuildContext) -> bytes:
    file = io.BytesIO()
    context.write(file)
    return file.getvalue()


def members(context: BuildContext) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive(context)), mode="r:gz") as found:
        return {one.name: one for one in found}


def paths(context: BuildContext) -> list[str]:
    return [one.path for one in context.entries]


def message(folder: Path, max_mb: int | None = None, **settings: Any) -> str:
    with pytest.raises(SettingError) as caught:
        collect(
            Trainer(**{"module": "learner.task", **settings}, source=str(folder)), max_mb=max_mb
        )
    return str(caught.value)


class TestWhatIsSent:
    def test_without_a_dockerfile_the_package_and_what_it_imports(self, folder: Path) -> None:
        assert sorted(paths(context(folder))) == [
            "Dockerfile",
            "learner/__init__.py",
            "learner/labels.txt",
            "learner/run.sh",
            "learner/task.py",
            "shared.py",
        ]

    def test_with_a_dockerfile_the_folder(self, own: Path) -> None:
        assert paths(context(own)) == sorted([*FILES, "Dockerfile"])

    def test_requirements_beside_the_package(self, folder: Path) -> None:
        write(folder, {"requirements.txt": "numpy\n"})
        found = context(folder)
        assert "requirements.txt" in paths(found)
        assert found.dockerfile.text.count("requirements.txt") == 3  # copied once, installed

    def test_a_module_of_one_file(self, folder: Path) -> None:
        found = context(folder, "shared")
        assert sorted(paths(found)) == ["Dockerfile", "shared.py"]
        assert 'COPY ["shared.py", "shared.py"]\n' in found.dockerfile.text

    @pytest.mark.parametrize(
        ("settings", "base"),
        [
            ({}, "tensorflow/tensorflow:2.15.0"),
            (
                {"accelerator_type": "NVIDIA_TESLA_T4", "accelerator_count": 1},
                "tensorflow/tensorflow:2.15.0-gpu",
            ),
            ({"accelerator_type": Param("kind", "x")}, "tensorflow/tensorflow:2.15.0"),
            ({"base_image": "acme/base@sha256:12"}, "acme/base@sha256:12"),
        ],
    )
    def test_the_base_of_a_made_dockerfile(
        self, folder: Path, settings: dict[str, Any], base: str
    ) -> None:
        assert f"\nFROM {base}\n" in context(folder, **settings).dockerfile.text

    def test_what_is_left_out(self, folder: Path) -> None:
        write(folder, {".dockerignore": "**/*.txt\n"})
        assert "learner/labels.txt" not in paths(context(folder))

    def test_a_dockerfile_that_is_left_out_is_sent_all_the_same(self, own: Path) -> None:
        write(own, {".dockerignore": "*\n!learner\n"})
        assert paths(context(own)) == [
            "Dockerfile",
            *sorted(one for one in FILES if one.startswith("learner/")),
        ]

    def test_a_dockerfile_that_is_a_link(self, own: Path) -> None:
        (own / "Dockerfile").rename(own / "Containerfile")
        (own / "Dockerfile").symlink_to("Containerfile")
        write(own, {".dockerignore": "Dockerfile\n"})
        assert {"Dockerfile", "Containerfile"} <= set(members(context(own)))

    def test_a_package_that_is_installed_goes_alone(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "site-packages", {**FILES, "learner/Dockerfile": "FROM base\n"})
        found = context(folder)
        assert found.dockerfile.made
        assert {one.partition("/")[0] for one in paths(found)} == {"Dockerfile", "learner"}

    def test_secrets_are_counted(self, own: Path) -> None:
        write(own, {".env": "A=1", "learner/key.pem": "x"})
        assert context(own).secrets == (".env", "learner/key.pem")

    def test_the_training_image_of_this_repository(self) -> None:
        found = context(Path(__file__).parents[3], "trainer.task")
        assert found.dockerfile.path == "trainer/Dockerfile"
        assert {one.partition("/")[0] for one in paths(found)} == {"trainer"}


class TestRefused:
    def test_a_module_that_is_left_out(self, folder: Path) -> None:
        write(folder, {".dockerignore": "*\n"})
        assert message(folder) == (
            f"Trainer(module='learner.task'): {folder}/learner/task.py would not be in the image. "
            f"Either {folder}/.dockerignore leaves it out: add the line !learner. Or it is behind "
            "a link: put the folder itself there."
        )

    def test_a_package_behind_a_link_that_leads_out(self, folder: Path, tmp_path: Path) -> None:
        (folder / "learner").rename(tmp_path / "elsewhere")
        (folder / "learner").symlink_to(tmp_path / "elsewhere")
        assert message(folder).startswith(f"{folder}/learner is a link to {tmp_path}/elsewhere, ")

    def test_a_package_behind_a_link(self, folder: Path) -> None:
        (folder / "learner").rename(folder / "elsewhere")
        (folder / "learner").symlink_to("elsewhere")
        assert message(folder).endswith("Or it is behind a link: put the folder itself there.")

    def test_a_secret_that_is_copied(self, own: Path) -> None:
        write(own, {"key.pem": "x", "Dockerfile": "FROM base\nCOPY key.pem /\n"})
        assert message(own).startswith("Dockerfile, line 2, copies 'key.pem', which may hold")

    def test_a_base_image_that_the_dockerfile_does_not_take(self, own: Path) -> None:
        write(own, {"Dockerfile": "FROM base\n"})
        assert message(own, base_image="other") == (
            "Trainer(base_image='other'): Dockerfile names its base image itself. Let it take "
            "another one: ARG BASE=... before FROM ${BASE}."
        )

    def test_too_much(self, own: Path) -> None:
        write(own, {"data/big": "x" * 2_500_000, "data/small": "x" * 1_000})
        lines = message(own, max_mb=2).split("\n")
        assert lines[:3] == [
            f"Trainer(module='learner.task'): an image of {own} takes 2.5 MB of files, more than 2 "
            f"MB. Leave out what it does not need in {own}/.dockerignore, or allow more: "
            "build_image(..., max_mb=3). The largest are",
            "  2.5 MB  data/big",
            "  0.0 MB  data/small",
        ]
        assert len(lines) == 6
        assert collect(Trainer(module="learner.task", source=str(own)), max_mb=3).size > 2_500_000

    def test_what_the_system_refuses(self, folder: Path) -> None:
        module = "a" * 300
        assert message(folder, module=module) == (
            f"Trainer(module={module!r}): {folder}/{module}.py cannot be read, File name too long."
        )

    def test_a_module_that_is_not_there(self, folder: Path) -> None:
        assert "there is no such module" in message(folder, module="learner.tsak")


class TestTag:
    def test_its_form(self, folder: Path) -> None:
        tag = context(folder).tag
        assert (tag[:4], len(tag), int(tag[4:], 16) >= 0) == ("src-", 28, True)

    def test_the_same_sources_elsewhere_and_later(self, folder: Path, tmp_path: Path) -> None:
        there = tmp_path / "deep" / "there"
        there.mkdir(parents=True)
        old = os.umask(0o077)
        try:
            for name in reversed(FILES):
                write(there, {name: FILES[name]})
                os.utime(there / name, (1, 1))
        finally:
            os.umask(old)
        (there / "learner/task.py").chmod(0o400)
        first, second = context(folder), context(there)
        assert first.tag == second.tag
        assert archive(first) == archive(second)

    def test_it_is_the_same_in_every_release(self, tmp_path: Path) -> None:
        folder = write(tmp_path, {"task.py": "print(1)\n", "Dockerfile": "FROM base\n"})
        assert context(folder, "task").tag == "src-09eb59ac9fa655a3eca69dc8"

    def test_absolute_links_have_no_folder_in_them(self, own: Path, tmp_path: Path) -> None:
        (own / "link").symlink_to(own / "shared.py")
        there = tmp_path / "there"
        shutil.copytree(own, there, symlinks=True)
        (there / "link").unlink()
        (there / "link").symlink_to(there / "shared.py")
        assert context(own).tag == context(there).tag

    @pytest.mark.parametrize(
        "change",
        [
            lambda folder: write(folder, {"learner/labels.txt": "b\n"}),
            lambda folder: write(folder, {"learner/new.py": ""}),
            lambda folder: write(folder, {"shared.py": "x = 2\n"}),
            lambda folder: (folder / "learner/labels.txt").rename(folder / "learner/names.txt"),
            lambda folder: (folder / "learner/labels.txt").unlink(),
            lambda folder: (folder / "learner/labels.txt").chmod(0o755),
            lambda folder: (folder / "learner/run.sh").chmod(0o644),
            lambda folder: (folder / "learner/link").symlink_to("task.py"),
            lambda folder: write(folder, {"requirements.txt": "numpy\n"}),
            lambda folder: write(folder, {"Dockerfile": "FROM base\n"}),
            lambda folder: write(folder, {"learner/Dockerfile": "FROM base\n"}),
        ],
    )
    def test_each_change_gives_another(self, folder: Path, change: Callable[[Path], Any]) -> None:
        first = context(folder).tag
        change(folder)
        assert context(folder).tag != first

    def test_a_change_of_the_users_dockerfile(self, own: Path) -> None:
        first = context(own).tag
        write(own, {"Dockerfile": "ARG BASE=base\nFROM ${BASE}\n"})
        assert context(own).tag != first

    def test_another_base_image(self, own: Path) -> None:
        assert context(own).tag != context(own, base_image="other").tag

    def test_where_a_link_points(self, own: Path) -> None:
        (own / "link").symlink_to("shared.py")
        first = context(own).tag
        (own / "link").unlink()
        (own / "link").symlink_to("notes.md")
        assert context(own).tag != first

    @pytest.mark.parametrize(
        "files",
        [
            {"learner/__pycache__/task.pyc": "x"},
            {".git/HEAD": "x"},
            {".env": "A=1"},
            {"learner/key.pem": "x"},
            {".dockerignore": "# a comment\n"},
        ],
    )
    def test_what_is_not_sent_changes_nothing(self, own: Path, files: dict[str, str]) -> None:
        first = context(own).tag
        write(own, files)
        assert context(own).tag == first

    def test_files_beside_the_package_that_it_does_not_import(self, folder: Path) -> None:
        first = context(folder).tag
        write(folder, {"notes.md": "changed", "other.py": ""})
        assert context(folder).tag == first

    def test_empty_folders_do_not_count(self, own: Path) -> None:
        first = context(own).tag
        (own / "empty").mkdir()
        assert context(own).tag == first


class TestArchive:
    def test_folders_come_before_their_files(self, folder: Path) -> None:
        write(folder, {"learner/deep/down/x.py": ""})
        names = list(members(context(folder)))
        assert (
            names.index("learner") < names.index("learner/deep") < names.index("learner/deep/down")
        )
        assert names.index("learner/deep/down") < names.index("learner/deep/down/x.py")

    def test_no_owner_and_no_time(self, own: Path) -> None:
        (own / "link").symlink_to("shared.py")
        facts = {
            (one.uid, one.gid, one.uname, one.gname, one.mtime)
            for one in members(context(own)).values()
        }
        assert facts == {(0, 0, "", "", 0)}

    def test_modes_are_of_two_kinds(self, own: Path) -> None:
        (own / "shared.py").chmod(0o666)
        found = members(context(own))
        assert found["shared.py"].mode == 0o644
        assert found["learner/run.sh"].mode == 0o755
        assert found["learner"].mode == 0o755

    def test_no_time_in_the_packing_either(self, folder: Path) -> None:
        assert archive(context(folder))[4:8] == b"\0\0\0\0"

    def test_the_bytes(self, own: Path) -> None:
        with tarfile.open(fileobj=io.BytesIO(archive(context(own)))) as found:
            file = found.extractfile("learner/task.py")
            assert file is not None
            assert file.read() == b"import shared\n"

    def test_names_of_any_letters_and_length(self, own: Path) -> None:
        name = "dätä/" + "/".join(["模型" * 30] * 3) + "/x y.txt"
        write(own, {name: "x"})
        assert name in members(context(own))

    def test_links_are_links(self, own: Path) -> None:
        (own / "learner/link").symlink_to("../shared.py")
        link = members(context(own))["learner/link"]
        assert (link.issym(), link.linkname) == (True, "../shared.py")

    @pytest.mark.parametrize("text", ["import shareD\n", "", "import shared\nmore\n"])
    def test_a_file_that_has_changed_since(self, own: Path, text: str) -> None:
        found = context(own)
        (own / "learner/task.py").write_text(text)
        with pytest.raises(SettingError) as caught:
            archive(found)
        assert str(caught.value) == (
            "learner/task.py has changed while it was read: build the image again."
        )

    def test_a_made_dockerfile_is_in_it(self, folder: Path) -> None:
        found = context(folder)
        with tarfile.open(fileobj=io.BytesIO(archive(found))) as opened:
            file = opened.extractfile("Dockerfile")
            assert file is not None
            assert file.read().decode() == found.dockerfile.text
