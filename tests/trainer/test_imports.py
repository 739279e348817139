"""A parent process may import the trainer and fork: importing must compute nothing."""

from __future__ import annotations

import subprocess
import sys

from tests.trainer.running import ROOT

# TensorFlow refuses this setting once it has computed anything.
PROGRAM = """
import importlib, pkgutil, tensorflow as tf, trainer
for module in pkgutil.iter_modules(trainer.__path__):
    importlib.import_module(f"trainer.{module.name}")
tf.config.threading.set_intra_op_parallelism_threads(1)
"""


def test_importing_the_trainer_computes_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, check=False, timeout=120)
    assert done.returncode == 0
