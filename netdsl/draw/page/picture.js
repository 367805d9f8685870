"use strict";

// The picture: boxes in rows, and the edges between them. A `Body` is a level at one place of the
// net, a `Spot` is a box there. A body is made when its box is first unfolded; levels that boxes
// share are one in the data, and a body for each of the boxes.

const data = JSON.parse(document.getElementById("data").textContent);

const APART = 22;
// Between rows: for straight lines, more where they go across, and the most.
const GAP = 24;
const GAP_ACROSS = 0.14;
const GAP_MOST = 84;
// Between the ends of edges at one box, and from them to its corners.
const ENDS = 14;
const CORNER = 12;
const STACK = 4;
// How much of a line is straight where it arrives.
const STRAIGHT = 8;
const SVG = "http://www.w3.org/2000/svg";

function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
  return element;
}

class Spot {
  constructor(body, number) {
    this.body = body;
    this.number = number;
    this.box = body.level.boxes[number];
    this.path = body.owner ? `${body.owner.path}/${number}` : String(number);
    this.name = body.prefix + this.box.name;
    this.open = false;
    this.inner = null;
    this.element = this.makeElement();
    this.tails = new Map();
  }

  get foldable() {
    return this.box.inside !== undefined;
  }

  makeElement() {
    const { box } = this;
    const element = make("div", `box ${box.kind} of-${this.category}`);
    if (box.training) element.classList.add("training");
    if (box.count > 1) element.classList.add("several");
    if (box.parts) {
      box.parts.forEach((part, at) => element.append(this.makePart(part, at)));
    } else {
      element.append(this.makeHead());
    }
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", this.name);
    element.spot = this;
    return element;
  }

  get category() {
    return this.box.parts ? this.box.parts[0].category : this.box.category;
  }

  makePart(part, at) {
    const button = make("button", `part of-${part.category}`, make("span", "title", part.title));
    button.type = "button";
    button.layer = part;
    if (!at) this.addCount(button);
    return button;
  }

  makeHead() {
    const button = make("button", "head", make("span", "title", this.box.title));
    button.type = "button";
    if (this.foldable) button.setAttribute("aria-expanded", "false");
    this.addCount(button);
    this.head = button;
    return button;
  }

  addCount(button) {
    if (this.box.count > 1) button.append(" ", make("span", "count", `×${this.box.count}`));
  }

  // Shows what is inside, or no longer; places follow with `place`.
  toggle(open) {
    if (!this.foldable || open === this.open) return;
    this.open = open;
    this.head.setAttribute("aria-expanded", String(open));
    this.element.classList.toggle("open", open);
    if (open) {
      this.inside().unfoldFirst();
      this.element.append(this.inner.element);
    } else {
      this.inner.element.remove();
    }
  }

  inside() {
    if (!this.inner) {
      const prefix = this.box.kind === "block" ? `${this.name}.` : this.body.prefix;
      const states = this.body.state === undefined ? {} : data.states[this.body.state];
      this.inner = new Body(this.box.inside, this, prefix, states[this.number]);
    }
    return this.inner;
  }
}

class Body {
  // `state` is the number of the way in which it is open at first, if that is said.
  constructor(number, owner, prefix, state) {
    this.level = data.levels[number];
    this.owner = owner;
    this.prefix = prefix;
    this.state = state;
    this.fresh = true;
    this.depth = owner ? owner.body.depth + 1 : 0;
    this.element = make("div", "body");
    this.edges = [];
    this.drawing = document.createElementNS(SVG, "g");
    this.spots = this.level.boxes.map((_, at) => new Spot(this, at));
    this.rows = this.level.rows.map((row) => this.makeRow(row));
    this.level.links.forEach((links, at) => this.addTails(links, this.rows[at].items));
    this.links = this.level.links.map((links) =>
      links.map(([from, output, to, input]) => ({ from, output, to, input }))
    );
  }

  makeRow(slots) {
    const element = make("div", "row");
    const items = slots.map((slot) => this.makeItem(slot));
    element.append(...items.map((item) => item.element));
    this.element.append(element);
    return { element, items };
  }

  makeItem(slot) {
    if (slot.box === undefined) {
      const passes = slot.pass !== undefined;
      const element = make("div", passes ? "pass" : "port");
      return { slot, spot: null, passes, port: !passes, element };
    }
    const spot = this.spots[slot.box];
    const element = make("div", "item", spot.element);
    return { slot, spot, passes: false, port: false, training: spot.box.training, element };
  }

  // The shape of each tensor that leaves a box of the row, under the box: that of the first begins
  // at its middle, where the line is, and the others follow.
  addTails(links, items) {
    for (const [from, output] of links) {
      const { spot, element } = items[from];
      if (!spot || spot.tails.has(output)) continue;
      if (!spot.tails.size) element.append(make("div", "tails", make("div", "types")));
      spot.tails.set(output, make("span", "type", spot.box.outputs[output]));
      element.classList.toggle("forks", spot.tails.size > 1);
      element.lastChild.firstChild.append(spot.tails.get(output));
    }
  }

  // Opens what is open at first, and frames around what is repeated in any case.
  unfoldFirst() {
    if (!this.fresh) return;
    this.fresh = false;
    const states = this.state === undefined ? null : data.states[this.state];
    for (const spot of this.spots) {
      if (states ? spot.number in states : spot.box.kind === "run") spot.toggle(true);
    }
  }

  // This body and those shown inside it.
  *shown() {
    yield this;
    for (const spot of this.spots) if (spot.open) yield* spot.inner.shown();
  }

  ports(kind) {
    const row = kind === "entry" ? this.rows[0] : this.rows[this.rows.length - 1];
    return row.items.filter((item) => item.slot[kind] !== undefined);
  }

  // Reads sizes of items: how wide they are and where edges meet them.
  measure() {
    for (const { items } of this.rows) items.forEach(measure);
  }

  // Where items stand across, and how far rows are apart.
  align() {
    const rows = this.rows.map((row) => row.items);
    const lefts = alignedRows(rows, this.links, APART);
    rows.forEach((items, at) => {
      let end = 0;
      items.forEach((item, place) => {
        item.left = lefts[at][place];
        item.element.style.marginLeft = `${round(item.left - end)}px`;
        end = item.left + item.width;
      });
      if (at) this.rows[at].element.style.marginTop = `${round(this.gap(at - 1))}px`;
    });
  }

  gap(at) {
    const moves = this.links[at].map((link) => {
      const one = this.rows[at].items[link.from];
      const other = this.rows[at + 1].items[link.to];
      return Math.abs(one.left + one.outOf(link.output) - other.left - other.into(link.input));
    });
    return Math.min(GAP + GAP_ACROSS * Math.max(0, ...moves), GAP_MOST);
  }

  // Reads where everything is, and gives the function that draws the edges.
  traced() {
    const origin = this.element.getBoundingClientRect();
    const rows = this.rows.map((row) => ({
      ...within(row.element, origin),
      items: row.items.map((item) => placed(item, origin)),
    }));
    const { bottom } = within(this.element, origin);
    return () => {
      this.edges = tensors(rows, this.links, bottom);
      this.drawing.replaceChildren(...this.edges.map((tensor) => tensor.element));
    };
  }
}

// An element's rectangle as seen from a corner, in the picture's own lengths.
function within(element, origin) {
  const rect = element.getBoundingClientRect();
  return {
    left: (rect.left - origin.left) / scale.factor,
    right: (rect.right - origin.left) / scale.factor,
    top: (rect.top - origin.top) / scale.factor,
    bottom: (rect.bottom - origin.top) / scale.factor,
  };
}

function round(number) {
  return Math.round(number * 100) / 100;
}

function widthOf(element) {
  return element.getBoundingClientRect().width / scale.factor;
}

function middleOf(element, origin) {
  return leftOf(element, origin) + widthOf(element) / 2;
}

function leftOf(element, origin) {
  return (element.getBoundingClientRect().left - origin) / scale.factor;
}

// The width of an item, and where edges meet it, from its left end.
function measure(item) {
  item.width = widthOf(item.element);
  item.anchor = item.width / 2;
  item.into = item.outOf = () => item.anchor;
  if (!item.spot) return;
  const left = item.element.getBoundingClientRect().left;
  if (item.spot.open) {
    const { inner } = item.spot;
    const reach = (kind) =>
      new Map(inner.ports(kind).map((port) => [port.slot[kind], middleOf(port.element, left)]));
    const [entries, exits] = [reach("entry"), reach("exit")];
    item.into = (input) => entries.get(input) ?? item.width / 2;
    item.outOf = (output) => exits.get(output) ?? item.width / 2;
    item.anchor = entries.get(0) ?? exits.get(0) ?? item.anchor;
  } else {
    const tails = new Map();
    for (const [output, tail] of item.spot.tails) tails.set(output, leftOf(tail, left));
    item.outOf = (output) => tails.get(output) ?? item.anchor;
  }
}

// The rectangle of an item, or of the box in it, and where edges meet it.
function placed(item, origin) {
  const { left } = within(item.element, origin);
  return {
    item,
    ...within(item.spot ? item.spot.element : item.element, origin),
    into: (input) => left + item.into(input),
    outOf: (output) => left + item.outOf(output),
  };
}

// The lines of each tensor: from its box down, past the rows, to all that take it.
function tensors(rows, links, bottom) {
  const found = new Map();
  const ends = arrivals(rows, links);
  links.forEach((rowLinks, at) => {
    for (const link of rowLinks) {
      const source = rows[at].items[link.from];
      const target = rows[at + 1].items[link.to];
      const tensor = tensorOf(found, source, link.output);
      const start = [source.outOf(link.output), rows[at].bottom];
      const isExit = target.item.slot.exit !== undefined;
      const end = [ends.get(link), rows[at + 1].top - STRAIGHT];
      let stop = target.item.passes ? rows[at + 1].bottom : isExit ? bottom : target.top;
      const arrow = target.item.spot && !target.item.spot.open;
      if (arrow) tensor.heads.push(head(end[0], stop));
      if (arrow) stop -= 5;
      const from = source.item.passes ? start : [start[0], source.bottom + stacked(source.item)];
      const line = way(from, start, end, stop);
      (target.item.training ? tensor.dashed : tensor.lines).push(line);
      if (target.item.spot) tensor.targets.add(target.item.spot);
    }
  });
  for (const tensor of found.values()) tensor.element = drawn(tensor);
  return [...found.values()];
}

// How far several boxes, drawn as a stack, reach below the one that is seen.
function stacked({ spot }) {
  return spot && !spot.open && spot.box.count > 1 ? STACK : 0;
}

function tensorOf(found, source, output) {
  const { slot, spot } = source.item;
  const key = slot.pass
    ? slot.pass.join()
    : slot.box === undefined
      ? `-1,${slot.entry}`
      : `${slot.box},${output}`;
  if (!found.has(key)) {
    found.set(key, { source: spot, targets: new Set(), lines: [], dashed: [], heads: [] });
  }
  const tensor = found.get(key);
  tensor.source ??= spot;
  return tensor;
}

// Where each link meets its target across: side by side, in the order in which they come.
function arrivals(rows, links) {
  const found = new Map();
  links.forEach((rowLinks, at) => {
    const into = new Map();
    for (const link of rowLinks) listOf(into, link.to).push(link);
    for (const [to, arriving] of into) {
      const target = rows[at + 1].items[to];
      const start = (link) => rows[at].items[link.from].outOf(link.output);
      if (!target.item.spot || target.item.spot.open) {
        for (const link of arriving) found.set(link, target.into(link.input));
        continue;
      }
      arriving.sort((one, other) => start(one) - start(other) || one.input - other.input);
      spread(arriving.map(start), target).forEach((x, place) => found.set(arriving[place], x));
    }
  });
  return found;
}

// Ends around the middle of a box; one that comes from right above stays in the middle.
function spread(starts, target) {
  const middle = (target.left + target.right) / 2;
  const half = (target.right - target.left) / 2 - CORNER;
  const straight = starts.findIndex((start) => Math.abs(start - middle) < 1);
  const centre = straight < 0 ? (starts.length - 1) / 2 : straight;
  const furthest = Math.max(centre, starts.length - 1 - centre);
  const step = Math.min(ENDS, Math.max(half, 0) / (furthest || 1));
  return starts.map((_, place) => middle + (place - centre) * step);
}

// Down from the box, across between the rows, and down to the box or past the row.
function way(from, start, end, stop) {
  const path = from === start ? `M${point(start)}` : `M${point(from)}V${round(start[1])}`;
  if (Math.abs(start[0] - end[0]) < 0.75) return `${path}V${round(stop)}`;
  const bend = (start[1] + end[1]) / 2;
  const curve = `C${point([start[0], bend])} ${point([end[0], bend])} ${point(end)}`;
  return `${path}${curve}V${round(stop)}`;
}

function point([x, y]) {
  return `${round(x)} ${round(y)}`;
}

function head(x, y) {
  return `M${round(x)} ${round(y - 1)}l-3.5-6.5h7z`;
}

function drawn(tensor) {
  const group = document.createElementNS(SVG, "g");
  for (const [name, pieces] of [
    ["line", tensor.lines],
    ["line dashed", tensor.dashed],
    ["heads", tensor.heads],
  ]) {
    if (!pieces.length) continue;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", pieces.join(""));
    group.append(path);
  }
  return group;
}

// Finds places for these bodies, and draws their edges: first sizes from the innermost out, those
// of one depth together, so that the browser lays out once for each depth.
function place(bodies) {
  const byDepth = [];
  for (const body of bodies) (byDepth[body.depth] ??= []).push(body);
  for (const together of byDepth.reverse()) {
    if (!together) continue;
    for (const body of together) body.measure();
    for (const body of together) body.align();
  }
  const draws = bodies.map((body) => body.traced());
  const shown = [...root.shown()];
  const corners = shown.map((body) => within(body.element, picture.getBoundingClientRect()));
  for (const draw of draws) draw();
  shown.forEach(({ drawing }, at) => {
    drawing.setAttribute("transform", `translate(${point([corners[at].left, corners[at].top])})`);
  });
  edges.replaceChildren(...shown.map((body) => body.drawing));
}

// The bodies whose places change when something inside of one does: it, what it shows, and those
// around it.
function touched(body) {
  const found = new Set(body.shown());
  for (let outer = body; outer; outer = outer.owner && outer.owner.body) found.add(outer);
  return [...found];
}
