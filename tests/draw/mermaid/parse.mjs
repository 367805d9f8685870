// Reads flowcharts, whose files are its arguments, by Mermaid's parser, and writes as JSON what it
// found in each: nodes, edges, subgraphs and styles.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { runInContext } from "node:vm";
import { JSDOM } from "jsdom";

// Mermaid for browsers, in one file without the largest kinds of diagrams; it runs in a page.
const script = createRequire(import.meta.url).resolve("@mermaid-js/tiny");
const page = new JSDOM("", { runScripts: "outside-only" });
runInContext(readFileSync(script, "utf-8"), page.getInternalVMContext());
const { mermaid } = page.window;
mermaid.initialize({ maxEdges: 5000, maxTextSize: 1000000 });

async function read(file) {
  const text = readFileSync(file, "utf-8");
  const { diagramType } = await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  return {
    kind: diagramType,
    direction: db.getDirection(),
    nodes: [...db.getVertices().values()].map((node) => ({
      id: node.id,
      text: node.text,
      type: node.type,
      classes: node.classes,
    })),
    edges: db.getEdges().map((edge) => ({
      start: edge.start,
      end: edge.end,
      text: edge.text,
      stroke: edge.stroke,
    })),
    frames: db.getSubGraphs().map((frame) => ({
      id: frame.id,
      title: frame.title,
      nodes: frame.nodes,
      classes: frame.classes,
    })),
    styles: [...db.getClasses().values()].map((style) => ({ id: style.id, styles: style.styles })),
  };
}

const found = [];
for (const file of process.argv.slice(2)) {
  try {
    found.push(await read(file));
  } catch (error) {
    // An error that nobody catches would show all of Mermaid with it.
    console.error(`${file}: ${error.message}`);
    process.exitCode = 1;
  }
}
process.stdout.write(JSON.stringify(found));
