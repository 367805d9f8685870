// How the server is found and started, and what is said where it is not.

"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const test = require("node:test");
const { located, start } = require("../server");

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "netdsl-"));

test.after(() => fs.rmSync(folder, { recursive: true }));

function program(name, text) {
  const file = path.join(folder, name);
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
}

test("a name is looked for on the path, a path begins at the folder", () => {
  assert.strictEqual(located("netdsl", "/specs"), "netdsl");
  assert.strictEqual(located(".venv/bin/netdsl", "/specs"), "/specs/.venv/bin/netdsl");
  assert.strictEqual(located("/opt/netdsl", "/specs"), "/opt/netdsl");
  assert.strictEqual(located("bin/netdsl", undefined), "bin/netdsl");
});

test("a program that is not there is told in one sentence", async () => {
  await assert.rejects(start("no-such-netdsl", folder, assert.fail), {
    message:
      'no-such-netdsl was not found: install it with pip install "netdsl[lsp]", ' +
      "or say in the setting netdsl.server.path where it is.",
  });
});

test("the server is started as netdsl lsp, in the folder", async () => {
  const server = await start(program("right", 'echo "$1 $PWD"'), folder, assert.fail);
  let said = "";
  for await (const data of server.stdout) said += data;
  assert.strictEqual(said.trim(), `lsp ${fs.realpathSync(folder)}`);
});

test("what a server says that fails is told", async () => {
  const said = await new Promise((resolve, reject) => {
    start(program("wrong", "echo 'netdsl lsp needs pygls' >&2; exit 2"), folder, resolve).catch(
      reject,
    );
  });
  assert.strictEqual(said, "netdsl lsp ended: netdsl lsp needs pygls");
});
