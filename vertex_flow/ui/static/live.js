// Keeps a page as it is now: fetches it again and changes only what has changed, so that focus,
// scroll positions, what was typed and what was opened stay. Nothing that comes is run.
"use strict";

(() => {
  const away = document.getElementById("away");

  const keyOf = (node) => (node.dataset && node.dataset.key) || node.id || "";

  const alike = (one, other) =>
    one.nodeType === other.nodeType && one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

  function changeAttributes(old, now) {
    for (const { name, value } of now.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      const kept = name === "open" || name === "value" || name === "checked";
      if (!kept && !now.hasAttribute(name)) old.removeAttribute(name);
    }
  }

  function change(old, now) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== now.nodeValue) old.nodeValue = now.nodeValue;
      return;
    }
    if (old.dataset.keep !== undefined) return;
    const atEnd = old.dataset.end !== undefined && isAtEnd(old);
    changeAttributes(old, now);
    changeChildren(old, now);
    if (atEnd) old.scrollTop = old.scrollHeight;
  }

  function changeChildren(old, now) {
    let next = old.firstChild;
    for (const wanted of [...now.childNodes]) {
      // What has a key may stand further down; a text or the like is only what comes next.
      let found = next;
      while (found && keyOf(wanted) && !alike(found, wanted)) found = found.nextSibling;
      if (found && !alike(found, wanted)) found = null;
      if (found) {
        while (next !== found) next = removed(next);
        change(found, wanted);
        next = found.nextSibling;
      } else {
        old.insertBefore(document.importNode(wanted, true), next);
      }
    }
    while (next) next = removed(next);
  }

  function removed(node) {
    const next = node.nextSibling;
    node.remove();
    return next;
  }

  const isAtEnd = (node) => node.scrollHeight - node.scrollTop - node.clientHeight < 8;

  let before = "";

  async function look(main) {
    const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const text = await answer.text();
    if (text === before) return undefined;
    before = text;
    const page = new DOMParser().parseFromString(text, "text/html");
    const now = page.getElementById("main");
    if (now === null) return undefined;
    change(main, now);
    if (document.title !== page.title) document.title = page.title;
    document.dispatchEvent(new Event("page-changed"));
    return undefined;
  }

  async function follow() {
    const main = document.getElementById("main");
    while (main.dataset.live === "on") {
      await new Promise((done) => setTimeout(done, Number(main.dataset.pause)));
      if (document.hidden) continue;
      try {
        await look(main);
        away.hidden = true;
      } catch (error) {
        away.hidden = false; // the engine may be restarted meanwhile: the next look may find it
      }
    }
  }

  function showEnds() {
    for (const node of document.querySelectorAll("[data-end]")) node.scrollTop = node.scrollHeight;
  }

  function countChosen() {
    const choice = document.getElementById("choice");
    if (!choice) return;
    const count = choice.querySelectorAll("input[name=run]:checked").length;
    choice.querySelector("button").disabled = count < 2;
    const said = count < 2 ? "Choose two or more." : `${count} chosen.`;
    const line = document.getElementById("chosen");
    if (line.textContent !== said) line.textContent = said;
  }

  document.addEventListener("change", countChosen);
  document.addEventListener("page-changed", countChosen);
  countChosen();
  showEnds();
  follow();
})();
