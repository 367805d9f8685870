"use strict";

// What a reader does: unfolds and folds, looks at a card, searches, changes the size, prints.

// As many boxes are shown at once by "Open all".
const MOST = 1500;

const element = (id) => document.getElementById(id);
const stage = element("stage");
const query = element("query");
const found = element("found");
const card = element("card");
const note = element("note");

// A number with commas; an expression as it is.
function count(number) {
  return typeof number === "number" ? number.toLocaleString("en") : number;
}

// Tells something until the next thing is done.
function tell(text) {
  note.textContent = text;
  note.hidden = !text;
}

/* ---- size ---- */

const scale = {
  factor: 1,
  set(factor) {
    this.factor = Math.min(Math.max(factor, 0.1), 2);
    picture.style.transform = this.factor === 1 ? "" : `scale(${this.factor})`;
    element("size").textContent = `${Math.round(this.factor * 100)} %`;
    this.fill();
  },
  // Gives the sheet the size that the picture has on the screen.
  fill() {
    this.filled = [picture.offsetWidth, picture.offsetHeight];
    const [width, height] = this.filled.map((length) => Math.ceil(length * this.factor));
    sheet.style.width = `${width}px`;
    sheet.style.height = `${height}px`;
  },
  // Whether the picture has another size than when it was placed: with other letters, say.
  get outgrown() {
    return this.filled[0] !== picture.offsetWidth || this.filled[1] !== picture.offsetHeight;
  },
  fit() {
    const room = (stage.clientWidth - 32) / picture.offsetWidth;
    this.set(Math.min(room, (stage.clientHeight - 32) / picture.offsetHeight, 1));
  },
};

/* ---- search ---- */

// Blanks do not matter, and × is what is typed as x.
function plain(text) {
  return text.toLowerCase().replace(/\s+/g, "").replaceAll("×", "x");
}

const marker = {
  matches: [],
  places: new Map(),
  holders: new Set(),
  current: -1,

  // Finds all boxes whose names, calls or shapes have the text in them.
  search(text) {
    const wanted = plain(text);
    this.matches = wanted ? [...matching(data.level, wanted, [], "")] : [];
    this.places = new Map(this.matches.map((path, at) => [path.join("/"), at]));
    this.holders = new Set();
    for (const path of this.matches) {
      for (let end = 1; end < path.length; end++) this.holders.add(path.slice(0, end).join("/"));
    }
    this.current = -1;
    this.show();
  },

  // Outlines the boxes of a body that match, or that are folded around one that does.
  mark(body) {
    for (const spot of body.spots) {
      const { classList } = spot.element;
      classList.toggle("match", this.places.has(spot.path));
      classList.toggle("holds", !spot.open && this.holders.has(spot.path));
      classList.toggle("current", this.places.get(spot.path) === this.current);
    }
  },

  show() {
    for (const body of root.shown()) this.mark(body);
    const many = this.matches.length;
    const told = many === 1 ? "1 match" : `${count(many)} matches`;
    const at = this.current < 0 ? told : `${count(this.current + 1)} of ${count(many)}`;
    found.textContent = plain(query.value) ? at : "";
    element("next").disabled = element("before").disabled = !many;
  },

  // Goes on by so many matches, unfolds what is around the one there, and scrolls to it.
  go(step) {
    const many = this.matches.length;
    if (!many) return;
    const from = this.current < 0 && step < 0 ? 0 : this.current;
    this.current = (from + step + many) % many;
    const spot = reveal(this.matches[this.current]);
    this.show();
    spot.element.scrollIntoView({ block: "center", inline: "center" });
  },
};

// The ways to matching boxes, in order of execution.
function* matching(number, wanted, path, prefix) {
  const texts = textsOf(number);
  for (const [at, box] of data.levels[number].boxes.entries()) {
    const here = [...path, at];
    const name = prefix + box.name;
    const whole = wanted.includes(".") && plain(name).includes(wanted);
    if (whole || texts[at].includes(wanted)) yield here;
    if (box.inside !== undefined) {
      yield* matching(box.inside, wanted, here, box.kind === "block" ? `${name}.` : prefix);
    }
  }
}

const knownTexts = new Map();

// What is searched of each box of a level.
function textsOf(number) {
  if (!knownTexts.has(number)) {
    const texts = data.levels[number].boxes.map((box) =>
      [box.name, ...(box.nodes || []), box.title || "", ...box.outputs]
        .concat(...(box.parts || []).map((part) => [part.title, ...part.outputs]))
        .map(plain)
        .join("\n")
    );
    knownTexts.set(number, texts);
  }
  return knownTexts.get(number);
}

// Unfolds what is around the box at the end of a way; gives its spot.
function reveal(path) {
  let body = root;
  let outermost = null;
  path.slice(0, -1).forEach((number) => {
    const spot = body.spots[number];
    if (!spot.open) {
      outermost ??= body;
      spot.toggle(true);
    }
    body = spot.inner;
  });
  if (outermost) place(touched(outermost));
  scale.fill();
  return body.spots[path[path.length - 1]];
}

/* ---- folding ---- */

// Folds or unfolds a box, which stays where it is on the screen.
function turn(spot) {
  tell("");
  const before = spot.head.getBoundingClientRect();
  spot.toggle(!spot.open);
  place(touched(spot.body));
  scale.fill();
  marker.show();
  const after = spot.head.getBoundingClientRect();
  stage.scrollBy(after.left - before.left, after.top - before.top);
}

// Unfolds level by level, as long as no more boxes are shown than is sane.
function openAll() {
  let shown = [...root.shown()].reduce((sum, body) => sum + body.spots.length, 0);
  let bodies = [...root.shown()];
  let left = 0;
  while (bodies.length) {
    const next = [];
    for (const spot of bodies.flatMap((body) => body.spots.filter((one) => one.foldable))) {
      const more = data.levels[spot.box.inside].boxes.length;
      if (!spot.open && shown + more > MOST) {
        left += 1;
        continue;
      }
      if (!spot.open) {
        shown += more;
        spot.toggle(true);
      }
      next.push(spot.inner);
    }
    bodies = next;
  }
  afresh();
  if (left) tell(`${count(left)} stay folded: no more than ${count(MOST)} boxes are shown at once`);
}

function foldAll() {
  for (const body of [...root.shown()]) for (const spot of body.spots) spot.toggle(false);
  afresh();
}

// Finds all places anew.
function afresh() {
  tell("");
  place([...root.shown()]);
  scale.fill();
  marker.show();
}

/* ---- cards ---- */

// A figure of boxes of which there are several: of each, and together.
function figure(number, times, isOfOne) {
  if (times === 1) return count(number);
  if (typeof number !== "number") return isOfOne ? `${times} × (${number})` : number;
  const one = isOfOne ? number : number / times;
  if (!Number.isInteger(one)) return count(number);
  return `${times} × ${count(one)} = ${count(one * times)}`;
}

// The full name of a layer, or of the first and the last of several.
function fullName(spot, part) {
  const { prefix } = spot.body;
  const { box } = spot;
  if (part && box.count > 1) return `${prefix}${part.name} and ${box.count - 1} alike`;
  if (part) return prefix + part.name;
  if (box.count > 1 && box.nodes) return `${prefix}${box.nodes[0]} … ${box.nodes.at(-1)}`;
  return spot.name;
}

// For how many a box stands by what is repeated around it.
function roundsAround(spot) {
  let rounds = 1;
  for (let outer = spot.body.owner; outer; outer = outer.body.owner) {
    rounds *= outer.box.count || 1;
  }
  return rounds;
}

function fillCard(spot, part) {
  const { box } = spot;
  const shown = part || box;
  const times = box.count || 1;
  const cost = shown.cost || {};
  const rows = [["output", shown.outputs.join(", ")]];
  if (box.kind === "output") rows[0][0] = "shape";
  const frozen = cost.frozen ? ` (${count(cost.frozen)} frozen)` : "";
  if (cost.weights) rows.push(["weights", figure(cost.weights, times, part) + frozen]);
  if (cost.state) rows.push(["state", figure(cost.state, times, part)]);
  if (cost.macs) rows.push(["MACs", figure(cost.macs, times, part)]);
  const rounds = roundsAround(spot);
  if (rounds > 1) rows.push(["", `one of ${count(rounds)} alike`]);
  if (box.training) rows.push(["", "in training only"]);
  const [file, number, text] = data.lines[shown.line];
  const list = make("dl", "");
  for (const [name, value] of rows) list.append(make("dt", "", name), make("dd", "", value));
  card.className = `of-${shown.category}`;
  const title = shown.title === "repeat" ? `repeat ${times}` : shown.title;
  card.replaceChildren(
    make("div", "name", fullName(spot, part)),
    make("div", "call", title),
    list,
    make("div", "place", `${file}:${number}`),
    make("code", "", text)
  );
}

const hover = {
  target: null,
  timer: 0,

  show(button) {
    clearTimeout(this.timer);
    if (this.target === button) return;
    this.hide();
    const { spot } = button.closest(".box");
    this.target = button;
    fillCard(spot, button.layer);
    card.hidden = false;
    button.setAttribute("aria-describedby", "card");
    this.light(spot, true);
    this.put(button.getBoundingClientRect());
  },

  // Beside the box where there is room, else under or above it, else within the window.
  put(rect) {
    const { offsetWidth: wide, offsetHeight: high } = card;
    const [right, bottom] = [innerWidth - wide - 8, innerHeight - high - 8];
    let [x, y] = [rect.right + 12, rect.top - 4];
    if (x > right && rect.left - wide - 12 >= 8) x = rect.left - wide - 12;
    if (x > right) {
      x = rect.left;
      y = rect.bottom + 8 <= bottom ? rect.bottom + 8 : rect.top - high - 8;
    }
    card.style.left = `${Math.max(8, Math.min(x, right))}px`;
    card.style.top = `${Math.max(8, Math.min(y, bottom))}px`;
  },

  // The card of what has the focus goes along when the picture is scrolled.
  follow() {
    if (this.target?.matches(":focus-visible")) this.put(this.target.getBoundingClientRect());
    else this.hide();
  },

  hide() {
    clearTimeout(this.timer);
    if (!this.target) return;
    this.target.removeAttribute("aria-describedby");
    this.light(this.target.closest(".box").spot, false);
    this.target = null;
    card.hidden = true;
  },

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), 150);
  },

  // Shows which tensors flow into a box and out of it.
  light(spot, on) {
    for (const tensor of spot.body.edges) {
      const linked = tensor.source === spot || tensor.targets.has(spot);
      if (linked) tensor.element.classList.toggle("lit", on);
    }
  },
};

/* ---- the page ---- */

const sheet = make("div", "sheet");
const picture = make("div", "picture");
// The edges of all bodies: over the boxes, none of which they cross.
const edges = document.createElementNS(SVG, "svg");
const root = new Body(data.level, null, "", data.opening);

function begin() {
  root.unfoldFirst();
  edges.setAttribute("aria-hidden", "true");
  picture.append(root.element, edges);
  sheet.append(picture);
  stage.append(sheet);
  afresh();
  root.rows[0].element.firstChild?.scrollIntoView({ block: "nearest", inline: "center" });
}

const buttonOf = (event) => event.target.closest?.(".box button");

stage.addEventListener("click", (event) => {
  const button = buttonOf(event);
  if (!button) {
    hover.hide();
    return;
  }
  const { spot } = button.closest(".box");
  if (spot.foldable && button === spot.head) {
    hover.hide();
    turn(spot);
  } else {
    hover.show(button);
  }
});
stage.addEventListener("pointerover", (event) => {
  const button = event.pointerType !== "touch" && buttonOf(event);
  if (button) hover.show(button);
});
stage.addEventListener("pointerout", () => hover.later());
stage.addEventListener("focusin", (event) => {
  const button = buttonOf(event);
  if (button && button.matches(":focus-visible")) hover.show(button);
});
stage.addEventListener("focusout", () => hover.later());
stage.addEventListener("scroll", () => hover.follow(), { passive: true });
card.addEventListener("pointerover", () => clearTimeout(hover.timer));
card.addEventListener("pointerout", () => hover.later());

query.addEventListener("input", () => marker.search(query.value));
query.form.addEventListener("submit", (event) => {
  event.preventDefault();
  marker.go(1);
});
query.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.shiftKey) return;
  event.preventDefault();
  marker.go(-1);
});
element("before").addEventListener("click", () => marker.go(-1));
element("open").addEventListener("click", openAll);
element("fold").addEventListener("click", foldAll);
element("smaller").addEventListener("click", () => scale.set(scale.factor / 1.25));
element("larger").addEventListener("click", () => scale.set(scale.factor * 1.25));
element("size").addEventListener("click", () => scale.set(1));
element("fit").addEventListener("click", () => scale.fit());

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hover.hide();
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.activeElement === query) return;
  event.preventDefault();
  query.select();
});
let later = 0;
addEventListener("resize", () => {
  clearTimeout(later);
  later = setTimeout(afresh, 100);
});

// One sheet of paper for the whole picture, up to the largest that a PDF may have.
addEventListener("beforeprint", () => {
  hover.hide();
  paper.before = scale.factor;
  scale.set(1);
  const width = Math.max(sheet.offsetWidth, 640) + 2 * paper.margin;
  const height = sheet.offsetHeight + document.querySelector("header").offsetHeight;
  const size = `${width}px ${Math.min(height + 5 * paper.margin, paper.most)}px`;
  document.styleSheets[0].insertRule(`@page { size: ${size}; margin: ${paper.margin}px }`, 0);
});
addEventListener("afterprint", () => {
  document.styleSheets[0].deleteRule(0);
  scale.set(paper.before);
});
const paper = { before: 1, margin: 24, most: 19000 };

begin();
new ResizeObserver(() => scale.outgrown && afresh()).observe(picture);
