"""The Dockerfile of a trainer: found, made, and what it copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from vertex_flow.errors import SettingError
from vertex_flow.gcp.images.dockerfiles import (
    Dockerfile,
    check_copies,
    find_dockerfile,
    find_requirements,
    make_dockerfile,
)


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("FROM base\n")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["Dockerfile"], "Dockerfile"),
        (["learner/Dockerfile"], "learner/Dockerfile"),
        (["Dockerfile", "learner/Dockerfile"], "learner/Dockerfile"),
        (["learner/Dockerfile", "learner/task/Dockerfile"], "learner/task/Dockerfile"),
        (["Dockerfile/x", "other/Dockerfile"], None),
    ],
)
def test_the_nearest_dockerfile(tmp_path: Path, names: list[str], found: str | None) -> None:
    write(tmp_path, *names)
    dockerfile = find_dockerfile(tmp_path, "learner.task")
    assert (dockerfile.path if dockerfile else None) == found


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["requirements.txt"], "requirements.txt"),
        (["requirements.txt", "learner/requirements.txt"], "learner/requirements.txt"),
        ([], None),
    ],
)
def test_the_requirements(tmp_path: Path, names: list[str], found: str | None) -> None:
    write(tmp_path, *names)
    assert find_requirements(tmp_path, "learner") == found


def test_a_made_dockerfile() -> None:
    made = make_dockerfile("base:1", ["learner/", "shared.py"], "learner/requirements.txt")
    assert made == Dockerfile(
        "Dockerfile",
        """\
# Made by vertex_flow from the code of a trainer that has no Dockerfile.
FROM base:1
WORKDIR /app
COPY ["learner/requirements.txt", "learner/requirements.txt"]
RUN python -m pip install --no-cache-dir --requirement learner/requirements.txt
COPY ["learner/", "learner/"]
COPY ["shared.py", "shared.py"]
# As root: a tuning trial reports in /var/hypertune, which root alone can write.
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1
WORKDIR /work
ENTRYPOINT ["python", "-m"]
""",
        made=True,
    )


def test_without_requirements_what_reports_trials_is_installed() -> None:
    made = make_dockerfile("base:1", ["task.py"], None)
    assert "RUN python -m pip install --no-cache-dir cloudml-hypertune==0.1.0.dev6\n" in made.text


@pytest.mark.parametrize("text", ["ARG BASE=x", "arg BASE", "# x\n  ARG BASE = x\nFROM ${BASE}"])
def test_a_dockerfile_that_takes_a_base_image(text: str) -> None:
    assert Dockerfile("Dockerfile", text).takes_base


@pytest.mark.parametrize("text", ["", "ARG BASES=x", "# ARG BASE=x", "FROM BASE", "ARG OTHER=BASE"])
def test_a_dockerfile_that_takes_none(text: str) -> None:
    assert not Dockerfile("Dockerfile", text).takes_base


@pytest.mark.parametrize(
    "line",
    [
        "COPY .env /app/.env",
        "copy .env /app/",
        "ADD .env /app/",
        "COPY task.py .env /app/",
        "COPY --chown=1:1 --chmod=600 .env /app/",
        'COPY [".env", "/app/"]',
        'COPY --link [ ".env", "/app/" ]',
        "COPY ./.env /app/",
        "COPY /.env /app/",
        "COPY \\\n  task.py \\\n# a comment\n  .env \\\n  /app/",
        "COPY keys/../.env /app/",
    ],
)
def test_a_secret_is_not_copied(line: str) -> None:
    dockerfile = Dockerfile("learner/Dockerfile", f"FROM base\n{line}\n")
    with pytest.raises(SettingError, match=r"^learner/Dockerfile, line 2, copies "):
        check_copies(dockerfile, [".env"])


def test_the_error_says_what_to_do_instead() -> None:
    dockerfile = Dockerfile("Dockerfile", "FROM base\n\nCOPY .aws/credentials /root/.aws/\n")
    with pytest.raises(SettingError) as caught:
        check_copies(dockerfile, [".aws"])
    assert str(caught.value) == (
        "Dockerfile, line 3, copies '.aws/credentials', which may hold secrets and so never goes "
        "into an image. Take the line out, and give the values to the job, Trainer(..., "
        "env={...}), or let the code read them from Secret Manager."
    )


def test_another_escape_character() -> None:
    text = "# escape=`\nFROM base\nCOPY task.py `\n  .env C:\\app\n"
    with pytest.raises(SettingError, match=r"line 3, copies '\.env'"):
        check_copies(Dockerfile("Dockerfile", text), [".env"])


@pytest.mark.parametrize(
    "line",
    [
        "COPY . /app/",
        "COPY --from=other .env /app/",
        "COPY learner /app/.env",
        "ADD https://example.com/.env /app/",
        "# COPY .env /app/",
        "RUN echo COPY .env /app/",
        "COPY [broken /app/",
        "COPY",
        "COPY .env",
        "\\",
    ],
)
def test_what_copies_no_secret(line: str) -> None:
    check_copies(Dockerfile("Dockerfile", line), [".env"])
