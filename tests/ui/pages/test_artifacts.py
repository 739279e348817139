"""What a stage put out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.told import HOSTILE, ToldSite, facts, visitor

PATH = "/console/runs/one/artifacts/fit/model"


def test_text_is_shown_as_text(tmp_path: Path) -> None:
    file = tmp_path / "model.html"
    file.write_text(HOSTILE)
    answer = visitor(ToldSite(facts("fit", uri=str(file)), home=tmp_path)).get(PATH)
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script>alert" not in answer.text


def test_files_of_a_folder_are_linked(tmp_path: Path) -> None:
    (tmp_path / "a&b.txt").write_text("abc")
    site = ToldSite(facts("fit", uri=str(tmp_path)), home=tmp_path)
    assert f'href="{PATH}?file=a%26b.txt"' in visitor(site).get(PATH).text


def test_a_file_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("what is in it")
    site = ToldSite(facts("fit", uri=str(tmp_path)), home=tmp_path)
    assert "what is in it" in visitor(site).get(f"{PATH}?file=a.txt").text


def test_what_lies_in_a_bucket_of_the_engine(tmp_path: Path) -> None:
    file = tmp_path / "storage" / "b" / "model"
    file.parent.mkdir(parents=True)
    file.write_text("what is in it")
    site = ToldSite(facts("fit", uri="gs://b/model"), home=tmp_path)
    assert "what is in it" in visitor(site).get(PATH).text


def test_no_bucket_leads_out_of_the_storage(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("what is in it")
    site = ToldSite(facts("fit", uri="gs://b/../../token"), home=tmp_path)
    assert "It is not there any more." in visitor(site).get(PATH).text


def test_half_a_character_is_shown_as_its_escape(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('["\\ud800"]')
    answer = visitor(ToldSite(facts("fit", uri=str(file)), home=tmp_path)).get(PATH)
    assert r"\ud800" in answer.text


def test_a_file_of_this_machine_is_none_of_a_project(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("what is in it")
    assert "what is in it" not in visitor(ToldSite(facts("fit", uri=str(file)))).get(PATH).text


def test_a_bucket_of_a_project_is_read_by_a_command() -> None:
    said = visitor(ToldSite(facts("fit"))).get(PATH).text
    assert "gcloud storage ls --recursive gs://b/model<" in said


def test_the_command_does_not_obey_a_uri() -> None:
    said = visitor(ToldSite(facts("fit", uri="gs://b/$(reboot)"))).get(PATH).text
    assert "gcloud storage ls --recursive &#39;gs://b/$(reboot)&#39;" in said


def test_what_has_no_files() -> None:
    assert visitor(ToldSite(facts("fit", uri=""))).get(PATH).status_code == 200


@pytest.mark.parametrize("part", ["fit/none", "none/model"])
def test_an_artifact_that_is_not_there(part: str) -> None:
    answer = visitor(ToldSite(facts("fit"))).get(f"/console/runs/one/artifacts/{part}")
    assert answer.status_code == 404
    assert f"has no artifact {part.replace('/', '.')}." in answer.text
