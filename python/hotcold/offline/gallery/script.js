"use strict";
(() => {
  const PER_PAGE = 200;
  // A name that is no UTF-8 comes as [address, what is shown of it].
  const entries = JSON.parse(document.getElementById("names").textContent);
  const names = entries.map((entry) => (Array.isArray(entry) ? entry[1] : entry));
  const lowered = names.map((name) => name.toLowerCase());
  const at = (id) => document.getElementById(id);
  const [grid, viewer, large] = [at("grid"), at("viewer"), at("large")];

  let shown = names.map((_, index) => index); // indices into `names` that pass the filter
  let page = 0;
  let current = -1; // place in `shown` of the picture in the large view
  let opener = null; // what had the focus before

  const address = (index) =>
    Array.isArray(entries[index]) ? entries[index][0] : encodeURIComponent(entries[index]);
  const pageCount = () => Math.max(1, Math.ceil(shown.length / PER_PAGE));
  const number = (value) => value.toLocaleString("en");

  function thumbnail(place) {
    const index = shown[place];
    const button = document.createElement("button");
    const image = document.createElement("img");
    const label = document.createElement("span");
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = ""; // the label beside it is the button's name, once
    image.onerror = () => image.classList.add("broken");
    image.src = address(index);
    label.textContent = label.title = names[index];
    button.append(image, label);
    button.onclick = () => open(place);
    return button;
  }

  function draw() {
    page = Math.min(Math.max(page, 0), pageCount() - 1);
    const from = page * PER_PAGE;
    const until = Math.min(from + PER_PAGE, shown.length);
    const thumbnails = [];
    for (let place = from; place < until; ++place) thumbnails.push(thumbnail(place));
    grid.replaceChildren(...thumbnails);
    const all = shown.length === names.length;
    at("count").textContent =
      (all ? number(names.length) : `${number(shown.length)} of ${number(names.length)}`) +
      (names.length === 1 ? " picture" : " pictures");
    at("empty").hidden = shown.length > 0;
    at("page").value = page + 1;
    at("page").max = pageCount();
    at("pages").textContent = number(pageCount());
    at("first").disabled = at("previous").disabled = page === 0;
    at("next").disabled = at("last").disabled = page === pageCount() - 1;
  }

  function turnTo(wanted) {
    if (!Number.isFinite(wanted)) return;
    page = wanted;
    draw();
    scrollTo(0, 0);
  }

  function filter() {
    const words = at("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = [];
    lowered.forEach((name, index) => {
      if (words.every((word) => name.includes(word))) shown.push(index);
    });
    turnTo(0);
  }

  function open(place) {
    if (place < 0 || place >= shown.length) return;
    current = place;
    const index = shown[place];
    large.src = address(index);
    large.alt = at("name").textContent = names[index];
    at("name").href = address(index);
    at("position").textContent = `${number(place + 1)} of ${number(shown.length)}`;
    at("back").disabled = place === 0;
    at("forward").disabled = place === shown.length - 1;
    for (const next of [place + 1, place - 1]) {
      if (next >= 0 && next < shown.length) new Image().src = address(shown[next]);
    }
    if (!viewer.open) {
      opener = document.activeElement;
      viewer.showModal();
    }
  }

  // The page that was being looked at follows the large view.
  viewer.addEventListener("close", () => {
    const place = current;
    current = -1;
    if (Math.floor(place / PER_PAGE) !== page) turnTo(Math.floor(place / PER_PAGE));
    const button = grid.children[place - page * PER_PAGE];
    (button || opener)?.focus();
  });

  viewer.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: shown.length - 1 };
    if (event.key in steps && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      open(steps[event.key]);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !viewer.open && document.activeElement !== at("filter")) {
      event.preventDefault();
      at("filter").focus();
    }
  });

  function remember(key, value) {
    try {
      if (value !== undefined) localStorage.setItem(`hotcold-${key}`, value);
      return localStorage.getItem(`hotcold-${key}`);
    } catch {
      return null; // some browsers keep nothing for file://
    }
  }

  function setTheme(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
  }

  function setSize(size) {
    document.documentElement.style.setProperty("--size", `${size}px`);
  }

  at("theme").onclick = () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    setTheme(dark ? "light" : "dark");
    remember("theme", dark ? "light" : "dark");
  };
  at("size").oninput = (event) => setSize(remember("size", event.target.value) ?? event.target.value);
  at("filter").oninput = filter;
  at("page").onchange = (event) => turnTo(event.target.valueAsNumber - 1);
  at("first").onclick = () => turnTo(0);
  at("previous").onclick = () => turnTo(page - 1);
  at("next").onclick = () => turnTo(page + 1);
  at("last").onclick = () => turnTo(pageCount() - 1);
  at("back").onclick = () => open(current - 1);
  at("forward").onclick = () => open(current + 1);
  at("close").onclick = () => viewer.close();

  setTheme(remember("theme"));
  const size = remember("size");
  if (size) {
    at("size").value = size;
    setSize(at("size").value);
  }
  draw();
})();
