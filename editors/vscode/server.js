// Finds and starts `netdsl lsp`; knows nothing of VS Code, so that tests run it as it is.

"use strict";

const { spawn } = require("node:child_process");
const path = require("node:path");

// Where a program is: a name is looked for on the path, a path begins at the folder that is open.
function located(program, folder) {
  return /[\\/]/.test(program) && folder ? path.resolve(folder, program) : program;
}

// Starts the server in a folder. Rejects with one sentence where the program cannot be started;
// `ended` is told in one sentence of a server that fails later on.
function start(program, folder, ended) {
  return new Promise((resolve, reject) => {
    const server = spawn(located(program, folder), ["lsp"], { cwd: folder });
    let told = "";
    server.stderr.on("data", (data) => {
      told = (told + data).slice(-2000);
    });
    // One that has ended reads no more: `ended` is told why.
    server.stdin.on("error", () => undefined);
    server.on("error", (error) => reject(new Error(missing(program, error))));
    server.on("spawn", () => {
      // Not `exit`: what it said last may come after that.
      server.on("close", (status) => {
        if (status) ended(`netdsl lsp ended: ${lastLine(told) || `exit status ${status}`}`);
      });
      resolve(server);
    });
  });
}

function missing(program, error) {
  const found = error.code === "ENOENT" ? "was not found" : `cannot be started (${error.code})`;
  return (
    `${program} ${found}: install it with pip install "netdsl[lsp]", ` +
    "or say in the setting netdsl.server.path where it is."
  );
}

function lastLine(text) {
  return text.trim().split("\n").pop();
}

module.exports = { located, start };
