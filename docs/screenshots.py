"""Pictures of every page of the console, on a desktop and on a phone: `python -m docs.screenshots`.

They show a real run: of MNIST where its npz file is given, else of scikit-learn's digits.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from vertex_flow import GcpContext, Run
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.ui import console_url

ROOT = Path(__file__).parent
IMAGES = ROOT / "images"
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
DARK = ("run",)  # pages that are shown in the dark too
TALLEST = 1600  # pixels


def main() -> None:
    """Run the flow, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="auto", help="npz file; auto for the digits")
    parser.add_argument(
        "--home", type=Path, help="engine's folder with runs that are there already"
    )
    options = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder) / "home"
        with EmbeddedEngine.start(home, standing=True):
            context = GcpContext.local(home)
            if not Run.list(context):
                run_flows(context, options.data)
            take_all(context, console_url(home))


def run_flows(context: GcpContext, data: str) -> None:
    """Run the example twice, the second time with a model that is not good enough."""
    os.environ["VERTEX_FLOW_HOME"] = str(context.home)
    sys.path.insert(0, str(ROOT.parent / "examples"))
    import mnist_data
    import mnist_flow

    params = {"data": mnist_data.locate(data, cloud=False), "trials": 6, "epochs": 4}
    flow = mnist_flow.mnist_flow()
    flow.run(context, params=params)
    flow.run(context, params={**params, "threshold": 0.9999})


def take_all(context: GcpContext, url: str) -> None:
    """Take the pictures of all pages."""
    refused, made = [Run.attach(context, one.job_id) for one in Run.list(context)[:2]]
    model, endpoint = made.model, made.endpoint
    assert model is not None
    assert endpoint is not None
    pages = {
        "runs": "runs",
        "run": f"runs/{made.job_id}",
        "trials": f"runs/{made.job_id}/trials",
        "logs": f"runs/{made.job_id}/logs?stage=train",
        "artifact": f"runs/{made.job_id}/artifacts/preprocess/test_data",
        "compare": f"compare?run={made.job_id}&run={refused.job_id}",
        "models": "models",
        "model": f"models/{model.id}/{model.version}",
        "endpoints": "endpoints",
        "endpoint": f"endpoints/{endpoint.id}",
    }
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for size in SIZES:
            take(browser, url, pages, size)
        take(browser, url, {name: pages[name] for name in DARK}, "desktop", scheme="dark")
        browser.close()


def take(
    browser: Browser, url: str, pages: dict[str, str], size: str, *, scheme: Any = "light"
) -> None:
    """Take the pictures of pages at one size."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(180_000)  # charts are drawn for the first time
    page.goto(url)
    for name, path in pages.items():
        page.goto(url.partition("?")[0] + path)
        if name == "endpoint":
            draw_seven(page)
        suffix = "-dark" if scheme == "dark" else ""
        tall = page.evaluate("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": min(max(tall, height), TALLEST)}
        save(
            page.screenshot(full_page=True, clip=clip),
            IMAGES / f"console-{name}-{size}{suffix}.png",
        )
    context.close()


def draw_seven(page: Page) -> None:
    """Draw a seven with the mouse, and wait for the answer."""
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    stroke = [(0.25, 0.2), (0.75, 0.2), (0.62, 0.4), (0.52, 0.6), (0.45, 0.85)]
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=8)
    page.mouse.up()
    expect(page.locator("#answer")).to_contain_text("The model says", timeout=30_000)


def save(png: bytes, path: Path) -> None:
    """Write a picture with few colours, which keeps it small."""
    try:
        from PIL import Image
    except ImportError:
        path.write_bytes(png)
        return
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(colors=128, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
