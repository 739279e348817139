from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import vertex_flow
from vertex_flow.engine.processes import Exit, launcher
from vertex_flow.engine.processes.warm import Kind
from vertex_flow.errors import EngineError


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return "State:\tZ" not in status


def gone(pids: list[int]) -> bool:
    """Wait until processes are gone; the kernel takes a moment after SIGKILL."""
    for _ in range(400):
        if not any(map(alive, pids)):
            return True
        time.sleep(0.025)
    return False


async def until(condition, what: str) -> None:  # type: ignore[no-untyped-def]
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never: {what}")


def test_exit_code_and_output(bench):
    end, log = bench(lambda b: b.run("sh", "-c", "echo out; echo err >&2; exit 3"))
    assert (end, log) == (Exit(3), "out\nerr\n")


def test_log_is_appended(bench):
    async def body(b):
        await b.run("echo", "one")
        return await b.run("echo", "two")

    assert bench(body)[1] == "one\ntwo\n"


def test_signal(bench):
    assert bench(lambda b: b.run("sh", "-c", "kill -9 $$"))[0] == Exit(None, 9)


def test_python_in_a_shell_line_is_this_environments(bench):
    _, log = bench(lambda b: b.run("sh", "-c", "python3 -c 'import sys; print(sys.prefix)'"))
    assert log.strip() == sys.prefix


DAEMON = """
import os, subprocess, sys
# A child of a child, in a session of its own: nobody's, as daemons are.
start = "import subprocess; print(subprocess.Popen(['sleep', '1000'], start_new_session=True).pid)"
subprocess.run([sys.executable, "-c", start], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_daemons_end_with_the_program_that_started_them(bench):
    _, log = bench(lambda b: b.program(DAEMON))
    assert gone([int(log)])


FAMILY = """
import os, sys
links = []
for entry in os.listdir("/proc/self/fd"):
    try:
        links.append(os.readlink(f"/proc/self/fd/{entry}"))
    except OSError:
        pass
print(sys.argv[1] in links)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("argv", [("python", "-m", "task"), ("env", "python", "-m", "task")])
def test_only_parents_hold_the_lock_of_the_family(bench, home, argv):
    """What a program leaves behind cannot keep the next engine from starting."""
    home.acquire()
    lock = str(home.root / "processes")

    async def body(b):
        b.write("task.py", FAMILY)
        parent = await b.launcher.start(b.command("sleep", "100"))
        log = (await b.run(*argv, lock))[1]
        holders = await asyncio.to_thread(_holders, Path(lock))
        await parent.terminate()
        return log, holders

    log, holders = bench(body)
    home.release()

    assert log == "False\n"
    assert "vertex_flow.engine.processes.zygote" in holders
    assert "sleep" not in holders


def _holders(lock: Path) -> str:
    """Give the command lines of the processes that have a file open."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if entry.readlink() == lock:
                found.append((entry.parents[1] / "cmdline").read_bytes().decode())
    return "\n".join(found)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_daemons_of_others_live_on(bench):
    async def body(b):
        b.write(
            "other.py",
            DAEMON + "sys.stdout.flush(); sys.stdin.read(); import time\ntime.sleep(1000)\n",
        )
        command = b.command("python", "-m", "other", log=b.source.parent / "other.txt")
        process = await b.launcher.start(command)
        await until(lambda: command.log.exists() and command.log.read_text().strip(), "a daemon")
        await b.program("pass")
        living = alive(int(command.log.read_text()))
        await process.terminate()
        return living, gone([int(command.log.read_text())])

    assert bench(body) == (True, True)


def test_exit_that_is_heard_together_with_the_start(bench):
    async def body(b):
        run = asyncio.create_task(b.run("true"))
        while not run.done():
            time.sleep(0.05)  # the loop is busy: all that has happened is heard at once
            await asyncio.sleep(0)
        return run.result()

    assert bench(body)[0] == Exit(0)


def test_own_variables_win(bench):
    env = {"TF_CPP_MIN_LOG_LEVEL": "0", "MINE": "yes"}
    _, log = bench(lambda b: b.run("sh", "-c", "echo $TF_CPP_MIN_LOG_LEVEL $MINE", env=env))
    assert log == "0 yes\n"


def test_the_engines_own_job_variables_are_not_inherited(bench, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{}")
    monkeypatch.setenv("AIP_MODEL_DIR", "/elsewhere")
    _, log = bench(lambda b: b.run("sh", "-c", 'echo "[$TF_CONFIG$AIP_MODEL_DIR]"'))
    assert log == "[]\n"


def test_no_proxy_stands_between_a_task_and_the_engine(bench, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "intranet")
    _, log = bench(lambda b: b.run("sh", "-c", "echo $no_proxy $NO_PROXY"))
    assert log == "intranet,127.0.0.1,localhost intranet,127.0.0.1,localhost\n"


def test_threads(bench):
    _, log = bench(lambda b: b.run("sh", "-c", "echo $OMP_NUM_THREADS", threads=2))
    assert log == "2\n"


def test_scratch_folder_is_removed(bench):
    async def body(b):
        _, log = await b.run("sh", "-c", "echo $TMPDIR; touch $TMPDIR/file")
        return Path(log.strip())

    folder = bench(body)
    assert folder.parent.name == "tmp"
    assert not folder.exists()


def test_missing_program(bench):
    with pytest.raises(FileNotFoundError, match=r"'no-such-program' is not a program that can be"):
        bench(lambda b: b.run("no-such-program"))


def test_missing_working_directory(bench, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"working directory .*nowhere does not exist"):
        bench(lambda b: b.run("true", cwd=tmp_path / "nowhere"))


def test_log_that_cannot_be_written(bench, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        bench(lambda b: b.run("true", log=tmp_path / "nowhere" / "log"))


def test_closed(bench):
    async def body(b):
        await b.launcher.close()
        await b.run("true")

    with pytest.raises(EngineError, match="true was not started: the engine is closing"):
        bench(body)


class TestPythonProgram:
    def test_sees_its_arguments_and_is_main(self, bench):
        text = "import sys; print(__name__, __spec__.name, sys.argv, sys.path[0])"
        _, log = bench(lambda b: b.program(text, "--rate=0.5"))
        folder = bench(lambda b: _value(b.source))
        assert log == f"__main__ task ['{folder}/task.py', '--rate=0.5'] {folder}\n"

    def test_is_forked_with_what_it_imports_in_memory(self, bench):
        text = "import sys; print('numpy' in sys.modules, 'kfp' in sys.modules)\nimport numpy"
        assert bench(lambda b: b.program(text))[1] == "True False\n"

    def test_known_to_import_nothing_is_not_read(self, bench):
        text = "import sys; print('numpy' in sys.modules)\nimport numpy"
        assert bench(lambda b: b.program(text, imports=frozenset()))[1] == "False\n"

    @pytest.mark.parametrize("reads", ["imports_of", "own_modules"])
    def test_is_read_while_the_event_loop_goes_on(self, bench, monkeypatch, reads):
        read, readers = getattr(launcher, reads), []

        def noted(*given):
            readers.append(threading.current_thread())
            return read(*given)

        monkeypatch.setattr(launcher, reads, noted)
        assert bench(lambda b: b.program("print(1)"))[1] == "1\n"
        assert len(readers) == 1
        assert readers[0] is not threading.main_thread()

    def test_script(self, bench):
        async def body(b):
            b.write("sub/other.py", "NAME = 'beside'")
            b.write("sub/run.py", "import sys, other; print(__file__, sys.argv[1:], other.NAME)")
            return await b.run("python3", "sub/run.py", "x")

        assert bench(body)[1] == "sub/run.py ['x'] beside\n"

    def test_package_main(self, bench):
        async def body(b):
            b.write("pkg/__init__.py", "")
            b.write("pkg/__main__.py", "print(__package__)")
            return await b.run("python", "-m", "pkg")

        assert bench(body)[1] == "pkg\n"

    def test_missing_module(self, bench):
        end, log = bench(lambda b: b.run("python", "-m", "trainer_x.task"))
        assert end == Exit(1)
        assert "No module named 'trainer_x'" in log

    def test_missing_script(self, bench):
        end, log = bench(lambda b: b.run("python", "none.py"))
        assert end == Exit(2)
        assert "can't open file" in log

    def test_traceback_begins_in_the_program(self, bench):
        end, log = bench(lambda b: b.program("def f():\n    raise ValueError('no')\nf()"))
        assert end == Exit(1)
        assert log.splitlines()[1].strip().endswith('/source/task.py", line 3, in <module>')
        assert log.endswith("ValueError: no\n")

    def test_exit_with_a_text(self, bench):
        end, log = bench(lambda b: b.program("import sys; sys.exit('bad data')"))
        assert (end, log) == (Exit(1), "bad data\n")

    def test_ends_as_an_interpreter_does(self, bench):
        text = """
            import atexit, threading, time
            def slow():
                time.sleep(0.2)
                print("thread")
            threading.Thread(target=slow).start()
            atexit.register(print, "atexit")
            unclosed = open("unclosed.txt", "w")
            unclosed.write("flushed")
            print("main")
        """

        async def body(b):
            _, log = await b.program(textwrap.dedent(text))
            return log, (b.source / "unclosed.txt").read_text()

        assert bench(body) == ("main\nthread\natexit\n", "flushed")

    def test_its_modules_stay_out_of_the_next_one(self, bench):
        async def body(b):
            b.write("helper.py", "VALUE = 1")
            await b.program("import helper")
            b.write("helper.py", "VALUE = 22")
            return await b.program("import helper; print(helper.VALUE)")

        assert bench(body)[1] == "22\n"

    def test_random_numbers_differ(self, bench):
        text = "import random, numpy; print(random.random(), numpy.random.rand())"

        async def body(b):
            await b.program(text)
            return await b.program(text)

        numbers = bench(body)[1].split()
        assert len(set(numbers)) == 4

    def test_own_module_with_the_name_of_a_loaded_one(self, bench):
        async def body(b):
            b.write("selectors.py", "MINE = True")
            b.write("struct.py", "MINE = True")
            return await b.program("import selectors; print(selectors.MINE)")

        assert bench(body)[1] == "True\n"

    def test_variable_that_is_read_at_import(self, bench):
        text = "import sys; print(sys.flags.optimize)"
        assert bench(lambda b: b.program(text, env={"PYTHONOPTIMIZE": "1"}))[1] == "1\n"

    def test_loaded_libraries_keep_to_their_threads(self, bench):
        pytest.importorskip("threadpoolctl")
        text = """
            import numpy, threadpoolctl
            print({info["num_threads"] for info in threadpoolctl.threadpool_info()})
        """
        assert bench(lambda b: b.program(textwrap.dedent(text), threads=1))[1] == "{1}\n"

    def test_multiprocessing(self, bench):
        text = """
            import multiprocessing
            def double(x):
                return 2 * x
            if __name__ == "__main__":
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    print(pool.map(double, [1, 2]))
        """
        assert bench(lambda b: b.program(textwrap.dedent(text)))[1] == "[2, 4]\n"

    def test_slim_kfp_for_executors(self, bench):
        text = "import sys; print('kfp.dsl.executor' in sys.modules)"
        assert bench(lambda b: b.program(text, env={"_KFP_RUNTIME": "true"}))[1] == "True\n"


class TestEnd:
    def test_terminate(self, bench):
        async def body(b):
            process = await b.launcher.start(b.command("sleep", "600"))
            await process.terminate()
            return process.exit, process.running

        assert bench(body) == (Exit(None, signal.SIGTERM), False)

    def test_terminate_one_that_does_not_listen(self, bench):
        async def body(b):
            command = b.command("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
            process = await b.launcher.start(command)
            await until(lambda: "ready" in command.log.read_text(), "the trap is set")
            await process.terminate(grace=0.1)
            return process.exit

        assert bench(body) == Exit(None, signal.SIGKILL)

    def test_what_is_left_of_the_group_is_killed(self, bench):
        _, log = bench(lambda b: b.run("sh", "-c", "sleep 600 & echo $!"))
        assert gone([int(log)])

    def test_close_ends_everything(self, bench):
        async def body(b):
            command = b.command("sh", "-c", "sleep 600 & echo $!; wait")
            process = await b.launcher.start(command)
            await until(command.log.read_text, "the child is there")
            parents = [parent.pid for parent in b.launcher._parents.values()]
            await b.launcher.close()
            return [process.pid, int(command.log.read_text()), *parents]

        assert gone(bench(body))

    def test_parent_that_is_killed(self, bench):
        async def body(b):
            b.write("task.py", "import time; print('up'); time.sleep(600)")
            command = b.command("python", "-m", "task")
            process = await b.launcher.start(command)
            await until(command.log.read_text, "the program runs")
            for parent in b.launcher._parents.values():
                os.kill(parent.pid, signal.SIGKILL)
            first = await process.wait()
            return first, await b.program("print('again')"), process.pid

        first, (second, log), pid = bench(body)
        assert (first, second) == (Exit(None, signal.SIGKILL), Exit(0))
        assert log.endswith("again\n")
        assert gone([pid])

    def test_engine_that_is_killed(self, tmp_path):
        text = """
            import asyncio, sys
            from pathlib import Path
            from vertex_flow.engine.state.home import Home
            from vertex_flow.engine.processes import Command, Launcher

            async def main():
                folder = Path(sys.argv[1])
                home = Home(folder / "home")
                home.create()
                launcher = Launcher(home)
                (folder / "task.py").write_text(
                    "import os, subprocess, time\\n"
                    "print(os.getpid(), os.getppid(), subprocess.Popen(['sleep', '600']).pid)\\n"
                    "time.sleep(600)"
                )
                shell = ("sh", "-c", "sleep 600 & echo $$ $PPID $!; wait")
                for argv in (shell, ("python", "-m", "task")):
                    await launcher.start(Command(argv=argv, cwd=folder, log=folder / "log"))
                await asyncio.sleep(600)

            asyncio.run(main())
        """
        root = Path(vertex_flow.__file__).parents[1]
        engine = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(text), str(tmp_path)],
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        log = tmp_path / "log"
        for _ in range(2000):
            if log.exists() and len(log.read_text().split()) == 6:
                break
            time.sleep(0.01)
        pids = [int(word) for word in log.read_text().split()]
        assert len(pids) == 6
        engine.kill()
        engine.wait()
        assert gone(pids)


class TestFallback:
    def test_parent_that_must_not_be_forked(self, bench):
        async def body(b):
            b.launcher.prewarm([()])
            (parent,) = b.launcher._parents.values()
            await parent.ready()
            parent.obstacle = "the imports started threads"
            return await b.program("import gc; print(gc.get_freeze_count())")

        assert bench(body) == (Exit(0), "0\n")

    @pytest.mark.parametrize(
        ("text", "obstacle"),
        [
            ("", "None"),
            (
                "import threading, time\n"
                "threading.Thread(target=time.sleep, args=[9], daemon=1, name='ticker').start()",
                "the imports started threads: MainThread, ticker",
            ),
            ("raise OSError('no device')", "importing heavy failed: OSError: no device"),
            ("import not_there", "None"),
        ],
    )
    def test_obstacles(self, tmp_path, text, obstacle):
        (tmp_path / "heavy.py").write_text(text)
        program = (
            "from vertex_flow.engine.processes.zygote import preload; print(preload(['heavy']))"
        )
        root = Path(vertex_flow.__file__).parents[1]
        output = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{tmp_path}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert output.stdout.strip() == obstacle

    def test_prewarm(self, bench):
        async def body(b):
            b.launcher.prewarm([{"numpy"}])
            (parent,) = b.launcher._parents.values()
            await parent.ready()
            return parent.kind.modules, parent.obstacle

        assert bench(body) == (("numpy", "numpy.random"), None)


def test_a_parent_that_has_imported_more_serves_as_well(bench):
    async def body(b):
        b.launcher.prewarm([{"scipy"}])
        (parent,) = b.launcher._parents.values()
        await parent.ready()
        b.launcher.prewarm([{"numpy"}])
        return [parent.kind.modules for parent in b.launcher._parents.values()]

    assert bench(body) == [("numpy", "numpy.random", "scipy")]


def test_what_is_quick_to_import_does_not_wait_for_a_slow_parent(bench):
    async def body(b):
        b.launcher.prewarm([{"scipy"}])
        b.launcher.prewarm([{"numpy"}])
        return len(b.launcher._parents)

    assert bench(body) == 2


@pytest.mark.parametrize(
    ("programs", "parents"),
    [
        ([{"numpy"}, {"numpy", "scipy"}], [("numpy", "numpy.random", "scipy")]),
        ([set(), {"numpy"}], [(), ("numpy", "numpy.random")]),
        (
            [{"numpy"}, {"tensorflow"}],
            [("numpy", "numpy.random"), ("tensorflow", "keras", "numpy", "numpy.random", "scipy")],
        ),
    ],
    ids=["one has what the other needs", "fresh programs", "one is slow"],
)
def test_no_parent_is_made_that_another_stands_in_for(bench, programs, parents):
    async def body(b):
        b.launcher.prewarm(programs)
        return [parent.kind.modules for parent in b.launcher._parents.values()]

    assert sorted(bench(body)) == sorted(parents)


def test_of_several_parents_a_slow_one_is_taken_where_it_is_wished_for(bench):
    async def body(b):
        b.launcher.prewarm([{"numpy"}, {"tensorflow"}])
        b.launcher.prewarm([{"scipy"}])  # nobody waits for the slow one
        for parent in b.launcher._parents.values():
            await parent.ready()
        small, slow = Kind(("numpy", "numpy.random")), Kind(("tensorflow", "numpy"))
        usual = b.launcher._wider(small, small)
        return usual.modules, "tensorflow" in b.launcher._wider(small, slow).modules

    assert bench(body) == (("numpy", "numpy.random", "scipy"), True)


def test_tensorflow_is_not_imported_twice_at_the_same_time(bench):
    async def body(b):
        b.launcher.prewarm([{"tensorflow", "sklearn"}])
        b.launcher.prewarm([{"tensorflow"}])
        return len(b.launcher._parents)

    assert bench(body) == 1


def test_fresh_programs_never_come_from_a_parent_with_imports(bench):
    async def body(b):
        b.launcher.prewarm([{"numpy"}])
        await b.run("true")
        return {parent.kind.modules for parent in b.launcher._parents.values()}

    assert bench(body) == {(), ("numpy", "numpy.random")}


def test_idle_parents_make_room(bench):
    async def body(b):
        kinds = [{"PYTHONHASHSEED": str(seed)} for seed in range(7)]
        for env in kinds:
            await b.program("pass", env=env)
        return len(b.launcher._parents)

    assert bench(body) <= 5


def test_start_that_is_given_up_leaves_no_process(bench):
    async def body(b):
        await b.run("true")
        (parent,) = b.launcher._parents.values()
        task = asyncio.create_task(b.launcher.start(b.command("sleep", "600")))
        while not parent._starting:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await until(lambda: not parent.busy, "the process is gone")
        return task.cancelled()

    assert bench(body) is True


def test_two_tensorflow_programs_from_one_parent(bench):
    pytest.importorskip("tensorflow")
    text = "import tensorflow as tf; print(tf.reduce_sum(tf.random.normal([8, 8])).numpy())"

    async def body(b):
        b.write("task.py", text)
        processes = []
        for name in ("one", "two"):
            command = b.command("python", "-m", "task", log=b.source / name, threads=1)
            processes.append(await b.launcher.start(command))
        ends = [await process.wait() for process in processes]
        numbers = {(b.source / name).read_text().split()[-1] for name in ("one", "two")}
        return ends, numbers, len(b.launcher._parents)

    ends, numbers, parents = bench(body)
    assert ends == [Exit(0), Exit(0)]
    assert len(numbers) == 2
    assert parents == 1


async def _value(value: object) -> object:
    return value
