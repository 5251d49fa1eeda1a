(() => {
  "use strict";
  const EVERY = 5000, PATIENCE = 10000;
  const root = document.getElementById("fragment");
  const line = document.getElementById("refresh");
  const words = document.getElementById("refresh-words");
  const lostWords = document.getElementById("refresh-lost");
  const pause = document.getElementById("pause");
  let timer = 0, running = false, again = false, paused = false, lostSince = "", seen = new Date();

  const clock = (date) => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  // Only a lost connection is spoken; the time of every refresh would drown out the reader.
  const say = (text, lost) => {
    words.textContent = lost ? "" : text;
    if (lostWords.textContent !== (lost ? text : "")) lostWords.textContent = lost ? text : "";
    line.classList.toggle("lost", lost);
  };

  // Makes `old` equal to `fresh` and keeps the nodes, so that focus, open details and typed text stay as they are.
  const morph = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) { old.nodeValue = fresh.nodeValue; return; }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && name !== "open" && name !== "aria-busy") old.removeAttribute(name);
    }
    if (!old.hasAttribute("data-live")) morphChildren(old, fresh);
  };
  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-key") : null);
  const morphChildren = (old, fresh) => {
    const keyed = new Map([...old.children].filter((node) => keyOf(node) !== null).map((node) => [keyOf(node), node]));
    let cursor = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      const key = keyOf(next);
      let match = null;
      if (key !== null) {
        match = keyed.get(key) ?? null;
        keyed.delete(key);
      } else if (cursor && keyOf(cursor) === null && cursor.nodeName === next.nodeName) {
        match = cursor;
      }
      if (!match) old.insertBefore(next, cursor);
      else {
        if (match === cursor) cursor = cursor.nextSibling;
        else old.insertBefore(match, cursor);
        morph(match, next);
      }
    }
    while (cursor) {
      const next = cursor.nextSibling;
      cursor.remove();
      cursor = next;
    }
  };

  // What the reader looks at stays where it is on the screen, even when cards change their order.
  const apply = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("fragment");
    if (!fresh) throw new Error("the answer is not a page fragment");
    if (fresh.dataset.version !== root.dataset.version) { location.reload(); return; }
    const focused = document.activeElement;
    const inside = root.contains(focused);
    const visible = (node) => node.getBoundingClientRect().bottom > 0 && node.getBoundingClientRect().top < innerHeight;
    const reading = inside && focused.closest(".card") && visible(focused)
      ? focused
      : document.elementFromPoint(innerWidth / 2, innerHeight / 3)?.closest("#fragment [data-key]");
    const anchor = scrollY > 0 ? reading : null;
    const before = anchor?.getBoundingClientRect().top;
    morph(root, fresh);
    filter();
    if (inside && focused.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    if (anchor?.isConnected) scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
    document.title = root.dataset.title;
  };

  const query = () => {
    const wanted = new URLSearchParams(location.search);
    const chosen = root.querySelector("input[name=window]:checked");
    if (chosen) wanted.set("window", chosen.value);
    return wanted.toString();
  };

  const refresh = async () => {
    if (running) { again = true; return; }
    running = true;
    clearTimeout(timer);
    try {
      do {
        again = false;
        const answer = await fetch(`-/page?${query()}`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        const html = await answer.text();
        if (!again) apply(html);
      } while (again);
      lostSince = "";
      seen = new Date();
      if (!paused) say(`Updated ${clock(seen)}`, false);
    } catch (problem) {
      lostSince ||= clock(new Date());
      say(`Disconnected since ${lostSince}: the exporter does not answer. These numbers are from ${clock(seen)}.`, true);
    }
    root.removeAttribute("aria-busy");
    running = false;
    plan();
  };
  const plan = () => {
    clearTimeout(timer);
    if (!paused && !document.hidden) timer = setTimeout(refresh, EVERY);
  };

  const filter = () => {
    const box = document.getElementById("filter");
    if (!box) return;
    const part = box.value.trim().toLowerCase();
    let all = 0, shown = 0;
    for (const card of root.querySelectorAll("[data-name]")) {
      card.hidden = !card.dataset.name.toLowerCase().includes(part);
      all += 1;
      shown += card.hidden ? 0 : 1;
    }
    const text = part ? `${shown} of ${all}` : "";
    const output = document.getElementById("filter-count");
    if (output.value !== text) output.value = text;
  };

  root.addEventListener("input", (event) => { if (event.target.id === "filter") filter(); });
  root.addEventListener("change", (event) => {
    if (event.target.name !== "window") return;
    history.replaceState(null, "", `?${query()}${location.hash}`);
    root.setAttribute("aria-busy", "true");
    refresh();
  });
  root.addEventListener("submit", (event) => event.preventDefault());
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Resume" : "Pause";
    if (paused) { clearTimeout(timer); say(`Paused since ${clock(new Date())}`, false); } else refresh();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else if (!paused) refresh();
  });

  document.documentElement.classList.add("js");
  pause.hidden = false;
  say(`Updated ${clock(seen)}`, false);
  filter();
  plan();
})();
