// The extension: starts the language server where a spec is open, and ends it.

"use strict";

const vscode = require("vscode");
const { CloseAction, ErrorAction, LanguageClient } = require("vscode-languageclient/node");
const { start } = require("./server");

// Keeps what it has to say of a server that fails in its log: `failed` tells it in one sentence.
class Client extends LanguageClient {
  error(message, data) {
    super.error(message, data, false);
  }
}

let client;

async function activate(context) {
  const restart = vscode.commands.registerCommand("netdsl.restart", async () => {
    await deactivate();
    await begin();
  });
  context.subscriptions.push(restart);
  await begin();
}

async function begin() {
  const program = vscode.workspace.getConfiguration("netdsl").get("server.path") || "netdsl";
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  let server;
  try {
    server = await start(program, folder, failed);
  } catch (error) {
    failed(error.message);
    return;
  }
  client = new Client("netdsl", "netdsl", async () => server, {
    documentSelector: [{ language: "netdsl" }],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.net") },
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
    },
  });
  await client.start().catch(() => undefined);
}

function failed(sentence) {
  vscode.window.showErrorMessage(sentence);
}

async function deactivate() {
  const last = client;
  client = undefined;
  if (last?.isRunning()) await last.stop();
}

module.exports = { activate, deactivate };
