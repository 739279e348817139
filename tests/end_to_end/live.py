"""Three runs on a terminal: one that succeeds, one that fails, one that is interrupted."""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
import sys
import threading
import time
import warnings
from pathlib import Path

from kfp import dsl
from kfp.dsl import Dataset, Input

from tests.samples import Fail, Sleep, Source
from vertex_flow import Flow, GcpContext, In, Inputs, Outputs, Stage, Value, stage
from vertex_flow.errors import RunFailed


@dsl.component(base_image="python:3.11")
def talk(data: Input[Dataset], until: str) -> None:
    """Say what a training program says, until there is a file."""
    import os
    import time

    print("Epoch 4/5\n188/188 - accuracy: 0.9731 - val_accuracy: 0.9740", flush=True)
    while not os.path.exists(until):
        time.sleep(0.05)


@stage
class Talk(Stage):
    """Says what a training program says."""

    data: In[Dataset] = In()
    until: Value[str] = ""

    def emit(self, io: Inputs) -> Outputs:
        talk(data=io.data, until=io.until)
        return {}


def chat(folder: Path) -> None:
    """Print something in the middle of a run, as a user's program may."""
    while not (folder / "chat").exists():
        time.sleep(0.05)
    print("printed [red] meanwhile")
    warnings.warn("careful", stacklevel=1)


def main(folder: Path) -> int:
    """Run them; the exit code is 130 when the last one was interrupted."""
    context = GcpContext.local()
    threading.Thread(target=chat, args=[folder], daemon=True).start()
    first = Flow("first", [Source(), Talk(until=str(folder / "enough"))]).run(context)
    print(f"and then: {first.state}")
    try:
        Flow("second", [Fail()]).run(context)
    except RunFailed as error:
        print(f"and then: {error.stage} failed")
    try:
        Flow("third", [Sleep()]).run(context)
    except KeyboardInterrupt:
        print("and then: interrupted")
        return 130
    finally:
        first.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
