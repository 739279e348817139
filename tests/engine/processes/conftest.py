from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import attrs
import pytest

from vertex_flow.engine.processes import Command, Exit, Launcher
from vertex_flow.engine.state.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


@attrs.frozen
class Bench:
    """A launcher with a folder of user code, for one event loop."""

    home: Home
    launcher: Launcher
    source: Path

    def command(self, *argv: str, **settings: Any) -> Command:
        settings = {"cwd": self.source, "log": self.source.parent / "log.txt", **settings}
        return Command(argv=argv, **settings)

    def write(self, name: str, text: str) -> None:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    async def run(self, *argv: str, **settings: Any) -> tuple[Exit, str]:
        command = self.command(*argv, **settings)
        process = await self.launcher.start(command)
        end = await process.wait()
        return end, command.log.read_text(encoding="utf-8")

    async def program(self, text: str, *arguments: str, **settings: Any) -> tuple[Exit, str]:
        """Run a text as `python -m task`."""
        self.write("task.py", text)
        return await self.run("python", "-m", "task", *arguments, **settings)


@pytest.fixture
def bench(
    home: Home, tmp_path: Path
) -> Callable[[Callable[[Bench], Coroutine[Any, Any, Any]]], Any]:
    """Run an async test body with a bench that is closed afterwards."""
    source = tmp_path / "source"
    source.mkdir()

    def run(body: Callable[[Bench], Coroutine[Any, Any, Any]]) -> Any:
        async def whole() -> Any:
            launcher = Launcher(home)
            try:
                return await body(Bench(home, launcher, source))
            finally:
                await launcher.close()

        return asyncio.run(whole())

    return run
