"""Python components: a function whose source is in the spec, or in the folder of its image."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from vertex_flow.engine.pipelines.executor_io import ExecutorFiles
from vertex_flow.engine.pipelines.tasks import process
from vertex_flow.engine.pipelines.values import Ports
from vertex_flow.engine.pipelines.work import TaskFailed, Work
from vertex_flow.engine.processes import Command, heavy_imports, optional_imports

_EXECUTOR = "kfp.dsl.executor_main"
_ENDS = ("&&", "||", ";", "&", "|", ")")
# Options of pip that are followed by a value.
_VALUED = frozenset(
    {"--index-url", "-i", "--extra-index-url", "--trusted-host", "--find-links", "-f", "-c"}
)
# KFP runs the function; the one in this environment does.
_RUNTIME = re.compile(r"kfp(?:-pipeline-spec|-kubernetes)?(?=$|[\s=<>!~\[;])|typing-extensions\b")


@attrs.frozen(kw_only=True)
class PythonComponent:
    """A component that is a Python function.

    Attributes:
        source: Its module's source, or None for a function that is in the image.
        requirements: What it asks pip for, KFP itself left out.
        arguments: Arguments of KFP's executor, placeholders included.
    """

    source: str | None
    requirements: tuple[str, ...]
    arguments: tuple[str, ...]


def recognise(container: Any) -> PythonComponent | None:
    """Read the container of a Python component, or give None when it is none.

    Args:
        container: A `PipelineContainerSpec`.
    """
    command, arguments = list(container.command), tuple(container.args)
    if command[-2:] == ["-m", _EXECUTOR]:
        return PythonComponent(source=None, requirements=(), arguments=arguments)
    for place, word in enumerate(command[:-1]):
        if _EXECUTOR in word and "ephemeral_component.py" in word:
            scripts = command[:place]
            return PythonComponent(
                source=command[place + 1],
                requirements=tuple(_requirements(scripts)),
                arguments=arguments,
            )
    return None


async def run(work: Work) -> Ports:
    """Run the function with KFP's own executor.

    Raises:
        TaskFailed: It raised, its process was ended, or its source is in an image.
    """
    component = recognise(work.executor.container)
    if component is None:  # pragma: no cover - `kinds.runner` has asked
        raise TypeError("no Python component")
    files = ExecutorFiles(work)
    files.prepare()
    command = _command(work, component, files)
    return await process.run(work, command, files)


def _command(work: Work, component: PythonComponent, files: ExecutorFiles) -> Command:
    folder = process.source(work)
    own_module = "--component_module_path" in component.arguments
    if component.source is None and folder is None and not own_module:
        raise _no_source(work.executor.container.image)
    argv, env = ["python", "-m", _EXECUTOR], process.variables(work, folder)
    if component.source is not None:
        env["_KFP_RUNTIME"] = "true"  # not where a module has decorators, which this leaves out
        module = files.folder / "ephemeral_component.py"
        module.write_text(component.source + _mount(work), encoding="utf-8")
        argv += ["--component_module_path", str(module)]
    words = files.view.fill_command(component.arguments, files.present)
    return Command(
        argv=(*argv, *process.localised(work, words)),
        env=env,
        cwd=folder or files.folder,
        log=work.log,
        imports=heavy_imports(component.source or "") or None,  # then those of modules it imports
        optional=optional_imports(component.source or ""),
        requirements=component.requirements,
    )


def _mount(work: Work) -> str:
    """What ends a module in a job with a bucket: KFP finds files of `gs://` where they are here.

    A component may name a place in a bucket itself, such as one that a job says it has written
    to; KFP looks for it below the mount point /gcs/, which this machine does not have. At its end
    it moves no line of the module.
    """
    if not work.job.root.startswith("gs://"):
        return ""
    mounted = f"{work.tools.home.storage}/"
    return (
        "\nimport kfp.dsl.types.artifact_types as _artifact_types; "
        f"_artifact_types._GCS_LOCAL_MOUNT_PREFIX = {mounted!r}\n"
    )


def _no_source(image: str) -> TaskFailed:
    return TaskFailed(
        f"The function's source is in the image {image!r}, and the local engine runs no images. "
        "Leave out the component's target_image, or name the folder that the image is built from: "
        "target_image='file:///path/to/folder', with the kfp_config.ini of `kfp component build`.",
        code=12,
        retry=False,
    )


def _requirements(scripts: list[str]) -> list[str]:
    """Find what shell scripts install with pip, in order."""
    found: list[str] = []
    for script in scripts:
        words = _shell_words(script)
        for place in range(2, len(words)):
            if words[place - 2 : place] == ["pip", "install"]:
                line = itertools.takewhile(lambda word: word not in _ENDS, words[place:])
                found += _packages(line)
    return list(dict.fromkeys(found))


def _shell_words(script: str) -> list[str]:
    reader = shlex.shlex(script, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    reader.commenters = ""
    try:
        return list(reader)
    except ValueError:
        return []  # not a script that KFP wrote


def _packages(words: Iterable[str]) -> Iterator[str]:
    """Give the packages among pip's arguments, KFP itself left out."""
    value = False
    for word in words:
        if value or word.startswith("-"):
            value = word in _VALUED and not value
        elif not _RUNTIME.match(word):
            yield word
