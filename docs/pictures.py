"""Draws the pictures of the pages, docs/pictures/*.svg: `python -m docs.pictures`.

Each stands on paper of its own, so that it reads well on a light and on a dark page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from xml.sax.saxutils import escape

from docs.marked import DOCS

FOLDER = DOCS / "pictures"
WIDTH = 680

_STYLE = """
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-size: 15px;
         fill: #1f2937; }
  .title { font-weight: 600; }
  .code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 14px; }
  .small { font-size: 13.5px; fill: #4b5563; }
  .plain { fill: #f8fafc; stroke: #94a3b8; }
  .noun { fill: #e0e7ff; stroke: #6366f1; }
  .here { fill: #dcfce7; stroke: #22a05a; }
  .there { fill: #dbeafe; stroke: #3b82f6; }
  .group { fill: none; stroke: #94a3b8; stroke-dasharray: 5 4; }
  .line { fill: none; stroke: #475569; stroke-width: 1.6; }
  .thin { fill: none; stroke: #94a3b8; stroke-width: 1.4; stroke-dasharray: 4 4; }
"""
_HEAD = (
    '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="#475569"/></marker>'
)


def box(place: tuple[int, int, int, int], lines: Iterable[str], kind: str = "plain") -> str:
    """A rectangle with lines of text: x, y, width, height; the first line is its title."""
    x, y, width, height = place
    rows = list(lines)
    top = y + height / 2 - 10 * (len(rows) - 1)
    words = (
        _text(x + width / 2, top + 5 + 20 * row, line, "title" if row == 0 else "small", "middle")
        for row, line in enumerate(rows)
    )
    return "\n".join([_frame(place, kind), *words])


def group(place: tuple[int, int, int, int], title: str) -> str:
    """A dashed frame with a title in its upper left corner."""
    x, y, _, _ = place
    return _frame(place, "group") + "\n" + _text(x + 12, y + 22, title, "title", "start")


def _frame(place: tuple[int, int, int, int], kind: str) -> str:
    x, y, width, height = place
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="7"/>'


def arrow(*points: tuple[int, int], kind: str = "line") -> str:
    """A line through points, with a head at its end."""
    path = " ".join(f"{x} {y}" for x, y in points)
    return f'<path class="{kind}" d="M{path}" marker-end="url(#head)"/>'


def note(x: int, y: int, text: str, anchor: str = "start") -> str:
    """A small line of text."""
    return _text(x, y, text, "small", anchor)


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    code = text.startswith("`")
    kinds = f"{kind} code" if code else kind
    words = escape(text.strip("`"))
    return f'<text class="{kinds}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{words}</text>'


def picture(title: str, height: int, parts: Iterable[str]) -> str:
    """The file: paper, title for screen readers, parts."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            f"<defs>{_HEAD}</defs>",
            f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def nouns() -> str:
    """Stages make a flow; a flow and a context make a run."""
    names = ("ImportDataset", "Preprocess", "Train", "Evaluate")
    stages = [box((40, 60 + 48 * n, 160, 38), [f"`{name}`"]) for n, name in enumerate(names)]
    down = [arrow((120, 98 + 48 * n), (120, 107 + 48 * n)) for n in range(3)]
    return picture(
        "Stages make a flow; a flow, run in a context, gives a run",
        290,
        [
            group((20, 22, 200, 240), "Flow: stages"),
            *stages,
            *down,
            box((290, 28, 170, 74), ["GcpContext", "where: a project,", "or this machine"], "noun"),
            box((290, 178, 170, 50), ["`flow.run(context)`"], "plain"),
            box(
                (510, 150, 150, 106),
                ["Run", "how it went:", "states, metrics,", "model, endpoint"],
                "noun",
            ),
            arrow((220, 203), (288, 203)),
            arrow((375, 102), (375, 176)),
            arrow((460, 203), (508, 203)),
            note(120, 280, "a flow knows no project", "middle"),
        ],
    )


def two_places() -> str:
    """One compiled file goes to two endpoints; the context supplies what differs."""
    return picture(
        "One compiled file goes to the engine on this machine or to Vertex AI",
        330,
        [
            box((20, 128, 120, 60), ["Flow", "`mnist_flow`"], "noun"),
            arrow((140, 158), (198, 158)),
            box((200, 112, 150, 92), ["`mnist.yaml`", "one PipelineSpec,", "byte for byte"]),
            arrow((350, 140), (418, 92)),
            arrow((350, 176), (418, 226)),
            box(
                (420, 34, 240, 106),
                [
                    "the engine",
                    "http://127.0.0.1:PORT",
                    "jobs are processes,",
                    "a bucket is a folder",
                ],
                "here",
            ),
            box(
                (420, 178, 240, 106),
                [
                    "Vertex AI",
                    "aiplatform.googleapis.com",
                    "jobs are containers",
                    "on Google's machines",
                ],
                "there",
            ),
            note(40, 60, "GcpContext.local(), or GcpContext(project=...),"),
            note(40, 80, "supplies project, bucket, image, account"),
            arrow((310, 86), (352, 112), kind="thin"),
            note(40, 262, "The same REST API on both sides, so Google's"),
            note(40, 282, "own clients work with both."),
        ],
    )


def engine() -> str:
    """What happens between flow.run and the endpoint that answers."""
    return picture(
        "How a run flows through the engine",
        452,
        [
            box((20, 24, 190, 58), ["`flow.run()`", "compiles the flow"], "noun"),
            arrow((210, 53), (298, 53)),
            note(254, 42, "POST", "middle"),
            box(
                (300, 24, 360, 58),
                ["REST API of Vertex AI, on 127.0.0.1", "checks the token and each field"],
                "here",
            ),
            arrow((480, 82), (480, 116)),
            box(
                (300, 118, 360, 58),
                ["the walk over the pipeline", "a task starts as soon as its inputs are there"],
                "here",
            ),
            box((20, 118, 190, 58), ["earlier results", "same code, same inputs"]),
            arrow((300, 147), (212, 147), kind="thin"),
            note(256, 138, "cache?", "middle"),
            arrow((340, 176), (100, 228)),
            arrow((400, 176), (265, 228)),
            arrow((480, 176), (420, 228)),
            arrow((560, 176), (580, 228)),
            box((20, 230, 150, 78), ["component", "a Python process"]),
            box((190, 230, 150, 78), ["job, trials", "processes; Optuna", "suggests"]),
            box((360, 230, 150, 78), ["model", "a version in", "the registry"]),
            box((530, 230, 130, 78), ["endpoint", "a model server"]),
            arrow((95, 308), (95, 346)),
            arrow((265, 308), (265, 346)),
            arrow((435, 308), (435, 346)),
            box(
                (20, 348, 490, 80),
                [
                    "the folder .vertex_flow",
                    "files of artifacts and logs, a database of resources;",
                    "it survives a kill at any moment",
                ],
            ),
            arrow((595, 308), (595, 358)),
            box((530, 360, 130, 56), ["`predict`", "answers by HTTP"]),
        ],
    )


def wiring() -> str:
    """What fills an input that is left alone."""
    return picture(
        "An input left alone is filled from the nearest earlier stage of that name and type",
        360,
        [
            box((20, 20, 200, 62), ["`ImportDataset`", "→ dataset  Dataset"]),
            box(
                (20, 104, 200, 82),
                ["`Preprocess`", "→ train_data  Dataset", "→ test_data  Dataset"],
            ),
            box((20, 208, 200, 62), ["`Thin`", "→ train_data  Dataset"]),
            box((20, 292, 200, 50), ["`Train`", "← train_data  Dataset"], "noun"),
            arrow((220, 310), (262, 310), (262, 240), (222, 240)),
            arrow((220, 328), (300, 328), (300, 146), (222, 146), kind="thin"),
            note(316, 56, "offers a Dataset, under another name: never taken"),
            note(316, 136, "the same name, but farther away: taken by"),
            note(316, 156, "Train(trainer, train_data=split.train_data)"),
            note(316, 234, "the nearest one with that name and a fitting type:"),
            note(316, 254, "taken when the input is left alone"),
            note(316, 322, "Train(trainer)"),
        ],
    )


PICTURES: Mapping[str, Callable[[], str]] = {
    "nouns": nouns,
    "two-places": two_places,
    "engine": engine,
    "wiring": wiring,
}


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw(), encoding="utf-8")
