// The try-it pane: draws an image as MNIST has them, asks the endpoint, and shows what it says.
"use strict";

(() => {
  const pane = document.getElementById("pane");
  if (!pane) return;
  const at = (id) => document.getElementById(id);

  async function ask(body) {
    const answer = await fetch(pane.dataset.url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    let said;
    try {
      said = await answer.json();
    } catch (error) {
      throw new Error(`The console answered ${answer.status}.`);
    }
    if (!answer.ok) throw new Error(said.error || `The console answered ${answer.status}.`);
    return said;
  }

  const how = (said) =>
    `${said.version ? `Version ${said.version}` : "The model"} answered in ${said.milliseconds} ms.`;

  at("box").addEventListener("submit", async (event) => {
    event.preventDefault();
    const [said, shown] = [at("box-said"), at("box-answer")];
    shown.hidden = true;
    let instances;
    try {
      instances = JSON.parse(at("instances").value);
    } catch (error) {
      said.textContent = `This is no JSON: ${error.message}`;
      return;
    }
    said.textContent = "Asking …";
    try {
      const answer = await ask({ instances });
      said.textContent = how(answer);
      shown.textContent = JSON.stringify(answer.predictions, null, 1);
      shown.hidden = false;
    } catch (error) {
      said.textContent = error.message;
    }
  });

  const pad = at("pad");
  if (!pad) return;
  const height = Number(pane.dataset.height);
  const width = Number(pane.dataset.width);
  const SIZE = 280;
  const PEN = 20;
  const ink = pad.getContext("2d", { willReadFrequently: true });
  let taken = null; // the pixels of a test image, which go as they are
  let pen = null; // by keyboard: where it is, and whether it is down

  function clear() {
    ink.fillStyle = "#000";
    ink.fillRect(0, 0, SIZE, SIZE);
    taken = null;
    pen = null;
    pad.setAttribute("aria-label", "Drawing, empty");
  }

  function stroke(from, to) {
    if (taken) clear();
    ink.strokeStyle = "#fff";
    ink.lineWidth = PEN;
    ink.lineCap = "round";
    ink.lineJoin = "round";
    ink.beginPath();
    ink.moveTo(from.x, from.y);
    ink.lineTo(to.x + 0.01, to.y);
    ink.stroke();
    pad.setAttribute("aria-label", "Drawing");
  }

  function place(event) {
    const box = pad.getBoundingClientRect();
    return { x: ((event.clientX - box.left) * SIZE) / box.width, y: ((event.clientY - box.top) * SIZE) / box.height };
  }

  let last = null;
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    last = place(event);
    stroke(last, last);
    event.preventDefault();
    pad.focus({ preventScroll: true });
  });
  pad.addEventListener("pointermove", (event) => {
    if (!last) return;
    const now = place(event);
    stroke(last, now);
    last = now;
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    pad.addEventListener(kind, () => {
      if (last) predict();
      last = null;
    });
  }

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  pad.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (step) {
      pen = pen || { x: SIZE / 2, y: SIZE / 4, down: false };
      const to = { x: clamp(pen.x + 10 * step[0]), y: clamp(pen.y + 10 * step[1]), down: pen.down };
      if (pen.down) stroke(pen, to);
      pen = to;
      say();
    } else if (event.key === " ") {
      pen = pen || { x: SIZE / 2, y: SIZE / 4, down: false };
      pen.down = !pen.down;
      if (pen.down) stroke(pen, pen);
      say();
    } else if (event.key === "Enter") predict();
    else if (event.key === "Delete" || event.key === "Backspace") clear();
    else return;
    event.preventDefault();
  });

  const clamp = (value) => Math.min(SIZE - 10, Math.max(10, value));
  const say = () => {
    const column = Math.round((100 * pen.x) / SIZE);
    const row = Math.round((100 * pen.y) / SIZE);
    pad.setAttribute("aria-label", `Pen ${pen.down ? "down" : "up"}, ${column} % across, ${row} % down`);
  };

  // As MNIST was made: the drawing fills 20 of 28 pixels, and its centre of mass is in the middle.
  function pixels() {
    if (taken) return taken;
    const data = ink.getImageData(0, 0, SIZE, SIZE).data;
    let [left, top, right, bottom] = [SIZE, SIZE, -1, -1];
    for (let y = 0; y < SIZE; y += 1) {
      for (let x = 0; x < SIZE; x += 1) {
        if (data[4 * (y * SIZE + x)] > 20) {
          left = Math.min(left, x);
          right = Math.max(right, x);
          top = Math.min(top, y);
          bottom = Math.max(bottom, y);
        }
      }
    }
    if (right < 0) return null;
    const [w, h] = [right - left + 1, bottom - top + 1];
    const scale = Math.min((width * 20) / 28 / w, (height * 20) / 28 / h);
    const centred = (dx, dy) => {
      const small = document.createElement("canvas");
      small.width = width;
      small.height = height;
      const to = small.getContext("2d", { willReadFrequently: true });
      to.imageSmoothingQuality = "high";
      to.fillStyle = "#000";
      to.fillRect(0, 0, width, height);
      const [tw, th] = [w * scale, h * scale];
      to.drawImage(pad, left, top, w, h, (width - tw) / 2 + dx, (height - th) / 2 + dy, tw, th);
      const shades = to.getImageData(0, 0, width, height).data;
      return Array.from({ length: width * height }, (_, index) => shades[4 * index]);
    };
    const first = centred(0, 0);
    let [mass, mx, my] = [0, 0, 0];
    first.forEach((shade, index) => {
      mass += shade;
      mx += shade * (index % width);
      my += shade * Math.floor(index / width);
    });
    if (mass === 0) return first;
    return centred(Math.round((width - 1) / 2 - mx / mass), Math.round((height - 1) / 2 - my / mass));
  }

  let asked = 0;
  async function predict() {
    const image = pixels();
    if (image === null) {
      at("answer").textContent = "Nothing is drawn.";
      return;
    }
    asked += 1;
    const mine = asked;
    try {
      const said = await ask({ pixels: image });
      if (mine === asked) show(said);
    } catch (error) {
      if (mine !== asked) return;
      at("answer").textContent = error.message;
      at("bars").replaceChildren();
      at("asked").textContent = "";
    }
  }

  function show(said) {
    at("asked").textContent = how(said);
    if (!said.shares) {
      at("answer").textContent = JSON.stringify(said.predictions).slice(0, 500);
      at("bars").replaceChildren();
      return;
    }
    const best = said.shares.reduce((one, other) => (other[1] > one[1] ? other : one));
    const sure = said.scored ? `, ${percent(best[1])}` : "";
    at("answer").textContent = `The model says ${best[0]}${sure}.`;
    const rows = said.scored ? said.shares : [];
    at("bars").replaceChildren(...rows.map((one) => bar(one, one === best)));
  }

  const percent = (share) => `${(100 * share).toFixed(1)} %`;

  function bar([label, share], first) {
    const row = document.createElement("li");
    if (first) row.className = "first";
    const parts = ["label", "track", "share"].map((name) => {
      const part = document.createElement("span");
      part.className = name;
      row.append(part);
      return part;
    });
    parts[0].textContent = label;
    const fill = document.createElement("span");
    fill.className = "fill";
    fill.style.width = `${Math.max(100 * share, 0.3)}%`;
    parts[1].append(fill);
    parts[1].setAttribute("aria-hidden", "true");
    parts[2].textContent = percent(share);
    return row;
  }

  function take(rows) {
    clear();
    const [h, w] = [rows.length, rows[0].length];
    rows.forEach((row, y) =>
      row.forEach((shade, x) => {
        ink.fillStyle = `rgb(${shade}, ${shade}, ${shade})`;
        ink.fillRect((x * SIZE) / w, (y * SIZE) / h, SIZE / w + 0.5, SIZE / h + 0.5);
      }),
    );
    taken = rows.flat();
    pad.setAttribute("aria-label", "A test image");
    predict();
  }

  at("ask").addEventListener("click", predict);
  at("clear").addEventListener("click", () => {
    clear();
    at("answer").textContent = "Nothing was asked yet.";
    at("bars").replaceChildren();
    at("asked").textContent = "";
  });
  for (const button of document.querySelectorAll(".sample")) {
    button.addEventListener("click", () => take(JSON.parse(button.dataset.pixels)));
  }
  clear();
})();
