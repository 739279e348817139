"""Container components: their command, in this environment instead of their image.

An image `file://<folder>` is that folder: the working directory, and first on Python's path.
"""

from __future__ import annotations

from vertex_flow.engine.pipelines.executor_io import ExecutorFiles
from vertex_flow.engine.pipelines.tasks import process
from vertex_flow.engine.pipelines.values import Ports
from vertex_flow.engine.pipelines.work import TaskFailed, Work
from vertex_flow.engine.processes import Command, installs


async def run(work: Work) -> Ports:
    """Run the container's command and arguments.

    Raises:
        TaskFailed: It has no command, cannot be started, or did not end with exit code 0.
    """
    container = work.executor.container
    if not container.command:
        raise TaskFailed(
            f"The container of image {container.image!r} has no command. The local engine runs no "
            "images, so it does not know the image's own entrypoint: give the component a command.",
            code=12,
            retry=False,
        )
    files = ExecutorFiles(work)
    files.prepare()
    for name in work.component.output_definitions.parameters:
        files.parameter_file(name).parent.mkdir(parents=True, exist_ok=True)
    words = files.view.fill_command([*container.command, *container.args], files.present)
    folder = process.source(work)
    command = Command(
        argv=tuple(process.localised(work, words)),
        private=installs(words),
        env=process.variables(work, folder),
        cwd=folder or files.folder,
        log=work.log,
    )
    return await process.run(work, command, files)
