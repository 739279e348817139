from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from vertex_flow.engine.processes import RequirementsError
from vertex_flow.engine.processes.environments import satisfied


@pytest.mark.parametrize(
    ("line", "met"),
    [
        ("numpy", True),
        ("NumPy>=1.20", True),
        ("numpy<1", False),
        ("no-such-distribution-x", False),
        ("no-such-distribution-x; python_version < '3'", True),
        ("google-cloud-aiplatform[prediction]", True),
        ("numpy @ https://example.invalid/numpy.whl", False),
        ("./dist/mine-1.0.tar.gz", False),
    ],
)
def test_satisfied(line, met):
    assert satisfied(line) is met


def wheel(folder: Path, name: str) -> str:
    """Write a minimal wheel with one module, and give its path."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", "import numpy\nANSWER = int(numpy.sum([40, 2]))\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    return str(path)


def test_extra_package_beside_those_of_this_environment(bench, tmp_path):
    requirement = wheel(tmp_path, "vf_extra")

    async def body(b):
        text = "import vf_extra; print(vf_extra.ANSWER)"
        first = await b.program(text, requirements=(requirement, "numpy"))
        built = sorted(b.home.envs.iterdir())
        second = await b.run("sh", "-c", "python -m task", requirements=(requirement,))
        return first[1], second[1], built == sorted(b.home.envs.iterdir()), len(built)

    assert bench(body) == ("42\n", "42\n42\n", True, 1)


def test_what_cannot_be_installed(bench, tmp_path):
    missing = str(tmp_path / "gone-1.0-py3-none-any.whl")

    async def body(b):
        with pytest.raises(RequirementsError) as caught:
            await b.run("python", "-m", "task", requirements=(missing,))
        return caught.value, list(b.home.envs.iterdir())

    error, left = bench(body)
    assert str(error).startswith(f"cannot install {missing} for a job or a step of a pipeline. ")
    assert "does not exist" in error.output or "Invalid requirement" in error.output
    assert left == []
