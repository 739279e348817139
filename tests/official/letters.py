"""A pipeline of one step, which writes a data set and can wait before it does."""

from kfp import dsl


@dsl.component(base_image="python:3.11")
def write(text: str, seconds: float, data: dsl.Output[dsl.Dataset]):
    import time

    time.sleep(seconds)
    with open(data.path, "w") as file:
        file.write(text)


@dsl.pipeline(name="letters")
def letters(text: str = "abc", seconds: float = 0.0):
    write(text=text, seconds=seconds)
