"use strict";

// Places across for the items of a level's rows. Chains of boxes, and tensors that pass rows, are
// straight; each chain is as near to what it is linked to as its neighbours allow. The distances
// are kept by merging chains that touch into blocks, as Dwyer, Marriott and Stuckey, 2006, "Fast
// node overlap removal", do to satisfy their constraints.

const ROUNDS = 40;
// How strongly a link that is not straight pulls at its ends: one of several that are alike, one at
// the side of a straight one, and one to what exists in training only.
const PULL = 1;
const PULL_ASIDE = 0.2;
const PULL_TRAINING = 0.05;
// And how strongly the way into a level and the way out of it pull at each other.
const PULL_PORTS = 3;

// Which links are drawn straight: the only one between boxes at both of its ends, and all between
// slots of one tensor that passes. Of two that cross one is straight.
function straightLinks(links, above, below) {
  const goingOut = new Map();
  const comingIn = new Map();
  for (const link of links) {
    listOf(goingOut, link.from).push(link);
    listOf(comingIn, link.to).push(link);
  }
  const wanted = links.filter(
    (link) =>
      only(comingIn.get(link.to), (one) => above[one.from], "from") === link.from &&
      only(goingOut.get(link.from), (one) => below[one.to], "to") === link.to
  );
  const passing = (link) => above[link.from].passes && below[link.to].passes;
  const kept = [];
  for (const link of [...wanted.filter(passing), ...wanted.filter((one) => !passing(one))]) {
    const free = kept.every(
      (other) => (other.from - link.from) * (other.to - link.to) > 0
    );
    if (free) kept.push(link);
  }
  return new Set(kept);
}

// The end that links lead to if there is one alone: among boxes that are there outside training,
// else among boxes, else among all.
function only(links, itemAt, end) {
  const boxes = links.filter((link) => !itemAt(link).passes);
  const firm = boxes.filter((link) => !itemAt(link).training);
  const chosen = firm.length ? firm : boxes.length ? boxes : links;
  const ends = new Set(chosen.map((link) => link[end]));
  return ends.size === 1 ? chosen[0][end] : null;
}

function listOf(map, key) {
  if (!map.has(key)) map.set(key, []);
  return map.get(key);
}

// The left end of each item, by row, from 0. An item has a `width`, an `anchor` from its left end,
// and the places of its ends from there: `into(input)` and `outOf(output)`. `links[i]` lead from
// row i to the next. `apart` is the room between neighbours.
function alignedRows(rows, links, apart) {
  const straight = rows.slice(1).map((row, at) => straightLinks(links[at], rows[at], row));
  makeChains(rows, straight);
  const ports = portsOf(rows);
  if (ports) joinPorts(...ports);
  const pulls = pullsBetween(rows, links, straight);
  if (ports) pull(pulls, ...ports, ports[0].offset - ports[1].offset, PULL_PORTS);
  settle(orderedChains(rows, apart), pulls);
  const lefts = rows.map((row) => row.map((item) => item.chain.at + item.offset - item.anchor));
  const least = Math.min(...lefts.flat());
  return lefts.map((row) => row.map((left) => left - least));
}

// Joins items that straight links connect; gives each its chain and its offset in it.
function makeChains(rows, straight) {
  rows.forEach((row, at) => {
    const parents = at ? [...straight[at - 1]] : [];
    const byTarget = new Map(parents.map((link) => [link.to, link]));
    row.forEach((item, place) => {
      const link = byTarget.get(place);
      if (link) {
        const parent = rows[at - 1][link.from];
        item.chain = parent.chain;
        item.offset = parent.offset + reachOut(parent, link) - reachIn(item, link);
      } else {
        item.chain = { at: 0, before: [], items: 0 };
        item.offset = 0;
      }
      item.chain.items += 1;
    });
  });
}

// The way into a level and the way out of it are one above the other, so that a chain of unfolded
// boxes is straight: as one chain where that is the only way through its row, else by a pull.
function joinPorts(entry, exit) {
  const [alone, other] = entry.chain.items === 1 ? [entry, exit] : [exit, entry];
  if (alone.chain.items > 1) return;
  alone.chain = other.chain;
  alone.offset = other.offset;
}

// The only way in and the only way out of a level that has them.
function portsOf(rows) {
  const ends = [rows[0], rows[rows.length - 1]];
  return ends.every((row) => row.length === 1 && row[0].port) ? ends.flat() : null;
}

function reachOut(item, link) {
  return item.outOf(link.output) - item.anchor;
}

function reachIn(item, link) {
  return item.into(link.input) - item.anchor;
}

// For each chain, the links that are not straight: where the other end wants it.
function pullsBetween(rows, links, straight) {
  const pulls = new Map();
  links.forEach((rowLinks, at) => {
    const sources = new Set([...straight[at]].map((link) => link.from));
    const targets = new Set([...straight[at]].map((link) => link.to));
    for (const link of rowLinks) {
      if (straight[at].has(link)) continue;
      const one = rows[at][link.from];
      const other = rows[at + 1][link.to];
      const shift = one.offset + reachOut(one, link) - other.offset - reachIn(other, link);
      const aside =
        (!one.passes && sources.has(link.from)) || (!other.passes && targets.has(link.to));
      const training = one.training || other.training;
      const weight = training ? PULL_TRAINING : aside ? PULL_ASIDE : PULL;
      pull(pulls, one, other, shift, weight);
    }
  });
  return pulls;
}

// Two items pull their chains to where the second has the first's place and a shift.
function pull(pulls, one, other, shift, weight) {
  if (one.chain === other.chain) return;
  listOf(pulls, one.chain).push({ chain: other.chain, shift: -shift, weight });
  listOf(pulls, other.chain).push({ chain: one.chain, shift, weight });
}

// Chains from left to right, each with the distances that it keeps from those before it.
function orderedChains(rows, apart) {
  const after = new Map(rows.flat().map((item) => [item.chain, new Set()]));
  const waits = new Map([...after.keys()].map((chain) => [chain, 0]));
  for (const row of rows) {
    for (let place = 1; place < row.length; place++) {
      const [left, right] = [row[place - 1], row[place]];
      const distance =
        left.width - left.anchor + apart + right.anchor + left.offset - right.offset;
      right.chain.before.push({ chain: left.chain, distance });
      if (after.get(left.chain).has(right.chain)) continue;
      after.get(left.chain).add(right.chain);
      waits.set(right.chain, waits.get(right.chain) + 1);
    }
  }
  const order = [...after.keys()].filter((chain) => !waits.get(chain));
  for (const chain of order) {
    for (const next of after.get(chain)) {
      waits.set(next, waits.get(next) - 1);
      if (!waits.get(next)) order.push(next);
    }
  }
  return order;
}

// Moves chains to where their links want them, again and again, until that changes little.
function settle(order, pulls) {
  for (const chain of order) {
    chain.weight = (pulls.get(chain) || []).reduce((sum, pull) => sum + pull.weight, 0.01);
    chain.wish = 0;
  }
  satisfy(order);
  for (let round = 0; round < ROUNDS; round++) {
    for (const chain of order) {
      const linked = pulls.get(chain) || [];
      const mean = linked.reduce(
        (sum, pull) => sum + pull.weight * (pull.chain.at + pull.shift),
        0.01 * chain.at
      );
      chain.wish = (chain.at + mean / chain.weight) / 2;
    }
    const before = order.map((chain) => chain.at);
    satisfy(order);
    if (order.every((chain, number) => Math.abs(chain.at - before[number]) < 0.05)) break;
  }
}

// Puts each chain where it wishes to be, or as near to that as the distances allow: those that
// would come too close become a block that has the middle of their wishes.
function satisfy(order) {
  for (const chain of order) {
    chain.block = { at: chain.wish, weight: chain.weight, chains: [chain] };
    chain.inBlock = 0;
    for (;;) {
      const worst = mostViolated(chain.block);
      if (!worst) break;
      merge(worst.left.block, chain.block, worst);
    }
  }
  for (const chain of order) chain.at = chain.block.at + chain.inBlock;
}

function mostViolated(block) {
  let worst = null;
  for (const right of block.chains) {
    for (const { chain: left, distance } of right.before) {
      if (left.block === block) continue;
      const missing = left.block.at + left.inBlock + distance - block.at - right.inBlock;
      if (missing > 1e-6 && (!worst || missing > worst.missing)) {
        worst = { left, right, distance, missing };
      }
    }
  }
  return worst;
}

function merge(left, right, worst) {
  const shift = worst.left.inBlock + worst.distance - worst.right.inBlock;
  const weight = left.weight + right.weight;
  left.at = (left.weight * left.at + right.weight * (right.at - shift)) / weight;
  left.weight = weight;
  for (const chain of right.chains) {
    chain.inBlock += shift;
    chain.block = left;
    left.chains.push(chain);
  }
}
