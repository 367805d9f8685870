// Activates the extension with its real client, in a VS Code of which only as much is there as that
// takes: start_extension.js EXTENSION PROGRAM FOLDER. Prints what came of it as JSON.

"use strict";

const Module = require("node:module");
const path = require("node:path");

const [extension, program, folder] = process.argv.slice(2);
const told = [];
const clients = [];

// Whatever is asked of it is there, does nothing and can be called, built and listened to.
const anything = new Proxy(class {}, {
  get: (target, name) => {
    if (name === "then") return undefined;
    if (name === Symbol.iterator) return [][Symbol.iterator];
    if (name === Symbol.toPrimitive) return () => "";
    return name === "prototype" ? target.prototype : anything;
  },
  apply: () => anything,
  construct: (target, given, type) => Reflect.construct(target, given, type),
});

function partly(known) {
  return new Proxy(known, { get: (target, name) => (name in target ? target[name] : anything) });
}

class EventEmitter {
  event = () => ({ dispose() {} });
  fire() {}
  dispose() {}
}

const uri = { scheme: "file", fsPath: folder, toString: () => `file://${folder}` };
const vscode = partly({
  version: "1.82.0",
  EventEmitter,
  env: { appName: "stub", language: "en" },
  window: partly({
    showErrorMessage: (sentence) => told.push(sentence),
    tabGroups: partly({ all: [] }),
  }),
  workspace: partly({
    workspaceFolders: [{ uri, name: "folder", index: 0 }],
    textDocuments: [],
    notebookDocuments: [],
    getConfiguration: () => ({ get: (name) => (name === "server.path" ? program : undefined) }),
  }),
});

const load = Module._load;
Module._load = function (name, ...rest) {
  if (name === "vscode") return vscode;
  const found = load.call(this, name, ...rest);
  if (name !== "vscode-languageclient/node" || clients.length) return found;
  const LanguageClient = class extends found.LanguageClient {
    constructor(...given) {
      super(...given);
      clients.push(this);
    }
  };
  return { ...found, LanguageClient };
};

// As VS Code has it: what an extension leaves behind is logged there.
process.on("unhandledRejection", (error) => console.error(error));

async function main() {
  const { activate, deactivate } = require(path.join(extension, "extension.js"));
  await activate({ subscriptions: [] });
  const [client] = clients;
  const state = client ? (client.isRunning() ? "running" : "failed") : "none";
  const hovers = client?.initializeResult?.capabilities.hoverProvider ?? false;
  await deactivate();
  // A process may say something of its end.
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log(JSON.stringify({ state, hovers, told, stopped: !client?.isRunning() }));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
