"use strict";
(() => {
  const PER_PAGE = 200;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  // A name that is no UTF-8 comes as [address, what is shown of it].
  const entries = read("names");
  const known = read("known"); // captions, columns, originals, and how to begin
  const names = entries.map((entry) => (Array.isArray(entry) ? entry[1] : entry));
  const labels = names.map((name, index) => known.captions?.[index] ?? name);
  const lowered = names.map((name, index) =>
    (labels[index] === name ? name : `${name}\n${labels[index]}`).toLowerCase());
  const at = (id) => document.getElementById(id);
  const [grid, viewer, large] = [at("grid"), at("viewer"), at("large")];

  let order = names.map((_, index) => index); // of all pictures, as sorted
  let shown = order; // those of them that pass the filter
  let page = 0;
  let current = -1; // place in `shown` of the picture in the large view
  let opener = null; // what had the focus before
  let sorted = { column: "", falls: false };

  const address = (index) =>
    Array.isArray(entries[index]) ? entries[index][0] : encodeURIComponent(entries[index]);
  const pageCount = () => Math.max(1, Math.ceil(shown.length / PER_PAGE));
  const number = (value) => value.toLocaleString("en");

  // --- what is kept by the browser ---

  function remember(key, value) {
    try {
      if (value !== undefined) localStorage.setItem(`hotcold-${key}`, value);
      return localStorage.getItem(`hotcold-${key}`);
    } catch {
      return null; // some browsers keep nothing for file://
    }
  }

  const TAGS = `tags:${location.pathname}`;
  const tags = new Uint8Array(names.length);
  const indexOf = new Map(names.map((_, index) => [address(index), index]));

  function readTags() {
    tags.fill(0);
    try {
      for (const [key, tag] of Object.entries(JSON.parse(remember(TAGS) || "{}"))) {
        if (indexOf.has(key) && tag >= 1 && tag <= 9) tags[indexOf.get(key)] = tag;
      }
    } catch {
      // not ours
    }
  }

  let keptTags = 0;
  function keepTags() {
    clearTimeout(keptTags);
    keptTags = setTimeout(writeTags, 200);
  }

  function writeTags() {
    clearTimeout(keptTags);
    keptTags = 0;
    const found = {};
    tags.forEach((tag, index) => {
      if (tag) found[address(index)] = tag;
    });
    const text = JSON.stringify(found);
    if (remember(TAGS, text) !== text) say("This browser keeps no tags: save them before you leave.");
  }

  function say(text) {
    at("problem").textContent = text;
  }

  // --- columns ---

  const columns = new Map(); // by lower-case name
  function addColumn(column) {
    const key = column.name.toLowerCase();
    if (columns.has(key)) return; // the table's own comes first
    columns.set(key, column);
  }
  for (const { name, numbers, values } of known.columns) {
    // Empty cells and NaN are NaN.
    const data = numbers ? Float64Array.from(values, (value) => (value === null ? NaN : Number(value))) : values;
    addColumn({ name, numbers, values: data });
  }
  addColumn({ name: "name", numbers: false, values: names });
  addColumn({ name: "tag", numbers: true, values: tags });

  const collator = new Intl.Collator("en", { numeric: true });
  const ranks = new Map();
  /** All pictures, the smallest value first; without a value last. */
  function rising(column) {
    if (column.values !== tags && ranks.has(column)) return ranks.get(column);
    const { values } = column;
    const missing = column.numbers ? (index) => Number.isNaN(values[index]) : (index) => values[index] === "";
    const all = names.map((_, index) => index);
    const there = all.filter((index) => !missing(index));
    if (column.numbers) there.sort((a, b) => values[a] - values[b] || a - b);
    else there.sort((a, b) => collator.compare(values[a], values[b]) || a - b);
    const made = { there, missing: all.filter(missing) };
    ranks.set(column, made);
    return made;
  }

  function sort() {
    const column = columns.get(sorted.column.toLowerCase());
    if (!column) {
      order = names.map((_, index) => index);
      if (sorted.falls) order.reverse();
      return;
    }
    const { there, missing } = rising(column);
    order = [...(sorted.falls ? [...there].reverse() : there), ...missing];
  }

  // --- filter ---

  class Unclear extends Error {}

  /** Words of a filter; each a list of [character, whether in quotes], with ["", true] for a quote. */
  function wordsOf(text) {
    const words = [];
    let word = null;
    let quoted = false;
    for (const character of text) {
      if (character === '"') {
        quoted = !quoted;
        (word ??= []).push(["", true]);
      } else if (!quoted && /\s/.test(character)) {
        if (word) words.push(word);
        word = null;
      } else {
        (word ??= []).push([character, quoted]);
      }
    }
    if (quoted) throw new Unclear('A quote is not closed: "');
    if (word) words.push(word);
    return words;
  }

  const COMPARE = {
    "<": (a, b) => a < b,
    "<=": (a, b) => a <= b,
    ">": (a, b) => a > b,
    ">=": (a, b) => a >= b,
    "=": (a, b) => a === b,
    ":": (a, b) => a === b,
    "!=": (a, b) => a !== b,
  };

  /** Where the operator of a word is, and which it is. */
  function operatorOf(word) {
    const bare = word.map(([character, quoted]) => (quoted ? "" : character));
    for (let place = 0; place < bare.length; ++place) {
      const two = bare[place] && bare[place] + (bare[place + 1] ?? "");
      if (two in COMPARE && two.length === 2) return [place, two];
      if (bare[place] in COMPARE) return [place, bare[place]];
    }
    return null;
  }

  function testOf(word) {
    const textOf = (part) => part.map(([character]) => character).join("");
    const found = operatorOf(word);
    if (!found) {
      const part = textOf(word).toLowerCase();
      return (index) => lowered[index].includes(part);
    }
    const [place, sign] = found;
    const name = textOf(word.slice(0, place));
    const after = word.slice(place + sign.length);
    const wanted = textOf(after);
    const asText = `quotes make it text: "${textOf(word)}"`;
    if (!name) throw new Unclear(`Before ${sign} stands no column; ${asText}`);
    const column = columns.get(name.toLowerCase());
    if (!column) {
      const all = [...columns.values()].map((one) => one.name).join(", ");
      throw new Unclear(`No column is called ${name}, there are ${all}; ${asText}`);
    }
    const { values } = column;
    if (column.numbers) {
      const value = Number(wanted);
      if (wanted.trim() === "" || Number.isNaN(value)) {
        throw new Unclear(`${column.name} holds numbers, and after ${sign} stands ${wanted || "none"}`);
      }
      return (index) => COMPARE[sign](values[index], value);
    }
    if (sign !== ":" && sign !== "=" && sign !== "!=") {
      throw new Unclear(`${column.name} holds text: it can be asked with : = and !=, not with ${sign}`);
    }
    if (!after.length) throw new Unclear(`After ${sign} stands nothing; "" asks for what is empty`);
    const part = wanted.toLowerCase();
    if (sign === ":" && wanted) return (index) => values[index].toLowerCase().includes(part);
    return (index) => (values[index].toLowerCase() === part) === (sign !== "!=");
  }

  function filter() {
    let tests;
    try {
      tests = wordsOf(at("filter").value).map(testOf);
    } catch (error) {
      if (!(error instanceof Unclear)) throw error;
      at("filter").setAttribute("aria-invalid", "true");
      say(error.message);
      return false; // what was shown stays
    }
    at("filter").removeAttribute("aria-invalid");
    say("");
    shown = order.filter((index) => tests.every((test) => test(index)));
    return true;
  }

  // --- the thumbnails ---

  function thumbnail(place) {
    const index = shown[place];
    const button = document.createElement("button");
    const image = document.createElement("img");
    const label = document.createElement("span");
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = labels[index];
    image.onload = () => flatten(image);
    image.onerror = () => image.classList.add("broken");
    image.src = address(index);
    label.textContent = label.title = labels[index];
    label.setAttribute("aria-hidden", "true"); // the picture's name is the same
    button.append(image, label);
    button.tabIndex = -1; // arrow keys go on from the one that has the focus
    button.onclick = () => open(place);
    button.onfocus = () => {
      grid.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
      button.tabIndex = 0;
    };
    showTag(button, index);
    return button;
  }

  /** Wide pictures, such as strips, take no more height than the first of them needs. */
  let flattened = false;
  function flatten(image) {
    if (flattened) return;
    flattened = true;
    const flat = Math.min(1, Math.max(0.1, image.naturalHeight / image.naturalWidth));
    document.documentElement.style.setProperty("--flat", flat);
  }

  function showTag(button, index) {
    let mark = button.querySelector("b");
    if (!tags[index]) {
      mark?.remove();
      return;
    }
    if (!mark) button.append((mark = document.createElement("b")));
    mark.textContent = tags[index];
    mark.className = `tag tag${tags[index]}`;
    mark.setAttribute("aria-label", `tag ${tags[index]}`);
    mark.setAttribute("role", "img");
  }

  function draw() {
    page = Math.min(Math.max(page, 0), pageCount() - 1);
    const from = page * PER_PAGE;
    const until = Math.min(from + PER_PAGE, shown.length);
    const thumbnails = [];
    for (let place = from; place < until; ++place) thumbnails.push(thumbnail(place));
    if (thumbnails.length) thumbnails[0].tabIndex = 0;
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
    keepPlace();
  }

  function refilter() {
    if (filter()) turnTo(0);
  }

  function resort(column, falls) {
    sorted = { column, falls };
    showSort();
    sort();
    refilter();
  }

  function showSort() {
    at("sort").value = sorted.column;
    at("direction").textContent = sorted.falls ? "\u2193" : "\u2191";
    at("direction").setAttribute(
      "aria-label", sorted.falls ? "Largest first; turn round" : "Smallest first; turn round");
  }

  grid.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const buttons = [...grid.children];
    const place = buttons.indexOf(document.activeElement);
    if (place < 0) return;
    const top = buttons[0].offsetTop;
    const across = buttons.findIndex((button) => button.offsetTop !== top);
    const row = across < 0 ? buttons.length : across;
    const steps = {
      ArrowLeft: place - 1, ArrowRight: place + 1, ArrowUp: place - row, ArrowDown: place + row,
      Home: 0, End: buttons.length - 1,
    };
    if (event.key in steps) {
      event.preventDefault();
      const wanted = steps[event.key];
      if (wanted >= 0 && wanted < buttons.length) {
        buttons[wanted].focus();
      } else if (wanted < 0 && page > 0) {
        turnTo(page - 1);
        grid.lastElementChild.focus();
      } else if (wanted >= buttons.length && page < pageCount() - 1) {
        turnTo(page + 1);
        grid.firstElementChild.focus();
      }
    } else if (/^[0-9]$/.test(event.key)) {
      event.preventDefault();
      setTag(shown[page * PER_PAGE + place], Number(event.key));
    }
  });

  // --- tags ---

  function setTag(index, tag) {
    tags[index] = tags[index] === tag ? 0 : tag;
    keepTags();
    const button = grid.children[shown.indexOf(index) - page * PER_PAGE];
    if (button) showTag(button, index);
    if (viewer.open) showLargeTag(index);
    else at("problem").textContent = tags[index] ? "" : "Tag taken off";
  }

  function showLargeTag(index) {
    at("tag").textContent = tags[index] ? `tag ${tags[index]}` : "";
    at("tag").className = tags[index] ? `tag tag${tags[index]}` : "";
  }

  /** A name as a cell of the table: its bytes, which need not be text. */
  function cellOf(index) {
    const name = address(index).replaceAll("%22", '""');
    const cell = /%(2C|0A|0D)|"/.test(name) ? `"${name}"` : name;
    const bytes = cell.match(/%[0-9A-F]{2}|[^]/gi);
    return Uint8Array.from(bytes, (one) => (one.length === 3 ? parseInt(one.slice(1), 16) : one.charCodeAt(0)));
  }

  at("download").onclick = () => {
    writeTags();
    const parts = ["file,tag\n"];
    tags.forEach((tag, index) => {
      if (tag) parts.push(cellOf(index), `,${tag}\n`);
    });
    if (parts.length === 1) {
      say("Nothing is tagged: keys 1 to 9 tag the picture that has the focus.");
      return;
    }
    const link = document.createElement("a");
    link.download = "tags.csv";
    link.href = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // --- the large view ---

  function open(place) {
    if (place < 0 || place >= shown.length) return;
    current = place;
    const index = shown[place];
    showOriginal(false);
    large.src = address(index);
    large.alt = at("name").textContent = labels[index];
    at("name").title = names[index];
    at("name").href = address(index);
    at("position").textContent = `${number(place + 1)} of ${number(shown.length)}`;
    const hasOriginal = Boolean(known.originals?.[index]);
    at("original").disabled = !hasOriginal;
    at("original").title = hasOriginal ? "Hold it, or the key o" : "The original is not beside this page";
    showLargeTag(index);
    at("values").replaceChildren(...known.columns.flatMap(({ name, values }) => {
      const [term, value] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name;
      value.textContent = told(values[index]);
      value.title = values[index] ?? "";
      return [term, value];
    }));
    at("back").disabled = place === 0;
    at("forward").disabled = place === shown.length - 1;
    for (const next of [place + 1, place - 1]) {
      if (next >= 0 && next < shown.length) new Image().src = address(shown[next]);
    }
    if (known.originals?.[index]) new Image().src = known.originals[index];
    if (!viewer.open) {
      opener = document.activeElement;
      viewer.showModal();
    }
    keepPlace();
  }

  /** A cell for people; its title has all digits. */
  function told(value) {
    if (value === null || value === "") return "\u2013";
    return typeof value === "number" ? String(Number(value.toPrecision(6))) : value;
  }

  let showsOriginal = false;
  function showOriginal(wanted) {
    const index = shown[current];
    const original = known.originals?.[index];
    if (!wanted || !original) {
      at("shows").textContent = wanted ? "The original is not beside this page." : "";
      if (showsOriginal) large.src = address(index);
      showsOriginal = false;
    } else if (!showsOriginal) {
      showsOriginal = true;
      at("shows").textContent = "original";
      large.src = original;
    }
  }
  large.onerror = () => {
    at("shows").textContent = showsOriginal
      ? `The original is not where it was: ${decoded(known.originals[shown[current]])}`
      : "The picture cannot be shown.";
  };

  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // not UTF-8
    }
  }

  // The page that was being looked at follows the large view.
  viewer.addEventListener("close", () => {
    showOriginal(false);
    const place = current;
    current = -1;
    if (Math.floor(place / PER_PAGE) !== page) turnTo(Math.floor(place / PER_PAGE));
    const button = grid.children[place - page * PER_PAGE];
    (button || opener)?.focus();
    keepPlace();
  });

  viewer.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const steps = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: shown.length - 1 };
    if (event.key in steps) {
      event.preventDefault();
      open(steps[event.key]);
    } else if (/^[0-9]$/.test(event.key)) {
      event.preventDefault();
      setTag(shown[current], Number(event.key));
    } else if (event.key.toLowerCase() === "o") {
      showOriginal(true);
    }
  });
  viewer.addEventListener("keyup", (event) => {
    if (event.key.toLowerCase() === "o") showOriginal(false);
  });
  addEventListener("blur", () => viewer.open && showOriginal(false));
  at("original").onpointerdown = () => showOriginal(true);
  for (const end of ["pointerup", "pointerleave", "blur"]) {
    at("original").addEventListener(end, () => showOriginal(false));
  }
  for (const [kind, wanted] of [["keydown", true], ["keyup", false]]) {
    at("original").addEventListener(kind, (event) => {
      if (event.key === " " || event.key === "Enter") showOriginal(wanted);
    });
  }

  // --- the address: what is looked at, to send to others ---

  let following = false;
  function keepPlace() {
    if (following) return;
    const parts = new URLSearchParams();
    const text = at("filter").value.trim();
    if (text) parts.set("filter", text);
    if (sorted.column !== begin.column || sorted.falls !== begin.falls) {
      parts.set("sort", (sorted.falls ? "-" : "") + sorted.column);
    }
    if (page > 0 && current < 0) parts.set("page", page + 1);
    if (current >= 0) parts.set("picture", decoded(address(shown[current])));
    const hash = `${parts}` && `#${parts}`;
    if (hash === location.hash) return;
    try {
      history.replaceState(null, "", hash || location.pathname + location.search);
    } catch {
      location.replace(hash || "#");
    }
  }

  function follow() {
    following = true;
    const parts = new URLSearchParams(location.hash.slice(1));
    at("filter").value = parts.get("filter") ?? "";
    const wanted = parts.get("sort");
    sorted = wanted === null ? { ...begin } : { column: wanted.replace(/^-/, ""), falls: wanted.startsWith("-") };
    if (sorted.column && !columns.has(sorted.column.toLowerCase())) sorted = { ...begin };
    showSort();
    sort();
    shown = order;
    filter();
    page = (Number(parts.get("page")) || 1) - 1;
    const picture = parts.get("picture");
    let place = -1;
    if (picture !== null) {
      place = shown.findIndex((index) => decoded(address(index)) === picture);
      if (place >= 0) page = Math.floor(place / PER_PAGE);
      else say(`No picture here is called ${picture}.`);
    }
    draw();
    if (place >= 0) open(place);
    else if (viewer.open) viewer.close();
    following = false;
  }

  // --- the rest ---

  document.addEventListener("keydown", (event) => {
    const writes = document.activeElement.matches("input, select");
    if (event.key === "/" && !viewer.open && !writes) {
      event.preventDefault();
      at("filter").focus();
    }
  });
  at("filter").addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      grid.firstElementChild?.focus();
    }
  });

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
  at("help").onclick = () => {
    const opens = at("manual").hidden;
    at("manual").hidden = !opens;
    at("help").setAttribute("aria-expanded", String(opens));
  };
  at("size").oninput = (event) => setSize(remember("size", event.target.value) ?? event.target.value);
  at("filter").oninput = refilter;
  at("sort").onchange = (event) => resort(event.target.value, sorted.falls);
  at("direction").onclick = () => resort(sorted.column, !sorted.falls);
  at("page").onchange = (event) => turnTo(event.target.valueAsNumber - 1);
  at("first").onclick = () => turnTo(0);
  at("previous").onclick = () => turnTo(page - 1);
  at("next").onclick = () => turnTo(page + 1);
  at("last").onclick = () => turnTo(pageCount() - 1);
  at("back").onclick = () => open(current - 1);
  at("forward").onclick = () => open(current + 1);
  at("close").onclick = () => viewer.close();
  addEventListener("hashchange", follow);
  addEventListener("pagehide", () => keptTags && writeTags());

  const begin = known.sort ? { column: known.sort[0], falls: known.sort[1] } : { column: "", falls: false };
  for (const [value, text] of [["", "as they come"], ...[...columns.values()].map(({ name }) => [name, name])]) {
    at("sort").add(new Option(text, value));
  }
  at("columns").textContent = [...columns.values()]
    .map(({ name, numbers }) => `${name} (${numbers ? "numbers" : "text"})`).join(", ");
  setTheme(remember("theme"));
  const size = remember("size");
  if (size) {
    at("size").value = size;
    setSize(at("size").value);
  }
  readTags();
  follow();
})();
