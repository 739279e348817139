from __future__ import annotations

from pathlib import Path

from vertex_flow.engine.pipelines.logs import tail

LOG = """\
[engine] Image 'x' is simulated.
[KFP Executor 2026-01-01 00:00:00,000 INFO]: Looking for component `f`
[KFP Executor 2026-01-01 00:00:00,000 INFO]: Got executor_input:
{
    "inputs": {}
}
my line
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "/x/site-packages/kfp/dsl/executor_main.py", line 109, in <module>
    executor_main()
  File "/x/site-packages/kfp/dsl/executor.py", line 452, in execute
    result = self.func(**func_kwargs)
             ^^^^^^^^^^^^^^^^^^^^^^^^
  File "/tmp/a/ephemeral_component.py", line 9, in f
    raise ValueError("no")
ValueError: no
"""


def test_the_users_lines_are_left(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(LOG)

    assert tail(log) == (
        "my line\n"
        "Traceback (most recent call last):\n"
        '  File "ephemeral_component.py", line 9, in f\n'
        '    raise ValueError("no")\n'
        "ValueError: no"
    )


def test_the_last_lines_are_given(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(str(number) for number in range(100_000)))

    assert tail(log, lines=2) == "99998\n99999"


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert tail(tmp_path / "none") == ""
